package workspace

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/fold"
)

const (
	pageSize  = 20
	maxTerms  = 20 // words of a search
	maxGroups = 50 // values in a count
)

type findInput struct {
	Table   string         `json:"table,omitempty" desc:"Left out: all tables"`
	Words   string         `json:"words,omitempty" desc:"In quotes: a phrase"`
	Where   map[string]any `json:"where,omitempty" desc:"Column to value, id or name; open or overdue: true"`
	From    string         `json:"from,omitempty"`
	To      string         `json:"to,omitempty" desc:"Included"`
	Time    string         `json:"time_column,omitempty" desc:"Column of from and to"`
	Order   string         `json:"order,omitempty" enum:"newest|oldest|title"`
	Page    int            `json:"page,omitempty"`
	CountBy string         `json:"count_by,omitempty" desc:"Count the values of a column"`
}

type found struct {
	ref
	score int
	at    int64
	title string // folded; set for the order by title alone
}

func (w *workspace) findRows(ctx context.Context, run *agent.Run, in findInput) (string, error) {
	tables, err := w.searched(run, in)
	if err != nil {
		return "", err
	}
	terms := searchTerms(in.Words)
	if len(terms) == 0 && strings.Trim(in.Words, "\" ") != "" {
		return "", errors.New("words has no word to search for; leave it out to find all rows")
	}
	lookFor := search{terms, in.Time, in.Order}
	var rows []found
	for _, t := range tables {
		match, err := w.matcher(ctx, run, t, in)
		if err != nil {
			return "", err
		}
		if rows, err = w.collect(ctx, run, t, match, lookFor, rows); err != nil {
			return "", err
		}
	}
	rows, note := best(rows, len(terms))
	if len(rows) == 0 && len(terms) > 0 {
		if note, err = w.likeTitles(ctx, run, tables, in.Words); err != nil {
			return "", err
		}
	}
	if in.CountBy != "" {
		return w.countBy(run, tables, rows, in.CountBy, note)
	}
	if err := run.WorkOnSort(ctx, len(rows)); err != nil {
		return "", err
	}
	if in.Order == "title" {
		if err := w.addTitles(ctx, run, rows); err != nil {
			return "", err
		}
	}
	order(rows, in.Order, len(tables) == 1)
	return w.page(run, rows, terms, in, note, len(tables) == 1)
}

// searched returns the tables that a search covers: the one it names, or all that have rows and the columns it asks
// for.
func (w *workspace) searched(run *agent.Run, in findInput) ([]*table, error) {
	if in.Table != "" {
		t, err := w.table(in.Table)
		return []*table{t}, err
	}
	var list []*table
	for _, t := range w.tables {
		if t.size(run.Context) > 0 && t.hasAll(in) {
			list = append(list, t)
		}
	}
	if len(list) == 0 && (len(in.Where) > 0 || in.CountBy != "") {
		return nil, errors.New("no table with rows has all of these columns; name the table")
	}
	return list, nil
}

func (t *table) hasAll(in findInput) bool {
	for name := range in.Where {
		if t.named(name) < 0 && !(t.name == "tasks" && (name == "open" || name == "overdue")) {
			return false
		}
	}
	if in.CountBy != "" && t.counted(in.CountBy) < 0 {
		return false
	}
	return in.From+in.To == "" || t.time != ""
}

// searchTerms returns the folded words and phrases of a search.
func searchTerms(words string) []string {
	var terms []string
	for i, part := range strings.Split(strings.NewReplacer("“", `"`, "”", `"`, "„", `"`).Replace(words), `"`) {
		part = fold.Line(agent.Truncate(part, maxMember))
		switch {
		case part == "":
		case i%2 == 1:
			terms = append(terms, part)
		default:
			terms = append(terms, strings.FieldsFunc(part, betweenTerms)...)
		}
	}
	slices.Sort(terms)
	terms = slices.Compact(terms)
	return terms[:min(len(terms), maxTerms)]
}

func betweenTerms(r rune) bool { return strings.ContainsRune(" ,.;:?!()", r) }

