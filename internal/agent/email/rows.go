package email

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/adiuva/cloud-api/internal/agent"
)

const (
	maxListed  = 100  // rows in one result; "total" has the number of all
	maxScanned = 2000 // characters read of a sender, a subject, a snippet or all labels
	maxLabels  = 100  // labels read of an e-mail
	maxSnippet = 300  // characters of a snippet in a list of e-mails
)

// emailInput is an e-mail that the model refers to by id or describes itself.
type emailInput struct {
	ID       string   `json:"id,omitempty" desc:"Id of a known e-mail; the rest then comes from it"`
	ThreadID string   `json:"thread_id,omitempty"`
	From     string   `json:"from,omitempty"`
	To       []string `json:"to,omitempty"`
	Subject  string   `json:"subject,omitempty"`
	Date     string   `json:"date,omitempty" desc:"YYYY-MM-DDTHH:MM"`
	Snippet  string   `json:"snippet,omitempty"`
	Labels   []string `json:"labels,omitempty"`
}

type emailsInput struct {
	Metadata []emailInput `json:"metadata,omitempty" desc:"Left out or empty: the person's e-mails"`
}

// namesNone reports whether the model named no e-mail: empty objects name none.
func (s emailsInput) namesNone() bool { return !slices.ContainsFunc(s.Metadata, emailInput.isSet) }

func (m emailInput) isSet() bool {
	return m.ID+m.ThreadID+m.From+m.Subject+m.Date+m.Snippet != "" || len(m.To)+len(m.Labels) > 0
}

// describes reports whether the model says what is in the e-mail.
func (m emailInput) describes() bool { return m.From+m.Subject+m.Snippet != "" }

// emails returns the e-mails that the model named, or all of the request when it named none, newest first. Callers must
// not change them.
func (s emailsInput) emails(ctx context.Context, run *agent.Run) ([]classified, error) {
	if s.namesNone() {
		return agent.Once(run, "email.classified", func() ([]classified, error) {
			return classifyAll(ctx, run, slices.Clone(run.Context.Emails))
		})
	}
	list, err := s.named(ctx, run)
	if err != nil {
		return nil, err
	}
	return classifyAll(ctx, run, list)
}

// named returns the e-mails that the model named, each once: as the request has them by id or by thread, or as the
// model describes them.
func (s emailsInput) named(ctx context.Context, run *agent.Run) ([]agent.Email, error) {
	list := make([]agent.Email, 0, len(s.Metadata))
	seen := map[string]bool{}
	add := func(e agent.Email) {
		if e.ID == "" || !seen[e.ID] {
			seen[e.ID] = true
			list = append(list, e)
		}
	}
	for i, m := range s.Metadata {
		if err := run.Work(ctx, 1); err != nil {
			return nil, err
		}
		if known, ok := run.Email(m.ID); ok {
			add(known)
			continue
		}
		if !m.isSet() {
			continue
		}
		if m.ThreadID != "" && !m.describes() {
			thread, err := emailsOfThread(ctx, run, m.ThreadID)
			if err != nil {
				return nil, fmt.Errorf("metadata[%d]: %w", i, err)
			}
			for _, e := range thread {
				add(e)
			}
			continue
		}
		if !m.describes() {
			return nil, fmt.Errorf("metadata[%d]: there is no e-mail with id %q in this request", i,
				agent.Truncate(m.ID, 80))
		}
		e := agent.Email{ID: m.ID, ThreadID: m.ThreadID, From: m.From, To: m.To, Subject: m.Subject,
			Snippet: m.Snippet, Labels: m.Labels}
		if m.Date != "" {
			date, err := run.Context.ParseDate(m.Date)
			if err != nil {
				return nil, fmt.Errorf("metadata[%d].date: %w", i, err)
			}
			e.Date = date.Start.UnixMilli()
		}
		add(e)
	}
	return list, nil
}

