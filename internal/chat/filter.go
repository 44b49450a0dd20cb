package chat

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/sanitize"
)

// FallbackAnswer replaces an answer that the leak filter blocked.
const FallbackAnswer = sanitize.FallbackAnswer

// Filter returns the leak filter for one request of u. Its work ends with ctx. Answers may repeat userTexts, which the
// user sent.
type Filter func(ctx context.Context, u identity.User, userTexts ...string) Guard

// Guard is the leak filter for one request. It is an interface so that tests and benchmarks can replace package
// sanitize, whose Scope implements it through NewFilter. A hit describes for the log which secret a text would
// leak; it is "" if there is none.
type Guard interface {
	// Text returns s, or a replacement and the hit.
	Text(s string) (clean, hit string)
	// Values checks strings that are sent in one document.
	Values(values ...string) (hit string)
	// Stream returns a stream that passes text on to emit once it can no longer be part of a leak.
	Stream(emit agent.Emit) GuardStream
}

// GuardStream filters a text that arrives in pieces. Write and Close return an error after a hit. Close emits what
// was held back.
type GuardStream interface {
	Write(text string) error
	Close() error
	Hit() string
}

// NewFilter returns a Filter that uses f. history returns the history of an account for one request: its answers count
// together with those before. If history is nil, each request counts alone.
func NewFilter(f *sanitize.Filter, history func(account string) sanitize.History) Filter {
	return func(ctx context.Context, u identity.User, userTexts ...string) Guard {
		scope := f.Scope(userTexts...).Within(ctx)
		if history != nil {
			scope.Remember(history(u.ID.String()))
		}
		return scopeGuard{scope}
	}
}

// scopeGuard is a sanitize.Scope as a Guard.
type scopeGuard struct{ scope *sanitize.Scope }

func (s scopeGuard) Text(text string) (clean, hit string) {
	clean, found := s.scope.Text(text)
	return clean, describeHit(found)
}

func (s scopeGuard) Values(values ...string) string { return describeHit(s.scope.Values(values...)) }

func (s scopeGuard) Stream(emit agent.Emit) GuardStream { return scopeStream{s.scope.Stream(emit)} }

type scopeStream struct{ *sanitize.Stream }

func (s scopeStream) Hit() string { return describeHit(s.Stream.Hit()) }

// describeHit returns the secret's id and the view, as "id@view". The id is missing when the filter itself failed.
func describeHit(hit *sanitize.Hit) string {
	if hit == nil {
		return ""
	}
	return hit.SecretID + "@" + hit.View
}

// answerSink passes the text of an answer through the guard, to emit while it is generated, or as a whole at the end.
type answerSink struct {
	guard  Guard
	ending func(answer string) string // returns what the answer lacks at its end
	shown  int                        // bytes at the beginning that an earlier reply had: judged, but not shown again
	stream GuardStream                // nil if the answer is not streamed
}

func newAnswerSink(guard Guard, ending func(answer string) string, shown int, emit agent.Emit) *answerSink {
	s := &answerSink{guard: guard, ending: ending, shown: shown}
	if emit != nil {
		s.stream = guard.Stream(skipping(shown, emit))
	}
	return s
}

// skipping returns emit without the first n bytes, which end with a character.
func skipping(n int, emit agent.Emit) agent.Emit {
	if n == 0 {
		return emit
	}
	return func(text string) error {
		skipped := min(n, len(text))
		n -= skipped
		if text = text[skipped:]; text == "" {
			return nil
		}
		return emit(text)
	}
}

// emitFunc returns the function that receives the model's text, or nil if the answer is not streamed.
func (s *answerSink) emitFunc() agent.Emit {
	if s.stream == nil {
		return nil
	}
	return s.stream.Write
}

// close ends the answer, whose whole text is given, and returns its filtered text with its ending, or the hit, without
// what was shown before. An error is that of emit.
func (s *answerSink) close(whole string) (text, hit string, err error) {
	return s.end(whole, s.ending(whole))
}

// pause is close for an answer that goes on in another request.
func (s *answerSink) pause(whole string) (text, hit string, err error) { return s.end(whole, "") }

