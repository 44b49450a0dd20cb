package chat

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/sanitize"
)

// Filter makes the leak filter's guard for one request. What the caller sent is theirs and no leak.
type Filter func(callerText ...string) Guard

// Guard is the leak filter for one request. It is an interface so that this package's tests can hit at will; package
// sanitize is what stands behind it. A hit is the id of the secret that a text gives away, or "".
type Guard interface {
	// Text returns s as it may go out, or the hit.
	Text(s string) (clean, hit string)
	// Values checks strings that leave as members of one document.
	Values(values ...string) (hit string)
	// Stream returns a writer that passes text on to emit once it is known to be harmless.
	Stream(emit agent.Emit) GuardStream
}

// GuardStream filters a text that arrives in pieces. Write and Close fail after a hit; Close passes on what was held back.
type GuardStream interface {
	Write(text string) error
	Close() error
	Hit() string
}

// Canned is the answer in place of one that the leak filter stopped.
const Canned = sanitize.Canned

// outlet is where an answer leaves: through the guard, to the listener, and into the Reply.
type outlet struct {
	guard  Guard
	stream GuardStream // nil when nobody listens
}

func newOutlet(guard Guard, emit agent.Emit) *outlet {
	out := &outlet{guard: guard}
	if emit != nil {
		out.stream = guard.Stream(emit)
	}
	return out
}

// emit is the listener for the model's text, nil when nobody listens.
func (out *outlet) emit() agent.Emit {
	if out.stream == nil {
		return nil
	}
	return out.stream.Write
}

// close returns the answer's text, all of which went out or may go out, or the secret it gives away.
func (out *outlet) close(whole string) (text, hit string, err error) {
	if out.stream == nil {
		text, hit = out.guard.Text(whole)
		return text, hit, nil
	}
	err = out.stream.Close()
	if hit = out.hit(); hit != "" {
		return "", hit, nil
	}
	return whole, "", err
}

// hit returns what the stream gave away; it is what a failed Write may have failed for.
func (out *outlet) hit() string {
	if out.stream == nil {
		return ""
	}
	return out.stream.Hit()
}

// release checks what an answer carries beside its text and makes the reply, the canned one after any hit.
func (o *Orchestrator) release(ctx context.Context, guard Guard, hit string, reply Reply) Reply {
	if hit == "" {
		var rows rows
		for _, a := range reply.Actions {
			rows.add(a.Data)
		}
		if reply.Plan != nil {
			for _, s := range reply.Plan.Steps {
				rows.add(s.Variables)
				rows.add(s.Filter)
				rows.add(s.Data)
			}
		}
		hit = rows.hit(guard)
	}
	if hit == "" {
		return reply
	}
	o.cfg.Log.WarnContext(ctx, "answer replaced by the leak filter", slog.String("secret", hit))
	return Reply{Kind: Response, Text: Canned, Actions: []action.Action{}, Replaced: true}
}

// rows collects the texts that leave beside an answer, in their order and by column: what is cut over many rows reads
// whole in its column alone.
type rows struct {
	texts   []string
	columns map[string][]string
}

func (r *rows) add(row map[string]any) {
	if r.columns == nil {
		r.columns = map[string][]string{}
	}
	for _, name := range slices.Sorted(maps.Keys(row)) {
		of := appendTexts(nil, row[name])
		r.texts = append(append(r.texts, name), of...)
		r.columns[name] = append(r.columns[name], of...)
	}
}

// hit is the secret that the rows give away, or "".
func (r *rows) hit(guard Guard) string {
	if len(r.texts) == 0 {
		return ""
	}
	if hit := guard.Values(r.texts...); hit != "" {
		return hit
	}
	for _, name := range slices.Sorted(maps.Keys(r.columns)) {
		if values := r.columns[name]; len(values) > 1 {
			for _, between := range []string{" ", ""} { // values may be cut inside a word
				if _, hit := guard.Text(strings.Join(values, between)); hit != "" {
					return hit
				}
			}
		}
	}
	return ""
}

// appendTexts collects every text inside value, member names included where the model could have chosen them.
func appendTexts(texts []string, value any) []string {
	switch v := value.(type) {
	case string:
		return append(texts, v)
	case []string:
		return append(texts, v...)
	case []any:
		for _, item := range v {
			texts = appendTexts(texts, item)
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			texts = appendTexts(append(texts, name), v[name])
		}
	}
	return texts
}

// callerText collects what the caller sent, which an answer may repeat.
func callerText(req Request) []string {
	c := req.Context
	texts := append([]string{req.Message}, c.RelevantDocuments...)
	for _, t := range c.Tasks {
		texts = append(texts, t.ID, t.Title, t.Description, t.Assignee)
	}
	for _, p := range c.Projects {
		texts = append(texts, p.ID, p.Name, p.Status, p.AISummary)
	}
	for _, k := range c.Clients {
		texts = append(texts, k.Name, k.Industry)
	}
	for _, n := range c.Notes {
		texts = append(texts, n.Title, n.Content)
	}
	for _, k := range c.Checkpoints {
		texts = append(texts, k.Title)
	}
	for _, e := range c.Events {
		texts = append(append(texts, e.ID, e.Title, e.Location), e.Attendees...)
	}
	for _, m := range c.Emails {
		texts = append(append(append(texts, m.ID, m.From, m.Subject, m.Snippet), m.To...), m.Labels...)
	}
	for _, turn := range c.History {
		texts = append(texts, turn.Content)
	}
	return appendTexts(texts, c.UserProfile)
}
