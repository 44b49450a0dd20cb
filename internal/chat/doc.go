// Package chat answers a user's message. A router picks the agents for it; they work alone, one after the other, or on
// a plan; and everything they say passes the leak filter before it leaves.
//
//	Request ──validate──▶ route ── a small model names one to three of the agents that the user's tier allows
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
// RunStep carries out one generating step of a plan, with the same filter. A streamed answer takes the same path as a
// whole one. The package knows nothing of HTTP or a database, and keeps nothing of a request after its reply.
package chat
