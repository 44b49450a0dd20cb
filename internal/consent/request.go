package consent

import (
	"iter"
	"slices"
	"strings"
	"time"
)

// Request is what the person asked for. It is immutable and safe for concurrent use.
type Request struct {
	language string // two letters, "" for one that we do not read
	zone     *time.Location
	unknown  bool // in a language that we do not read
	states   bool // a change of some kind
	tooLong  bool // to be read as a whole
	says     bool // something that is neither a question nor small talk
	confirms bool // what the assistant proposed
	asked    bool // by the assistant, or offered
	inquired bool // with a question: "ok" is an answer to it
	wants    []want
	proposed []want   // by the assistant's last turn
	earlier  []want   // of the person's message before
	said     []string // the words of the person, sorted
	turns    []string // the words of the last turns, between spaces; the assistant's first
}

// The reasons tell the model what to do instead.
const (
	notAsked    = "the person did not ask for this; leave the change out and answer their message"
	forbidden   = "the person said not to do this; leave the change out"
	otherRow    = "the person asked for a change of other rows; leave this row as it is"
	notNamed    = "the person did not name this row; it was put to them as a suggestion"
	notPlain    = "the person did not plainly ask for this; it was put to them as a suggestion"
	notShort    = "the message is too long to be checked; the change was put to the person as a suggestion"
	notReadable = "the message is in a language that cannot be checked; it was put to the person as a suggestion"
	noRecipient = "the person did not name these people; it was put to them as a suggestion"
	notWritten  = "the person asked to change this row, but not to these people or words; it was put to them as a " +
		"suggestion. Set only the columns that they spoke of"
)

// Read understands what the person asked for. The history is oldest first; only its last turns count. now is in the
// person's zone.
func Read(message string, history []Turn, now time.Time) Request {
	r := Request{zone: now.Location()}
	list := sentences(message, maxMessage)
	main := mainLanguage(list)
	if main != nil {
		r.language = main.name
	}
	r.readHistory(message, history, now)
	r.confirms = r.consents(list)
	r.readSaid(list, history)
	if r.confirms {
		r.states = true
		return r
	}
	if main == nil {
		r.unknown = len(list) > 0
		return r
	}
	rd := newReader(main, now)
	rd.read(list)
	fits := len(list) < maxSentences && len(message) <= maxMessage && rd.budget >= 0
	if r.wants, r.says = nil, rd.other; fits {
		r.wants, fits = compile(rd.asks, now, false)
	}
	if r.tooLong = !fits; r.tooLong {
		return r
	}
	r.followUp(list, main, now)
	for i := range r.wants {
		r.states = r.states || r.wants[i].stated()
	}
	return r
}

// maxWants limits how many clauses of a message are compared with rows.
const maxWants = 40

// compile reads the clauses that state or forbid a change, and those in front of them that a pronoun may refer to. It
// returns false where they are too many. With mentions it reads all clauses.
func compile(asks []ask, now time.Time, mentions bool) ([]want, bool) {
	var list []want
	for i := range asks {
		near := slices.ContainsFunc(asks[i:min(len(asks), i+3)], func(a ask) bool { return a.stance >= order })
		if !near && !(mentions && len(list) < maxWants) {
			continue
		}
		if len(list) >= maxWants {
			return nil, false
		}
		list = append(list, newWant(&asks[i], now))
		if other, ok := asks[i].taking(); ok {
			list = append(list, newWant(&other, now))
		}
	}
	return list, true
}

// Language returns the two letters of the language of most of the message, or "" for one that is not read.
func (r Request) Language() string { return r.language }

// Among returns the request of a person who has these rows. A clause whose words name none of them, perhaps because
// they translate a title, leaves open which row is meant.
func (r Request) Among(rows iter.Seq2[string, Row]) Request {
	r.wants = slices.Clone(r.wants)
	missing := 0
	for i := range r.wants {
		if w := &r.wants[i]; w.stated() && w.byWords() {
			w.absent = true
			missing++
		}
	}
	if missing == 0 {
		return r
	}
	for table, row := range rows {
		v := newView(&row, table)
		for i := range r.wants {
			if w := &r.wants[i]; w.absent && w.describes(v, r.zone) == hits {
				w.absent = false
				missing--
			}
		}
		if missing == 0 {
			break
		}
	}
	return r
}

// byWords reports whether the clause names one row by words of its title alone.
func (w *want) byWords() bool {
	return !w.refers() && len(w.names) > 0 && len(w.except) == 0 && !slices.ContainsFunc(w.names, func(n naming) bool {
		return n.words() == 0 || n.all || n.first || n.last || len(n.sets)+len(n.days)+len(n.quoted) > 0
	})
}

// stated reports whether the clause asks for a change.
func (w *want) stated() bool {
	return (w.stance == order || w.stance == maybe || w.stance == fact) && (len(w.kinds) > 0 || w.open)
}

// mainLanguage returns the language of most sentences, or nil for one that we do not read.
func mainLanguage(list []sentence) *language {
	var toks []token
	for _, s := range list {
		if toks = append(toks, s.toks...); len(toks) > maxSentence {
			break
		}
	}
	plain, strange, capitals := 0, 0, 0
	for i, t := range toks {
		switch {
		case t.quoted || isNumber(t.word):
		case foreign[t.word]:
			strange++
			plain++
		case t.named && i > 0 && !strings.ContainsAny(t.before, ".!?"):
			capitals++
		default:
			plain++
		}
	}
	l := languageOf(toks, nil)
	known := 0
	if l != nil {
		known = l.count(toks)
	}
	if known == 0 || strange > 0 && 2*strange >= known || 10*known < 3*plain && !l.beginsWithVerb(toks) {
		return nil
	}
	return l
}

func (l *language) beginsWithVerb(toks []token) bool {
	i := l.skip(toks, 0, len(toks), "fill", "greeting")
	if i >= len(toks) {
		return false
	}
	_, ok := l.verbAt(toks, i)
	return ok
}
