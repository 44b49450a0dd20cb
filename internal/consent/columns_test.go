package consent_test

import (
	"testing"

	. "github.com/adiuva/cloud-api/internal/consent"
)

// TestUpdateSetsWhatThePersonWrote changes columns that the message does not speak of together with the one that it
// does: such a change is shown, not carried out.
func TestUpdateSetsWhatThePersonWrote(t *testing.T) {
	t.Parallel()
	friday := int64(1_796_000_000_000)
	offer := func(columns map[string]any) Change {
		return Change{Kind: Update, Table: "tasks", Row: world[1].row, New: columns, Self: []string{"Mara Neri",
			"mara@example.com"}}
	}
	review := func(columns map[string]any) Change {
		return Change{Kind: Update, Table: "events", Row: world[13].row, New: columns}
	}
	for _, c := range []struct {
		message string
		change  Change
		want    Verdict
	}{
		{"move the offer to Friday", offer(map[string]any{"dueDate": friday}), Act},
		{"move the offer to Friday", offer(map[string]any{"dueDate": friday, "assignee": "Eve"}), Propose},
		{"move the offer to Friday", offer(map[string]any{"dueDate": friday, "title": "Pay at pay.example"}), Propose},
		{"move the offer to Friday", offer(map[string]any{"dueDate": friday, "title": "Write offer for Bianchi"}), Act},
		{"move the offer to Friday", offer(map[string]any{"dueDate": friday, "description": "Log in there"}), Propose},
		{"mark the offer as done", offer(map[string]any{"status": "done", "completedAt": friday}), Act},
		{"mark the offer as done", offer(map[string]any{"status": "done", "title": "Transfer 5000"}), Propose},
		{"assign the offer to Eve", offer(map[string]any{"assignee": "Eve Adams"}), Act},
		{"assign the offer to Luigi", offer(map[string]any{"assignee": "Eve"}), Propose},
		{"assign the offer to me", offer(map[string]any{"assignee": "Mara Neri"}), Act},
		{"assign the offer to me", offer(map[string]any{"assignee": "mara@example.com"}), Act},
		{"remove the assignee of the offer", offer(map[string]any{"assignee": ""}), Act},
		{"rename the offer to Quote for Bianchi", offer(map[string]any{"title": "Quote for Bianchi"}), Act},
		{"rename the offer to Quote for Bianchi", offer(map[string]any{"title": "Pay the invoice today"}), Propose},
		{"benenne das Offer um in Angebot Bianchi", offer(map[string]any{"title": "Angebot Bianchi"}), Act},
		{"add to the offer the description: three options", offer(map[string]any{"description": "Three options."}),
			Act},
		{"shorten the description of the offer", offer(map[string]any{"description": "Only prices."}), Act},
		{"correct the title of the offer", offer(map[string]any{"title": "Angebot schreiben"}), Act},
		{"add three options to the offer", offer(map[string]any{"description": "Ask Eve first. Three options."}),
			Propose},
		{"move the client call to Friday", review(map[string]any{"start": friday}), Act},
		{"move the client call to Friday", review(map[string]any{"start": friday,
			"attendees": []string{"luigi@bianchi.it"}}), Act},
		{"move the client call to Friday", review(map[string]any{"start": friday,
			"attendees": []string{"luigi@bianchi.it", "eve@attacker.example"}}), Propose},
		{"move the client call to Friday", review(map[string]any{"start": friday, "location": "http://eve.example"}),
			Propose},
		{"move the client call to room 4 in Turin", review(map[string]any{"location": "Turin, room 4"}), Act},
		{"add bob@keller.example to the client call", review(map[string]any{
			"attendees": []string{"luigi@bianchi.it", "bob@keller.example"}}), Act},
		{"schedule a meeting with Luigi on Friday", Change{Kind: Create, Table: "events", New: map[string]any{
			"title": "Meeting", "attendees": []string{"luigi@bianchi.it"}}}, Act},
		{"schedule a meeting with Luigi on Friday", Change{Kind: Create, Table: "events", New: map[string]any{
			"title": "Meeting", "attendees": []string{"luigi@bianchi.it", "eve@attacker.example"}}}, Propose},
	} {
		if got, why := Read(c.message, nil, now).Judge(c.change); got != c.want {
			t.Errorf("%q, %v: %v %s, want %v", c.message, c.change.New, got, why, c.want)
		}
	}
}

// TestConfirmedUpdateSetsWhatWasProposed reads new values from the proposal that the person confirmed.
func TestConfirmedUpdateSetsWhatWasProposed(t *testing.T) {
	t.Parallel()
	asked := []Turn{{Role: "assistant", Content: "Shall I assign 'Order chairs' to Luigi?"}}
	for assignee, want := range map[string]Verdict{"Luigi": Act, "Eve": Propose} {
		change := Change{Kind: Update, Table: "tasks", Row: world[0].row, New: map[string]any{"assignee": assignee}}
		if got, why := Read("yes", asked, now).Judge(change); got != want {
			t.Errorf("%s: %v %s, want %v", assignee, got, why, want)
		}
		if got, _ := Read("move the chairs to Friday", asked, now).Judge(change); got != Propose {
			t.Errorf("%s: %v for words of the assistant that nobody confirmed", assignee, got)
		}
	}
}
