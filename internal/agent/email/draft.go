package email

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/agent"
)

// maxMessages limits the messages of a thread in the result; the newest ones are shown.
const maxMessages = 20

// maxReplyTo limits the people that a reply is addressed to.
const maxReplyTo = 100

// maxAddress limits a name with its address, in bytes. What is longer is nobody's.
const maxAddress = 1_000

type draftInput struct {
	Thread struct {
		ThreadID string `json:"thread_id,omitempty"`
		EmailID  string `json:"email_id,omitempty" desc:"Id of any e-mail of the thread"`
	} `json:"thread_context,omitempty" desc:"Left out: the thread of the newest e-mail"`
	Text string `json:"draft_text,omitempty" desc:"The reply as written; only when the person wants a draft kept"`
}

type message struct {
	From    string `json:"from"`
	Date    string `json:"date_local,omitempty"`
	Snippet string `json:"snippet,omitempty"`
}

type threadFacts struct {
	Subject      string    `json:"subject"`
	ReplyTo      []string  `json:"reply_to"`
	Participants []string  `json:"participants"`
	Messages     []message `json:"messages"`
	Question     string    `json:"last_question,omitempty"`
	Tone         string    `json:"tone"`
	Language     string    `json:"language"`
	Waiting      string    `json:"waiting_for"`
	Proposed     bool      `json:"draft_proposed"`
	Note         string    `json:"note,omitempty"`
}

func timeOf(c agent.Context, ms int64) time.Time { return time.UnixMilli(ms).In(c.Zone()) }

func draftResponse(ctx context.Context, run *agent.Run, in draftInput) (string, error) {
	if err := run.WorkOnSort(ctx, len(run.Context.Emails)); err != nil {
		return "", err
	}
	for _, e := range run.Context.Emails {
		if err := run.Work(ctx, 1+min(len(e.From)+len(e.Subject), 2*maxScanned)/16); err != nil {
			return "", err
		}
	}
	emails, err := in.messages(run.Context)
	if err != nil {
		return "", err
	}
	out, err := collectFacts(ctx, run, emails)
	if err != nil {
		return "", err
	}
	if text := strings.TrimSpace(in.Text); text != "" {
		data := map[string]any{"subject": out.Subject, "to": out.ReplyTo, "body": text,
			"snippet": agent.Truncate(text, 200), "labels": []string{"draft"}}
		texts := map[string]string{"threadId": emails[len(emails)-1].ThreadID, "from": run.User.Email}
		for column, value := range texts {
			if value != "" {
				data[column] = value
			}
		}
		if !run.Context.Now.IsZero() {
			data["date"] = run.Context.Now.UnixMilli()
		}
		if err := run.Propose(action.CreateRecord("emails", data)); err != nil {
			return "", err
		}
		out.Proposed = true
	}
	return agent.JSON(out)
}

// messages returns the messages of the thread, oldest first.
func (d draftInput) messages(c agent.Context) ([]agent.Email, error) {
	list := slices.Clone(c.Emails)
	slices.SortStableFunc(list, func(a, b agent.Email) int { return cmp.Compare(a.Date, b.Date) })
	if len(list) == 0 {
		return nil, errors.New("there are no e-mails in this request")
	}
	key := d.Thread.ThreadID
	if key == "" {
		at := len(list) - 1
		if d.Thread.EmailID != "" {
			at = slices.IndexFunc(list, func(e agent.Email) bool { return e.ID == d.Thread.EmailID })
		}
		if at < 0 {
			return nil, fmt.Errorf("there is no e-mail with id %q in this request",
				agent.Truncate(d.Thread.EmailID, 80))
		}
		key = threadKey(list[at])
	}
	list = slices.DeleteFunc(list, func(e agent.Email) bool { return threadKey(e) != key })
	if len(list) == 0 {
		return nil, fmt.Errorf("there is no thread with id %q in this request", agent.Truncate(key, 80))
	}
	return list, nil
}

