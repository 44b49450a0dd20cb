package browser_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/adiuva/cloud-api/internal/testing/issuertest"
	"github.com/adiuva/cloud-api/internal/testing/servetest"
)

// TestSingleSignOnInBrowser signs in to the whole service with two providers of the operator, behind a proxy whose
// address the providers know.
func TestSingleSignOnInBrowser(t *testing.T) {
	t.Attr("case", "SSO58")
	t.Parallel()
	front := httptest.NewUnstartedServer(nil)
	base := "http://" + front.Listener.Addr().String()
	callback, port := base+"/api/v1/auth/sso/callback", freePort(t)
	const clientID, clientSecret = "adiuva", "a secret of the test"
	zitadel := issuertest.Start(t, callback,
		issuertest.User{ID: "id-1", Username: "ada", Email: "ada@example.com", EmailVerified: true})
	file := filepath.Join(t.TempDir(), "providers.yaml")
	check(t, os.WriteFile(file, fmt.Appendf(nil, `providers:
  - {name: zitadel, issuer: %q, client_id: %q, client_secret: %q}
  - {name: npm, issuer: "http://localhost:%d", client_id: %q, client_secret: %q}
`, zitadel, issuertest.ClientID, issuertest.ClientSecret, port, clientID, clientSecret), 0o600))
	service, err := url.Parse(servetest.Start(t, "PUBLIC_URL="+base, "OIDC_PROVIDERS_FILE="+file))
	check(t, err)
	front.Config = &http.Server{Handler: httputil.NewSingleHostReverseProxy(service)}
	front.Start()
	t.Cleanup(front.Close)
	run(t, "sso.test.mjs", "BASE="+base, "CALLBACK="+callback, "PASSWORD="+issuertest.Password,
		fmt.Sprint("NPM_PORT=", port), "CLIENT_ID="+clientID, "CLIENT_SECRET="+clientSecret, "ZITADEL="+zitadel)
}