// collect appends the rows that match and have at least one of the terms.
func (w *workspace) collect(ctx context.Context, run *agent.Run, t *table, match func(int) bool, search search,
	rows []found) ([]found, error) {
	var texts []string
	if len(search.terms) > 0 {
		var err error
		if texts, err = w.searchTexts(ctx, run, t); err != nil {
			return nil, err
		}
	}
	column := search.timeColumn(run.Context, t)
	for i := range t.size(run.Context) {
		if err := run.Work(ctx, 1); err != nil {
			return nil, err
		}
		if !match(i) {
			continue
		}
		score := 0
		if texts != nil {
			if err := run.Work(ctx, len(texts[i])/searchStepBytes*len(search.terms)); err != nil {
				return nil, err
			}
			for _, term := range search.terms {
				if fold.Contains(texts[i], term) {
					score++
				}
			}
			if score == 0 {
				continue
			}
		}
		rows = append(rows, found{ref: ref{t, i}, score: score, at: t.at(run.Context, i, column)})
	}
	return rows, nil
}

// searchStepBytes is how many bytes of folded text a term is searched in, in about the time that a row takes.
const searchStepBytes = 256

// search is what a call of find_rows looks for, and in which order.
type search struct {
	terms  []string // folded
	column string   // the time that the model named, or ""
	order  string
}

// timeColumn returns the column that orders the rows of a table by time. The newest tasks are those that were added
// last, if the rows say when that was.
func (s search) timeColumn(c agent.Context, t *table) string {
	if i := t.named(s.column); s.column != "" && i >= 0 {
		return t.columns[i].Name
	}
	byAge := t.name == "tasks" && (s.order == "newest" || s.order == "oldest")
	if byAge && slices.ContainsFunc(c.Tasks, func(t agent.Task) bool { return t.CreatedAt != 0 }) {
		return "createdAt"
	}
	return t.time
}

// searchTexts returns all texts of each row of a table, folded, with the names of what it refers to.
func (w *workspace) searchTexts(ctx context.Context, run *agent.Run, t *table) ([]string, error) {
	return agent.Once(run, "workspace.texts."+t.name, func() ([]string, error) {
		list := make([]string, t.size(run.Context))
		for i := range list {
			text := w.searchText(run, t, i)
			if err := run.WorkOnText(ctx, text); err != nil {
				return nil, err
			}
			list[i] = text
		}
		return list, nil
	})
}

// searchText returns all texts of a row, folded, with the names of what it refers to.
func (w *workspace) searchText(run *agent.Run, t *table, row int) string {
	var b strings.Builder
	for i, column := range t.columns {
		switch v := t.value(run.Context, row, i).(type) {
		case string:
			b.WriteString(v)
			if column.Type == action.ID && column.Table != "" && v != "" {
				b.WriteByte('\n')
				b.WriteString(w.nameOf(run, column.Table, v))
			}
		case []string:
			for _, item := range v {
				b.WriteString(item)
				b.WriteByte('\n')
			}
		}
		b.WriteByte('\n')
	}
	return fold.Text(b.String())
}

// best returns the rows that have most of the terms, and says so when none has all.
func best(rows []found, terms int) ([]found, string) {
	most := 0
	for _, r := range rows {
		most = max(most, r.score)
	}
	if terms == 0 || most == 0 {
		return rows, ""
	}
	rows = slices.DeleteFunc(rows, func(r found) bool { return r.score < most })
	if most < terms {
		return rows, fmt.Sprintf("No row has all %d words; these have %d.", terms, most)
	}
	return rows, ""
}

// likeTitles names rows with a title like words that no row has, or returns "".
func (w *workspace) likeTitles(ctx context.Context, run *agent.Run, tables []*table, words string) (string, error) {
	var list []string
	for _, t := range tables {
		near, err := w.near(ctx, run, t, words)
		if err != nil {
			return "", err
		}
		if len(near) > 0 {
			list = append(list, t.name+" "+w.list(run, t, near))
		}
	}
	if len(list) == 0 {
		return "", nil
	}
	return "No row has these words. Like them: " + strings.Join(list, "; "), nil
}

// addTitles sets the titles of the rows.
func (w *workspace) addTitles(ctx context.Context, run *agent.Run, rows []found) error {
	for i, r := range rows {
		headings, err := w.headings(ctx, run, r.table)
		if err != nil {
			return err
		}
		rows[i].title = headings[r.row]
	}
	return nil
}

