package email

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/adiuva/cloud-api/internal/agent"
)

// signal is a reason to put an e-mail into a class. The weights of a class add up.
type signal struct {
	class   string
	where   string // "text" (subject and snippet), "from" or "labels"
	weight  int
	reason  string
	matches func(lower string) bool
}

// pattern returns a function that reports whether a regular expression matches.
func pattern(text string) func(lower string) bool { return regexp.MustCompile(text).MatchString }

// words returns a function that reports whether one of the words, separated by "|", is in a text. It does what the
// pattern \b(words)\b does, in a tenth of the time: a request may have a megabyte of e-mails.
func words(list string) func(lower string) bool {
	return phrases(list, func(next byte) bool { return !isWordByte(next) })
}

// requests is words for phrases that white space, a comma or the end must follow.
func requests(list string) func(lower string) bool {
	return phrases(list, func(next byte) bool { return strings.IndexByte(" \t\n\f\r,", next) >= 0 })
}

func phrases(list string, mayFollow func(next byte) bool) func(lower string) bool {
	all := strings.Split(list, "|")
	return func(lower string) bool {
		return slices.ContainsFunc(all, func(phrase string) bool { return hasPhrase(lower, phrase, mayFollow) })
	}
}

// hasPhrase reports whether the phrase is in the text, not in the middle of a word and with a byte after it that may
// follow, or the end.
func hasPhrase(text, phrase string, mayFollow func(next byte) bool) bool {
	for from := 0; ; {
		at := strings.Index(text[from:], phrase)
		if at < 0 {
			return false
		}
		at += from
		end := at + len(phrase)
		if (at == 0 || !isWordByte(text[at-1])) && (end == len(text) || mayFollow(text[end])) {
			return true
		}
		from = at + 1
	}
}

func isWordByte(b byte) bool {
	return b == '_' || '0' <= b && b <= '9' || 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z'
}

// classes are in the order that decides between equal weights.
var classes = []string{"urgent", "invoice", "meeting", "needs_reply", "newsletter", "notification"}

var signals = []signal{
	{"urgent", "text", 3, "says it is urgent",
		words("urgent|asap|immediately|as soon as possible|urgente|subito|dringend|sofort|eilig")},
	{"urgent", "labels", 2, "labelled important", pattern(`(^|\s)(important|urgent|wichtig|importante)(\s|$)`)},
	{"invoice", "text", 3, "speaks of an invoice or payment", words("invoice|receipt|payment due|overdue payment|" +
		"fattura|pagamento|ricevuta|rechnung|zahlung|mahnung")},
	{"meeting", "text", 3, "speaks of a meeting", words("meeting|invitation|invite|appointment|calendar|reschedule|" +
		"riunione|appuntamento|invito|besprechung|termin|einladung")},
	{"needs_reply", "text", 2, "asks a question", pattern(`\?(\s|$)`)},
	{"needs_reply", "text", 2, "asks for something", requests("could you|can you|would you|please|let me know|" +
		"potresti|può|puoi|per favore|fammi sapere|bitte|könnten sie|kannst du|können sie")},
	{"newsletter", "text", 3, "reads like a newsletter", words("newsletter|unsubscribe|digest|weekly update|" +
		"disiscriviti|annulla l'iscrizione|abmelden|abbestellen")},
	{"newsletter", "from", 3, "comes from a mailing", pattern(`\b(newsletter|news|marketing|digest)@`)},
	{"newsletter", "labels", 3, "labelled as a mailing", pattern(`(promotions|newsletter|forums)`)},
	{"notification", "from", 4, "comes from an automatic sender",
		pattern(`\b(no-?reply|do-?not-?reply|notifications?|alerts?|mailer-daemon)\b`)},
	{"notification", "labels", 2, "labelled as an update", pattern(`(updates|social|notification)`)},
	{"notification", "text", 2, "reads like a notification", words("notification|security alert|password reset|" +
		"verification code|has shipped|notifica|codice di verifica|benachrichtigung")},
}

type classification struct {
	class, confidence string
	also, reasons     []string
}

// classify returns the class with the most weight, at least 2, or else "fyi". Confidence is high from a weight of 4
// with a lead of 2, medium from 3, and low otherwise.
func classify(e agent.Email) classification {
	texts := map[string]string{"text": strings.ToLower(e.Subject + " \n" + e.Snippet), "from": strings.ToLower(e.From),
		"labels": strings.ToLower(agent.Truncate(strings.Join(e.Labels, " "), maxScanned))}
	weights := map[string]int{}
	reasons := map[string][]string{}
	for _, s := range signals {
		if s.matches(texts[s.where]) {
			weights[s.class] += s.weight
			reasons[s.class] = append(reasons[s.class], s.reason)
		}
	}
	if weights["newsletter"]+weights["notification"] > 0 {
		delete(weights, "needs_reply") // nobody reads replies to automatic mail
	}
	order := slices.Clone(classes)
	slices.SortStableFunc(order, func(a, b string) int { return cmp.Compare(weights[b], weights[a]) })
	best, second := order[0], order[1]
	if weights[best] < 2 {
		return classification{class: "fyi", confidence: "low", reasons: []string{"nothing asks for anything"}}
	}
	v := classification{class: best, confidence: "low", reasons: reasons[best]}
	for _, class := range order[1:] {
		if weights[class] >= 2 {
			v.also = append(v.also, class)
		}
	}
	switch lead := weights[best] - weights[second]; {
	case weights[best] >= 4 && lead >= 2:
		v.confidence = "high"
	case weights[best] >= 3:
		v.confidence = "medium"
	}
	return v
}
