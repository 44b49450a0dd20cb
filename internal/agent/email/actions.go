package email

import (
	"context"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/dates"
)

type actionItem struct {
	Action  string `json:"action"`
	EmailID string `json:"email_id,omitempty"`
	From    string `json:"from,omitempty"`
	Subject string `json:"subject,omitempty"`
	DueDate string `json:"due_date,omitempty"`
	Reason  string `json:"because"`
}

var (
	sentenceEnd = regexp.MustCompile(`[.!?;]+(?:\s+|$)|\n+`)
	replyMark   = regexp.MustCompile(`(?i)^\s*(?:(?:re|fwd?|aw|wg|r|i|rif)\s*:\s*)+`)
	request     = regexp.MustCompile(`(?i)(?:^|[\s,])(?:could you|can you|would you|please|make sure to` +
		`|don't forget to|remember to|potresti|puoi|per favore|ricordati di|bitte|könnten sie|können sie` +
		`|kannst du|könntest du)[\s,]+(.+)$`)
	imperative = regexp.MustCompile(`(?i)^(?:send|call|review|confirm|check|prepare|update|sign|pay|approve` +
		`|schedule|book|reply|provide|share|upload|invia|inviami|manda|mandami|chiama|conferma|controlla` +
		`|prepara|firma|paga|prenota|rispondi|senden|schicken|rufen|prüfen|bestätigen|unterschreiben|zahlen` +
		`|buchen)(?:\s+\S.*)$`)
)

func extractActionItems(ctx context.Context, run *agent.Run, in emailsInput) (string, error) {
	emails, err := in.emails(ctx, run)
	if err != nil {
		return "", err
	}
	find := func() (foundItems, error) { return findAllItems(ctx, run, emails) }
	var found foundItems
	if !in.namesNone() {
		found, err = find()
	} else {
		found, err = agent.Once(run, "email.items", find)
	}
	if err != nil {
		return "", err
	}
	return agent.JSON(found)
}

type foundItems struct {
	Total int          `json:"total"`
	Items []actionItem `json:"action_items"`
}

// findAllItems returns what the e-mails ask for, the same in one thread once, and no more than maxListed of it.
func findAllItems(ctx context.Context, run *agent.Run, emails []classified) (foundItems, error) {
	out := foundItems{Items: []actionItem{}}
	seen := map[[2]string]bool{} // threads and what they ask for
	for _, e := range emails {
		if e.class == "newsletter" || e.class == "notification" {
			continue
		}
		if err := run.WorkOnText(ctx, e.Snippet); err != nil {
			return foundItems{}, err
		}
		for _, found := range findItems(run.Context, e.Email) {
			key := [2]string{e.thread, strings.ToLower(found.Action)}
			if seen[key] {
				continue
			}
			seen[key] = true
			if out.Total++; len(out.Items) < maxListed {
				out.Items = append(out.Items, found)
			}
		}
	}
	return out, nil
}

// findItems returns what the sentences of the subject and the snippet ask for.
func findItems(c agent.Context, e agent.Email) (items []actionItem) {
	sentences := append([]string{replyMark.ReplaceAllString(e.Subject, "")}, sentenceEnd.Split(e.Snippet, -1)...)
	for _, s := range sentences {
		s = strings.Join(strings.Fields(s), " ")
		action, reason := "", ""
		if m := request.FindStringSubmatch(s); m != nil {
			action, reason = m[1], "asked for"
		} else if imperative.MatchString(s) {
			action, reason = s, "imperative"
		}
		if action = strings.Trim(action, " .,;:!?"); utf8.RuneCountInString(action) < 4 {
			continue
		}
		found := actionItem{Action: agent.Truncate(action, 200), EmailID: agent.Truncate(e.ID, 200),
			From: agent.Truncate(e.From, 200), Subject: agent.Truncate(e.Subject, 200), Reason: reason}
		found.DueDate = dueDate(c, e, s)
		items = append(items, found)
	}
	return items
}

// dueDate returns the day that a sentence names as a deadline, as YYYY-MM-DD, or "". "Tomorrow" counts from the day on
// which the e-mail was written.
func dueDate(c agent.Context, e agent.Email, sentence string) string {
	now := c.LocalNow()
	if e.Date > 0 && e.Date <= c.Now.UnixMilli() {
		now = timeOf(c, e.Date)
	}
	day, ok := dates.FindDeadline(sentence, now)
	if !ok {
		return ""
	}
	return day.Start.Format(time.DateOnly)
}
