package consent_test

import (
	"testing"

	. "github.com/adiuva/cloud-api/internal/consent"
)

func TestRowsAreNamedByID(t *testing.T) {
	t.Parallel()
	const long = "3f2b9c1e-77aa-4c1d-9d2e-0a1b2c3d4e5f"
	for _, c := range []struct {
		message, id string
		want        Verdict
	}{
		{"delete t5", "t5", Act},
		{"delete task #4711", "4711", Act},
		{"delete " + long, long, Act},
		{"delete " + long + ".", long, Act},
		{"delete " + long, "3f2b9c1e", Refuse},
		{"delete t55", "t5", Refuse},
		{"delete the 2 tasks of today", "2", Refuse},
		{"delete the website", "website", Refuse},
		{"what is t5?", "t5", Refuse},
	} {
		row := Row{ID: c.id, Title: "Other"}
		got, _ := Read(c.message, nil, now).Judge(Change{Kind: Delete, Table: "tasks", Row: row})
		if (got == Act) != (c.want == Act) {
			t.Errorf("%q and the id %q: %v, want %v", c.message, c.id, got, c.want)
		}
	}
}
