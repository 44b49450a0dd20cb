package offline

import (
	"regexp"
	"slices"
	"strings"
)

// fallbackAgent gets the messages in which no word points to an agent.
const fallbackAgent = "task_agent"

// agentWords are the words that point to each agent.
var agentWords = map[string]*regexp.Regexp{
	"task_agent": regexp.MustCompile(`(?i)\b(?:tasks?|to-?dos?|deadlines?|overdue|assign\w*|priorit\w*` +
		`|remind\w*|aufgaben?|erinner\w*|attivit|compit[oi]|scadenz[ae]|da fare)`),
	"calendar_agent": regexp.MustCompile(`(?i)\b(?:meetings?|calendars?|events?|conflict\w*|overlap\w*` +
		`|appointments?|reschedul\w*|schedule|agenda|double[- ]book\w*|free slots?` +
		`|termine?\w*|kalender|besprechung\w*|riunion[ei]|calendario|appuntament[oi]|conflitt[oi])\b`),
	"email_agent": regexp.MustCompile(`(?i)\b(?:e-?mails?|mails?|inbox|repl(?:y|ies)|respond|threads?` +
		`|newsletters?|draft|postfach|posteingang|antwort\w*|posta|rispond\w*|rispost[ae])\b`),
	"analytics_agent": regexp.MustCompile(`(?i)\b(?:metrics?|kpis?|reports?|trends?|statistics?|analy(?:se|ze` +
		`|sis|tics)|velocity|throughput|completion rate|productivity|average` +
		`|berichte?|kennzahl\w*|auswertung|statistik\w*|rapporto|metriche|statistiche|andamento|resoconto)\b`),
}

var (
	clauses      = regexp.MustCompile(`(?i)\s*(?:;|\.\s|,?\s+(?:and then|then|and|und dann|und|e poi|e)\s+)\s*`)
	commandStart = regexp.MustCompile(`(?i)^(?:please |also |bitte |auch |anche )*(?:check|list|show|find|draft` +
		`|write|reply|summari[sz]e|classify|triage|detect|tell|what|which|give|create|add|make` +
		`|look|review|calculate|analy[sz]e|report|compute|prepare|generate|schreib|zeig|prüf|erstell|antworte` +
		`|liste|controlla|mostra|elenca|crea|scrivi|rispondi)`)
	newTaskWords = regexp.MustCompile(`(?i)\b(?:create|add|make|new|erstell\w*|neue|crea|aggiungi` +
		`|nuova)\b[^;.]{0,30}\b(?:tasks?|to-?dos?|aufgaben?|attivit|compito)`)
)

// routeAnswer returns the names of the agents for the message, at most three, in the order of its clauses. Only a
// clause that is a command of its own adds another agent.
func routeAnswer(c conversation) string {
	names := parseAgentNames(c.system)
	_, message := cutQuoted(userMessage(c.message))
	var chosen []string
	for i, clause := range clauses.Split(message, -1) {
		name := bestAgent(clause, names)
		if name == "" || i > 0 && len(chosen) > 0 && !commandStart.MatchString(strings.TrimSpace(clause)) {
			continue
		}
		if !slices.Contains(chosen, name) && len(chosen) < 3 {
			chosen = append(chosen, name)
		}
	}
	switch {
	case len(chosen) > 0:
		return strings.Join(chosen, ", ")
	case slices.Contains(names, fallbackAgent) || len(names) == 0:
		return fallbackAgent
	}
	return names[0]
}

// agentLine is a line of the router's list of agents.
var agentLine = regexp.MustCompile(`(?m)^- ([a-z][a-z0-9_]*): `)

// parseAgentNames returns the names in the list of agents in the router's prompt, those that the tier lacks as well.
func parseAgentNames(system string) []string {
	var names []string
	for _, line := range agentLine.FindAllStringSubmatch(system, -1) {
		names = append(names, line[1])
	}
	return names
}

// userMessage returns the user's message in the question to the router.
func userMessage(question string) string {
	question = strings.TrimPrefix(question, "Message: ")
	if i := strings.LastIndex(question, "\nContext: "); i >= 0 {
		return question[:i]
	}
	return question
}

// bestAgent returns the agent to which most words of the clause point, among equals the one mentioned first, or "". A
// clause that asks for a new task is for the task agent, whatever the task is about.
func bestAgent(clause string, names []string) string {
	best := ""
	most := 0
	first := 0 // where the words of best begin
	for _, name := range names {
		count, at := 0, 0
		if words := agentWords[name]; words != nil {
			if found := words.FindAllStringIndex(clause, -1); found != nil {
				count, at = len(found), found[0][0]
			}
		} else {
			count = sharedWords(strings.ReplaceAll(strings.TrimSuffix(name, "_agent"), "_", " "), clause)
		}
		if name == fallbackAgent && newTaskWords.MatchString(clause) {
			return name
		}
		if count > most || count == most && count > 0 && at < first {
			best = name
			most = count
			first = at
		}
	}
	return best
}
