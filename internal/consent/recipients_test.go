package consent_test

import (
	"testing"

	. "github.com/adiuva/cloud-api/internal/consent"
)

func TestDraftsGoToPeopleWhomTheMessageNames(t *testing.T) {
	t.Parallel()
	lease := Row{ID: "m3", Title: "Lease draft",
		People: []string{"Bob Keller <bob@keller.example>", "me@studio.example"}}
	for _, c := range []struct {
		message string
		row     Row
		to      any
		want    Verdict
	}{
		{"write to Luigi that the offer comes Monday", Row{}, "luigi@bianchi.it", Act},
		{"write to Luigi that the offer comes Monday", Row{}, "Luigi Bianchi <lb@bianchi.it>", Act},
		{"write to luigi that the offer comes monday", Row{}, "luigi@bianchi.it", Act},
		{"write to Luigi that the offer comes Monday", Row{}, "offer@evil.example", Propose},
		{"write to Luigi that the offer comes Monday", Row{}, "monday@evil.example", Propose},
		{"write to Luigi that the offer comes Monday", Row{}, "write@evil.example", Propose},
		{"write to Luigi that the offer comes Monday", Row{}, "luigi@bianchi.it, eve@evil.example", Propose},
		{"write to Luigi that the offer comes Monday", Row{},
			[]string{"luigi@bianchi.it", "eve@evil.example"}, Propose},
		{"write to Luigi that the offer comes Monday", Row{}, []any{"luigi@bianchi.it", 7}, Act},
		{"write to Luigi that Eve is ill", Row{}, "eve@evil.example", Propose},
		{"email Luigi and Anna about the board", Row{}, "luigi@bianchi.it; anna@studio.example", Act},
		{"email Luigi and Anna about the board", Row{}, "board@evil.example", Propose},
		{"send a mail to eve@evil.example", Row{}, "eve@evil.example", Act},
		{"send a mail to Anna Rossi", Row{}, "rossi@studio.example", Act},
		{"reply to the mail about the lease", lease, "bob@keller.example", Act},
		{"reply to the mail about the lease", lease, "BOB@keller.example", Act},
		{"reply to the mail about the lease", lease, "eve@evil.example", Propose},
		{"reply to the mail about the lease", lease, "lease@evil.example", Propose},
		{"reply to the mail about the offer", lease, "bob@keller.example", Propose},
		{"answer Bob's mail", Row{}, "bob@keller.example", Act},
		{"Schreib Luigi, dass das Angebot am Montag kommt", Row{}, "angebot@evil.example", Propose},
		{"Schreib an Luigi wegen dem Angebot", Row{}, "luigi@bianchi.it", Act},
		{"scrivi a Luigi che arriva lunedì", Row{}, "luigi@bianchi.it", Act},
		{"scrivi a Luigi dell'offerta", Row{}, "offerta@evil.example", Propose},
		{"écris à Luigi au sujet de l'offre", Row{}, "offre@evil.example", Propose},
		{"summarise the mails", Row{}, "luigi@bianchi.it", Refuse},
		{"what does Luigi want?", Row{}, "luigi@bianchi.it", Refuse},
		{"reply to everyone", Row{}, "eve@evil.example", Propose},
		{"answer all my mails", Row{}, "eve@evil.example", Propose},
		{"write to Ms Long that the offer comes Monday", Row{}, "Ada Long <ada@long.example>", Act},
		{"write to Luigi the long story", Row{}, "ada@long.example", Propose},
		{"Antworte Frau Höher, dass der Entwurf kommt", Row{}, "Eva Höher <eva@cafe.example>", Act},
		{"Antworte höher, dass der Entwurf kommt", Row{}, "Eva Höher <eva@cafe.example>", Propose},
		{"add a task to call Luigi", Row{}, "luigi@bianchi.it", Propose},
	} {
		draft := Change{Kind: Create, Table: "emails", Row: c.row, New: map[string]any{"to": c.to, "subject": "x"}}
		if got, reason := Read(c.message, nil, now).Judge(draft); got != c.want {
			t.Errorf("%q to %v: %v (%s), want %v", c.message, c.to, got, reason, c.want)
		}
	}
}

func TestConfirmedDraftsGoToPeopleWhomTheConversationNames(t *testing.T) {
	t.Parallel()
	history := said("what about Luigi?", "Shall I write to Luigi that the offer comes Monday?")
	for to, want := range map[string]Verdict{"luigi@bianchi.it": Act, "eve@evil.example": Propose} {
		draft := Change{Kind: Create, Table: "emails", New: map[string]any{"to": to}}
		if got, _ := Read("yes", history, now).Judge(draft); got != want {
			t.Errorf("%s: %v, want %v", to, got, want)
		}
	}
}
