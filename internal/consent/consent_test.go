package consent_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	. "github.com/adiuva/cloud-api/internal/consent"
)

// A file in testdata has one message a line and the changes that may then be carried out:
//
//	delete the website task => delete t5
//
// All other changes of the world must not be. "none" means that updates and deletions are not even suggested, "?" that
// some of them are. "update t1" implies "finish t1"; "create emails" is a draft without a recipient.
func TestMessagesAllowWhatTheyAskFor(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(string(data)) {
				message, want, found := strings.Cut(strings.TrimSpace(line), "=>")
				if !found || strings.HasPrefix(line, "#") {
					continue
				}
				message = strings.ReplaceAll(strings.TrimSpace(message), `\n`, "\n")
				checkMessage(t, message, nil, strings.TrimSpace(want))
			}
		})
	}
}

// checkMessage compares the verdicts on every change of the world with what a line of testdata says.
func checkMessage(t *testing.T, message string, history []Turn, want string) {
	t.Helper()
	r := Read(message, history, now)
	var acts, suggested []string
	all := changes()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		verdict, reason := r.Judge(all[name])
		if (verdict == Act) != (reason == "") {
			t.Errorf("%q: %s: %v has the reason %q", message, name, verdict, reason)
		}
		verb, id, _ := strings.Cut(name, " ")
		switch {
		case verdict == Act:
			if other, _ := r.Judge(all["update "+id]); verb != "finish" || other != Act {
				acts = append(acts, name)
			}
		case verdict == Propose && (verb == "update" || verb == "delete"):
			suggested = append(suggested, name)
		}
	}
	if got := strings.Join(acts, ", "); got != expand(want) {
		t.Errorf("%q\n  allows %s\n  want   %s", message, got, expand(want))
	}
	if want == "none" && len(suggested) > 0 {
		t.Errorf("%q suggests %s", message, strings.Join(suggested, ", "))
	}
	if want == "?" && len(suggested) == 0 {
		t.Errorf("%q suggests no change of a row", message)
	}
}

// expand sorts the changes: "delete t5 t1, notify" is "delete t1, delete t5, notify".
func expand(want string) string {
	if want == "none" || want == "?" {
		return ""
	}
	var list []string
	for part := range strings.SplitSeq(want, ",") {
		names := strings.Fields(part)
		if len(names) == 1 {
			list = append(list, names[0])
		}
		for _, name := range names[1:] {
			list = append(list, names[0]+" "+name)
		}
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}
