// Package answering decides what the offline model does about each clause of a message: which tools it calls, and how
// it says in sentences what they returned. Each intent of package reading has one function, a skill:
//
//	clause ──► skill ──► Turn.call: the result is there? ── yes ──► next call, or the sentences
//	                                     └─ no: note the call; the skill ends and runs again with the result
//
// A skill runs from its beginning whenever the model is asked, so it reads like a program that calls tools. It knows
// only what the conversation holds. It changes or deletes a row only when the words name exactly one; else it asks.
package answering