// emailsOfThread returns the e-mails of the request with that thread id.
func emailsOfThread(ctx context.Context, run *agent.Run, id string) ([]agent.Email, error) {
	threads, err := agent.Once(run, "email.threads", func() (map[string][]agent.Email, error) {
		threads := map[string][]agent.Email{}
		for _, e := range run.Context.Emails {
			if err := run.Work(ctx, 1); err != nil {
				return nil, err
			}
			threads[e.ThreadID] = append(threads[e.ThreadID], e)
		}
		return threads, nil
	})
	if err == nil && len(threads[id]) == 0 {
		err = fmt.Errorf("there is no thread with id %q in this request", agent.Truncate(id, 80))
	}
	return threads[id], err
}

// classified is an e-mail with what it is about. Its subject, snippet and sender have at most maxScanned characters.
type classified struct {
	agent.Email
	classification
	thread string
}

// classifyAll classifies the e-mails and sorts them, newest first.
func classifyAll(ctx context.Context, run *agent.Run, emails []agent.Email) ([]classified, error) {
	if err := run.WorkOnSort(ctx, len(emails)); err != nil {
		return nil, err
	}
	list := make([]classified, 0, len(emails))
	for _, e := range emails {
		e.From = agent.Truncate(e.From, maxScanned)
		e.Subject = agent.Truncate(e.Subject, maxScanned)
		e.Snippet = agent.Truncate(e.Snippet, maxScanned)
		e.Labels = e.Labels[:min(len(e.Labels), maxLabels)]
		size := len(e.From) + len(e.Subject) + len(e.Snippet)
		for i := range e.Labels {
			size += min(len(e.Labels[i]), maxScanned)
		}
		if err := run.Work(ctx, 1+size/4); err != nil {
			return nil, err
		}
		list = append(list, classified{e, classify(e), threadKey(e)})
	}
	slices.SortStableFunc(list, func(a, b classified) int { return cmp.Compare(b.Date, a.Date) })
	return list, nil
}

type classifiedEmail struct {
	ID         string   `json:"id,omitempty"`
	ThreadID   string   `json:"thread_id,omitempty"`
	From       string   `json:"from,omitempty"`
	Subject    string   `json:"subject"`
	Date       string   `json:"date_local,omitempty"`
	Snippet    string   `json:"snippet,omitempty"`
	Class      string   `json:"class"`
	Also       []string `json:"also,omitempty"`
	Confidence string   `json:"confidence"`
	Reasons    []string `json:"reasons"`
}

type classifyInput struct {
	Metadata []emailInput `json:"metadata,omitempty" desc:"Left out or empty: the person's e-mails"`
	Snippets bool         `json:"snippets,omitempty" desc:"true: with what the e-mails say"`
}

func classifyEmails(ctx context.Context, run *agent.Run, in classifyInput) (string, error) {
	emails, err := emailsInput{in.Metadata}.emails(ctx, run)
	if err == nil {
		err = run.Work(ctx, len(emails))
	}
	if err != nil {
		return "", err
	}
	rows := []classifiedEmail{}
	counts := map[string]int{}
	threads := map[string]bool{}
	for _, e := range emails {
		counts[e.class]++
		threads[e.thread] = true
		if len(rows) < maxListed {
			snippet := ""
			if in.Snippets {
				snippet = agent.Truncate(e.Snippet, maxSnippet)
			}
			rows = append(rows, classifiedEmail{ID: e.ID, ThreadID: e.ThreadID, From: agent.Truncate(e.From, 200),
				Subject: agent.Truncate(e.Subject, 200), Date: run.Context.Local(e.Date), Snippet: snippet,
				Class: e.class, Also: e.also, Confidence: e.confidence, Reasons: e.reasons})
		}
	}
	return agent.JSON(struct {
		Total   int               `json:"total"`
		Threads int               `json:"threads"`
		Counts  map[string]int    `json:"counts"`
		Emails  []classifiedEmail `json:"emails"`
	}{len(emails), len(threads), counts, rows})
}

// threadKey returns what an e-mail and its replies have in common: the thread's id, or else a key of its own.
func threadKey(e agent.Email) string {
	if key := cmp.Or(e.ThreadID, e.ID); key != "" {
		return key
	}
	return strings.ToLower(agent.Truncate(e.From, maxScanned) + "\x00" + agent.Truncate(e.Subject, maxScanned))
}
