package reading_test

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/adiuva/cloud-api/internal/dev/offline/reading"
)

// TestLanguagesKnowTheSame finds concepts and sentences that one of the languages lacks, and values that a translation
// leaves out.
func TestLanguagesKnowTheSame(t *testing.T) {
	t.Parallel()
	type words struct {
		Concepts map[string][]string
		Say      map[string]string
	}
	of := map[string]words{}
	for _, code := range []string{"en", "de", "it"} {
		text, err := os.ReadFile("words/" + code + ".yaml")
		var w words
		if err == nil {
			err = yaml.Unmarshal(text, &w)
		}
		if err != nil || len(w.Concepts) < 80 || len(w.Say) < 100 {
			t.Fatal(code, err, len(w.Concepts), len(w.Say))
		}
		of[code] = w
	}
	for code, w := range of {
		for _, concept := range slices.Sorted(maps.Keys(of["en"].Concepts)) {
			if len(w.Concepts[concept]) == 0 {
				t.Errorf("%s has no words for %s", code, concept)
			}
		}
		for key, text := range of["en"].Say {
			for _, value := range valuesIn(text) {
				if !strings.Contains(w.Say[key], value) {
					t.Errorf("%s: %s lacks %s", code, key, value)
				}
			}
			if w.Say[key] == "" {
				t.Errorf("%s does not say %s", code, key)
			}
		}
		if len(w.Say) != len(of["en"].Say) || len(w.Concepts) != len(of["en"].Concepts) {
			t.Errorf("%s has more concepts or sentences than English", code)
		}
	}
}

// valuesIn returns the "{name}" in a sentence.
func valuesIn(text string) (values []string) {
	for part := range strings.SplitSeq(text, "{") {
		if name, _, ok := strings.Cut(part, "}"); ok {
			values = append(values, "{"+name+"}")
		}
	}
	return values
}

func TestUnknownLanguages(t *testing.T) {
	t.Parallel()
	r, err := reading.New()
	if err != nil {
		t.Fatal(err)
	}
	for text, known := range map[string]bool{
		"supprime la tâche des chaises": false, "quelles tâches sont en retard ?": false,
		"borra todas las tareas": false, "quais são as minhas tarefas hoje": false, "wat moet ik vandaag doen": false,
		"delete the task": true, "lösche die Aufgabe": true, "elimina l'attività": true,
		"book a trip to Las Vegas": true,
	} {
		m := r.Read(text, "", nil, monday())
		if (m.Clauses[0].Intent != reading.UnknownLanguage) != known {
			t.Errorf("%q is read as %s, intent %q", text, m.Language.Code, m.Clauses[0].Intent)
		}
	}
}
