package consent_test

import (
	"testing"

	. "github.com/adiuva/cloud-api/internal/consent"
)

// rows yields the rows of the world.
func rows(yield func(string, Row) bool) {
	for _, r := range world {
		if !yield(r.table, r.row) {
			return
		}
	}
}

func TestWordsThatNameNoRowLeaveOpenWhichIsMeant(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		message, change string
		want            Verdict
	}{
		{"Verschieb die Stühle auf Donnerstag", "update t1", Propose},
		{"Verschieb die Stühle auf Donnerstag", "delete t1", Refuse},
		{"segna le sedie come fatte", "finish t1", Propose},
		{"Lösch die Aufgabe mit den Stühlen", "delete t1", Propose},
		{"Lösch die Aufgabe mit den Stühlen", "delete e1", Refuse},
		{"delete the chairs task", "delete t1", Act},
		{"delete the chairs task", "delete t5", Refuse},
		{"lösch die Website und verschieb die Stühle auf Montag", "delete t1", Refuse},
		{"lösch die Website und verschieb die Stühle auf Montag", "update t1", Propose},
		{"delete 'Order lamps'", "delete t1", Refuse},
		{"delete all urgent notes", "delete n1", Refuse},
		{"don't touch the chairs", "update t5", Refuse},
		{"what about the lamps?", "update t1", Refuse},
	} {
		if got, reason := Read(c.message, nil, now).Among(rows).Judge(changes()[c.change]); got != c.want {
			t.Errorf("%q: %s: %v (%s), want %v", c.message, c.change, got, reason, c.want)
		}
	}
}
