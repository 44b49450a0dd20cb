package email

import (
	"context"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/adiuva/cloud-api/internal/agent"
)

type item struct {
	Action  string `json:"action"`
	EmailID string `json:"email_id,omitempty"`
	From    string `json:"from,omitempty"`
	Subject string `json:"subject,omitempty"`
	DueDate string `json:"due_date,omitempty"`
	Due     int64  `json:"due_date_ms,omitempty"`
	Because string `json:"because"`
}

var (
	sentenceEnd = regexp.MustCompile(`[.!?;]+(?:\s+|$)|\n+`)
	replyMark   = regexp.MustCompile(`(?i)^\s*(?:(?:re|fwd?|aw|wg|r|i|rif)\s*:\s*)+`)
	asking      = regexp.MustCompile(`(?i)(?:^|[\s,])(?:could you|can you|would you|please|make sure to|don't forget to|remember to|potresti|puoi|per favore|ricordati di|bitte|könnten sie|können sie|kannst du|könntest du)[\s,]+(.+)$`)
	imperative  = regexp.MustCompile(`(?i)^(?:send|call|review|confirm|check|prepare|update|sign|pay|approve|schedule|book|reply|provide|share|upload|invia|inviami|manda|mandami|chiama|conferma|controlla|prepara|firma|paga|prenota|rispondi|senden|schicken|rufen|prüfen|bestätigen|unterschreiben|zahlen|buchen)(?:\s+\S.*)$`)
	dueDay      = regexp.MustCompile(`(?i)(?:^|\s)(?:by|before|until|on|due|entro|prima di|bis|vor|am|zum)\s+(?:the\s+|il\s+|zum\s+)?([\p{L}ì]+|\d{4}-\d{2}-\d{2})`)
	isoDay      = regexp.MustCompile(`\b\d{4}-\d{2}-\d{2}\b`)
	bareDay     = regexp.MustCompile(`(?i)(?:^|\s)(today|tomorrow|oggi|domani|heute|morgen)(?:$|[\s,.!?])`)
)

// dayWords maps words of a day to those that a Context reads.
var dayWords = map[string]string{
	"oggi": "today", "domani": "tomorrow", "lunedì": "monday", "martedì": "tuesday", "mercoledì": "wednesday",
	"giovedì": "thursday", "venerdì": "friday", "sabato": "saturday", "domenica": "sunday",
	"heute": "today", "morgen": "tomorrow", "montag": "monday", "dienstag": "tuesday", "mittwoch": "wednesday",
	"donnerstag": "thursday", "freitag": "friday", "samstag": "saturday", "sonntag": "sunday",
}

func extract(_ context.Context, run *agent.Run, in selection) (string, error) {
	emails, err := in.emails(run.Context)
	if err != nil {
		return "", err
	}
	items, total, seen := []item{}, 0, map[string]bool{}
	for _, e := range emails {
		if class := verdictOf(e).class; class == "newsletter" || class == "notification" {
			continue
		}
		for _, found := range itemsIn(run.Context, e) {
			key := thread(e) + "\x00" + strings.ToLower(found.Action)
			if seen[key] {
				continue
			}
			seen[key] = true
			if total++; len(items) < maxListed {
				items = append(items, found)
			}
		}
	}
	return answer(struct {
		Total int    `json:"total"`
		Items []item `json:"action_items"`
	}{total, items})
}

func itemsIn(c agent.Context, e agent.Email) (items []item) {
	sentences := append([]string{replyMark.ReplaceAllString(e.Subject, "")}, sentenceEnd.Split(e.Snippet, -1)...)
	for _, s := range sentences {
		s = strings.Join(strings.Fields(s), " ")
		action, why := "", ""
		if m := asking.FindStringSubmatch(s); m != nil {
			action, why = m[1], "asked for"
		} else if imperative.MatchString(s) {
			action, why = s, "imperative"
		}
		if action = strings.Trim(action, " .,;:!?"); utf8.RuneCountInString(action) < 4 {
			continue
		}
		found := item{Action: agent.Cut(action, 200), EmailID: e.ID, From: agent.Cut(e.From, 200), Subject: agent.Cut(e.Subject, 200), Because: why}
		found.DueDate, found.Due = due(c, e, s)
		items = append(items, found)
	}
	return items
}

// due reads the day a sentence names, relative to the day the e-mail was written, as that day's end.
func due(c agent.Context, e agent.Email, sentence string) (string, int64) {
	words := []string{isoDay.FindString(sentence)}
	for _, m := range dueDay.FindAllStringSubmatch(sentence, -1) {
		words = append(words, m[1])
	}
	if m := bareDay.FindStringSubmatch(sentence); m != nil {
		words = append(words, m[1])
	}
	if e.Date > 0 && e.Date <= c.Now.UnixMilli() {
		c.Now = timeOf(c, e.Date)
	}
	for _, word := range words {
		word = strings.ToLower(word)
		if english, ok := dayWords[word]; ok {
			word = english
		}
		if moment, err := c.Moment(word); word != "" && err == nil {
			return moment.Start.Format("2006-01-02"), moment.End().UnixMilli()
		}
	}
	return "", 0
}
