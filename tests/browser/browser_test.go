// Package browser_test opens the service's pages in a real, headless Chromium. Each Go test starts a server and hands its
// address to one file of Node's test runner beside it; browser.mjs is what those share.
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

// TestDocs needs no database: no page of the documentation asks for one. The same pages are looked at as a static site, in
// a folder of a plain file server.
func TestDocs(t *testing.T) {
	t.Parallel()
	db, err := postgres.Open(t.Context(), "postgres://nobody@127.0.0.1:1/none")
	check(t, err)
	t.Cleanup(db.Close)
	log := slog.New(slog.DiscardHandler)
	accounts, err := auth.New(auth.Config{DB: db, Secret: strings.Repeat("s", 32), Pepper: "p", BcryptCost: 4, Log: log})
	check(t, err)
	site, err := docsite.New(docsite.Config{Version: "1.2.3"})
	check(t, err)
	server, err := httpapi.New(httpapi.Config{Auth: accounts, Docs: site, Ready: db.Ping, Log: log})
	check(t, err)
	edge := httptest.NewServer(server)
	t.Cleanup(edge.Close)
	dir := t.TempDir()
	check(t, docsite.WriteStatic(filepath.Join(dir, "some", "where"), "1.2.3"))
	files := httptest.NewServer(http.FileServer(http.Dir(dir)))
	t.Cleanup(files.Close)
	run(t, "docs.test.mjs", "BASE="+edge.URL, "SITE="+files.URL+"/some/where")
}

// TestCheckout needs the whole service: it is built and started as an operator does, with Stripe's stand-in.
func TestCheckout(t *testing.T) {
	t.Parallel()
	run(t, "checkout.test.mjs", "BASE="+servetest.Start(t))
}

// run runs one file of tests in Chromium, with the variables given. Where the browser or its driver is missing, the test
// is skipped, and fails under CI: `make test` installs both.
func run(t *testing.T, file string, variables ...string) {
	t.Helper()
	browser := servetest.Chromium()
	_, err := os.Stat("node_modules/playwright-core/package.json")
	if browser == "" || err != nil {
		servetest.Missing(t, "Chromium or node_modules")
	}
	cmd := exec.CommandContext(t.Context(), "node", "--test", "--test-reporter=spec", file)
	cmd.Env = append(append(os.Environ(), "CHROMIUM="+browser), variables...)
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
