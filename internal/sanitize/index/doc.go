// Package index finds what a text has in common with secrets. Both are sequences of symbols, such as letters. An Index
// has seeds, short groups of symbols, at regular positions of the secrets; a Reader reads a sequence once, looks each
// group up, and follows a match symbol by symbol as long as it goes on. A Sieve tells quickly where nothing is in
// common. Words does the same with words, and finds pairs of words that are at most one word apart. Trails puts pieces
// together that follow each other in the order of a secret, whatever stands between them, and a Cover counts how much
// of a secret all pieces have, in numbered units. Nothing here knows about text or encodings.
package index
