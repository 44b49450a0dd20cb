package workspace_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/adiuva/cloud-api/internal/tier"
)

func TestChangesOfOneEventOfASeriesNameItsStart(t *testing.T) {
	t.Parallel()
	start := at(t, "2026-11-26T09:00")
	for call, want := range map[string]string{
		`delete_rows {"table":"events","ids":["e1"],"start":"2026-11-26T09:00"}`: fmt.Sprintf(
			`[{"type":"delete_record","table":"events","data":{"id":"e1","originalStart":%d}}]`, start),
		`change_rows {"table":"events","ids":["e1"],"start":"thursday","set":{"location":"Room 2"}}`: fmt.Sprintf(
			`[{"type":"update_record","table":"events","data":{"id":"e1","location":"Room 2","originalStart":%d}}]`,
			start),
		`change_rows {"table":"events","ids":["e1"],"start":"2026-11-26","set":{"start":"2026-11-26T10:00"}}`: fmt.
			Sprintf(`[{"type":"update_record","table":"events",`+
				`"data":{"end":%d,"id":"e1","originalStart":%d,"start":%d}}]`, at(t, "2026-11-26T10:30"), start,
				at(t, "2026-11-26T10:00")),
		`delete_rows {"table":"events","ids":["e2"]}`: `[{"type":"delete_record","table":"events",` +
			`"data":{"id":"e2"}}]`,
		`delete_rows {"table":"events","ids":["e1"]}`: `null`,
	} {
		_, run := newRun(t, tier.Free, office(t))
		text := callIn(t, run, call)
		if got, err := json.Marshal(run.Actions()); err != nil || string(got) != want {
			t.Errorf("%s: got %s, %v, want %s; %s", call, got, err, want, text)
		}
	}
}
