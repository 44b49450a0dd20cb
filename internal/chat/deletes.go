package chat

import (
	"fmt"
	"strings"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/fold"
)

// deleteSentences say what the actions delete, by language. They end in the titles.
var deleteSentences = map[string]string{
	"en": "This deletes %s.",
	"de": "Gelöscht wird: %s.",
	"it": "Verrà eliminato: %s.",
	"fr": "Sera supprimé : %s.",
	"es": "Se eliminará: %s.",
	"pt": "Será eliminado: %s.",
	"nl": "Dit wordt verwijderd: %s.",
}

// maxDeletedTitle limits a title in the sentence, in characters.
const maxDeletedTitle = 120

// deletedRows returns a paragraph that names the rows which the actions of the run delete and the answer does not name,
// or "" when it names all of them.
func deletedRows(run *agent.Run, answer string) string {
	deleted := run.Deleted()
	if len(deleted) == 0 {
		return ""
	}
	said := fold.Line(answer)
	var titles []string
	for _, title := range deleted {
		title = strings.TrimSpace(agent.Truncate(title, maxDeletedTitle))
		if title != "" && !fold.Has(said, fold.Line(title)) {
			titles = append(titles, "“"+title+"”")
		}
	}
	if len(titles) == 0 {
		return ""
	}
	sentence, ok := deleteSentences[run.Language()]
	if !ok {
		sentence = deleteSentences["en"]
	}
	return "\n\n" + fmt.Sprintf(sentence, strings.Join(titles, ", "))
}
