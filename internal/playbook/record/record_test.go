package record_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/playbook"
	"github.com/adiuva/cloud-api/internal/playbook/record"
	"github.com/adiuva/cloud-api/internal/testing/agenttest"
)

// changesOfTasks describes changes of tasks; a due date can be removed.
func changesOfTasks() playbook.Template {
	return playbook.Template{ID: "tpl_a", Text: "x", Reads: "tasks", Makes: playbook.Records{Action: action.Update,
		Table: "tasks", Columns: []string{"title", "status", "priority", "dueDate"}, Clearable: []string{"dueDate"}}}
}

// request is a step on two tasks, on Monday, 23 November 2026, in Rome.
func request(t *testing.T, template playbook.Template) record.Request {
	t.Helper()
	zone := agenttest.Zone(t, "Europe/Rome")
	return record.Request{Template: template, Now: time.Date(2026, 11, 23, 9, 30, 0, 0, zone),
		Data: rows(t, `[{"id":"1","title":"A","status":"done","dueDate":1796079599999},{"id":"2","title":"B"}]`)}
}

func rows(t *testing.T, text string) (list []map[string]any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		t.Fatal(err)
	}
	return list
}

// made is JSON of the records and the number of what was dropped, or "none".
func made(t *testing.T, r record.Request, answer string) (string, int) {
	t.Helper()
	got, err := r.Read(answer)
	if errors.Is(err, record.ErrNone) {
		return "none", 0
	}
	text, jsonErr := json.Marshal(got.Records)
	if err != nil || jsonErr != nil || got.Records == nil {
		t.Fatal(err, jsonErr)
	}
	return string(text), got.Dropped
}

func TestRecordsAreFoundInBadAnswers(t *testing.T) {
	t.Parallel()
	const one, both = `[{"id":"1","status":"done"}]`, `[{"id":"1","status":"done"},{"id":"2","status":"todo"}]`
	for _, c := range []struct {
		name, answer, want string
		dropped            int
	}{
		{"a list", one, one, 0},
		{"a list in an object", `{"records": ` + both + `}`, both, 0},
		{"a list at another name", `{"count":1,"tasks":` + one + `,"notes":["x"]}`, one, 0},
		{"a list of other things before", `{"examples":[{"url":"x"}],"records":` + one + `}`, one, 0},
		{"a list of other things after", one + ` Sources: [{"url":"x"}]`, one, 0},
		{"a list of other things alone", `[{"url":"x"}]`, `[]`, 1},
		{"a list in two objects", `{"result":{"records":` + one + `}}`, one, 0},
		{"a list of one list", `[` + both + `]`, both, 0},
		{"an object", `{"id":"1","status":"done"}`, one, 0},
		{"an object in an object", `{"record":{"id":"1","status":"done"}}`, one, 0},
		{"an object a line", "{\"id\":\"1\",\"status\":\"done\"}\n{\"id\":\"2\",\"status\":\"todo\"}\n", both, 0},
		{"a fence", "Sure!\n```json\n" + one + "\n```\nAnything else?", one, 0},
		{"a bracket in the prose", "I looked [see note], e.g. [1] {really}: " + one + " [done]", one, 0},
		{"a bracket never closed", "Here [ is the list: " + one + " and { that is all", one, 0},
		{"a draft before", `Maybe [{"id":"2","status":"done"}]. No: ` + one, one, 0},
		{"thoughts", `<think>[{"id":"2","status":"done"}]?</think>` + one, one, 0},
		{"thoughts without a beginning", `[{"id":"2","status":"done"}]? </Thinking> ` + one, one, 0},
		{"thoughts without an end", `<think> first [{"id":"2","status":"done"}]`, "none", 0},
		{"thoughts and nothing", `<think>` + one + `</think> I cannot.`, "none", 0},
		{"a tag in a text", `[{"id":"1","title":"Fix </think> tag"}]`,
			strings.NewReplacer("<", `\u003c`, ">", `\u003e`).Replace(`[{"id":"1","title":"Fix </think> tag"}]`), 0},
		{"commas at the end", `[{"id":"1","status":"done",},]`, one, 0},
		{"a line break in a text", "[{\"id\":\"1\",\"title\":\"a\nb\"}]", `[{"id":"1","title":"a\nb"}]`, 0},
		{"constants of Python", `[{"id":"1","status":"done","priority":None}]`, one, 0},
		{"cut off", `[{"id":"1","status":"done"},{"id":"2","sta`, one, 1},
		{"an object cut off", `{"records":[{"id":"1","status":"done"},{"id":"2","status":"todo"`, one, 1},
		{"cut off in the first", `[{"id":"1","sta`, "none", 0},
		{"one of them malformed", `[{"id":"1","status":"done"},{'id':'2'}]`, one, 1},
		{"other elements", `[null,"x",{"id":"1","status":"done"},[]]`, one, 3},
		{"an empty list", `There is nothing to do: []`, `[]`, 0},
		{"an empty list in an object", `{"records": []}`, `[]`, 0},
		{"nulls", `[null]`, `[]`, 0},
		{"a text", "I cannot do that.", "none", 0},
		{"nothing", "", "none", 0},
		{"numbers", "[1, 2]", "none", 0},
		{"an object of other things", `{"error":"no"}`, "none", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, dropped := made(t, request(t, changesOfTasks()), c.answer)
			if got != c.want || dropped != c.dropped {
				t.Errorf("got %s, %d dropped; want %s, %d", got, dropped, c.want, c.dropped)
			}
		})
	}
}

