//go:build linux

package bench_test

import (
	"encoding/json"
	"fmt"
	"strings"
)

// What the model answers: each ends with answerEnd, so that a client sees whether it has the whole.
const (
	answerEnd = "no one will ring you."
	prose     = "This week looks lighter than the last one. The printer has the proofs and expects a call before " +
		"noon on Tuesday, since the paper you like is only kept in small amounts. Anna wrote " +
		"that the offer can go " +
		"out once the second page names the new price; she also asked whether the workshop in Verona stays on the " +
		"plan or moves into spring. Three rows have no date yet, and one " +
		"of them, the room for the team lunch, will soon " +
		"be hard to get. Nothing with a fixed date is late. The report for the bank was sent on Friday with a " +
		"comfortable margin, the tax papers are in the shared folder, and the old laptop went back to its owner. If " +
		"you want to use the quiet morning well, begin with the brochure, then answer Anna, and leave the sorting of " +
		"receipts for the train journey, where the network is poor anyway and " + answerEnd
	list = "These are open:\n\n- [ ] **Call the printer about the brochure** (high, Tue 24 Nov 2026)\n" +
		"- [ ] **Send the offer to Anna** (in progress, 1,250.00 EUR)\n" +
		"- [ ] Book a room for the team lunch, 12 people\n" +
		"- [x] Write the report for the bank (done Fri 20 Nov)\n- [ ] Sort the receipts of the journey, 37 of them\n" +
		"- [ ] Renew the insurance of the car (policy 4471-22)\n- [ ] Answer the landlord about the lease\n" +
		"- [ ] Prepare the workshop in Verona (14 to 16 January)\n- [x] Order paper and toner\n" +
		"- [ ] Review the new price list (page 2)\n\nOn the train " + answerEnd
	table = "| Task | Status | Priority | Due |\n|---|---|---|---|\n" +
		"| Call the printer about the brochure | todo | high | 2026-11-24 |\n" +
		"| Send the offer to Anna | in progress | medium | 2026-11-25 |\n" +
		"| Book a room for the team lunch | todo | low | – |\n" +
		"| Write the report for the bank | done | high | 2026-11-20 |\n" +
		"| Sort the receipts of the journey | todo | low | 2026-12-01 |\n" +
		"| Renew the insurance of the car | todo | medium | 2026-12-15 |\n" +
		"| Answer the landlord about the lease | todo | high | 2026-11-27 |\n" +
		"| Review the new price list | todo | low | 2026-12-02 |\n\nOn the train " + answerEnd
)

// referenceQuestion is what the references are asked: one short message.
const referenceQuestion = `{"model":"gpt-4o-mini","messages":[{"role":"user","content":"Hello,` +
	` how are you today? Tell me what is open."}]}`

// question is a request of POST /chat with this many tasks and turns of conversation.
func question(tasks, turns int) string {
	return asked("What is open this week, and what of it is late?", tasks, turns)
}

func asked(message string, tasks, turns int) string {
	titles := []string{
		"Call the printer about the brochure", "Send the offer to Anna", "Book a room for the team lunch",
		"Sort the receipts of the journey", "Write the report for the bank", "Renew the insurance of the car",
		"Answer the landlord about the lease", "Prepare the workshop in Verona", "Order paper and toner",
		"Review the new price list",
	}
	var context struct {
		Timezone string           `json:"timezone"`
		Tasks    []map[string]any `json:"recent_tasks"`
		History  []map[string]any `json:"conversation_history,omitempty"`
	}
	context.Timezone = "Europe/Rome"
	for i := range tasks {
		task := map[string]any{"id": fmt.Sprintf("t%d", i), "title": titles[i%len(titles)],
			"status": []string{"todo", "in_progress", "done"}[i%3], "priority": []string{"low", "medium", "high"}[i%3]}
		if i >= len(titles) {
			task["title"] = fmt.Sprintf("%s, part %d", titles[i%len(titles)], i/len(titles)+1)
			task["due_date"] = 1795420800000 + i*3600000
			task["description"] = "Agreed with the others on Monday; see the notes."
		}
		context.Tasks = append(context.Tasks, task)
	}
	for i := range turns {
		context.History = append(context.History, map[string]any{"role": []string{"user", "assistant"}[i%2],
			"content": fmt.Sprintf("Turn %d: %s, and please mind that the others wait.", i, titles[i%len(titles)])})
	}
	body, _ := json.Marshal(map[string]any{"message": message, "context": context}) // strings and numbers
	return string(body)
}

// numbered is a question whose stream the model tells by its number.
func numbered(number int) string {
	return asked(fmt.Sprintf("What is open %s%04d", numberMark, number), 3, 0)
}

// numberedReference is the same for the references.
func numberedReference(number int) string {
	body := strings.Replace(referenceQuestion, "open.", fmt.Sprintf("open %s%04d", numberMark, number), 1)
	return strings.Replace(body, "{", `{"stream":true,`, 1)
}
