package email

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/adiuva/cloud-api/internal/agent"
)

// maxListed is how many rows one answer carries; total says how many there are.
const maxListed = 100

// maxScanned bounds how many characters of one subject or snippet are read.
const maxScanned = 2000

// meta is an e-mail that the model names by id or writes out itself.
type meta struct {
	ID       string   `json:"id,omitempty" desc:"Id of a known e-mail; the rest then comes from it"`
	ThreadID string   `json:"thread_id,omitempty"`
	From     string   `json:"from,omitempty"`
	To       []string `json:"to,omitempty"`
	Subject  string   `json:"subject,omitempty"`
	Date     string   `json:"date,omitempty" desc:"YYYY-MM-DDTHH:MM"`
	Snippet  string   `json:"snippet,omitempty"`
	Labels   []string `json:"labels,omitempty"`
}

type selection struct {
	Metadata []meta `json:"metadata,omitempty" desc:"Left out or empty: the person's e-mails"`
}

// emails returns what the model named, newest first, or every row of the request when it named none.
func (s selection) emails(c agent.Context) ([]agent.Email, error) {
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
			return nil, fmt.Errorf("metadata[%d]: there is no e-mail with id %q in this request", i, agent.Truncate(m.ID, 80))
		}
		e := agent.Email{ID: m.ID, ThreadID: m.ThreadID, From: m.From, To: m.To, Subject: m.Subject, Snippet: m.Snippet, Labels: m.Labels}
		if m.Date != "" {
			when, err := c.ParseDate(m.Date)
			if err != nil {
				return nil, fmt.Errorf("metadata[%d].date: %w", i, err)
			}
			e.Date = when.Start.UnixMilli()
		}
		list = append(list, e)
	}
	for i := range list {
		list[i].Subject, list[i].Snippet = agent.Truncate(list[i].Subject, maxScanned), agent.Truncate(list[i].Snippet, maxScanned)
	}
	slices.SortStableFunc(list, func(a, b agent.Email) int { return cmp.Compare(b.Date, a.Date) })
	return list, nil
}

type classified struct {
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

func classify(_ context.Context, run *agent.Run, in selection) (string, error) {
	emails, err := in.emails(run.Context)
	if err != nil {
		return "", err
	}
	counts, rows, threads := map[string]int{}, []classified{}, map[string]bool{}
	for _, e := range emails {
		v := verdictOf(e)
		counts[v.class]++
		threads[thread(e)] = true
		if len(rows) < maxListed {
			rows = append(rows, classified{e.ID, e.ThreadID, agent.Truncate(e.From, 200), agent.Truncate(e.Subject, 200),
				run.Context.Local(e.Date), v.class, v.also, v.confidence, v.reasons})
		}
	}
	return agent.JSON(struct {
		Total   int            `json:"total"`
		Threads int            `json:"threads"`
		Counts  map[string]int `json:"counts"`
		Emails  []classified   `json:"emails"`
	}{len(emails), len(threads), counts, rows})
}

// thread returns what groups an e-mail with its replies: its thread, or else itself.
func thread(e agent.Email) string {
	return cmp.Or(e.ThreadID, e.ID, strings.ToLower(e.From+"\x00"+e.Subject))
}
