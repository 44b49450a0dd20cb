package consent

// targets marks the tokens of the new value: "to Monday", "as done", "to Maria".
func targets(c *ask, days []period) map[int]bool {
	l, toks, cut := c.l, c.toks, map[int]bool{}
	mark := func(from, to int) {
		for i := from; i < to; i++ {
			cut[i] = true
		}
	}
	last := -1
	for i := c.from; i < c.to; i++ {
		if end := c.length(i, days); end > 0 {
			mark(i, end)
		}
		_, n := l.match("target", toks, i)
		if _, m := l.match("start", toks, i); m > n {
			n = m
		}
		if n == 0 || c.verb.covers(i) {
			continue
		}
		next := l.skip(toks, i+n, c.to, "definite", "indefinite", "status")
		if k := inPeriod(days, next); k >= 0 {
			mark(i, c.restOfTime(days[k].to, days))
			last = -2
			continue
		}
		if m := l.state(toks[:c.to], next); m > 0 {
			end := l.skip(toks, next+m, c.to, "status")
			if _, _, noun := l.noun(toks[:c.to], end); noun == 0 { // not "to the done tasks"
				mark(i, end)
				last = -2
			}
			continue
		}
		switch end := c.restOfTime(next, days); {
		case end > next: // "to 11"
			mark(i, end)
		case last != -2 && next < c.to:
			last = i
		}
	}
	if last != -2 {
		c.trailing(days, cut)
	}
	if last >= 0 && len(cut) == 0 {
		mark(last, c.endOfTarget(last))
	}
	return cut
}

// state returns the length of the status or priority at the token i.
func (l *language) state(toks []token, i int) int {
	longest := 0
	for _, g := range states {
		if _, n := l.match(g, toks, i); n > longest {
			longest = n
		}
	}
	return longest
}

// trailing marks a new value without a preposition at the end: "mark the chairs done", "move the chairs Friday".
func (c *ask) trailing(days []period, cut map[int]bool) {
	l := c.l
	end := c.to
	for end > c.from && (c.verb.covers(end-1) || c.isClock(end-1, days)) {
		end--
	}
	if c.verb.is("set") {
		for i := max(c.from, end-4); i < end; i++ {
			if n := l.state(c.toks[:end], i); n > 0 && l.skip(c.toks, i+n, end, "status", "fill") == end && i > c.from {
				for k := i; k < end; k++ {
					cut[k] = true
				}
				return
			}
		}
	}
	if !c.verb.is("update", "set") || c.verb.is("cancel", "complete") {
		return
	}
	for _, p := range days {
		part := c.l.isPart(c.toks, max(p.from-1, 0))
		if p.to != end || p.from <= c.from+1 || p.month != 0 || part && !c.verb.is("set") {
			continue
		}
		for k := p.from; k < p.to; k++ {
			cut[k] = true
		}
	}
}

// isClock reports whether the token i is part of a time of day.
func (c *ask) isClock(i int, days []period) bool {
	_, start := c.l.match("start", c.toks, i)
	_, unit := c.l.match("clock", c.toks, i)
	w := c.toks[i].word
	return inPeriod(days, i) < 0 && (start > 0 || unit > 0 || w[0] >= '0' && w[0] <= '9')
}

// length returns the end of "by a week" or "two days" at the token i, or 0.
func (c *ask) length(i int, days []period) int {
	next := c.l.skip(c.toks, i, c.to, "modifier", "target")
	for next < c.to && (isNumber(c.toks[next].word) || c.l.in(c.toks[next].word, "indefinite")) {
		next++
	}
	if next == i || next >= c.to || !c.l.in(c.toks[next].word, "lengths") || inPeriod(days, next) >= 0 {
		return 0
	}
	return next + 1
}

// restOfTime returns the end of the time that goes on at the token i: "(Monday) afternoon at 3".
func (c *ask) restOfTime(i int, days []period) int {
	for i < c.to && (c.isClock(i, days) || c.l.in(c.toks[i].word, "days", "start") && inPeriod(days, i) < 0) {
		i++
	}
	return i
}

// receiver marks what is added to a row, so that only the row is left: "add Bob to the standup".
func (c *ask) receiver() map[int]bool {
	cut := map[int]bool{}
	for i := c.to - 2; i > c.verb.to; i-- {
		if _, n := c.l.match("target", c.toks, i); n > 0 && !c.toks[i+n].quoted {
			for k := c.verb.to; k <= i; k++ {
				cut[k] = true
			}
			break
		}
	}
	return cut
}

// isPart reports whether a preposition or possessive stands at the token i.
func (l *language) isPart(toks []token, i int) bool {
	_, n := l.match("modifier", toks, i)
	_, m := l.match("all", toks, i)
	return n > 0 || m > 0
}

// endOfTarget returns where a target that is neither a day nor a status ends: with the clause, or before the row where
// nothing in front of it names one ("assign to Maria the lease call").
func (c *ask) endOfTarget(at int) int {
	before := namer{l: c.l, toks: c.toks}
	before.tokens(c.from, at, &c.clause, false)
	before.flush()
	if len(before.names) > 0 {
		return c.to
	}
	for i := at + 2; i < c.to; i++ {
		if _, n := c.l.match("definite", c.toks, i); n > 0 {
			return i
		}
	}
	return c.to
}
