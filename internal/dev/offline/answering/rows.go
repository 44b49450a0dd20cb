package answering

import (
	"slices"
	"strings"

	"github.com/adiuva/cloud-api/internal/dev/offline/reading"
	"github.com/adiuva/cloud-api/internal/fold"
)

// maxWords limits the words that a search for rows has.
const maxWords = 12

// tableOf returns the table that the concept names, or "".
func tableOf(concept string) string {
	switch concept {
	case "task", "event", "email", "note", "project", "client", "checkpoint":
		return concept + "s"
	case "calendar":
		return "events"
	case "newsletter":
		return "emails"
	case "comment":
		return "taskComments"
	}
	return ""
}

// namedTable returns the table that the clause names for a row that is there, or "". "The lunch task" is a task.
func namedTable(c *reading.Clause) string {
	if c.Has("task") {
		return "tasks"
	}
	for _, concept := range []string{"note", "checkpoint", "comment", "project", "client"} {
		if c.Has(concept) && c.Table() == concept {
			return tableOf(concept)
		}
	}
	return tableOf(c.Table())
}

// match is a row with how well it has the words that were looked for.
type match struct {
	row
	hits  int  // words that the row has
	title int  // words that its title has
	whole bool // the words have the whole title
}

// search returns the rows that have most of the words, best first. table may be "".
func (t *Turn) search(table string, words []string) ([]match, bool) {
	var stems, terms []string
	for _, w := range words {
		if s := reading.Stem(fold.Line(w)); s != "" && !slices.Contains(stems, s) && len(stems) < maxWords {
			stems = append(stems, s)
			terms = append(terms, s)
		}
	}
	arguments := map[string]any{"words": strings.Join(terms, " ")}
	if table != "" {
		arguments["table"] = table
	}
	if len(stems) == 0 {
		delete(arguments, "words")
	}
	found, ok := t.call("find_rows", arguments)
	if !ok {
		return nil, false
	}
	var list []match
	for _, r := range found.rows("rows") {
		if table != "" {
			r["table"] = table
		}
		list = append(list, matchOf(r, stems))
	}
	slices.SortStableFunc(list, func(a, b match) int {
		if a.hits != b.hits {
			return b.hits - a.hits
		}
		return b.title - a.title
	})
	return list, true
}

func matchOf(r row, stems []string) match {
	m := match{row: r}
	title, all := fold.Line(r.title()), textOf(r)
	used := map[string]bool{}
	for _, s := range stems {
		if hasStem(title, s) {
			m.title++
		}
		if hasStem(all, s) {
			m.hits++
		}
	}
	m.whole = m.title > 0
	for _, word := range strings.Fields(title) {
		if len(word) > 3 && !used[word] {
			used[word] = true
			m.whole = m.whole && slices.ContainsFunc(stems, func(s string) bool { return strings.HasPrefix(word, s) })
		}
	}
	return m
}

// hasStem reports whether a word of the folded text begins with the stem, or is a compound with it.
func hasStem(text, stem string) bool {
	if fold.Contains(text, stem) {
		return true
	}
	return len(stem) >= 6 && strings.Contains(text, stem)
}

// textOf returns all texts of a row, folded.
func textOf(r row) string {
	var b strings.Builder
	for name, value := range r {
		switch v := value.(type) {
		case string:
			if name != "table" && !strings.HasSuffix(strings.ToLower(name), "id") {
				b.WriteString(v + "\n")
			}
		case []any:
			for _, item := range v {
				if text, ok := item.(string); ok {
					b.WriteString(text + "\n")
				}
			}
		}
	}
	return fold.Line(b.String())
}

// best returns those rows of the tables that match best, without tasks that are done where others are open. Unless all
// is set, a row whose whole title is named wins over others.
func best(list []match, tables []string, all bool) []match {
	list = slices.DeleteFunc(slices.Clone(list), func(m match) bool {
		return len(tables) > 0 && !slices.Contains(tables, m.text("table"))
	})
	if len(list) == 0 {
		return nil
	}
	top := slices.DeleteFunc(slices.Clone(list), func(m match) bool {
		return m.hits < list[0].hits || !all && m.title < list[0].title
	})
	if open := slices.DeleteFunc(slices.Clone(top), isDone); len(open) > 0 {
		top = open
	}
	if all {
		return top
	}
	if whole := slices.DeleteFunc(slices.Clone(top), func(m match) bool { return !m.whole }); len(whole) == 1 {
		return whole
	}
	return top
}

func isDone(m match) bool { return m.text("status") == "done" }

// picked is the row that a clause means, or what to tell the person instead.
type picked struct {
	row   row
	table string
	said  string
}

