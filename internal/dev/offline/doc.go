// Package offline is the demonstration model: an agent.Model without a network that follows rules and always gives the
// same answer to the same request. It reads English, German and Italian.
//
//	ModelCall ──► parseConversation: system prompt, last message, history, today, names, tool results
//	                 │
//	                 ├─ Small ──────────────► route.go      names of agents
//	                 ├─ a plan's step ──────► step.go       records as JSON, or text
//	                 ├─ a synthesis ────────► synthesis.go  the results one after the other
//	                 ├─ outlines offered ───► plan.go       the outline of a plan
//	                 ├─ a tool of others ───► foreign.go    tools of declared agents and of the app
//	                 └─ an agent's tools ───► reading, answering: clauses ──► tool calls ──► sentences
//
// It never invents anything: answers repeat what tools returned. Each answer for a person ends with Notice.
package offline
