// Package eval measures a language model, or a prompt, on scenarios: it plays each through the service's own
// orchestrator, compares what comes with what the scenario expects, and says how often it was right, with confidence
// intervals. It also compares two runs and draws several.
//
//	scenario.Scenario ── Run ──▶ chat.Orchestrator ──▶ Watch ──▶ Session: a model, the scripted one,
//	                      │                            (who was asked,     a recording, or a recorder
//	                      ▼                             calls, tokens)     around a model
//	                   Result ──▶ Report ──▶ JSON ──▶ Compare, Plot
//	                                  └────▶ WriteReport: failures, table, tokens, latency
//
// Scenarios are made up, so that what was said in them may be kept in reports and recordings. Prompts may not: a
// recording holds hashes of the requests, and of the answers only those that the leak filter lets pass.
package eval
