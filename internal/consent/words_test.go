package consent_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// optional are the groups that some languages do not need.
var optional = []string{"blocker", "endings", "finishers", "todo", "translate", "units", "documents"}

func TestVocabulariesHaveTheSameGroups(t *testing.T) {
	t.Parallel()
	english := groupsOf(t, "words/en.txt")
	files, err := filepath.Glob("words/??.txt")
	if err != nil || len(files) != 7 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		groups := groupsOf(t, file)
		for _, name := range slices.Sorted(maps.Keys(english)) {
			if !groups[name] && !slices.Contains(optional, name) {
				t.Errorf("%s lacks %q", file, name)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(groups)) {
			if !english[name] && !slices.Contains(optional, name) {
				t.Errorf("%s has the unknown group %q", file, name)
			}
		}
	}
}

func groupsOf(t *testing.T, file string) map[string]bool {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	groups := map[string]bool{}
	for line := range strings.Lines(string(data)) {
		name, _, found := strings.Cut(line, ":")
		if !strings.HasPrefix(line, "#") && strings.TrimSpace(line) != "" && !found {
			t.Errorf("%s: no group in %q", file, line)
		}
		if found && !strings.HasPrefix(line, "#") {
			groups[name] = true
		}
	}
	return groups
}
