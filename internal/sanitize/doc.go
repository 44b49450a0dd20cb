// Package sanitize is the leak filter: it keeps what the server tells its models (prompts, templates, tool schemas) out
// of their answers. A Filter has indexes of every secret text and is built once. A Scope is the filter for one request
// and knows what the user sent, which an answer may repeat.
//
//	secrets ──New──▶ Filter: an index per sequence of symbols (sequences.go), pairs of words
//	                   │
//	user's texts ──Filter.Scope──▶ Scope: Text and Values are a Stream of the whole text
//	                   │
//	answer ──Stream.Write──▶ scanner (scanner.go), one pass over the text:
//	                   │
//	                   ├─ reader: letters, look-alikes, words, numbers; nature.go: does the text look natural?
//	                   ├─ views of letters and words (arriving.go): each follows a sequence through an index.
//	                   │     Those of ciphers read only spans that do not look natural (spans.go).
//	                   ├─ pairs of words: pieces of a secret in its order, whatever is between them (index.Trails)
//	                   ├─ text that does not look natural ──▶ decoders (decoding.go, package decode), whose
//	                   │     output is read by a scanner of its own
//	                   └─ on Close: the whole text in other orders (orders.go, anagrams.go)
//	                             │
//	                             ▼
//	     tally: a run of 28 letters of a secret, or 88 letters of one in pieces, over all views together and without
//	     what the user sent, is a leak: ErrLeak, Hit{SecretID, View}. So are 560 letters of one in all answers that
//	     an account had within an hour (history.go), where shorter pieces count as well.
//
// What is emitted depends on what may still become a leak: text is held back from where the earliest match begins that
// goes on, and where text does not look natural until the decoders have seen it. The work is bounded: every byte is
// read by a fixed number of views, and steps are counted.
//
// The filter fails closed: a panic inside it is a hit, and so is an answer that is too large or too expensive. It never
// edits an answer, which passes unchanged or is replaced as a whole; it logs nothing; a Hit contains no text.
// docs/prompt-protection.md says what it blocks and what no filter can block.
package sanitize
