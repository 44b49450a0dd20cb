// Package offline is the demonstration model: an agent.Model without a network that recognizes words and always gives
// the same answer to the same request. It reads English sentences and common German and Italian words.
//
//	ModelCall ──► parseConversation: system prompt, last message, today, projects, tool results since the message
//	                 │
//	                 ├─ Small ──────────────► route.go     names of agents
//	                 ├─ a plan's step ──────► step.go      records as JSON, or text
//	                 ├─ a synthesis ────────► describe.go  the results one after the other
//	                 ├─ tools offered ──────► choose.go    intent ──► tasks.go, dates.go, words.go: tool calls
//	                 └─ nothing to call ────► describe.go  the tool results as sentences
//
// It never invents anything: answers repeat what tools returned. Each answer for a person ends with Notice.
package offline
