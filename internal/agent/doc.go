// Package agent is the framework that the product's agents are built with: the definition of an agent, the tools that
// it calls, the loop in which a model uses them, the state of one request, and the registry through which agents are
// found and delegate to each other.
//
//	chat ──► Agent.Handle(run) or Agent.Plan(run)
//	            │  messages: system prompt, data of the request, history, the message
//	            ▼
//	         Loop, at most MaxRounds ──► Model.Generate ──► text ──► emit
//	            ▲                             │ tool calls
//	            │ results                     ▼
//	            └───────────────────── Tool.Call(run)
//	                                       ├─ reads run.Context, the rows that the client sent
//	                                       ├─ run.Propose: an action, checked, for the client to execute
//	                                       └─ ask_agent: the Loop of another agent on the same run
//
// It declares Model and calls no network itself. It changes nothing: actions are proposals. It never stores anything
// beyond a request and knows nothing of HTTP or of any vendor.
package agent
