package browser_test

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/oidc"
	"github.com/adiuva/cloud-api/internal/publicdial"
	"github.com/adiuva/cloud-api/internal/testing/issuertest"
)

// TestSignInAtProvidersInBrowser signs in at the pages of two providers, and lets the relying party say who it was: at
// zitadel's, which has the address in userinfo, and at npm's oidc-provider, which has it in the ID token.
func TestSignInAtProvidersInBrowser(t *testing.T) {
	t.Parallel()
	t.Attr("case", "OI24")
	party := newRelyingParty()
	service := httptest.NewUnstartedServer(party)
	party.callback = "http://" + service.Listener.Addr().String() + "/callback"
	port := freePort(t)
	party.providers = map[string]oidc.Provider{
		"zitadel": {
			Issuer: issuertest.Start(t, party.callback,
				issuertest.User{ID: "id-1", Username: "ada", Email: "ada@example.com", EmailVerified: true}),
			ClientID: issuertest.ClientID, ClientSecret: issuertest.ClientSecret,
		},
		"npm": {
			Issuer:   fmt.Sprintf("http://localhost:%d", port),
			ClientID: "adiuva", ClientSecret: "a secret of the test",
		},
	}
	service.Start()
	t.Cleanup(service.Close)
	run(t, "providers.test.mjs", "BASE="+service.URL, "CALLBACK="+party.callback, "PASSWORD="+issuertest.Password,
		fmt.Sprint("NPM_PORT=", port), "CLIENT_ID=adiuva", "CLIENT_SECRET=a secret of the test",
		"ZITADEL="+party.providers["zitadel"].Issuer)
}

// relyingParty is a site with nothing but signing in. It answers who somebody is, or why it does not know.
type relyingParty struct {
	client    *oidc.Client
	callback  string
	providers map[string]oidc.Provider

	mu    sync.Mutex
	flows map[string]flow // by state
}

type flow struct {
	provider        oidc.Provider
	verifier, nonce string
}

func newRelyingParty() *relyingParty {
	dialer := publicdial.Dialer{AllowLoopback: true}
	client := oidc.New(oidc.Config{Dial: dialer.DialContext, Now: time.Now, AllowLoopback: true})
	return &relyingParty{client: client, flows: map[string]flow{}}
}

func (p *relyingParty) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/start":
		p.start(w, r)
	case "/callback":
		p.finish(w, r)
	default:
		http.NotFound(w, r)
	}
}

func (p *relyingParty) start(w http.ResponseWriter, r *http.Request) {
	state := rand.Text()
	provider := p.providers[r.FormValue("provider")]
	started := flow{provider: provider, verifier: rand.Text() + rand.Text(), nonce: rand.Text()}
	challenge := sha256.Sum256([]byte(started.verifier))
	address, err := p.client.AuthURL(r.Context(), provider, oidc.Start{
		RedirectURI: p.callback, State: state, Nonce: started.nonce,
		CodeChallenge: base64.RawURLEncoding.EncodeToString(challenge[:]), LoginHint: r.FormValue("hint"),
	})
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	p.mu.Lock()
	p.flows[state] = started
	p.mu.Unlock()
	http.Redirect(w, r, address, http.StatusFound)
}

func (p *relyingParty) finish(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	started := p.flows[r.FormValue("state")]
	p.mu.Unlock()
	identity, err := p.client.Exchange(r.Context(), started.provider, oidc.Answer{
		RedirectURI: p.callback, Code: r.FormValue("code"), CodeVerifier: started.verifier, Nonce: started.nonce,
		Iss: r.FormValue("iss"),
	})
	if err != nil {
		fmt.Fprint(w, err)
		return
	}
	_ = json.NewEncoder(w).Encode(identity)
}

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}
