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
	maxScanned = 2000 // characters read of a subject or snippet
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

// emails returns the e-mails that the model named, or all of the request when it named none, newest first.
func (s emailsInput) emails(c agent.Context) ([]agent.Email, error) {
	list := slices.Clone(c.Emails)
	if len(s.Metadata) > 0 {
		list = list[:0]
	}
	for i, m := range s.Metadata {
		if known, ok := c.Email(m.ID); ok {
			list = append(list, known)
			continue
		}
		if m.From == "" && m.Subject == "" && m.Snippet == "" {
			return nil, fmt.Errorf("metadata[%d]: there is no e-mail with id %q in this request", i,
				agent.Truncate(m.ID, 80))
		}
		e := agent.Email{ID: m.ID, ThreadID: m.ThreadID, From: m.From, To: m.To, Subject: m.Subject,
			Snippet: m.Snippet, Labels: m.Labels}
		if m.Date != "" {
			date, err := c.ParseDate(m.Date)
			if err != nil {
				return nil, fmt.Errorf("metadata[%d].date: %w", i, err)
			}
			e.Date = date.Start.UnixMilli()
		}
		list = append(list, e)
	}
	for i := range list {
		list[i].Subject = agent.Truncate(list[i].Subject, maxScanned)
		list[i].Snippet = agent.Truncate(list[i].Snippet, maxScanned)
	}
	slices.SortStableFunc(list, func(a, b agent.Email) int { return cmp.Compare(b.Date, a.Date) })
	return list, nil
}

type classifiedEmail struct {
	ID         string   `json:"id,omitempty"`
	ThreadID   string   `json:"thread_id,omitempty"`
	From       string   `json:"from,omitempty"`
	Subject    string   `json:"subject"`
	Date       string   `json:"date_local,omitempty"`
	Class      string   `json:"class"`
	Also       []string `json:"also,omitempty"`
	Confidence string   `json:"confidence"`
	Reasons    []string `json:"reasons"`
}

func classifyEmails(_ context.Context, run *agent.Run, in emailsInput) (string, error) {
	emails, err := in.emails(run.Context)
	if err != nil {
		return "", err
	}
	rows := []classifiedEmail{}
	counts := map[string]int{}
	threads := map[string]bool{}
	for _, e := range emails {
		class := classify(e)
		counts[class.class]++
		threads[threadKey(e)] = true
		if len(rows) < maxListed {
			rows = append(rows, classifiedEmail{ID: e.ID, ThreadID: e.ThreadID, From: agent.Truncate(e.From, 200),
				Subject: agent.Truncate(e.Subject, 200), Date: run.Context.Local(e.Date), Class: class.class,
				Also: class.also, Confidence: class.confidence, Reasons: class.reasons})
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
	return cmp.Or(e.ThreadID, e.ID, strings.ToLower(e.From+"\x00"+e.Subject))
}
