package docsite_test

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/docsite"
)

var markdownLink = regexp.MustCompile(`\]\(([^)#\s]*)`)

func TestMachinesReachEveryMarkdownVersion(t *testing.T) {
	t.Parallel()
	site, err := docsite.New(docsite.Config{Version: version})
	if err != nil {
		t.Fatal(err)
	}
	routes, reached := site.Routes(), map[string]bool{}
	for waiting := []string{"/llms.txt"}; len(waiting) > 0; {
		path := waiting[0]
		waiting = waiting[1:]
		if reached[path] {
			continue
		}
		reached[path] = true
		if routes[path] == nil {
			t.Errorf("a link leads to %s, which is not served", path)
			continue
		}
		text := request(t, routes[path], http.MethodGet, path).Body.String()
		if !strings.HasSuffix(path, ".md") && path != "/llms.txt" {
			continue
		}
		for _, found := range markdownLink.FindAllStringSubmatch(text, -1) {
			if strings.HasPrefix(found[1], "/") {
				waiting = append(waiting, found[1])
			}
		}
	}
	for path := range routes {
		if strings.HasSuffix(path, ".md") && !reached[path] {
			t.Errorf("no link leads to %s", path)
		}
	}
}

func TestPagesNameTheirMarkdownVersion(t *testing.T) {
	t.Parallel()
	h := newSite(t)
	for path, want := range map[string]bool{
		"/docs": false, "/docs/guide": true, "/docs/clients": true, "/docs/sso": true, "/docs/changelog": true,
		"/docs/errors": true, "/docs/errors/internal": true, "/billing/success": false,
	} {
		body := request(t, h, http.MethodGet, path).Body.String()
		link := `<link rel="alternate" type="text/markdown" href="` + path + `.md">`
		if strings.Contains(body, link) != want {
			t.Errorf("%s: %s: %t, want %t", path, link, !want, want)
		}
	}
}

func TestMarkdownVersionsOfTheStaticSiteLinkToItsFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := docsite.WriteStatic(dir, version); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"llms.txt", "guide.md", "clients.md", "sso.md", "changelog.md", "errors.md"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range markdownLink.FindAllStringSubmatch(string(text), -1) {
			if strings.HasPrefix(found[1], "/") {
				t.Errorf("%s links to %s", name, found[1])
			} else if !strings.Contains(found[1], ":") && found[1] != "" {
				if _, err := os.Stat(filepath.Join(dir, found[1])); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
	}
}
