package email

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/adiuva/cloud-api/internal/agent"
)

// signal is one reason to put an e-mail into a class. Weights add up within a class.
type signal struct {
	class  string
	where  string // "text" (subject and snippet), "from" or "labels"
	weight int
	match  *regexp.Regexp
	reason string
}

func sign(class, where string, weight int, reason, pattern string) signal {
	return signal{class, where, weight, regexp.MustCompile(`(?i)` + pattern), reason}
}

// classes in the order that decides between equal weights.
var classes = []string{"urgent", "invoice", "meeting", "needs_reply", "newsletter", "notification"}

var signals = []signal{
	sign("urgent", "text", 3, "says it is urgent", `\b(urgent|asap|immediately|as soon as possible|urgente|subito|dringend|sofort|eilig)\b`),
	sign("urgent", "labels", 2, "labelled important", `(^|\s)(important|urgent|wichtig|importante)(\s|$)`),
	sign("invoice", "text", 3, "speaks of an invoice or payment", `\b(invoice|receipt|payment due|overdue payment|fattura|pagamento|ricevuta|rechnung|zahlung|mahnung)\b`),
	sign("meeting", "text", 3, "speaks of a meeting", `\b(meeting|invitation|invite|appointment|calendar|reschedule|riunione|appuntamento|invito|besprechung|termin|einladung)\b`),
	sign("needs_reply", "text", 2, "asks a question", `\?(\s|$)`),
	sign("needs_reply", "text", 2, "asks for something", `\b(could you|can you|would you|please|let me know|potresti|può|puoi|per favore|fammi sapere|bitte|könnten sie|kannst du|können sie)(\s|,|$)`),
	sign("newsletter", "text", 3, "reads like a newsletter", `\b(newsletter|unsubscribe|digest|weekly update|disiscriviti|annulla l'iscrizione|abmelden|abbestellen)\b`),
	sign("newsletter", "from", 3, "comes from a mailing", `\b(newsletter|news|marketing|digest)@`),
	sign("newsletter", "labels", 3, "labelled as a mailing", `(promotions|newsletter|forums)`),
	sign("notification", "from", 4, "comes from an automatic sender", `\b(no-?reply|do-?not-?reply|notifications?|alerts?|mailer-daemon)\b`),
	sign("notification", "labels", 2, "labelled as an update", `(updates|social|notification)`),
	sign("notification", "text", 2, "reads like a notification", `\b(notification|security alert|password reset|verification code|has shipped|notifica|codice di verifica|benachrichtigung)\b`),
}

type verdict struct {
	class, confidence string
	also, reasons     []string
}

// verdictOf weighs the signals. A class needs a weight of 2; with none the e-mail is "fyi". Confidence is high from 4
// with a lead of 2, medium from 3, else low.
func verdictOf(e agent.Email) verdict {
	texts := map[string]string{"text": e.Subject + " \n" + e.Snippet, "from": e.From, "labels": strings.Join(e.Labels, " ")}
	weights, reasons := map[string]int{}, map[string][]string{}
	for _, s := range signals {
		if s.match.MatchString(texts[s.where]) {
			weights[s.class] += s.weight
			reasons[s.class] = append(reasons[s.class], s.reason)
		}
	}
	if weights["newsletter"]+weights["notification"] > 0 {
		delete(weights, "needs_reply") // nobody reads the answer to a machine
	}
	order := slices.Clone(classes)
	slices.SortStableFunc(order, func(a, b string) int { return cmp.Compare(weights[b], weights[a]) })
	best, second := order[0], order[1]
	if weights[best] < 2 {
		return verdict{class: "fyi", confidence: "low", reasons: []string{"nothing asks for anything"}}
	}
	v := verdict{class: best, confidence: "low", reasons: reasons[best]}
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
