package offline

import (
	"encoding/json"
	"regexp"
	"strings"
)

// fallbackAgent is named when no word of the message points anywhere.
const fallbackAgent = "task_agent"

// fields are the words that point to each agent.
var fields = map[string]*regexp.Regexp{
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
	clauses = regexp.MustCompile(`(?i)\s*(?:;|\.\s|,?\s+(?:and then|then|and|und dann|und|e poi|e)\s+)\s*`)
	command = regexp.MustCompile(`(?i)^(?:please |also |bitte |auch |anche )*(?:check|list|show|find|draft` +
		`|write|reply|summari[sz]e|classify|triage|detect|tell|what|which|give|create|add|make` +
		`|look|review|calculate|analy[sz]e|report|compute|prepare|generate|schreib|zeig|prüf|erstell|antworte` +
		`|liste|controlla|mostra|elenca|crea|scrivi|rispondi)`)
	making = regexp.MustCompile(`(?i)\b(?:create|add|make|new|erstell\w*|neue|crea|aggiungi` +
		`|nuova)\b[^;.]{0,30}\b(?:tasks?|to-?dos?|aufgaben?|attivit|compito)`)
)

// route answers with the names of the agents the message is for, at most three in the order of its clauses. A second
// one is named only for a clause that is a command of its own.
func route(c conversation) string {
	names := listedAgents(c.system)
	_, message := quoted(messageOf(c.message))
	var chosen []string
	for i, clause := range clauses.Split(message, -1) {
		name := bestAgent(clause, names)
		if name == "" || i > 0 && len(chosen) > 0 && !command.MatchString(strings.TrimSpace(clause)) {
			continue
		}
		if !contains(chosen, name) && len(chosen) < 3 {
			chosen = append(chosen, name)
		}
	}
	switch {
	case len(chosen) > 0:
		return strings.Join(chosen, ", ")
	case contains(names, fallbackAgent) || len(names) == 0:
		return fallbackAgent
	}
	return names[0]
}

func contains(list []string, name string) bool {
	for _, n := range list {
		if n == name {
			return true
		}
	}
	return false
}

// listedAgents reads the agents' names, in their order, from the list that ends the router's prompt.
func listedAgents(system string) []string {
	var list []struct {
		Name string `json:"name"`
	}
	_ = json.Unmarshal([]byte(system[strings.LastIndexByte(system, '\n')+1:]), &list) // no list names nobody
	names := make([]string, 0, len(list))
	for _, l := range list {
		names = append(names, l.Name)
	}
	return names
}

func messageOf(question string) string {
	question = strings.TrimPrefix(question, "Message: ")
	if i := strings.LastIndex(question, "\nContext: "); i >= 0 {
		return question[:i]
	}
	return question
}

// bestAgent returns the agent that most words of the clause point to, the first pointed to among equals, or "". Asking
// for a new task outweighs what the task is about.
func bestAgent(clause string, names []string) string {
	best, most, first := "", 0, 0
	for _, name := range names {
		count, at := 0, 0
		if field := fields[name]; field != nil {
			if found := field.FindAllStringIndex(clause, -1); found != nil {
				count, at = len(found), found[0][0]
			}
		} else {
			count = shared(strings.ReplaceAll(strings.TrimSuffix(name, "_agent"), "_", " "), clause)
		}
		if name == fallbackAgent && making.MatchString(clause) {
			return name
		}
		if count > most || count == most && count > 0 && at < first {
			best, most, first = name, count, at
		}
	}
	return best
}
