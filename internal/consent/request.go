package consent

import "time"

// Request is what the person asked for. It is immutable and safe for concurrent use.
type Request struct{}

// Read understands what the person asked for. The history is oldest first; now is in the person's zone.
func Read(message string, history []Turn, now time.Time) Request { return Request{} }

// Judge decides about a change. The text tells the model why; it is "" for Act.
func (r Request) Judge(c Change) (Verdict, string) { return Propose, "" }