func TestOnlyWhatFitsIsReturned(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, answer, want string
		dropped            int
	}{
		{"another id", `[{"id":"OTHER","dueDate":"tomorrow","priority":"banana"}]`, `[]`, 1},
		{"no id", `[{"status":"done"}]`, `[]`, 1},
		{"an id that is a list", `[{"id":["1"],"status":"done"}]`, `[]`, 1},
		{"an id as a number", `[{"id":1,"status":"done"}]`, `[{"id":"1","status":"done"}]`, 0},
		{"an id with space", `[{"id":" 1 ","status":"done"}]`, `[{"id":"1","status":"done"}]`, 0},
		{"an id twice", `[{"id":"1","status":"done"},{"id":"1","status":"todo"}]`, `[{"id":"1","status":"done"}]`, 1},
		{"an id alone", `[{"id":"1"}]`, `[]`, 1},
		{"nulls beside the id", `[{"id":"1","status":null,"dueDate":null}]`, `[]`, 1},
		{"a bad member", `[{"id":"1","status":"done","priority":"banana"}]`, `[{"id":"1","status":"done"}]`, 1},
		{"bad members alone", `[{"id":"1","status":"gone","priority":"banana"}]`, `[]`, 1},
		{"an unknown member", `[{"id":"1","status":"done","projectId":"p"}]`, `[{"id":"1","status":"done"}]`, 1},
		{"other spellings", `[{"ID":"1","Status":" In Progress","due_date":"2026-11-24T10:00"}]`,
			`[{"dueDate":1795510800000,"id":"1","status":"in_progress"}]`, 0},
		{"two spellings", `[{"id":"1","due_date":"2026-11-25","dueDate":"2026-11-24T10:00"}]`,
			`[{"dueDate":1795510800000,"id":"1"}]`, 0},
		{"a title as a number", `[{"id":"1","title":42}]`, `[{"id":"1","title":"42"}]`, 0},
		{"a title as a list", `[{"id":"1","title":["x"],"status":"done"}]`, `[{"id":"1","status":"done"}]`, 1},
		{"an empty title", `[{"id":"1","title":" ","status":"done"}]`, `[{"id":"1","status":"done"}]`, 0},
		{"a title too long", `[{"id":"1","title":"` + strings.Repeat("x", action.MaxText+1) + `"}]`, `[]`, 1},
		{"a due date removed", `[{"id":"1","dueDate":"None"}]`, `[{"dueDate":null,"id":"1"}]`, 0},
		{"a status removed", `[{"id":"1","status":"none","priority":"low"}]`, `[{"id":"1","priority":"low"}]`, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, dropped := made(t, request(t, changesOfTasks()), c.answer)
			if got != c.want || dropped != c.dropped {
				t.Errorf("got %s, %d dropped; want %s, %d", got, dropped, c.want, c.dropped)
			}
		})
	}
}

