// Package record reads the records that a model's answer holds and checks them against the template that asked for
// them. What does not fit is dropped and counted, never returned. It also says the same description in words and as a
// JSON schema for the model, and writes the rows of a step with local times, in which models read and answer.
package record

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/adiuva/cloud-api/internal/playbook"
)

// Max is the number of records that an answer may have.
const Max = 50

// ErrNone is returned if an answer holds no records and no empty list either.
var ErrNone = errors.New("the answer holds no records")

// Request is a step that a model answers with records.
type Request struct {
	Template playbook.Template
	Data     []map[string]any // the rows as the client sent them
	Now      time.Time        // in the caller's time zone
}

// Result is what was read. The values of records are of the types string, int64 (milliseconds since the epoch), bool,
// []string, or nil where the column is to be emptied. A member without a value is absent.
type Result struct {
	Records []map[string]any // never nil
	// Dropped counts the records that were dropped and the dropped members of the others.
	Dropped int
}

// Read returns the records in the answer, with the milliseconds of times and with ids that are among those of the data.
// Of two records with the same id it returns the first. Text around the JSON, thoughts before it, code fences, objects
// around the list and objects without a list are understood. The error is ErrNone.
func (r Request) Read(answer string) (Result, error) {
	members := r.Template.Makes.Members()
	found, broken, ok := find(answer, func(name string) bool { return memberNamed(members, name) != nil })
	if !ok {
		return Result{}, ErrNone
	}
	c := newChecker(r, members)
	out := Result{Records: []map[string]any{}}
	if broken {
		out.Dropped++
	}
	for _, value := range found {
		object, isObject := value.(map[string]any)
		var made map[string]any
		dropped := 1
		if isObject && len(out.Records) < Max {
			made, dropped = c.record(object)
		}
		if made != nil {
			out.Records = append(out.Records, made)
		}
		out.Dropped += dropped
	}
	return out, nil
}

// memberNamed returns the member with that name, however a model writes it: "due_date" is dueDate.
func memberNamed(members []playbook.Member, name string) *playbook.Member {
	folded := fold(name)
	for i := range members {
		if fold(members[i].Name) == folded {
			return &members[i]
		}
	}
	return nil
}

// fold returns a name or a value of an enumeration without case, spaces, underscores and hyphens.
func fold(name string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || r == '-' || r == ' ' {
			return -1
		}
		return r
	}, strings.ToLower(strings.TrimSpace(name)))
}

// checker checks the records of one answer.
type checker struct {
	Request
	members []playbook.Member
	rows    map[string]map[string]any // of the data, by id
	used    map[string]bool           // ids of records so far
	refs    map[string]map[string]bool
}

func newChecker(r Request, members []playbook.Member) *checker {
	c := &checker{Request: r, members: members, rows: map[string]map[string]any{}, used: map[string]bool{},
		refs: map[string]map[string]bool{}}
	for _, row := range r.Data {
		if id, ok := textOf(row["id"]); ok && c.rows[id] == nil && id != "" {
			c.rows[id] = row
		}
	}
	for _, m := range members {
		if m.Table == "" {
			continue
		}
		known := map[string]bool{}
		for _, row := range r.Data {
			if id, ok := textOf(row[m.Name]); ok {
				known[id] = true
			}
		}
		if m.Table == r.Template.Reads {
			for id := range c.rows {
				known[id] = true
			}
		}
		c.refs[m.Name] = known
	}
	return c
}

// record returns the object as a record and how many of its members were dropped, or nil and 1 when the record as a
// whole does not fit.
func (c *checker) record(object map[string]any) (made map[string]any, dropped int) {
	made = map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		m := memberNamed(c.members, name)
		if m == nil {
			dropped++
			continue
		}
		if _, exact := object[m.Name]; exact && name != m.Name {
			continue // the same member, spelled twice
		}
		if m.Name == "id" {
			continue
		}
		value, verdict := c.value(*m, object[name], c.rowOf(object))
		switch verdict {
		case fits:
			made[m.Name] = value
		case unfit:
			dropped++
		}
	}
	if c.Template.Makes.OnRows() {
		id := c.idOf(object)
		if c.rows[id] == nil || c.used[id] {
			return nil, 1
		}
		made["id"] = id
	}
	if !c.complete(made) {
		return nil, 1
	}
	if c.Template.Makes.OnRows() {
		c.used[made["id"].(string)] = true
	}
	if c.Template.Makes.CompletesTasks() && made["status"] == "done" && c.rowOf(object)["status"] != "done" {
		made["completedAt"] = c.Now.UnixMilli()
	}
	return made, dropped
}

// idOf returns the object's id, or "".
func (c *checker) idOf(object map[string]any) string {
	for _, name := range []string{"id", "ID", "Id", "_id"} {
		if id, ok := textOf(object[name]); ok {
			return strings.TrimSpace(id)
		}
	}
	return ""
}

// rowOf returns the row that the object is about, or nil.
func (c *checker) rowOf(object map[string]any) map[string]any {
	if !c.Template.Makes.OnRows() {
		return nil
	}
	return c.rows[c.idOf(object)]
}

// complete reports whether the record has what it needs and something to say.
func (c *checker) complete(made map[string]any) bool {
	for _, m := range c.members {
		if _, ok := made[m.Name]; m.Required && !ok {
			return false
		}
	}
	start, hasStart := made["start"].(int64)
	end, hasEnd := made["end"].(int64)
	if hasStart && hasEnd && end <= start {
		return false
	}
	least := 1
	if c.Template.Makes.OnRows() && len(c.members) > 1 {
		least = 2
	}
	return len(made) >= least
}

// textOf returns a text, or a number as it was written.
func textOf(value any) (string, bool) {
	switch v := value.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), true
	}
	return "", false
}
