package consent_test

import (
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/consent"
)

func TestLanguageOfTheMessage(t *testing.T) {
	t.Parallel()
	for message, want := range map[string]string{"delete the website task": "en", "lösche die Aufgabe": "de",
		"cancella la riunione di domani": "it", "supprime la tâche": "fr", "borra la tarea": "es",
		"apaga a tarefa": "pt", "verwijder de taak": "nl", "usuń zadanie": "", "": ""} {
		if got := consent.Read(message, nil, time.Now()).Language(); got != want {
			t.Errorf("%q: %q, want %q", message, got, want)
		}
	}
}
