package consent

import (
	"slices"
	"strings"

	"github.com/adiuva/cloud-api/internal/fold"
)

// Judge decides about a change. The text tells the model why it is not carried out; it is "" for Act.
func (r Request) Judge(c Change) (Verdict, string) {
	if r.unknown {
		return Propose, notReadable
	}
	if r.tooLong {
		return Propose, notShort
	}
	v := newView(&c.Row, c.Table)
	if r.forbids(&c, v) {
		return Refuse, forbidden
	}
	switch c.Kind {
	case Update, Delete:
		return r.judgeRow(&c, v)
	case Create:
		return r.judgeCreate(&c, v)
	case Notify, Index:
		return r.judgeAside(&c, v)
	}
	return Refuse, notAsked
}

// Asks reports whether the message may ask for a change of that kind, of whatever row. It is true where the message
// leaves open what to change or cannot be read.
func (r Request) Asks(k Kind) bool {
	if r.unknown || r.tooLong || r.confirms || k == Create && r.says {
		return true
	}
	return slices.ContainsFunc(r.wants, func(w want) bool { return w.stated() && (w.has(k) || w.open) })
}

// forbids reports whether the person said not to do it.
func (r *Request) forbids(c *Change, v *view) bool {
	for i := range r.wants {
		w := &r.wants[i]
		if w.stance != denied || !w.has(c.Kind) {
			continue
		}
		switch {
		case len(w.names) == 0, c.Kind == Notify:
			return true
		case c.Kind == Create:
			if len(w.tables) == 0 || slices.Contains(w.tables, c.Table) {
				return true
			}
		case r.describes(i, v) != misses, w.namesTable(v.table):
			return true
		}
	}
	return false
}

// judgeRow decides about an update or a deletion.
func (r *Request) judgeRow(c *Change, v *view) (Verdict, string) {
	best, named, open := misses, false, false
	if r.confirms {
		best = r.confirmed(c, v)
	}
	for i := range r.wants {
		w := &r.wants[i]
		if !w.stated() || !w.has(c.Kind) || w.onlyDone && !onlyStatus(c.New) {
			open = open || w.stated() && w.open
			continue
		}
		found := r.describes(i, v)
		if found == hits && (w.stance == maybe || w.open) {
			found = nearly
		}
		if found == misses && !w.open && w.narrow() {
			named = true
			open = open || w.absent && !w.otherTable(v)
		}
		open = open || w.open || !w.narrow() && !w.otherTable(v)
		best = max(best, found)
	}
	switch {
	case best == hits && c.Kind == Update && r.exceeds(c):
		return Propose, notWritten
	case best == hits:
		return Act, ""
	case best == nearly, open:
		return Propose, notNamed
	case named:
		return Refuse, otherRow
	}
	return Refuse, notAsked
}

// onlyStatus reports whether the change does nothing but mark the row.
func onlyStatus(columns map[string]any) bool {
	for name := range columns {
		if !slices.Contains([]string{"id", "status", "completedAt", "isApproved"}, name) {
			return false
		}
	}
	return true
}

// describes reports how well the clause i describes the row, also where it says "it".
func (r *Request) describes(i int, v *view) match {
	w := &r.wants[i]
	best := w.describes(v, r.zone)
	if best == hits || !w.refers() {
		return best
	}
	for i--; i >= 0; i-- {
		before := &r.wants[i]
		if before.narrow() {
			return max(best, before.describes(v, r.zone))
		}
	}
	for _, source := range [][]want{r.proposed, r.earlier} {
		for k := range source {
			if source[k].narrow() && source[k].describes(v, r.zone) == hits {
				return hits
			}
		}
	}
	for _, turn := range r.turns {
		if v.wholeIn(turn) {
			return hits
		}
	}
	return max(best, nearly)
}

// judgeCreate decides about a new row.
func (r *Request) judgeCreate(c *Change, v *view) (Verdict, string) {
	best := misses
	if r.confirms {
		best = r.confirmed(c, v)
	}
	reason := notPlain
	for i := range r.wants {
		w := &r.wants[i]
		if w.stance != order || !w.has(Create) {
			continue
		}
		found := w.makes(c)
		if found == hits && c.Table == "emails" && !w.addressed(c, r.describes(i, v) != misses) {
			found, reason = nearly, noRecipient
		}
		if found == hits && !r.knowsPeople(c, c.New["attendees"]) {
			found, reason = nearly, noRecipient
		}
		best = max(best, found)
	}
	switch {
	case best == hits:
		return Act, ""
	case best == nearly, r.states, r.says:
		return Propose, reason
	}
	return Refuse, notAsked
}

// makes reports whether the clause asks to create a row of the change's table.
func (w *want) makes(c *Change) match {
	if w.has(Create) && slices.Contains(w.tables, c.Table) {
		return hits
	}
	return misses
}

// addressed reports whether the clause names every recipient of the draft. Where it names the mail that is answered,
// the people of that mail are named as well.
func (w *want) addressed(c *Change, thread bool) bool {
	thread = c.Row.ID != "" && (thread || c.Row.Only)
	for _, address := range recipients(c.New) {
		named := slices.ContainsFunc(personWords(address), func(word string) bool {
			return slices.Contains(w.people, word)
		})
		inThread := slices.ContainsFunc(c.Row.People, func(p string) bool { return sameAddress(p, address) })
		if !named && !(thread && inThread) {
			return false
		}
	}
	return true
}

func sameAddress(a, b string) bool {
	return bare(a) != "" && bare(a) == bare(b)
}

// bare returns the address alone of "Bob <bob@example.com>".
func bare(address string) string {
	if _, inside, ok := strings.Cut(address, "<"); ok {
		address, _, _ = strings.Cut(inside, ">")
	}
	return fold.Text(strings.TrimSpace(address))
}

// recipients returns the addresses of a draft's columns.
func recipients(columns map[string]any) []string {
	var list []string
	for _, name := range []string{"to", "cc", "bcc"} {
		switch value := columns[name].(type) {
		case string:
			list = append(list, strings.FieldsFunc(value, func(c rune) bool { return c == ',' || c == ';' })...)
		case []string:
			list = append(list, value...)
		case []any:
			for _, one := range value {
				text, _ := one.(string)
				list = append(list, text)
			}
		}
	}
	return slices.DeleteFunc(list, func(s string) bool { return strings.TrimSpace(s) == "" })
}

// judgeAside decides about a notification or the search index.
func (r *Request) judgeAside(c *Change, v *view) (Verdict, string) {
	asked := r.confirms && r.confirmed(c, v) == hits
	for i := range r.wants {
		w := &r.wants[i]
		if w.stance != order || !w.has(c.Kind) {
			continue
		}
		asked = asked || c.Kind == Notify || len(w.names) == 0 || r.describes(i, v) != misses
	}
	switch {
	case asked:
		return Act, ""
	case r.states:
		return Propose, notPlain
	}
	return Refuse, notAsked
}