func (s *answerSink) end(whole, ending string) (text, hit string, err error) {
	if s.stream == nil {
		if text, hit = s.guard.Text(whole + ending); hit == "" {
			text = text[min(s.shown, len(text)):]
		}
		return text, hit, nil
	}
	if ending != "" {
		err = s.stream.Write(ending)
	}
	if err == nil {
		err = s.stream.Close()
	}
	if hit = s.hit(); hit != "" {
		return "", hit, nil
	}
	whole += ending
	return whole[min(s.shown, len(whole)):], "", err
}

// hit returns the hit of the stream, for which a write may have failed.
func (s *answerSink) hit() string {
	if s.stream == nil {
		return ""
	}
	return s.stream.Hit()
}

// finalize checks what reply and run tell the app besides the text, unless there was a hit already; run may be nil. It
// returns reply, or the fallback answer after a hit, which it logs. If the request ended before everything was checked,
// it returns the error of ctx.
func (o *Orchestrator) finalize(ctx context.Context, guard Guard, hit string, reply Reply,
	run *agent.Run) (Reply, error) {
	if hit == "" {
		hit = replyTexts(reply, run).hit(guard)
	}
	switch hit {
	case "":
		return reply, nil
	case describeHit(&sanitize.Hit{View: sanitize.Canceled}):
		return Reply{}, ctx.Err()
	}
	o.cfg.Log.WarnContext(ctx, "answer replaced by the leak filter", slog.String("secret", hit))
	o.countHit(hit)
	return Reply{Kind: KindResponse, Text: FallbackAnswer, Actions: []action.Action{}, Replaced: true}, nil
}

// replyTexts returns what is in the actions, the proposals and the plan of reply, and in the calls that run sent to the
// app.
func replyTexts(reply Reply, run *agent.Run) *fieldTexts {
	fields := &fieldTexts{}
	if run != nil {
		fields = callTexts(run.AppCalls())
		fields.written = strings.Join(run.TidiedTitles(), "")
	}
	for _, a := range reply.Actions {
		fields.add(a.Data)
	}
	for _, p := range reply.Proposals {
		fields.add(p.Data)
	}
	if reply.Plan != nil {
		for _, s := range reply.Plan.Steps {
			fields.add(s.Variables)
			fields.add(s.Filter)
			fields.add(s.Data)
		}
	}
	return fields
}

// fieldTexts collects the texts and numbers in rows of data, in their order and by column, since a secret may be split
// over one column of many rows.
type fieldTexts struct {
	written string   // titles as the model wrote them, if some are in the rows in another form
	all     []string // names and values
	columns map[string][]string
	numbers map[string][]int64
}

func (f *fieldTexts) add(row map[string]any) {
	if f.columns == nil {
		f.columns, f.numbers = map[string][]string{}, map[string][]int64{}
	}
	for _, name := range slices.Sorted(maps.Keys(row)) {
		values := appendTexts(nil, row[name])
		f.all = append(append(f.all, name), values...)
		f.columns[name] = append(f.columns[name], values...)
		f.numbers[name] = appendNumbers(f.numbers[name], row[name])
	}
}

// hit checks the texts and returns the first hit or "".
func (f *fieldTexts) hit(guard Guard) string {
	if len(f.all) == 0 {
		return ""
	}
	if hit := guard.Values(f.all...); hit != "" {
		return hit
	}
	if f.written != "" {
		if _, hit := guard.Text(f.written); hit != "" {
			return hit
		}
	}
	for _, name := range slices.Sorted(maps.Keys(f.columns)) {
		if values := f.columns[name]; len(values) > 1 {
			// a word may be split over two values
			for _, text := range []string{strings.Join(values, " "), strings.Join(values, ""), choiceText(values)} {
				if _, hit := guard.Text(text); hit != "" {
					return hit
				}
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(f.numbers)) {
		for _, text := range numberTexts(f.numbers[name]) {
			if _, hit := guard.Text(text); hit != "" {
				return hit
			}
		}
	}
	return ""
}

// appendTexts appends every string in value to texts, and the names in objects, which the model may have chosen.
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

// userTexts returns the texts that the user sent with req, which an answer may repeat.
func userTexts(req Request) []string {
	c := req.Context
	texts := append([]string{req.Message}, c.RelevantDocuments...)
	for _, t := range c.Tasks {
		texts = append(texts, t.ID, t.Title, t.Description, t.Assignee)
	}
	for _, k := range c.TaskComments {
		texts = append(texts, k.ID, k.Content)
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
