package internal_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestMakefileNamesExistingTests finds a test for every name that the Makefile passes to go test. go test itself is
// content with a pattern that matches nothing.
func TestMakefileNamesExistingTests(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	makefile := strings.ReplaceAll(string(text), "$$", "$")
	folder, pattern := regexp.MustCompile(`go test .*\./(\S+)`), regexp.MustCompile(`-run '?([^' ]+)`)
	checked := 0
	for line := range strings.Lines(makefile) {
		in, run := folder.FindStringSubmatch(line), pattern.FindStringSubmatch(line)
		if in == nil || run == nil {
			continue
		}
		for name := range strings.SplitSeq(run[1], "|") {
			if name == "^$" {
				continue
			}
			checked++
			if !hasTest(t, in[1], regexp.MustCompile(name)) {
				t.Errorf("no test in %s matches %s", in[1], name)
			}
		}
	}
	for _, fuzz := range regexp.MustCompile(`([a-z/]+):(Fuzz\w+)`).FindAllStringSubmatch(makefile, -1) {
		checked++
		if !hasTest(t, "internal/"+fuzz[1], regexp.MustCompile("^"+fuzz[2]+"$")) {
			t.Errorf("internal/%s has no %s", fuzz[1], fuzz[2])
		}
	}
	if checked < 10 {
		t.Errorf("found only %d names of tests", checked)
	}
}

func hasTest(t *testing.T, folder string, name *regexp.Regexp) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)`).FindAllStringSubmatch(string(source), -1) {
			if name.MatchString(f[1]) {
				return true
			}
		}
	}
	return false
}