func TestTimesBecomeMilliseconds(t *testing.T) {
	t.Parallel()
	const end = "2026-11-30T23:59:59.999+01:00"
	for answer, want := range map[string]string{
		`"2026-11-30T15:00"`:          "2026-11-30T15:00:00+01:00",
		`"2026-11-30 15:00:00"`:       "2026-11-30T15:00:00+01:00",
		`"2026-11-30T15:00:00.000Z"`:  "2026-11-30T16:00:00+01:00",
		`"2026-11-30T15:00:00-05:00"`: "2026-11-30T21:00:00+01:00",
		`"2026-11-30"`:                end,
		`"30. November 2026"`:         end,
		`"30 novembre"`:               end,
		`"30.11.2026 um 15 Uhr"`:      "2026-11-30T15:00:00+01:00",
		`"tomorrow"`:                  "2026-11-24T23:59:59.999+01:00",
		`1796079599999`:               end,
		`"1796079599999"`:             end,
		`1796079599`:                  "2026-11-30T23:59:59+01:00",
		`"1796079599"`:                "2026-11-30T23:59:59+01:00",
		`1.796079599999e12`:           end,
		`"2026-03-29T02:30"`:          "2026-03-29T03:30:00+02:00", // a time that the clocks skip
		`"2026-02-30"`:                "",
		`"25:00"`:                     "",
		`"soon"`:                      "",
		`12`:                          "",
		`"2026"`:                      "",
		`1e300`:                       "",
		`-1796079599999`:              "",
		`"9999-01-01"`:                "",
		`"0001-01-01"`:                "",
		`true`:                        "",
		`["2026-11-30"]`:              "",
		`{"date":"2026-11-30"}`:       "",
	} {
		r := request(t, changesOfTasks())
		got, err := r.Read(`[{"id":"1","dueDate":` + answer + `}]`)
		text := ""
		if len(got.Records) == 1 {
			text = time.UnixMilli(got.Records[0]["dueDate"].(int64)).In(r.Now.Location()).Format(time.RFC3339Nano)
		}
		if err != nil || text != want || (want == "") != (got.Dropped == 1) {
			t.Errorf("%s is %s, %v, %d dropped; want %s", answer, text, err, got.Dropped, want)
		}
	}
}

