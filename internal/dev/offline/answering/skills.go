package answering

import (
	"slices"
	"strings"

	"github.com/adiuva/cloud-api/internal/dev/offline/reading"
)

// skill answers a clause. It returns "" while a call has to be made.
type skill func(t *Turn, c *reading.Clause) string

// skillOf returns the skill for an intent of rules.yaml, or nil.
func skillOf(intent string) skill {
	switch intent {
	case "hello", "thanks", "bye", "no", reading.UnknownLanguage, "mood", "ability", "identity", "impossible":
		return func(t *Turn, _ *reading.Clause) string { return t.say(intent) }
	}
	for _, skills := range []map[string]skill{taskSkills(), calendarSkills(), emailSkills(), workspaceSkills(),
		analyticsSkills()} {
		if s := skills[intent]; s != nil {
			return s
		}
	}
	return nil
}

func taskSkills() map[string]skill {
	return map[string]skill{
		"create_task": (*Turn).createTask, "change": (*Turn).change, "delete": (*Turn).remove, "move": (*Turn).move,
		"tasks": (*Turn).listTasks, "count_tasks": (*Turn).countTasks, "when_due": (*Turn).dueOf,
		"working": (*Turn).working, "finished": (*Turn).finished, "suggest_tasks": (*Turn).suggestTasks,
		"remind": (*Turn).remind, "done_statement": (*Turn).doneStatement, "reference": (*Turn).reference,
		"yes": (*Turn).accept, "clock": (*Turn).clock, "approve": (*Turn).approve,
		"plan_week": (*Turn).planPeriod, "summary": (*Turn).planPeriod,
	}
}

func calendarSkills() map[string]skill {
	return map[string]skill{
		"events": (*Turn).listEvents, "free": (*Turn).free, "free_time": (*Turn).freeTime,
		"conflicts": (*Turn).conflicts, "suggest_time": (*Turn).suggestTime, "create_event": (*Turn).createEvent,
	}
}

func emailSkills() map[string]skill {
	return map[string]skill{
		"emails": (*Turn).emails, "inbox": (*Turn).inbox, "need_reply": (*Turn).needReply,
		"email_wants": (*Turn).wants, "did_write": (*Turn).didWrite, "email_tasks": (*Turn).emailTasks,
		"reply": (*Turn).answerEmail, "label": (*Turn).labelEmail,
	}
}

func workspaceSkills() map[string]skill {
	return map[string]skill{
		"create_note": (*Turn).createNote, "create_project": (*Turn).createProject,
		"create_client": (*Turn).createClient, "create_checkpoint": (*Turn).createCheckpoint,
		"create_comment": (*Turn).createComment, "append": (*Turn).appendNote, "index": (*Turn).index,
		"notes": (*Turn).notes, "note_text": (*Turn).noteText, "clients": (*Turn).clients,
		"checkpoints": (*Turn).checkpoints, "projects": (*Turn).projects, "project": (*Turn).projectOverview,
		"project_client": (*Turn).clientOf, "industry": (*Turn).industry, "question": (*Turn).question,
		"search": func(t *Turn, c *reading.Clause) string { return t.searchRows(c, "") },
	}
}

func analyticsSkills() map[string]skill {
	return map[string]skill{
		"report": (*Turn).report, "report_period": (*Turn).report,
		"report_note": (*Turn).reportNote, "most_overdue": (*Turn).mostOverdue,
		"trend": (*Turn).trend, "behind": (*Turn).behind, "workload": (*Turn).workload, "metrics": (*Turn).metrics,
	}
}

// Answers reports whether there is a skill for the intent.
func Answers(intent string) bool { return skillOf(intent) != nil }

// Answer is what the model does next: calls, or else text.
type Answer struct {
	Calls []Call
	Text  string
}

// Respond answers a message as that agent; "" is an agent that the reader does not know. With final, it makes no calls.
func Respond(r *reading.Reader, message reading.Message, facts Facts, agent string, final bool) Answer {
	t := &Turn{Facts: facts, language: message.Language, reader: r, agent: agent, final: final}
	var parts []string
	waiting := false
	for _, c := range t.own(message) {
		part := t.clause(c)
		waiting = waiting || part == ""
		if !slices.Contains(parts, part) {
			parts = append(parts, part)
		}
	}
	isShrug := func(p string) bool { return p == t.say("shrug") }
	if known := slices.DeleteFunc(slices.Clone(parts), isShrug); len(known) > 0 {
		parts = known
	}
	if len(t.pending) > 0 && waiting {
		return Answer{Calls: t.pending}
	}
	text := paragraphs(parts...)
	if text == "" {
		text = t.say("shrug")
	}
	return Answer{Text: text}
}

// own returns the clauses that the agent answers: those that belong to it, or else all.
func (t *Turn) own(m reading.Message) []*reading.Clause {
	var all, own []*reading.Clause
	for i := range m.Clauses {
		c := &m.Clauses[i]
		if n := len(all); n > 0 && c.Continues(all[n-1]) {
			all[n-1].Also = append(all[n-1].Also, c)
			continue
		}
		all = append(all, c)
	}
	for _, c := range all {
		if c.Agent == t.agent {
			own = append(own, c)
		}
	}
	if len(own) == 0 {
		return all
	}
	return own
}

// clause answers one clause.
func (t *Turn) clause(c *reading.Clause) string {
	s := skillOf(c.Intent)
	if s == nil {
		return t.say("shrug")
	}
	return s(t, c)
}

// askColleague asks the agent that has the tools for the clause, and returns its answer, or "" while the call has to be
// made. An agent that cannot be asked is one that the person's plan lacks.
func (t *Turn) askColleague(c *reading.Clause, agent string) string {
	switch {
	case t.Plan != "":
		return t.say("lacks", "plan", t.Plan)
	case !slices.Contains(t.Colleagues, agent):
		return t.say("impossible")
	}
	r, ok := t.call("ask_agent", map[string]any{"agent": agent, "query": strings.TrimSpace(c.Text)})
	switch {
	case !ok:
		return ""
	case r.err != "":
		return t.failed(r)
	}
	return strings.TrimSpace(r.whole)
}
