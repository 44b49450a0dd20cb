package sanitize_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/sanitize"
	"github.com/adiuva/cloud-api/internal/testing/leaktest"
)

// disguised returns texts that leak a secret, of all kinds that leaktest has and that are kept from nobody.
func disguised() (texts []string) {
	for _, list := range [][]leaktest.Transform{
		leaktest.Transforms(), leaktest.UnlistedTransforms(), leaktest.FillerTransforms(),
	} {
		for _, tr := range list {
			for _, s := range leaktest.Secrets() {
				texts = append(texts, tr.Apply(s.Text))
			}
		}
	}
	return texts
}

// generators make texts for the views that those disguises do not need.
var generators = map[string]func(string) string{
	"shifted, reversed":       func(s string) string { return turned(shifted(s, 3)) },
	"first letters, reversed": func(s string) string { return initials(turned(lettersIn(s)), " ") },
	"first letters of lines": func(s string) string {
		return perLetter(s, func(i int, c rune) string {
			return string(c) + "ound " + strings.Repeat("and ", i*i%5) + "\n"
		})
	},
	"capitals": func(s string) string {
		return perLetter(s, func(i int, c rune) string {
			return strings.Repeat("and ", i*i%5) + strings.ToUpper(string(c)) + strings.Repeat("or ", i%3)
		})
	},
	"doubled letters": func(s string) string {
		return perLetter(s, func(i int, c rune) string { return strings.Repeat(string(c), 1+i*i%3) })
	},
	"telephone keys": func(s string) string {
		return perLetter(s, func(_ int, c rune) string { return string("22233344455566677778889999"[c-'a']) })
	},
	"beginnings of words": perWord(func(w string) string { return w[:min(len(w), 3)] + "o" }),
	"second letters": func(s string) string {
		return perLetter(s, func(_ int, c rune) string { return "o" + string(c) + "er " })
	},
	"last letters of lines": func(s string) string {
		return perLetter(s, func(i int, c rune) string {
			return strings.Repeat("and ", i*i%5) + "of " + string(c) + "\n"
		})
	},
	"shifted by 2 turns": inTurns(2),
	"shifted by 3 turns": inTurns(3),
	"shifted by 4 turns": inTurns(4),
	"shifted by 5 turns": inTurns(5),
	"shifted by 6 turns": inTurns(6),
	"shifted by 7 turns": inTurns(7),
	"shifted by 8 turns": inTurns(8),
	"tags": func(s string) string {
		return perLetter(s, func(i int, c rune) string { return string(c) + "[" + strings.Repeat("b ", i*i%5) + "]" })
	},
	"bits":              func(s string) string { return perByte(s, "%08b") },
	"base45":            func(s string) string { return inBase45(s) },
	"z85":               func(s string) string { return inZ85(s) },
	"UTF-7":             func(s string) string { return perLetter(s, func(_ int, c rune) string { return inUTF7(c) }) },
	"swapped case":      func(s string) string { return swapCase(toBase64(s)) },
	"ROT13":             func(s string) string { return rotated(toBase64(s)) },
	"mirrored alphabet": func(s string) string { return mirrored(toBase64(s)) },
	"every nth character": func(s string) string {
		return perLetter(s, func(i int, c rune) string { return string(c) + string("q7x"[i%3]) + string("4kz8"[i%4]) })
	},
	"every nth word":   everyFifthWord,
	"columns":          inColumns,
	"blocks backwards": inBlocks,
}

func TestEveryViewFindsADisguise(t *testing.T) {
	t.Parallel()
	f := newFilter()
	found := map[string]int{}
	for _, text := range disguised() {
		if _, hit := f.Scope().Text(text); hit != nil {
			for name := range strings.SplitSeq(hit.View, " > ") {
				found[name]++
			}
		}
	}
	now := time.Now()
	long := sanitize.New(sanitize.Secret{ID: "long", Text: longSecret()})
	store := newStore(t, long, &now)
	for _, p := range pieces(longSecret(), 4) { // one in each answer
		if _, hit := long.Scope().Remember(store.For("anna")).Text(answerWith(p)); hit != nil {
			found[hit.View]++
		}
	}
	for _, v := range sanitize.Views() {
		if generate := generators[v.Name]; generate != nil {
			for _, s := range leaktest.Secrets() {
				if _, hit := f.Scope().Text(generate(s.Text)); hit != nil && strings.Contains(hit.View, v.Name) {
					found[v.Name]++
				}
			}
		}
		if found[v.Name] == 0 {
			t.Errorf("the view %q found nothing", v.Name)
		}
	}
}

var update = flag.Bool("update", false, "write the table of views into the documentation")

// TestViewsAreDocumented compares the table in the documentation with the views; -update writes it.
func TestViewsAreDocumented(t *testing.T) {
	t.Parallel()
	const file = "../../docs/prompt-protection.md"
	page, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	table.WriteString("| view | reads | which text |\n|---|---|---|\n")
	for _, v := range sanitize.Views() {
		text := "what does not look natural"
		if v.Always {
			text = "all"
		}
		fmt.Fprintf(&table, "| %s | %s | %s |\n", v.Name, v.Kind, text)
	}
	before, rest, ok := strings.Cut(string(page), "<!-- views -->\n")
	written, after, ok2 := strings.Cut(rest, "<!-- end of views -->")
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the views", file)
	}
	if *update {
		page := before + "<!-- views -->\n" + table.String() + "<!-- end of views -->" + after
		if err := os.WriteFile(file, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if written != table.String() {
		t.Errorf("%s does not have the views that there are; run this test with -update", file)
	}
}