// collectFacts returns what a reply to the thread must take into account.
func collectFacts(ctx context.Context, run *agent.Run, emails []agent.Email) (threadFacts, error) {
	last := emails[len(emails)-1]
	me := address(run.User.Email)
	out := threadFacts{Subject: "Re: " + replyMark.ReplaceAllString(agent.Truncate(last.Subject, 300), ""),
		Waiting: "you",
		ReplyTo: []string{}, Participants: []string{}, Messages: []message{},
		Note: "Only snippets are known, never whole messages."}
	var people participants
	for _, e := range emails {
		if err := run.Work(ctx, 1+len(e.To)); err != nil {
			return threadFacts{}, err
		}
		people.add(e.From)
		for _, who := range e.To {
			people.add(who)
		}
	}
	out.Participants = append(out.Participants, people.list...)
	recent := emails[max(0, len(emails)-maxMessages):]
	var text strings.Builder
	for _, e := range recent {
		mine := me != "" && address(e.From) == me
		text.WriteString(agent.Truncate(e.Subject, 300) + " " + agent.Truncate(e.Snippet, maxScanned) + "\n")
		if q := lastQuestion(agent.Truncate(e.Snippet, maxScanned)); q != "" && !mine {
			out.Question = q
		}
	}
	if err := run.WorkOnText(ctx, text.String()); err != nil {
		return threadFacts{}, err
	}
	if me != "" && address(last.From) == me {
		out.Waiting = "them"
		out.ReplyTo = append(out.ReplyTo, last.To[:min(len(last.To), maxReplyTo)]...)
	} else if last.From != "" {
		out.ReplyTo = append(out.ReplyTo, last.From)
	}
	out.ReplyTo = slices.DeleteFunc(out.ReplyTo, func(who string) bool { return len(who) > maxAddress })
	for _, e := range recent {
		out.Messages = append(out.Messages, message{From: agent.Truncate(e.From, 200), Date: run.Context.Local(e.Date),
			Snippet: agent.Truncate(e.Snippet, 500)})
	}
	out.Language = language(text.String())
	out.Tone = tone(text.String())
	return out, nil
}

// participants has the first maxMessages people of a thread, each once.
type participants struct {
	list  []string
	known map[string]bool // by address
}

func (p *participants) add(who string) {
	if len(p.list) >= maxMessages || strings.TrimSpace(who) == "" || p.known[address(who)] {
		return
	}
	if p.known == nil {
		p.known = map[string]bool{}
	}
	p.known[address(who)] = true
	p.list = append(p.list, agent.Truncate(who, 200))
}

// address returns the bare address of "Name <address>".
func address(s string) string {
	if _, rest, ok := strings.Cut(s, "<"); ok {
		s, _, _ = strings.Cut(rest, ">")
	}
	return strings.ToLower(strings.TrimSpace(s))
}

var question = regexp.MustCompile(`[^.!?\n]*\?`)

func lastQuestion(s string) string {
	all := question.FindAllString(s, -1)
	if len(all) == 0 {
		return ""
	}
	return strings.TrimSpace(all[len(all)-1])
}

var (
	formal = regexp.MustCompile(`(?i)\b(dear|sincerely|regards|gentile|egregio|cordiali saluti|distinti saluti` +
		`|sehr geehrte[rs]?|freundlichen grüßen)\b`)
	casual = regexp.MustCompile(`(?i)\b(hi|hey|cheers|thanks!|ciao|hallo|lg)\b`)
)

func tone(s string) string {
	switch {
	case formal.MatchString(s):
		return "formal"
	case casual.MatchString(s):
		return "informal"
	}
	return "neutral"
}

// language returns the language whose most common words occur most often in s, or "unknown" when fewer than two occur.
func language(s string) string {
	common := []struct{ name, words string }{
		{"English", " the and you is are to of for we please with this that can could your "},
		{"Italian", " il la di che per non sono è con una un grazie potresti puoi entro della del ciao "},
		{"German", " der die das und ist nicht wir sie ich mit für bitte ein eine bis den auf können "},
	}
	best := "unknown"
	most := 1
	words := strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) })
	for _, l := range common {
		n := 0
		for _, w := range words {
			if strings.Contains(l.words, " "+w+" ") {
				n++
			}
		}
		if n > most {
			best, most = l.name, n
		}
	}
	return best
}
