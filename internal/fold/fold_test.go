package fold_test

import (
	"testing"

	"github.com/adiuva/cloud-api/internal/fold"
)

func TestTextsAreComparedWithoutCaseAndAccents(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"Größe": "grosse", "CAFÉ\u0301": "cafe", "ﬁnal": "final",
		"Œuvre":    "oeuvre",
		"İstanbul": "istanbul", "a\u200bb": "ab", "  Zwei\n Wörter ": "zwei worter", "会议": "会议", "": ""} {
		if got := fold.Line(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestPhrasesInTexts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text, phrase  string
		contains, has bool
	}{
		{"leonie und leo", "leo", true, true}, {"leonie", "leo", true, false}, {"galileo", "leo", false, false},
		{"leoleo", "leo", true, false}, {"leoleo leo", "leo", true, true}, {"x leo-marx", "leo", true, true},
		{"luigi@bianchi.it", "luigi", true, true}, {"明天会议室", "会议", true, true}, {"a b", "", true, true},
		{"", "leo", false, false}, {"via verdi 3", "verdi 3", true, true}, {"verdi 31", "verdi 3", true, false},
	} {
		if got := fold.Contains(c.text, c.phrase); got != c.contains {
			t.Errorf("Contains(%q, %q) is %v", c.text, c.phrase, got)
		}
		if got := fold.Has(c.text, c.phrase); got != c.has {
			t.Errorf("Has(%q, %q) is %v", c.text, c.phrase, got)
		}
	}
}

func TestWordsThatDifferByALetter(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		near bool
	}{
		{"chairs", "chirs", true}, {"chairs", "hairs", true}, {"chairs", "chair", true}, {"chairs", "shairs", true},
		{"chairs", "chairs", true}, {"chairs", "chiars", false}, {"chairs", "stairs", false}, {"a", "b", true},
		{"", "a", true}, {"", "ab", false}, {"мост", "рост", true},
	} {
		if fold.Near(c.a, c.b) != c.near || fold.Near(c.b, c.a) != c.near {
			t.Errorf("Near(%q, %q) is not %v", c.a, c.b, c.near)
		}
	}
}

// FuzzHas compares Has with its definition on every place of the phrase.
func FuzzHas(f *testing.F) {
	f.Add("leoleo leo", "leo")
	f.Add("Größe über", "über")
	f.Fuzz(func(t *testing.T, text, phrase string) {
		text, phrase = fold.Text(text), fold.Text(phrase)
		if fold.Has(text, phrase) && !fold.Contains(text, phrase) {
			t.Errorf("%q has %q and does not contain it", text, phrase)
		}
		if phrase != "" && !fold.Has(phrase+" "+text, phrase) {
			t.Errorf("%q does not have %q", phrase+" "+text, phrase)
		}
	})
}