// order sorts rows of one table by time, or as the model asks; rows of several tables stay in their order otherwise.
func order(rows []found, by string, oneTable bool) {
	switch {
	case by == "title":
		slices.SortStableFunc(rows, func(a, b found) int { return cmp.Compare(a.title, b.title) })
	case by == "newest", by == "" && oneTable && len(rows) > 0 && rows[0].newest:
		slices.SortStableFunc(rows, func(a, b found) int { return cmp.Compare(b.at, a.at) })
	case by == "oldest", by == "" && oneTable:
		slices.SortStableFunc(rows, func(a, b found) int {
			if (a.at == 0) != (b.at == 0) {
				return cmp.Compare(b.at, a.at) // rows without a time come last
			}
			return cmp.Compare(a.at, b.at)
		})
	}
}

// page returns one page of the rows.
func (w *workspace) page(run *agent.Run, rows []found, terms []string, in findInput, note string,
	oneTable bool) (string, error) {
	pages := max(1, (len(rows)+pageSize-1)/pageSize)
	number := min(max(in.Page, 1), pages)
	list := []object{}
	for _, r := range rows[(number-1)*pageSize : min(number*pageSize, len(rows))] {
		row := object{}
		if !oneTable {
			row.add("table", r.name)
		}
		list = append(list, append(row, w.show(run, r.ref, excerpt, terms)...))
	}
	out := object{{"total", len(rows)}}
	if pages > 1 {
		out.add("page", number)
		out.add("pages", pages)
	}
	if note != "" {
		out.add("note", note)
	}
	out.add("rows", list)
	return agent.JSON(out)
}

// counted returns the position of the column whose values a model wants to count, or -1. Rows with a project are
// counted by client through it.
func (t *table) counted(name string) int {
	i := t.named(name)
	if i < 0 && isClient(name) {
		i = t.column("projectId")
	}
	return i
}

// isClient reports whether a model means the client of a row by the name of a column.
func isClient(name string) bool {
	name = strings.ToLower(strings.TrimSpace(name))
	return name == "clientid" || aliases[name] == "clientId"
}

// countBy counts the rows by the value of a column, most frequent first.
func (w *workspace) countBy(run *agent.Run, tables []*table, rows []found, name, note string) (string, error) {
	for _, t := range tables {
		if t.counted(name) < 0 {
			return "", fmt.Errorf("count_by: %s has no column %q; it has %s", t.name, agent.Truncate(name, 80),
				t.columnNames())
		}
	}
	counts := map[string]int{}
	for _, r := range rows {
		i := r.counted(name)
		values := w.countValues(run, r.ref, i)
		if isClient(name) && r.columns[i].Name == "projectId" {
			p, _ := run.Project(r.text(run.Context, r.row, "projectId"))
			client := agent.Truncate(p.ClientID, maxTitle)
			values = []string{cmp.Or(w.nameOf(run, "clients", p.ClientID), client, "none")}
		}
		for _, value := range values {
			counts[value]++
		}
	}
	type group struct {
		Value string `json:"value"`
		Rows  int    `json:"rows"`
	}
	groups := []group{}
	for value, n := range counts {
		groups = append(groups, group{value, n})
	}
	slices.SortFunc(groups, func(a, b group) int {
		return cmp.Or(cmp.Compare(b.Rows, a.Rows), cmp.Compare(a.Value, b.Value))
	})
	out := object{{"total", len(rows)}, {"values", len(groups)}}
	if note != "" {
		out.add("note", note)
	}
	out.add("counts", groups[:min(len(groups), maxGroups)])
	return agent.JSON(out)
}

func (w *workspace) countValues(run *agent.Run, r ref, i int) []string {
	column := r.columns[i]
	switch v := r.value(run.Context, r.row, i).(type) {
	case string:
		if column.Table != "" {
			v = cmp.Or(w.nameOf(run, column.Table, v), v)
		}
		return []string{cmp.Or(agent.Truncate(strings.TrimSpace(v), maxTitle), "none")}
	case int64:
		return []string{cmp.Or(agent.Truncate(localTime(run.Context, v, column.Name), len("2026-01-02")), "none")}
	case bool:
		return []string{fmt.Sprint(v)}
	case []string:
		if len(v) == 0 {
			return []string{"none"}
		}
		return shortItems(v, maxItems)
	}
	return nil
}
