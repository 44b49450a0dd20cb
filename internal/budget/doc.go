// Package budget bounds how many tokens of language models an account uses on a day, over all replicas, and keeps the
// numbers. A Meter wraps the model: it reserves tokens in PostgreSQL before a call and counts what the call has used
// afterwards.
//
//	first call   reserve the estimate of the prompt and the longest answer, or what is left of the day
//	next call    nothing while the reservation covers it, else count what was used and reserve anew, in one statement
//	end          count what was used and return the rest
//
// A reservation ends with its lease, so what a killed replica had reserved is free again. An account can exceed its
// limit by what the last reservation before the limit was too small. Only numbers are kept, for two days.
package budget
