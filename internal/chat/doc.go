// Package chat answers a user's message. A router selects the agents for it, which answer alone, in sequence, or with a
// plan. Everything they write passes the leak filter before it is sent.
//
//	Request ──validate──▶ route ── a small model names one to three agents; those that the user's tier lacks
//	                        │       become Reply.Upgrade
//	                        │
//	            ┌───────────┼───────────────────────┐
//	       mode plan    one agent             several agents
//	            │           │                       │
//	       Agent.Plan  Agent.Handle      pipeline: Handle in sequence, each with the
//	            │           │            earlier results, then one synthesis call
//	            │           └────────┬──────────────┘
//	            │                text, actions
//	            │                    │
//	            │               answerSink ── text through Guard.Text or, streamed, Guard.Stream ──▶ emit
//	            │                    │
//	            └─────────┬──────────┘
//	                  finalize ── actions and plan through Guard.Values
//	                      │
//	             Reply, or FallbackAnswer with Replaced set after a hit
//
// RunStep runs one generating step of a plan with the same filter. Streamed and whole answers take the same path. The
// package imports nothing of HTTP or the database and keeps nothing of a request after the reply.
package chat
