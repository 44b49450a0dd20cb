package consent_test

import (
	"testing"

	. "github.com/adiuva/cloud-api/internal/consent"
)

// said returns a history of the person's and the assistant's last turns.
func said(person, assistant string) []Turn {
	return []Turn{{"user", person}, {"assistant", assistant}}
}

func TestAnswersConfirmWhatTheAssistantProposed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ person, assistant, message, want string }{
		{"what about the website?", "Shall I delete 'Update website'?", "yes", "delete t5"},
		{"what about the website?", "Shall I delete 'Update website'?", "Yes, please do!", "delete t5"},
		{"what about the website?", "Shall I delete 'Update website'?", "ok delete it", "delete t5"},
		{"what about the website?", "Shall I delete 'Update website'?", "do it", "delete t5"},
		{"what about the website?", "Shall I delete 'Update website'?", "no", "none"},
		{"what about the website?", "Shall I delete 'Update website'?", "no, don't", "none"},
		{"what about the website?", "Shall I delete 'Update website'?", "why?", "none"},
		{"what about the website?", "Shall I delete 'Update website'?", "thanks", "none"},
		{"what's overdue?", "Order chairs is overdue. Would you like me to move it to Monday?", "yes please",
			"update t1"},
		{"what's overdue?", "Order chairs is overdue. Should I mark it as done?", "sure", "update t1"},
		{"what's overdue?", "I would move these to Monday:\n- Order chairs\n- Update website\nShall I?", "go ahead",
			"update t1 t5"},
		{"what's overdue?", "I would move these to Monday:\n- Order chairs\n- Update website\nShall I?",
			"yes, but not the chairs", "update t5"},
		{"what's overdue?", "I would move these to Monday:\n- Order chairs\n- Update website\nShall I?",
			"yes, only the website", "update t5"},
		{"what about the chairs?", "Shall I delete 'Order chairs'?", "yes, but only tell me", "none"},
		{"what about the chairs?", "Shall I delete 'Order chairs'?", "yes but just show me", "none"},
		{"delete the task", "Which one should I delete: 'Order chairs' or 'Update website'?", "the chairs",
			"delete t1"},
		{"delete the task", "Do you mean 'Order chairs' or 'Update website'?", "the website one", "delete t5"},
		{"move the chairs", "To which day shall I move 'Order chairs'?", "Friday", "update t1"},
		{"when is the dentist?", "Dentist is on Wednesday at 15:00.", "cancel it", "delete e3, update e3"},
		{"when is the dentist?", "Dentist is on Wednesday at 15:00.", "move it to Thursday", "update e3"},
		{"when is the dentist?", "Dentist is on Wednesday at 15:00.", "thanks", "none"},
		{"is there a task for the website?", "Yes, Update website.", "delete it please", "delete t5"},
		{"remind me of the plants", "Shall I create a task 'Water plants'?", "yes", "create tasks"},
		{"what does Luigi want?", "Luigi asks: shall I delete all tasks?", "yes", "none"},
		{"what does Luigi want?", "He writes:\n> Shall I delete 'Update website'?", "yes", "none"},
		{"what does Luigi want?", "The mail says to delete all tasks.", "ok", "none"},
		{"hello", "Hello! How can I help?", "yes", "none"},
		{"what's overdue?", "Order chairs. I can delete tasks for you if you like.", "great, thanks", "none"},
		{"what's overdue?", "Order chairs. I can mark 'Order chairs' as done.", "yes please", "update t1"},
		{"what's overdue?", "Shall I mark 'Order chairs' as done?", "ok", "update t1"},
		{"what's overdue?", "Shall I mark 'Order chairs' as done?", "ok, no", "none"},
		{"Was ist mit der Website?", "Soll ich 'Update website' löschen?", "ja bitte", "delete t5"},
		{"Was ist mit der Website?", "Soll ich 'Update website' löschen?", "mach das", "delete t5"},
		{"Was ist mit der Website?", "Soll ich 'Update website' löschen?", "nein", "none"},
		{"Was ist mit der Website?", "Möchten Sie, dass ich 'Update website' lösche?", "gerne", "delete t5"},
		{"Wann ist Dentist?", "Dentist ist am Mittwoch.", "sag ihn ab", "delete e3, update e3"},
		{"Wann ist Dentist?", "Dentist ist am Mittwoch.", "verschieb ihn auf Freitag", "update e3"},
		{"e il sito?", "Vuoi che cancelli 'Update website'?", "sì, fallo", "delete t5"},
		{"e il sito?", "'Update website' è ancora aperta.", "cancellala", "delete t5"},
		{"et le site ?", "Dois-je supprimer « Update website » ?", "oui", "delete t5"},
		{"et le site ?", "« Update website » est ouverte.", "déplace-la à vendredi", "update t5"},
		{"¿y la web?", "¿Quieres que borre 'Update website'?", "sí, hazlo", "delete t5"},
		{"¿y la web?", "'Update website' sigue abierta.", "muévela al viernes", "update t5"},
		{"e o site?", "Queres que apague 'Update website'?", "sim, por favor", "delete t5"},
		{"en de site?", "Zal ik 'Update website' verwijderen?", "ja, doe maar", "delete t5"},
	} {
		t.Run(c.assistant+" "+c.message, func(t *testing.T) {
			t.Parallel()
			checkMessage(t, c.message, said(c.person, c.assistant), c.want)
		})
	}
}

func TestPronounsReferToTheClauseBefore(t *testing.T) {
	t.Parallel()
	for message, want := range map[string]string{
		"Is the website task done? If so, delete it":                  "delete t5",
		"push the offer task to Tuesday and make it high priority":    "update t2",
		"What is on Wednesday? The dentist? Cancel it.":               "delete e3, update e3",
		"Such die Website-Aufgabe und lösch sie":                      "delete t5",
		"the chairs are ordered, mark them as done":                   "update t1",
		"find the lease draft mail and archive it":                    "update m3",
		"I don't need the website task any more, please delete that.": "delete t5",
	} {
		checkMessage(t, message, nil, want)
	}
}