// TestRowsHaveLocalTimes reads rows as a model does, and its answer with the same times as rows of the client.
func TestRowsHaveLocalTimes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, zone, row, want string }{
		{"a time", "Europe/Rome", `{"start":1796047200000}`, `{"start":"2026-11-30T15:00"}`},
		{"seconds and digits", "Europe/Rome", `{"createdAt":1796047200,"date":"1796047200000"}`,
			`{"createdAt":"2026-11-30T15:00","date":"2026-11-30T15:00"}`},
		{"the end of a day", "Europe/Rome", `{"dueDate":1796079599999}`, `{"dueDate":"2026-11-30"}`},
		{"the start of a day", "Europe/Rome", `{"dueDate":1795993200000}`, `{"dueDate":"2026-11-30"}`},
		{"an event all day", "Europe/Rome", `{"start":1795993200000,"end":1796079600000,"allDay":true}`,
			`{"allDay":true,"end":"2026-12-01","start":"2026-11-30"}`},
		{"an event all day in UTC", "America/New_York", `{"start":1795996800000,"end":1796083200000,"allDay":true}`,
			`{"allDay":true,"end":"2026-12-01","start":"2026-11-30"}`},
		{"no times", "Europe/Rome", `{"dueDate":null,"start":5,"end":true,"date":"soon","priority":1796047200000}`,
			`{"date":"soon","dueDate":null,"end":true,"priority":1796047200000,"start":5}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := request(t, changesOfTasks())
			r.Now = r.Now.In(agenttest.Zone(t, c.zone))
			r.Data = rows(t, "["+c.row+"]")
			got, err := json.Marshal(r.Rows()[0])
			if err != nil || string(got) != c.want {
				t.Errorf("got %s, %v, want %s", got, err, c.want)
			}
			if diff := cmp.Diff(rows(t, "["+c.row+"]"), r.Data); diff != "" {
				t.Errorf("the client's rows were changed: %s", diff)
			}
		})
	}
}

func TestEventsMoveToTimesThatFit(t *testing.T) {
	t.Parallel()
	moves := playbook.Template{ID: "tpl_a", Text: "x", Reads: "events", Makes: playbook.Records{Action: action.Update,
		Table: "events", Columns: []string{"start", "end"}, Needed: []string{"start", "end"}}}
	r := request(t, moves)
	r.Data = rows(t, `[{"id":"1","start":1796047200000,"end":1796050800000},
		{"id":"local","start":1795993200000,"end":1796079600000,"allDay":true},
		{"id":"utc","start":1795996800000,"end":1796083200000,"allDay":1}]`)
	for _, c := range []struct{ answer, want string }{
		{`{"id":"1","start":"2026-12-01T09:00","end":"2026-12-01T10:00"}`,
			`[{"end":1796115600000,"id":"1","start":1796112000000}]`},
		{`{"id":"1","start":"2026-12-01T10:00","end":"2026-12-01T09:00"}`, `[]`},
		{`{"id":"1","start":"2026-12-01T10:00","end":"2026-12-01T10:00"}`, `[]`},
		{`{"id":"1","start":"2026-12-01T10:00"}`, `[]`},
		{`{"id":"1","start":"2026-12-01","end":"2026-12-02"}`, `[]`},
		{`{"id":"local","start":"2026-12-01","end":"2026-12-02"}`,
			`[{"end":1796166000000,"id":"local","start":1796079600000}]`},
		{`{"id":"utc","start":"2026-12-01","end":"2026-12-02"}`,
			`[{"end":1796169600000,"id":"utc","start":1796083200000}]`},
	} {
		got, dropped := made(t, r, "["+c.answer+"]")
		if got != c.want || (c.want == `[]`) != (dropped == 1) {
			t.Errorf("%s is %s, %d dropped; want %s", c.answer, got, dropped, c.want)
		}
	}
}

func TestNewRecordsReferToRowsOfTheData(t *testing.T) {
	t.Parallel()
	tasks := playbook.Template{ID: "tpl_a", Text: "x", Reads: "notes", Makes: playbook.Records{Action: action.Create,
		Table: "tasks", Columns: []string{"projectId", "title", "dueDate"}}}
	r := request(t, tasks)
	r.Data = rows(t, `[{"id":"n1","projectId":"p1"},{"id":"n2","projectId":7}]`)
	for _, c := range []struct {
		answer, want string
		dropped      int
	}{
		{`{"title":" Call ","projectId":"p1","dueDate":null}`, `[{"projectId":"p1","title":"Call"}]`, 0},
		{`{"title":"Call","projectId":"7"}`, `[{"projectId":"7","title":"Call"}]`, 0},
		{`{"title":"Call","projectId":"n1"}`, `[{"title":"Call"}]`, 1},
		{`{"title":"Call","projectId":"p9","id":"x"}`, `[{"title":"Call"}]`, 2},
		{`{"projectId":"p1","dueDate":"tomorrow"}`, `[]`, 1},
	} {
		if got, dropped := made(t, r, "["+c.answer+"]"); got != c.want || dropped != c.dropped {
			t.Errorf("%s is %s, %d dropped; want %s, %d", c.answer, got, dropped, c.want, c.dropped)
		}
	}
	comments := playbook.Template{ID: "tpl_b", Text: "x", Reads: "tasks", Makes: playbook.Records{Action: action.Create,
		Table: "taskComments", Columns: []string{"taskId", "content"}}}
	const comment = `[{"content":"Done?","taskId":"2"}]`
	got, dropped := made(t, request(t, comments), `[{"taskId":"9","content":"x"},{"taskId":2,"content":"Done?"}]`)
	if got != comment || dropped != 1 {
		t.Errorf("got %s, %d dropped; want %s", got, dropped, comment)
	}
}

func TestListsAndBooleansAreUnderstood(t *testing.T) {
	t.Parallel()
	r := request(t, playbook.Template{ID: "tpl_a", Text: "x", Reads: "emails", Makes: playbook.Records{
		Action: action.Update, Table: "emails", Columns: []string{"labels"}}})
	for labels, want := range map[string]string{
		`["a"," b ","a",""]`: `[{"id":"1","labels":["a","b"]}]`,
		`"a"`:                `[{"id":"1","labels":["a"]}]`,
		`[1]`:                `[{"id":"1","labels":["1"]}]`,
		`[]`:                 `[]`,
		`[""]`:               `[]`,
		`[["a"]]`:            `[]`,
		`{"a":1}`:            `[]`,
	} {
		if got, _ := made(t, r, `[{"id":"1","labels":`+labels+`}]`); got != want {
			t.Errorf("%s is %s, want %s", labels, got, want)
		}
	}
	r = request(t, playbook.Template{ID: "tpl_b", Text: "x", Reads: "checkpoints", Makes: playbook.Records{
		Action: action.Update, Table: "checkpoints", Columns: []string{"isApproved"}}})
	for value, want := range map[string]string{
		`true`: "true", `"True"`: "true", `"yes"`: "true", `1`: "true", `"false"`: "false", `0`: "false",
		`"perhaps"`: "", `[]`: "",
	} {
		got, _ := made(t, r, `[{"id":"1","isApproved":`+value+`}]`)
		if full := `[{"id":"1","isApproved":` + want + `}]`; got != full && (want != "" || got != `[]`) {
			t.Errorf("%s is %s, want %s", value, got, full)
		}
	}
}

func TestTasksThatGetDoneAreCompletedNow(t *testing.T) {
	t.Parallel()
	got, _ := made(t, request(t, changesOfTasks()), `[{"id":"1","status":"done"},{"id":"2","status":"done"}]`)
	if want := `[{"id":"1","status":"done"},{"completedAt":1795422600000,"id":"2","status":"done"}]`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if act := changesOfTasks().Makes.Act(); act.Data["completedAt"] != "{{completedAt}}" {
		t.Errorf("the action is %v", act.Data)
	}
}

func TestDeletionsNeedOnlyAnId(t *testing.T) {
	t.Parallel()
	r := request(t, playbook.Template{ID: "tpl_a", Text: "x", Reads: "tasks",
		Makes: playbook.Records{Action: action.Delete, Table: "tasks"}})
	got, dropped := made(t, r, `[{"id":"1","title":"A"},{"id":"3"}]`)
	if got != `[{"id":"1"}]` || dropped != 2 {
		t.Errorf("got %s, %d dropped", got, dropped)
	}
}

func TestAtMostFiftyRecords(t *testing.T) {
	t.Parallel()
	r := request(t, playbook.Template{ID: "tpl_a", Text: "x",
		Makes: playbook.Records{Action: action.Create, Table: "tasks", Columns: []string{"title"}}})
	got, err := r.Read("[" + strings.Repeat(`{"title":"A"},`, 60) + "]")
	if err != nil || len(got.Records) != record.Max || got.Dropped != 10 {
		t.Errorf("%d records, %d dropped, %v", len(got.Records), got.Dropped, err)
	}
}

func TestDescriptionsOfRecords(t *testing.T) {
	t.Parallel()
	makes := changesOfTasks().Makes
	makes.Needed = []string{"status"}
	const words = `- id (always): as the record has it
- title: text
- status (always): todo|in_progress|done
- priority: low|medium|high|urgent
- dueDate: time; "none" removes it`
	if diff := cmp.Diff(words, record.Describe(makes)); diff != "" {
		t.Error(diff)
	}
	makes.Columns = []string{"status"}
	const schema = `{"type":"object","properties":{"records":{"type":"array","items":{"type":"object","properties":` +
		`{"id":{"type":"string","description":"as the record has it"},` +
		`"status":{"type":"string","description":"todo|in_progress|done","enum":["todo","in_progress","done"]}},` +
		`"required":["id","status"]}}},"required":["records"]}`
	if diff := cmp.Diff(schema, string(record.Schema(makes))); diff != "" {
		t.Error(diff)
	}
}

// TestHostileAnswersTakeLinearTime reads megabytes that are almost JSON.
func TestHostileAnswersTakeLinearTime(t *testing.T) {
	t.Parallel()
	r := request(t, changesOfTasks())
	for _, part := range []string{"[", "{", `{"a":`, `["[",`, `[{"id":"1"},`, `{"id":"1",`, `[1,`, `"[`, "<think>",
		"</think>", `{"":[{"`, `\`, "[\"\\"} {
		start := time.Now()
		_, err := r.Read(strings.Repeat(part, 300_000/len(part)))
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("%q takes %v, %v", part, took, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{`[{"id":"1","status":"done"}]`,
		"<think>[</think>{\"records\":[{\"id\":1,\"dueDate\":9e9}]}",
		`{"id":"1","title":"\ud800","dueDate":"30. März"}`, `[{"id":"2","dueDate":"none","priority":"HIGH"},]`, `[[[`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, answer string) {
		got, err := request(t, changesOfTasks()).Read(answer)
		if err != nil && !errors.Is(err, record.ErrNone) || err == nil && got.Records == nil {
			t.Fatal(err)
		}
		seen := map[any]bool{}
		for _, r := range got.Records {
			if id := r["id"]; id != "1" && id != "2" || seen[id] {
				t.Errorf("a record of %v", id)
			}
			seen[r["id"]] = true
			if _, err := action.UpdateRecord("tasks", r).Check(); err != nil {
				t.Errorf("%v: %v", r, err)
			}
		}
	})
}
