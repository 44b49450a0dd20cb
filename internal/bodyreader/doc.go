// Package bodyreader reads the JSON body of a request in one pass: it decodes strictly, checks against a schema of the
// contract, and fills a Go value, without a tree of the document in between.
//
//	schema, Go type ── New, once ──▶ a function for every schema in it
//	body ── tokens of strictjson ──▶ those functions ──▶ Go value, or refused
//
// Keywords that it does not know (oneOf, pattern, formats and others) are left to the validator, for the value that has
// them alone. It never says what is wrong with a body that it refuses: strictjson.Decode and the validator do, in a
// second pass over the same bytes, so that the contract's errors have one source.
package bodyreader
