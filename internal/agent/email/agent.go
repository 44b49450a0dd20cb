// Package email is the agent for e-mail: from metadata and snippets it classifies messages, extracts what they ask
// for, and collects what a reply must answer. The bodies of e-mails never leave the client.
package email

import (
	_ "embed"

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/agent/workspace"
	"github.com/adiuva/cloud-api/internal/playbook"
)

//go:embed prompt.md
var prompt string

//go:embed templates/default.md
var defaultTemplate string

//go:embed templates/follow_up.md
var followUpTemplate string

// Name is the agent's name.
const Name = "email_agent"

// New returns the e-mail agent.
func New(model agent.Model) *agent.Agent {
	return agent.New(model, agent.Definition{
		Name:        Name,
		Description: "Email analysis: classify, extract actions, draft responses",
		Examples:    []string{"What does Luigi want?", "Réponds à Bob que je signe demain"},
		Skills:      []string{"classify e-mails", "extract action items", "draft replies"},
		Prompt:      prompt,
		Shared:      workspace.Tools(),
		Tools: []agent.Tool{
			agent.NewTool("classify_email", "Class, confidence and reasons for each e-mail, from its metadata.",
				classifyEmails),
			agent.NewTool("extract_action_items", "Find what e-mails ask of the person, with due dates. It "+
				"creates nothing.", extractActionItems),
			agent.NewTool("draft_response", "Gather what a reply to a thread must answer; with draft_text, "+
				"propose that text as a draft.", draftResponse).As(agent.DraftsMessage),
		},
		Outlines: []agent.Outline{
			{Name: "plan_email_summary", Description: "Plan: read e-mails and answer about them.",
				Template: playbook.Template{ID: "tpl_email_agent_default", Text: defaultTemplate, Reads: "emails"}},
			{Name: "plan_email_tasks", Description: "Plan: read e-mails and make tasks of what they ask for.",
				Template: playbook.Template{ID: "tpl_email_agent_follow_up", Text: followUpTemplate, Reads: "emails",
					Facts: ItemFacts(),
					Makes: playbook.Records{Action: action.Create, Table: "tasks",
						Columns: []string{"title", "description", "priority", "dueDate"}}}},
		},
	})
}
