package answering

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/adiuva/cloud-api/internal/dev/offline/reading"
)

// Named is a row that the data of the request names.
type Named struct{ ID, Name string }

// Result is a call since the person's message, with what the tool returned.
type Result struct {
	Tool, Arguments, Text string
}

// Said is an earlier turn of the conversation.
type Said struct {
	Assistant bool
	Text      string
}

// Call is a call that has to be made.
type Call struct {
	Tool      string
	Arguments map[string]any
}

// Facts are what the conversation says beside the message itself.
type Facts struct {
	Now               time.Time // the person's local time, as if it were UTC
	Projects, Clients []Named
	Name, Email       string // of the person
	History           []Said
	Tools             []string // that are offered
	Colleagues        []string // agents that can be asked
	Results           []Result // of the calls since the message
	Plan              string   // the plan that has what the person's plan lacks for the message, or ""
}

// Turn answers one message. It is for one goroutine.
type Turn struct {
	Facts
	language *reading.Language
	reader   *reading.Reader
	agent    string
	pending  []Call
	final    bool // no more calls can be made
}

// today is the person's day as midnight UTC.
func (t *Turn) today() time.Time { return t.Now.Truncate(24 * time.Hour) }

// offers reports whether the tool can be called.
func (t *Turn) offers(tool string) bool { return slices.Contains(t.Tools, tool) }

// row is a JSON object of a tool's result.
type row map[string]any

func (r row) text(name string) string {
	text, _ := r[name].(string)
	return text
}

func (r row) number(name string) int {
	n, _ := r[name].(float64)
	return int(n)
}

func (r row) rows(name string) []row {
	list, _ := r[name].([]any)
	var rows []row
	for _, item := range list {
		if one, ok := item.(map[string]any); ok {
			rows = append(rows, one)
		}
	}
	return rows
}

func (r row) row(name string) row {
	one, _ := r[name].(map[string]any)
	return one
}

// title is what a person calls the row.
func (r row) title() string {
	for _, name := range []string{"title", "name", "subject", "content"} {
		if text := r.text(name); text != "" {
			return text
		}
	}
	return ""
}

// reply is the result of a call.
type reply struct {
	row
	whole     string // the text as the tool wrote it
	err       string // why the call failed, or ""
	suggested bool   // the change is only a suggestion
}

// call returns the reply to a call. Without one it notes that the call has to be made, and returns false: then the
// skill ends with "".
func (t *Turn) call(tool string, arguments map[string]any) (reply, bool) {
	want, err := json.Marshal(arguments)
	if err != nil {
		want = []byte("{}")
	}
	for _, r := range t.Results {
		if r.Tool == tool && sameJSON(r.Arguments, string(want)) {
			return parseReply(r.Text), true
		}
	}
	if !t.final && !slices.ContainsFunc(t.pending, func(c Call) bool {
		text, err := json.Marshal(c.Arguments)
		return err == nil && c.Tool == tool && string(text) == string(want)
	}) {
		t.pending = append(t.pending, Call{tool, arguments})
	}
	return reply{}, false
}

func sameJSON(a, b string) bool {
	if a == b {
		return true
	}
	var value any
	if json.Unmarshal([]byte(a), &value) != nil {
		return false
	}
	text, err := json.Marshal(value)
	return err == nil && string(text) == b
}

func parseReply(text string) reply {
	r := reply{whole: text}
	if reason, failed := strings.CutPrefix(text, "error:"); failed {
		r.err = strings.TrimSuffix(strings.TrimSpace(reason), ".")
		return r
	}
	first, note, _ := strings.Cut(text, "\n")
	r.suggested = strings.Contains(note, "as a suggestion") || strings.Contains(first, "as a suggestion")
	if json.Unmarshal([]byte(first), &r.row) != nil {
		r.row = nil
		if json.Unmarshal([]byte(text), &r.row) != nil {
			r.row = nil
		}
	}
	return r
}

// say returns a sentence of the language.
func (t *Turn) say(key string, values ...string) string { return t.language.Text(key, values...) }

// failed says that a call failed.
func (t *Turn) failed(r reply) string {
	if strings.Contains(r.err, "did not ask for") || strings.Contains(r.err, "change of other rows") {
		return t.say("notasked")
	}
	return t.say("failed", "error", r.err)
}

// paragraphs joins the parts that are not empty.
func paragraphs(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), "\n\n")
}

// lines joins the parts that are not empty.
func lines(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), "\n")
}
