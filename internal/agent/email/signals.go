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
	class  string
	where  string // "text" (subject and snippet), "from" or "labels"
	weight int
	match  *regexp.Regexp
	reason string
}

func newSignal(class, where string, weight int, reason, pattern string) signal {
	return signal{class, where, weight, regexp.MustCompile(`(?i)` + pattern), reason}
}

// classes are in the order that decides between equal weights.
var classes = []string{"urgent", "invoice", "meeting", "needs_reply", "newsletter", "notification"}

var signals = []signal{
	newSignal("urgent", "text", 3, "says it is urgent", `\b(urgent|asap|immediately|as soon as possible|urgente`+
		`|subito|dringend|sofort|eilig)\b`),
	newSignal("urgent", "labels", 2, "labelled important", `(^|\s)(important|urgent|wichtig|importante)(\s|$)`),
	newSignal("invoice", "text", 3, "speaks of an invoice or payment",
		`\b(invoice|receipt|payment due|overdue payment|fattura|pagamento|ricevuta|rechnung|zahlung|mahnung)\b`),
	newSignal("meeting", "text", 3, "speaks of a meeting", `\b(meeting|invitation|invite|appointment|calendar`+
		`|reschedule|riunione|appuntamento|invito|besprechung|termin|einladung)\b`),
	newSignal("needs_reply", "text", 2, "asks a question", `\?(\s|$)`),
	newSignal("needs_reply", "text", 2, "asks for something",
		`\b(could you|can you|would you|please|let me know|potresti|può|puoi|per favore|fammi sapere|bitte`+
			`|könnten sie|kannst du|können sie)(\s|,|$)`),
	newSignal("newsletter", "text", 3, "reads like a newsletter",
		`\b(newsletter|unsubscribe|digest|weekly update|disiscriviti|annulla l'iscrizione|abmelden|abbestellen)\b`),
	newSignal("newsletter", "from", 3, "comes from a mailing", `\b(newsletter|news|marketing|digest)@`),
	newSignal("newsletter", "labels", 3, "labelled as a mailing", `(promotions|newsletter|forums)`),
	newSignal("notification", "from", 4, "comes from an automatic sender",
		`\b(no-?reply|do-?not-?reply|notifications?|alerts?|mailer-daemon)\b`),
	newSignal("notification", "labels", 2, "labelled as an update", `(updates|social|notification)`),
	newSignal("notification", "text", 2, "reads like a notification",
		`\b(notification|security alert|password reset|verification code|has shipped|notifica`+
			`|codice di verifica|benachrichtigung)\b`),
}

type classification struct {
	class, confidence string
	also, reasons     []string
}

// classify returns the class with the most weight, at least 2, or else "fyi". Confidence is high from a weight of 4
// with a lead of 2, medium from 3, and low otherwise.
func classify(e agent.Email) classification {
	texts := map[string]string{"text": e.Subject + " \n" + e.Snippet, "from": e.From,
		"labels": agent.Truncate(strings.Join(e.Labels, " "), maxScanned)}
	weights := map[string]int{}
	reasons := map[string][]string{}
	for _, s := range signals {
		if s.match.MatchString(texts[s.where]) {
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
