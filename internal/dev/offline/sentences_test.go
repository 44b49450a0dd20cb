package offline_test

import (
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/chat"
)

const updatesAfter = "list_tasks {} | "

func TestSentencesBecomeToolCalls(t *testing.T) {
	t.Parallel()
	for sentence, want := range map[string]string{
		"create a task 'Call Anna' for tomorrow, high priority": `create_task {"due_date":"2026-11-24",` +
			`"priority":"high","title":"Call Anna"}`,
		`add a task "Buy milk"`:         `create_task {"title":"Buy milk"}`,
		"add a task to pay the hosting": `create_task {"title":"Pay the hosting"}`,
		"Create a task to call Anna on Friday": `create_task {"due_date":"2026-11-27",` +
			`"title":"Call Anna"}`,
		"create a task to send the invoice in 3 days": `create_task {"due_date":"2026-11-26",` +
			`"title":"Send the invoice"}`,
		"create a task to send the invoice in two weeks": `create_task {"due_date":"2026-12-07",` +
			`"title":"Send the invoice"}`,
		"create a task to renew the domain next week": `create_task {"due_date":"2026-11-30",` +
			`"title":"Renew the domain"}`,
		"create a task to renew the domain next month": `create_task {"due_date":"2026-12-23",` +
			`"title":"Renew the domain"}`,
		"new task: prepare slides by 2026-12-01": `create_task {"due_date":"2026-12-01",` +
			`"title":"Prepare slides"}`,
		"new task: prepare slides on 5 May": `create_task {"due_date":"2027-05-05",` +
			`"title":"Prepare slides"}`,
		"new task: prepare slides by December 3rd": `create_task {"due_date":"2026-12-03",` +
			`"title":"Prepare slides"}`,
		"new task: prepare slides today at 15:00": `create_task {"due_date":"2026-11-23T15:00"` +
			`,"title":"Prepare slides"}`,
		"new task: prepare slides tomorrow at 3 pm": `create_task {"due_date":"2026-11-24T15:00"` +
			`,"title":"Prepare slides"}`,
		"new task: prepare slides the day after tomorrow": `create_task {"due_date":"2026-11-25",` +
			`"title":"Prepare slides"}`,
		"new task: close the books, end of the month": `create_task {"due_date":"2026-11-30",` +
			`"title":"Close the books"}`,
		"add an urgent task to fix the form": `create_task {"priority":"urgent",` +
			`"title":"Fix the form"}`,
		"add a low priority task to clean the archive": `create_task {"priority":"low",` +
			`"title":"Clean the archive"}`,
		"add a task to clean the archive, priority: medium": `create_task {"priority":"medium",` +
			`"title":"Clean the archive"}`,
		"add a task to fix the low battery": `create_task {"title":"Fix the low battery"}`,
		"add a task to fix the site asap": `create_task {"priority":"urgent",` +
			`"title":"Fix the site"}`,
		"create tasks 'A one' and 'B two' for monday": `create_task {"due_date":"2026-11-30",` +
			`"title":"A one"} | create_task {"due_date":"2026-11-30","title":"B two"}`,
		"create a task 'Mark invoices as done'": `create_task {"title":"Mark invoices as done"}`,
		"create a task 'Anna's present'":        `create_task {"title":"Anna's present"}`,
		"add a task to test the form in project Website": `create_task {"project_id":"p1",` +
			`"title":"Test the form"}`,
		"add a task to test the form, assigned to Leo": `create_task {"assignee":"Leo",` +
			`"title":"Test the form"}`,
		"I need to book the hotel by sunday": `create_task {"due_date":"2026-11-29",` +
			`"title":"Book the hotel"}`,
		"erstelle eine Aufgabe „Anna anrufen“ für morgen": `create_task {"due_date":"2026-11-24",` +
			`"title":"Anna anrufen"}`,
		"Erstelle eine Aufgabe: Angebot schreiben bis Freitag": `create_task {"due_date":"2026-11-27",` +
			`"title":"Angebot schreiben"}`,
		"Erstelle eine Aufgabe: Angebot schreiben, hohe Priorität": `create_task {"priority":"high",` +
			`"title":"Angebot schreiben"}`,
		"crea un'attività «Chiamare Anna» per domani": `create_task {"due_date":"2026-11-24",` +
			`"title":"Chiamare Anna"}`,
		"aggiungi un'attività: pagare hosting, alta priorità": `create_task {"priority":"high",` +
			`"title":"Pagare hosting"}`,

		"list my open tasks":       `list_tasks {"filters":{"status":"open"}}`,
		"show my tasks":            `list_tasks {}`,
		"show all tasks":           `list_tasks {}`,
		"which tasks are done?":    `list_tasks {"filters":{"status":"done"}}`,
		"show completed tasks":     `list_tasks {"filters":{"status":"done"}}`,
		"what is in progress?":     `list_tasks {"filters":{"status":"in_progress"}}`,
		"what tasks are overdue":   `list_tasks {"filters":{"overdue":true}}`,
		"show high priority tasks": `list_tasks {"filters":{"priority":"high"}}`,
		"list urgent tasks":        `list_tasks {"filters":{"priority":"urgent"}}`,
		"what is due today?": `list_tasks {"filters":{"due_from":"2026-11-23",` +
			`"due_to":"2026-11-23"}}`,
		"what is due tomorrow?": `list_tasks {"filters":{"due_from":"2026-11-24",` +
			`"due_to":"2026-11-24"}}`,
		"list tasks due this week": `list_tasks {"filters":{"due_from":"2026-11-23",` +
			`"due_to":"2026-11-29"}}`,
		"list tasks due next week": `list_tasks {"filters":{"due_from":"2026-11-30",` +
			`"due_to":"2026-12-06"}}`,
		"list tasks due this month": `list_tasks {"filters":{"due_from":"2026-11-01",` +
			`"due_to":"2026-11-30"}}`,
		"list tasks due by friday":     `list_tasks {"filters":{"due_to":"2026-11-27"}}`,
		"show tasks assigned to me":    `list_tasks {"filters":{"assignee":"me"}}`,
		"show tasks assigned to Leo":   `list_tasks {"filters":{"assignee":"Leo"}}`,
		"show open tasks of Website":   `list_tasks {"filters":{"project":"Website","status":"open"}}`,
		"show tasks with 'login'":      `list_tasks {"filters":{"text":"login"}}`,
		"what should I do next?":       `list_tasks {"filters":{"status":"open"}}`,
		"zeige meine offenen Aufgaben": `list_tasks {"filters":{"status":"open"}}`,
		"mostra le attività aperte":    `list_tasks {"filters":{"status":"open"}}`,
		"suggest tasks from my notes":  `suggest_tasks {}`,
		"remind me to call Leo tomorrow": `send_notification {"at":"2026-11-24T09:00","body":"Call Leo",` +
			`"title":"Call Leo"}`,
		"remind me to call Leo today at 5 pm": `send_notification {"at":"2026-11-23T17:00","body":"Call Leo",` +
			`"title":"Call Leo"}`,
		"mark 'Pay hosting' as done": updatesAfter + `update_task {"id":"t1","updates":{"status":"done"}}`,
		"mark pay hosting as done":   updatesAfter + `update_task {"id":"t1","updates":{"status":"done"}}`,
		"complete the task Call Leo": updatesAfter + `update_task {"id":"t3","updates":{"status":"done"}}`,
		"start Call Leo": updatesAfter +
			`update_task {"id":"t3","updates":{"status":"in_progress"}}`,
		"reopen Write offer": updatesAfter + `update_task {"id":"t2","updates":{"status":"todo"}}`,
		"postpone Write offer to Friday": updatesAfter +
			`update_task {"id":"t2","updates":{"due_date":"2026-11-27"}}`,
		"set Call Leo to high priority":   updatesAfter + `update_task {"id":"t3","updates":{"priority":"high"}}`,
		"change Pay hosting: no due date": updatesAfter + `update_task {"id":"t1","updates":{"due_date":"none"}}`,
		"assign Call Leo to Anna":         updatesAfter + `update_task {"id":"t3","updates":{"assignee":"Anna"}}`,
		"rename 'Call Leo' to 'Call Leo again'": updatesAfter +
			`update_task {"id":"t3","updates":{"title":"Call Leo again"}}`,
		"mark 'Nothing like it' as done": `list_tasks {}`,
		"mark all overdue tasks as done": `list_tasks {"filters":{"overdue":true}} | update_task ` +
			`{"id":"t1","updates":{"status":"done"}}`,
		"hello": ``,
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			o, model := setup(t)
			reply, err := o.Run(t.Context(), user, chat.Request{Message: sentence, Context: rows()}, chat.Listener{})
			if got := strings.Join(model.calls, " | "); err != nil || got != want || reply.Replaced {
				t.Errorf("%v\ngot  %s\nwant %s", err, got, want)
			}
		})
	}
}
