// Package reading reads a person's message for the offline model: which language it is in, which clauses it has, what
// each of them asks for and which days, times, names and words it names. What it knows is data: words/*.yaml has the
// words of each language by concept and the sentences that the model says, rules.yaml the rules from concepts to
// intents, in order.
//
//	message ──► language ──► clauses ──► concepts, days, names, other words ──► first rule that fits ──► intent, agent
//
// It knows nothing but the message and the names that it is given.
package reading
