package docsite_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/docsite"
	"github.com/adiuva/cloud-api/internal/fault"
)

var pageLink = regexp.MustCompile(`(?:href|src)="([^"]*)"`)

func TestStaticSiteLinksOnlyToItsOwnFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for range 2 { // the second run overwrites the files of the first
		if err := docsite.WriteStatic(dir, version); err != nil {
			t.Fatal(err)
		}
	}
	written, followed := 0, 0
	err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(name) != ".html" {
			return err
		}
		written++
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if !strings.Contains(string(text), `http-equiv="Content-Security-Policy"`) {
			t.Errorf("%s has no policy", name)
		}
		for _, found := range pageLink.FindAllStringSubmatch(string(text), -1) {
			to, _, _ := strings.Cut(strings.SplitN(found[1], "#", 2)[0], "?")
			switch {
			case strings.HasPrefix(to, "/"), strings.HasPrefix(to, "http:"):
				t.Errorf("%s links to %s", name, to)
			case to == "", strings.Contains(to, ":"):
			default:
				followed++
				if _, err := os.Stat(filepath.Join(filepath.Dir(name), filepath.FromSlash(to))); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if codes := len(fault.Catalogue()); written != codes+6 || followed < 5*codes {
		t.Errorf("%d pages with %d links for %d codes", written, followed, codes)
	}
	for _, name := range []string{
		"openapi.json", "openapi.yaml", "asyncapi.json", "asyncapi.yaml", "scalar.js", "app.js", "style.css",
		"llms.txt", "guide.md", "errors/internal.md",
	} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestGuideAndChangelogAreRendered(t *testing.T) {
	t.Parallel()
	h := newSite(t)
	for path, wants := range map[string][]string{
		"/docs/guide":     {"<h1", "Idempotency-Key", "<table>", "<pre><code class=\"language-ts\">"},
		"/docs/changelog": {"<h1", ">0.1.0</h2>"},
	} {
		got := request(t, h, "GET", path)
		for _, want := range wants {
			if !strings.Contains(got.Body.String(), want) {
				t.Errorf("%s does not contain %s", path, want)
			}
		}
		if policy := got.Header().Get("Content-Security-Policy"); policy != strictPolicy {
			t.Errorf("%s: policy %q", path, policy)
		}
	}
}
