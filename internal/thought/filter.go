package thought

import (
	"bytes"
	"strings"
)

// frame is how thoughts may begin and end. The texts are in lower case.
type frame struct{ opens, closes string }

// final begins the channel of the answer.
const final = "<|channel|>final<|message|>"

// frames are the known ones. A frame without an end is a mark alone, which is left out.
var frames = [...]frame{
	{"<think>", "</think>"}, {"<thinking>", "</thinking>"}, {"<thought>", "</thought>"},
	{"<thoughts>", "</thoughts>"}, {"<reasoning>", "</reasoning>"}, {"<seed:think>", "</seed:think>"},
	{"[think]", "[/think]"}, {"◁think▷", "◁/think▷"},
	{"<|channel>thought", "<channel|>"},
	{final, ""}, {"<|start|>assistant" + final, ""},
	{"<|channel|>analysis", final}, {"<|start|>assistant<|channel|>analysis", final},
	{"<|channel|>commentary", final}, {"<|start|>assistant<|channel|>commentary", final},
}

// ends are the marks that may follow the answer in the final channel.
var ends = [...]string{"<|return|>", "<|end|>"}

// lone is the usual end of a thought whose beginning is part of the prompt.
const lone = "</think>"

// maxSpace is how much space may stand before a thought, in bytes.
const maxSpace = 256

type state uint8

const (
	beginning state = iota // nothing but space and whole thoughts so far
	thinking               // within a thought
	guessing               // perhaps within a thought that began in the prompt
	answering
	channel // answering, in the final channel
)

// Filter leaves out the thoughts at the beginning of an answer that arrives in pieces. The zero value is ready for use.
type Filter struct {
	state   state
	closes  string // what ends the thought
	held    []byte // text that has not been decided
	scanned int    // bytes of held that hold no beginning of closes, while guessing
	thought bool   // a thought has begun, so that the space after it is left out
}

// ExpectOpen makes the answer begin within a thought, as it does with models whose prompt ends with the opening tag.
// Text without a closing tag is returned by Flush.
func (f *Filter) ExpectOpen() { f.state, f.closes = guessing, lone }

// Answering reports whether the thoughts have ended, if there were any: from then on, Add returns what it gets.
func (f *Filter) Answering() bool { return f.state == answering }

// Thought reports whether a thought has begun.
func (f *Filter) Thought() bool { return f.thought }

// BeginsAnswer reports whether the answer begins with this piece, with no thought before it. From then on, Add returns
// what it gets. It copies nothing, as Add does to decide.
func (f *Filter) BeginsAnswer(piece []byte) bool {
	if f.state != beginning || len(f.held) > 0 || len(piece) == 0 || len(trimLeft(piece[:1])) == 0 {
		return false
	}
	for i := range frames {
		if frames[i].opens[0] == piece[0] {
			return false
		}
	}
	f.state = answering
	return true
}

// Add returns the text that is known to be part of the answer with the next piece.
func (f *Filter) Add(piece string) string {
	if f.state == answering {
		return piece
	}
	f.held = append(f.held, piece...)
	for {
		switch f.state {
		case beginning:
			if !f.begin() {
				return f.answer()
			}
		case thinking, guessing:
			if !f.skip() {
				return ""
			}
		case answering, channel:
			return f.answer()
		}
	}
}

// begin decides whether a thought begins. It reports whether it does.
func (f *Filter) begin() bool {
	text := trimLeft(f.held)
	if f.thought {
		f.held = text
	}
	undecided := len(text) == 0 && len(f.held) < maxSpace
	for i := range frames {
		opens := frames[i].opens
		n := min(len(text), len(opens))
		if n == 0 || !strings.EqualFold(string(text[:n]), opens[:n]) {
			continue
		}
		if n < len(opens) {
			undecided = true
			continue
		}
		f.held, f.thought, f.state, f.closes = text[n:], true, thinking, frames[i].closes
		if f.closes == "" {
			f.state, f.held = channel, trimLeft(f.held)
		}
		return true
	}
	if !undecided {
		f.state = answering
	}
	return false
}

// skip leaves out the thought up to its end. It reports whether that has arrived.
func (f *Filter) skip() bool {
	if at := index(f.held[f.scanned:], f.closes); at >= 0 {
		f.held, f.scanned, f.thought = f.held[f.scanned+at+len(f.closes):], 0, true
		f.state = beginning
		if f.closes == final {
			f.state = channel
		}
		return true
	}
	from := max(0, len(f.held)-len(f.closes)+1)
	if f.state == guessing { // the text may be the answer
		f.scanned = from
		return false
	}
	f.held = append(f.held[:0], f.held[from:]...)
	return false
}

func trimLeft(text []byte) []byte { return bytes.TrimLeft(text, " \t\r\n") }

// index returns where lower is in text, which may be in other case, or -1.
func index(text []byte, lower string) int {
	for from := 0; from+len(lower) <= len(text); from++ {
		at := bytes.IndexByte(text[from:], lower[0])
		if at < 0 || from+at+len(lower) > len(text) {
			return -1
		}
		from += at
		if strings.EqualFold(string(text[from:from+len(lower)]), lower) {
			return from
		}
	}
	return -1
}

// answer returns what is decided of the answer.
func (f *Filter) answer() string {
	decided := len(f.held)
	switch f.state {
	case beginning, thinking, guessing:
		return ""
	case channel: // the marks at its end are not part of it
		for _, end := range ends {
			for n := min(len(end), len(f.held)); n > 0; n-- {
				if string(f.held[len(f.held)-n:]) == end[:n] {
					decided = min(decided, len(f.held)-n)
					break
				}
			}
		}
	}
	text := string(f.held[:decided])
	f.held = f.held[decided:]
	return text
}

// Flush returns the rest of the answer at its end. A thought that never ended is left out.
func (f *Filter) Flush() string {
	text := f.held
	f.held = nil
	switch f.state {
	case thinking:
		return ""
	case beginning:
		if f.thought {
			text = trimLeft(text)
		}
	case channel:
		for _, end := range ends {
			text = bytes.TrimSuffix(text, []byte(end))
		}
	}
	return string(text)
}
