// Package sanitize is the leak filter: it keeps what the server tells its models (prompts, templates, tool schemas)
// out of their answers. A Filter holds fingerprints of every secret text and is built once. A
// Scope is the filter for one request and knows what the user sent, which an answer may repeat.
//
//	secrets ──New──▶ Filter: an index per alphabet, word runs, anagram sums, 5-grams
//	                   │
//	user's texts ──Filter.Scope──▶ Scope: Text and Values are a Stream of the whole text
//	                   │
//	answer ──Stream.Write──▶ runTracker follows 5-grams of secrets to the end of the text;
//	                   │     every 16 bytes langDetector looks at the last 48 bytes
//	                   │
//	                   ├─ natural language, no long run ──▶ emit all but the last 64 bytes and the run
//	                   └─ anything else, and the whole answer on Close ──▶ search
//	                                                                         │
//	     letters as written, reversed, substituted, every nth (search.go)    │
//	     words and lines (words.go)                                          │ views, in this order,
//	     decoders (decode.go, numbers.go), whose output is searched again    │ until one finds a leak
//	     rail fence, columns, anagrams (anagram.go), whole answers only      │
//	                                                                         ▼
//	     index.find: is there a run of a secret that is long enough without what the user sent?
//	         no ──▶ emit                                     yes ──▶ ErrLeak, Hit{SecretID, View}
//
// The filter fails closed: a panic inside it is a hit, and so is an answer that is too large or too expensive to
// decode. It never edits an answer, which passes unchanged or is replaced as a whole; it logs nothing; a Hit contains
// no text. docs/prompt-protection.md says what it blocks and what no filter can block.
package sanitize
