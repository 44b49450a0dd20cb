package task

import (
	"context"
	"iter"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/dates"
)

// maxSuggested limits the suggestions in one result.
const maxSuggested = 20

type suggestInput struct {
	NotesContext []string `json:"notes_context,omitempty" desc:"Texts to search; left out: the request's notes and documents"`
}

type suggestion struct {
	Title    string `json:"title"`
	Source   string `json:"source,omitempty"`
	Priority string `json:"priority"`
	DueDate  string `json:"due_date,omitempty"`
	Reason   string `json:"because"`
}

func suggestTasks(ctx context.Context, run *agent.Run, in suggestInput) (string, error) {
	find := func() ([]suggestion, error) {
		return newSuggestions(ctx, run, notesToSearch(run, in.NotesContext))
	}
	var found []suggestion
	var err error
	if len(in.NotesContext) > 0 {
		found, err = find()
	} else {
		found, err = agent.Once(run, "task.suggestions", find)
	}
	if err != nil {
		return "", err
	}
	return agent.JSON(map[string]any{"suggestions": found})
}

// newSuggestions returns the first maxSuggested suggestions from the notes that no task of the request covers.
func newSuggestions(ctx context.Context, run *agent.Run, notes []agent.Note) ([]suggestion, error) {
	tasks, err := titleKeys(ctx, run)
	if err != nil {
		return nil, err
	}
	found := []suggestion{}
	seen := map[string]bool{}
	for _, n := range notes {
		for line := range strings.Lines(n.Content) {
			if len(found) == maxSuggested {
				return found, nil
			}
			if err := run.WorkOnText(ctx, line); err != nil {
				return nil, err
			}
			for s := range findSuggestions(run.Context, n, line) {
				if ctx.Err() != nil {
					return nil, ctx.Err()
				}
				key := titleKey(s.Title)
				if !tasks[key] && !seen[key] && len(found) < maxSuggested {
					seen[key] = true
					found = append(found, s)
				}
			}
		}
	}
	return found, nil
}

// titleKeys returns the keys of the titles of the request's tasks.
func titleKeys(ctx context.Context, run *agent.Run) (map[string]bool, error) {
	return agent.Once(run, "task.title_keys", func() (map[string]bool, error) {
		keys := make(map[string]bool, len(run.Context.Tasks))
		for _, t := range run.Context.Tasks {
			if err := run.WorkOnText(ctx, t.Title); err != nil {
				return nil, err
			}
			keys[titleKey(t.Title)] = true
		}
		return keys, nil
	})
}

// notesToSearch returns the given texts, or the notes and documents of the request when there are none.
func notesToSearch(run *agent.Run, given []string) []agent.Note {
	var notes []agent.Note
	for _, text := range given {
		if strings.TrimSpace(text) != "" {
			notes = append(notes, agent.Note{Content: text})
		}
	}
	if len(notes) > 0 {
		return notes
	}
	notes = append(notes, run.Context.Notes...)
	for _, d := range run.Context.RelevantDocuments {
		notes = append(notes, agent.Note{Content: d})
	}
	return notes
}

var (
	checkedBox   = regexp.MustCompile(`^\s*(?:[-*+]|\d+[.)])?\s*\[[xX]\]`)
	uncheckedBox = regexp.MustCompile(`^\s*(?:[-*+]|\d+[.)])?\s*\[ ?\]\s*(.+)$`)
	bullet       = regexp.MustCompile(`^\s*(?:[-*+•]|\d+[.)])\s+`)
	marker       = regexp.MustCompile(`(?i)\b(?:todo|to-do|fixme|action item|action|next steps?|aufgabe` +
		`|da fare)\b\s*[:\-–]\s*(.+)$`)
	bareTodo = regexp.MustCompile(`^(?:TODO|FIXME)\s+(.+)$`)
	duty     = regexp.MustCompile(`(?i)\b(?:needs? to|must|have to|has to|should|don't forget to` +
		`|remember to|make sure to|please|bitte|nicht vergessen[,:]?|bisogna|ricordarsi di)\s+(.+)$`)
	germanDuty = regexp.MustCompile(`(?i)\b(?:muss|müssen|sollte|sollten)\s+(?:ich|wir|man)?\s*(?:noch)?\s*(.+)$`)
	sentence   = regexp.MustCompile(`[.!?;]\s+`)
	urgent     = regexp.MustCompile(`(?i)\b(?:urgent|urgently|asap|immediately|dringend|sofort|urgente)\b`)
	important  = regexp.MustCompile(`(?i)\b(?:important|critical|deadline|wichtig|importante)\b`)
	someday    = regexp.MustCompile(`(?i)\b(?:someday|some day|maybe|nice to have|irgendwann|vielleicht)\b`)
)

// imperatives are verbs with which items in project notes begin.
const imperatives = " add arrange ask book build buy call check clarify collect confirm contact create define deliver" +
	" deploy design discuss document draft email estimate evaluate file finalise finalize finish fix follow implement" +
	" inform invite invoice investigate migrate order organise organize pay plan prepare publish refactor " +
	"remind remove renew" +
	" reply report research review schedule send set ship sign submit talk test translate update upload verify write "

// findSuggestions yields the work that one line of a note describes.
func findSuggestions(c agent.Context, n agent.Note, line string) iter.Seq[suggestion] {
	return func(yield func(suggestion) bool) {
		line = strings.TrimSpace(line)
		if line == "" || checkedBox.MatchString(line) {
			return
		}
		parts := []string{line}
		if !uncheckedBox.MatchString(line) {
			parts = sentence.Split(bullet.ReplaceAllString(line, ""), -1)
		}
		for _, part := range parts {
			text, reason := findWork(part)
			if text != "" && !yield(newSuggestion(c, n, part, text, reason)) {
				return
			}
		}
	}
}

// findWork returns the work that a line or sentence describes and how it was recognized, or "" and "".
func findWork(text string) (work, reason string) {
	for _, p := range []struct {
		pattern *regexp.Regexp
		reason  string
	}{{uncheckedBox, "open checkbox"}, {marker, "marked as to do"}, {bareTodo, "marked as to do"}, {duty, "wording"},
		{germanDuty, "wording"}} {
		if m := p.pattern.FindStringSubmatch(text); m != nil {
			return toTitle(m[1]), p.reason
		}
	}
	first, rest, _ := strings.Cut(strings.TrimSpace(text), " ")
	first = strings.ToLower(strings.Trim(first, "*_:"))
	if rest != "" && first != "" && strings.Contains(imperatives, " "+first+" ") {
		return toTitle(text), "imperative"
	}
	return "", ""
}

// toTitle returns the text as the title of a task, or "" when it is too short.
func toTitle(text string) string {
	text = strings.Trim(strings.Join(strings.Fields(text), " "), " .;,:!*_")
	if utf8.RuneCountInString(text) < 3 {
		return ""
	}
	text = agent.Truncate(text, maxTitle)
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:]
}

func newSuggestion(c agent.Context, n agent.Note, context, text, reason string) suggestion {
	s := suggestion{Title: text, Source: agent.Truncate(n.Title, maxTitle), Reason: reason, Priority: "medium"}
	switch {
	case urgent.MatchString(context):
		s.Priority = "urgent"
	case important.MatchString(context):
		s.Priority = "high"
	case someday.MatchString(context):
		s.Priority = "low"
	}
	if day, ok := dates.FindDueDay(context, c.LocalNow()); ok {
		s.DueDate = day.Start.Format(time.DateOnly)
	}
	return s
}

// titleKey returns the letters and digits of a title in lower case, so that punctuation and case do not hide a task
// that exists.
func titleKey(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}
