// Package sanitize is the leak filter: it keeps what the server tells its models (prompts, templates, tool schemas,
// agent descriptions) out of their answers. A Filter holds fingerprints of every secret text and is built once. A
// Scope is the filter for one request and knows what the user sent, which an answer may repeat.
//
//	Secret texts ──New──▶ Filter: one index per alphabet (letters, look-alike digits, consonants,
//	                      Caesar steps, repeat patterns, canaries), word runs, anagram sums, 5-grams
//	                        │
//	user's texts ──Filter.Scope──▶ Scope.Text, Scope.Values         Scope.Stream
//	                                      │ whole answer                  │ pieces of an answer
//	                                      ▼                               ▼
//	                                search (search.go): reads the text    runTracker follows runs letter by letter;
//	                                through every view                    langDetector looks at the last 48 bytes;
//	                                      │                               search runs when either is suspicious
//	   letters as written ─ reversed ─ ciphers ─ every nth letter         │
//	   words (words.go) ─ decoders (decode.go, numbers.go),               ▼
//	   whose output is searched again, three levels deep             emit what can no longer be part of a leak
//	   whole answers only: rail fence, columns, anagrams
//	                                      │
//	        index.find: run of a secret long enough? minus what the user sent
//	                                      ▼
//	                        Hit{SecretID, View} or nothing
//
// The filter fails closed: a panic inside it, or an answer that costs too much to decode, is a hit. It changes no
// text (an answer passes as it is or is replaced as a whole), logs nothing, and a Hit never carries text. What it
// stops, and what no filter can stop, is in docs/prompt-protection.md.
package sanitize
