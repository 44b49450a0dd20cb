package action_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/adiuva/cloud-api/internal/action"
)

var (
	clientTable  = regexp.MustCompile(`(?m)^  (\w+): '([^']*)'(?: \+\n\s*'([^']*)')?,$`)
	clientColumn = regexp.MustCompile(`^(!?)(\w+):?(.*)$`)
)

// TestClientKnowsTheColumns compares the columns with those in the TypeScript client, which checks actions as well.
func TestClientKnowsTheColumns(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("../../clients/typescript/src/actions.ts")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]action.Column{}
	for _, m := range clientTable.FindAllStringSubmatch(string(source), -1) {
		for _, text := range strings.Fields(m[2] + m[3]) {
			c := clientColumn.FindStringSubmatch(text)
			column := action.Column{Name: c[2], Required: c[1] != "", Type: action.Text}
			switch c[3] {
			case "":
			case "t":
				column.Type = action.Time
			case "b":
				column.Type = action.Bool
			case "l":
				column.Type = action.List
			default:
				column.OneOf = strings.Split(c[3], "|")
			}
			got[m[1]] = append(got[m[1]], column)
		}
	}
	want := map[string][]action.Column{}
	for _, table := range action.Tables() {
		want[table] = slices.Clone(action.Columns(table))
		for i, c := range want[table] {
			if want[table][i].Table = ""; c.Type == action.ID { // which is text for the client
				want[table][i].Type = action.Text
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
