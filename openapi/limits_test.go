package openapi_test

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/adiuva/cloud-api/openapi"
)

var update = flag.Bool("update", false, "write the table of limits in docs/integrators.md")

// TestGuideListsThePolicies compares the table of limits in the integrators' guide with the contract's x-adiuva
// extensions. With -update it writes the table.
func TestGuideListsThePolicies(t *testing.T) {
	t.Parallel()
	const guide, begin, end = "../docs/integrators.md", "<!-- limits: begin -->\n", "<!-- limits: end -->\n"
	text, err := os.ReadFile(guide)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := bytes.Cut(text, []byte(begin))
	_, after, closed := bytes.Cut(rest, []byte(end))
	if !found || !closed {
		t.Fatalf("%s has no place for the table of limits", guide)
	}
	want := slices.Concat(before, []byte(begin), []byte(limitsTable(t, document(t))), []byte(end), after)
	if bytes.Equal(text, want) {
		return
	}
	if !*update {
		t.Fatal("the table of limits is out of date: run make generate")
	}
	if err := os.WriteFile(guide, want, 0o644); err != nil {
		t.Fatal(err)
	}
}

func limitsTable(t *testing.T, doc *openapi3.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("| operation | requests | largest body | end of the login noticed |\n|---|---|---|---|\n")
	for _, path := range slices.Sorted(maps.Keys(doc.Paths.Map())) {
		item := doc.Paths.Value(path)
		for _, method := range slices.Sorted(maps.Keys(item.Operations())) {
			op := item.Operations()[method]
			p, err := openapi.PolicyOf(op)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&b, "| `%s %s` | %s | %s | %s |\n", method, path, rate(p), body(op, p), login(p))
		}
	}
	return b.String()
}

func rate(p openapi.Policy) string {
	if p.Rate.By == openapi.ByAccount {
		return "the account's"
	}
	every, known := map[int]string{60: "minute", 3600: "hour"}[p.Rate.Window]
	if !known {
		every = fmt.Sprintf("%d s", p.Rate.Window)
	}
	return fmt.Sprintf("%d per %s and address", p.Rate.Requests, every)
}

func body(op *openapi3.Operation, p openapi.Policy) string {
	switch {
	case p.Body == openapi.Unlimited:
		return "the plan's"
	case op.RequestBody == nil && op.OperationID != "streamChat":
		return "none"
	}
	if p.Larger.Member != "" {
		return fmt.Sprintf("%s, %s with `%s`", size(p.Body), size(p.Larger.Body), p.Larger.Member)
	}
	return size(p.Body)
}

func size(bytes int64) string {
	if bytes%(1<<20) == 0 {
		return fmt.Sprintf("%d MiB", bytes>>20)
	}
	return fmt.Sprintf("%d KiB", bytes>>10)
}

func login(p openapi.Policy) string {
	switch p.Session {
	case openapi.SessionCached:
		return "within 10 s"
	case openapi.SessionChecked:
		return "at once"
	case openapi.SessionEnded:
		return "not at all"
	}
	return "no login needed"
}