// pick returns the one row of the tables that the clause means. strict demands that the row has all of the words; it is
// for what cannot be undone. It returns false while a call has to be made.
func (t *Turn) pick(c *reading.Clause, words []string, strict bool, tables ...string) (picked, bool) {
	if len(words) == 0 && !refersBack(c) && c.Before != nil {
		words = targetWords(c.Before)
	}
	if len(words) == 0 || refersBack(c) {
		return t.pickEarlier(c, strict, tables)
	}
	table := ""
	if len(tables) == 1 {
		table = tables[0]
	}
	list, ok := t.search(table, words)
	if !ok {
		return picked{}, false
	}
	top := best(list, tables, strict && len(tables) > 1)
	needed := (len(words) + 1) / 2
	if strict {
		needed = len(words)
	}
	said := strings.Join(words, " ")
	switch {
	case len(top) == 0 || top[0].hits == 0:
		return picked{said: t.say("notfound", "words", said)}, true
	case len(top) == 1 && top[0].hits >= needed && (top[0].title > 0 || top[0].text("table") == "emails"):
		return picked{row: top[0].row, table: top[0].text("table")}, true
	case strict && len(top) == 1 && top[0].title == 0:
		return picked{said: t.say("notfound", "words", said)}, true
	}
	return picked{said: t.which(top)}, true
}

// which asks which of the rows is meant.
func (t *Turn) which(list []match) string {
	var rows []row
	for _, m := range list {
		rows = append(rows, m.row)
	}
	return lines(t.say("which"), t.list(rows, len(rows), t.rowText))
}

// refersBack reports whether the clause names a row by its place in an earlier answer.
func refersBack(c *reading.Clause) bool {
	return c.FirstOf("first", "second", "third", "lastone") != "" && len(c.Words()) == 0 && len(c.Quoted) == 0
}

// pickEarlier returns the row that an earlier turn named.
func (t *Turn) pickEarlier(c *reading.Clause, strict bool, tables []string) (picked, bool) {
	titles := t.earlierTitles()
	if len(titles) == 0 && c.Topic != nil && len(c.Topic.Target()) > 0 && !refersBack(c) {
		return t.pick(c.Topic, c.Topic.Target(), strict, tables...)
	}
	at := map[string]int{"first": 0, "second": 1, "third": 2, "lastone": len(titles) - 1}
	i, ordinal := at[c.FirstOf("first", "second", "third", "lastone")]
	if !ordinal {
		i = 0
	}
	if len(titles) == 0 || i < 0 || i >= len(titles) || !ordinal && len(titles) > 1 {
		return picked{said: t.say("whichone")}, true
	}
	found, ok := t.call("find_rows", map[string]any{"words": `"` + strings.ReplaceAll(titles[i], `"`, " ") + `"`})
	if !ok {
		return picked{}, false
	}
	var same []match
	for _, r := range found.rows("rows") {
		if fold.Line(r.title()) == fold.Line(titles[i]) &&
			(len(tables) == 0 || slices.Contains(tables, r.text("table"))) {
			same = append(same, match{row: r})
		}
	}
	switch len(same) {
	case 0:
		return picked{said: t.say("notfound", "words", titles[i])}, true
	case 1:
		return picked{row: same[0].row, table: same[0].text("table")}, true
	}
	return picked{said: t.which(same)}, true
}

// earlierTitles returns the titles that the last answer named, or else those in quotation marks in the last message.
func (t *Turn) earlierTitles() []string {
	for _, assistant := range []bool{true, false} {
		for _, said := range slices.Backward(t.History) {
			if said.Assistant != assistant {
				continue
			}
			if titles := titlesIn(said.Text, assistant); len(titles) > 0 {
				return titles
			}
			break
		}
	}
	return nil
}

// titlesIn returns the texts in quotation marks, or else the beginnings of the lines of a list.
func titlesIn(text string, lists bool) (titles []string) {
	const maxTitles, maxText = 30, 4_000
	text = shorten(text, maxText)
	add := func(title string) {
		if title = strings.TrimSpace(title); title != "" && len(titles) < maxTitles && !slices.Contains(titles, title) {
			titles = append(titles, title)
		}
	}
	for line := range strings.Lines(text) {
		if !lists || !strings.HasPrefix(strings.TrimSpace(line), "- ") {
			continue
		}
		line = strings.TrimPrefix(strings.TrimSpace(line), "- ")
		if quoted := reading.Quotes(line); len(quoted) > 0 {
			add(quoted[0])
		} else if end := strings.IndexAny(line, "(:,"); end > 0 {
			add(line[:end])
		} else {
			add(line)
		}
	}
	if len(titles) > 0 {
		return titles
	}
	for _, q := range reading.Quotes(text) {
		add(q)
	}
	return titles
}
