// Package browser_test opens the service's pages in a headless Chromium. Each Go test starts a server and runs one
// *.test.mjs file with Node's test runner, which gets the server's address; browser.mjs is what those files share.
package browser_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/auth"
	"github.com/adiuva/cloud-api/internal/docsite"
	"github.com/adiuva/cloud-api/internal/httpapi"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/testing/servetest"
)

// TestDocsInBrowser opens the documentation, as the service serves it and as a static site below a path of a file
// server. No page of it needs a database, so there is none.
func TestDocsInBrowser(t *testing.T) {
	t.Parallel()
	db, err := postgres.Open(t.Context(), "postgres://nobody@127.0.0.1:1/none")
	check(t, err)
	t.Cleanup(db.Close)
	log := slog.New(slog.DiscardHandler)
	accounts, err := auth.New(auth.Config{
		SecretsKeys: []string{strings.Repeat("k", 32)},
		DB:          db, Secret: strings.Repeat("s", 32), Pepper: "p", BcryptCost: 4, Log: log,
	})
	check(t, err)
	site, err := docsite.New(docsite.Config{Version: "1.2.3"})
	check(t, err)
	server, err := httpapi.New(httpapi.Config{Auth: accounts, Docs: site, Ready: db.Ping, Log: log})
	check(t, err)
	service := httptest.NewServer(server)
	t.Cleanup(service.Close)
	dir := t.TempDir()
	check(t, docsite.WriteStatic(filepath.Join(dir, "some", "where"), "1.2.3"))
	fileServer := httptest.NewServer(http.FileServer(http.Dir(dir)))
	t.Cleanup(fileServer.Close)
	run(t, "docs.test.mjs", "BASE="+service.URL, "SITE="+fileServer.URL+"/some/where")
}

// TestCheckoutInBrowser buys plans from the whole service, built and started as in production but with the embedded
// Stripe.
func TestCheckoutInBrowser(t *testing.T) {
	t.Parallel()
	run(t, "checkout.test.mjs", "BASE="+servetest.Start(t))
}

// run runs a test file with Node, with env added to the environment. If Chromium or its driver is missing the test is
// skipped, or fails if CI is set: `make test` installs both.
func run(t *testing.T, file string, env ...string) {
	t.Helper()
	browser := servetest.Chromium()
	_, err := os.Stat("node_modules/playwright-core/package.json")
	if browser == "" || err != nil {
		servetest.Missing(t, "Chromium or node_modules")
	}
	cmd := exec.CommandContext(t.Context(), "node", "--test", "--test-reporter=spec", file)
	cmd.Env = append(append(os.Environ(), "CHROMIUM="+browser), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%s: %v\n%s", file, err, out)
	} else {
		t.Logf("%s", out)
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
