package declared_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/agent/declared"
	"github.com/adiuva/cloud-api/internal/agent/workspace"
)

// errorsOf loads the folder and returns its errors, without the folder's path.
func errorsOf(t *testing.T, dir string) []string {
	t.Helper()
	set, err := declared.Load(dir, "task_agent", "email_agent")
	var list declared.ErrorList
	switch {
	case err == nil:
		return nil
	case set != nil || !errors.As(err, &list):
		t.Fatalf("set %v, error %v", set, err)
	}
	lines := strings.Split(err.Error(), "\n")
	for i, line := range lines {
		if lines[i] = strings.TrimPrefix(line, dir+string(filepath.Separator)); lines[i] == line {
			t.Errorf("%q does not begin with the file's path", line)
		}
	}
	return lines
}

// withoutLine returns validHead without line n, counted from 1, followed by more.
func withoutLine(n int, more string) string {
	lines := strings.SplitAfter(validHead, "\n")
	return strings.Join(append(append([]string(nil), lines[:n-1]...), lines[n:]...), "") + more
}

// tool returns a manifest with one tool that begins on line 6; its action or rows begin on line 19.
func tool(body string) string {
	return validHead + "tools:\n  - name: do\n    description: Does." + arguments + "    " + strings.ReplaceAll(body,
		"\n", "\n    ") + "\n"
}

func TestManifestErrors(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 300)
	shared := len(workspace.Tools()) + 1 // and ask_agent
	schema := func(s string) string {
		return validHead + "tools:\n  - name: do\n    description: Does.\n    rows: tasks\n    schema: " + s + "\n"
	}
	for name, tc := range map[string]struct {
		text string
		want []string // without "a.yaml:"
	}{
		"valid": {validHead, nil},
		"Windows": {"\ufeff" + strings.ReplaceAll(validHead, "\n", "\r\n") + "x: 1\r\n",
			[]string{"5: x: unknown member; there are name, description, tier, prompt, examples, skills, tools"}},
		"too deep": {strings.Repeat("[", 20000), []string{"1: is not YAML: exceeded max depth of 10000"}},
		"unprintable member": {validHead + "\"a\\nb\": 1\n", []string{`5: "a\nb": unknown member; there are name, ` +
			`description, tier, prompt, examples, skills, tools`}},
		"empty":         {"", []string{"1: is empty"}},
		"comment":       {"# nothing\n", []string{"1: is empty"}},
		"only a marker": {"---", []string{"1: must be an object"}},
		"a text":        {"hello\n", []string{"1: must be an object"}},
		"a list":        {"\n- a\n", []string{"2: must be an object"}},
		"no members": {"{}\n", []string{"1: name: is missing", "1: description: is missing", "1: tier: is missing",
			"1: prompt: is missing"}},
		"not UTF-8":         {validHead + "skills: [\xff]\n", []string{"5: is not UTF-8"}},
		"UTF-16":            {"\xff\xfen\x00", []string{"1: is not UTF-8"}},
		"control character": {validHead + "skills: [\x1b]\n", []string{"5: holds the control character U+001B"}},
		"too large": {validHead + "# " + strings.Repeat("x", 64<<10),
			[]string{"1: is larger than 65536 bytes"}},
		"two documents": {validHead + "---\n" + validHead,
			[]string{"5: a second document; one file holds one agent"}},
		"unclosed list": {validHead + "skills: [a,\n", []string{"5: is not YAML: did not find expected " +
			"node content"}},
		"tab": {validHead + "\tskills: []\n", []string{"5: is not YAML: found a tab character that " +
			"violates indentation"}},
		"tab after a key": {validHead + "tools:\n\t- {}\n", []string{"6: is not YAML: found character that " +
			"cannot start any token"}},
		"badly indented": {validHead + " skills: []\n", []string{"5: is not YAML: mapping values are not " +
			"allowed in this context"}},
		"broken first line":   {"name: @x\n", []string{"1: is not YAML: found character that cannot start any token"}},
		"unknown anchor":      {validHead + "skills: *x\n", []string{"5: is not YAML: unknown anchor 'x' referenced"}},
		"broken 2nd document": {validHead + "---\n}\n", []string{"6: is not YAML: did not find expected node content"}},
		"alias": {validHead + "skills: &x [a]\ntools: *x\n", []string{"5: anchors and aliases are not supported; " +
			"write it out",
			"6: anchors and aliases are not supported; write it out"}},
		"endless alias": {validHead + "skills: &x [*x]\n", []string{"5: anchors and aliases are not supported; " +
			"write it out", "5: anchors and aliases are not supported; write it out"}},
		"tag": {validHead + "skills: !!binary aGk=\n", []string{"5: the tag !!binary is not supported"}},
		"unknown member": {validHead + "modle: gpt\n", []string{"5: modle: unknown member; there are name, " +
			"description, tier, prompt, examples, skills, tools"}},
		"duplicate member":   {validHead + "name: other_agent\n", []string{"5: name: is there twice"}},
		"key is an object":   {validHead + "? [a]\n: b\n", []string{"5: members' names must be plain texts"}},
		"merge key":          {validHead + "<<: {tools: []}\n", []string{"5: members' names must be plain texts"}},
		"missing name":       {withoutLine(1, ""), []string{"1: name: is missing"}},
		"missing prompt":     {withoutLine(4, ""), []string{"1: prompt: is missing"}},
		"empty prompt":       {withoutLine(4, "prompt:\n"), []string{"4: prompt: is empty"}},
		"blank prompt":       {withoutLine(4, "prompt: \" \\n \"\n"), []string{"4: prompt: is empty"}},
		"prompt is a number": {withoutLine(4, "prompt: 7\n"), []string{"4: prompt: must be text"}},
		"CamelCase": {withoutLine(1, "name: TestAgent\n"),
			[]string{`4: name: "TestAgent" is not right; an agent's name is snake_case and ends in _agent`}},
		"no suffix": {withoutLine(1, "name: test\n"), []string{`4: name: "test" is not right; an agent's ` +
			`name is snake_case and ends in _agent`}},
		"only a suffix": {withoutLine(1, "name: _agent\n"), []string{`4: name: "_agent" is not right; an agent's ` +
			`name is snake_case and ends in _agent`}},
		"long name": {withoutLine(1, "name: "+long+"_agent\n"), []string{"4: name: is longer than 64 characters"}},
		"built-in name": {withoutLine(1, "name: task_agent\n"),
			[]string{`4: name: "task_agent" is the name of a built-in agent`}},
		"unknown tier": {withoutLine(3, "tier: gold\n"), []string{`4: tier: "gold" is not one of free, pro, ` +
			`power, team`}},
		"long description": {withoutLine(2, "description: "+long+"\n"),
			[]string{"4: description: is longer than 200 characters"}},
		"two-line skill": {validHead + "skills: [\"a\\nb\", '']\n",
			[]string{"5: skills[0]: must be one line", "5: skills[1]: is empty"}},
		"skills are a text": {validHead + "skills: a\n", []string{"5: skills: must be a list"}},
		"tools are an object": {validHead + "tools: {}\n",
			[]string{"5: tools: must be a list"}},
		"a tool is a text": {validHead + "tools: [x]\n", []string{"5: tools[0]: must be an object"}},
		"an empty tool": {validHead + "tools:\n  - {}\n",
			[]string{"6: tools[0].name: is missing", "6: tools[0].description: is missing",
				"6: tools[0]: needs action or rows"}},
		"too many tools": {validHead + "tools: [" + strings.Repeat("{}, ", agent.MaxTools-shared+1) + "]\n",
			[]string{fmt.Sprintf("5: tools: are more than %d; an agent has at most 16 tools, with the %d that every "+
				"agent has", agent.MaxTools-shared, shared)}},
		"two-line example": {validHead + "examples: [\"a\\nb\", '']\n",
			[]string{"5: examples[0]: must be one line", "5: examples[1]: is empty"}},
		"tool names": {validHead + "tools:\n  - {name: ask_agent, description: D, rows: tasks}\n  - {name: " +
			"index_document, description: D, rows: tasks}\n" +
			"  - {name: plan_test, description: D, rows: tasks}\n  - {name: a, description: D, rows: tasks}\n  " +
			"- {name: a, description: D, rows: tasks}\n" +
			"  - {name: Do-It, description: D, rows: tasks}\n",
			[]string{`6: tools[0].name: "ask_agent" is the name of another tool of this agent`,
				`7: tools[1].name: "index_document" is the name of another tool of this agent`,
				`8: tools[2].name: "plan_test" is the name of another tool of this agent`,
				`10: tools[4].name: "a" is the name of another tool of this agent`,
				`11: tools[5].name: "Do-It" is not right; a tool's name is snake_case`}},
		"no object schema": {schema("{type: array, items: {type: string}}"),
			[]string{"9: tools[0].schema: the arguments must be of type object"}},
		"schema is a text": {schema("object"), []string{"9: tools[0].schema: must be an object"}},
		"schema keyword": {schema("{type: object, additionalProperties: false}"),
			[]string{"9: tools[0].schema.additionalProperties: unknown member; there are type, description, " +
				"properties, required, enum, items"}},
		"schema types": {schema("{type: object, properties: {a: {type: date}, b: {}, c: {type: array}}}"),
			[]string{`9: tools[0].schema.properties.a.type: "date" is not one of string, boolean, integer, ` +
				`number, array, object`, "9: tools[0].schema.properties.b.type: is missing",
				"9: tools[0].schema.properties.c.items: is missing"}},
		"schema keywords": {schema("{type: object, properties: {a: {type: integer, enum: [x], items: {type: " +
			"string}}}, enum: [a]}"), []string{"9: tools[0].schema.enum: belongs to the type string, not to object",
			"9: tools[0].schema.properties.a.enum: belongs to the type string, not to integer",
			"9: tools[0].schema.properties.a.items: belongs to the type array, not to integer"}},
		"schema required": {schema("{type: object, properties: {a: {type: string}}, required: [b, a]}"),
			[]string{`9: tools[0].schema.required[0]: "b" is not among the properties`}},
		"property name": {schema("{type: object, properties: {a-b: {type: string}}}"),
			[]string{"9: tools[0].schema.properties.a-b: a property's name is at most 64 of A-Z, a-z, 0-9 and " +
				"_ and starts with a letter"}},
		"action and rows": {tool("rows: tasks\naction: {type: send_notification, data: {title: T}}"),
			[]string{"19: tools[0]: a tool has action or rows, not both"}},
		"filter of action": {tool("action: {type: send_notification, data: {title: T}}\nfilter: {}"),
			[]string{"20: tools[0].filter: belongs to rows"}},
		"action type": {tool("action: {type: select, table: tasks, data: {}}"),
			[]string{`19: tools[0].action.type: "select" is not one of create_record, update_record, ` +
				`delete_record, index_document, send_notification`}},
		"action without all": {tool("action: {}"),
			[]string{"19: tools[0].action.type: is missing", "19: tools[0].action.data: is missing"}},
		"no table": {tool("action: {type: create_record, data: {}}"),
			[]string{"19: tools[0].action.table: is missing"}},
		"unknown table": {tool("action: {type: create_record, table: users, data: {}}"),
			[]string{`19: tools[0].action.table: "users" is not one of tasks, projects, notes, clients, ` +
				`checkpoints, taskComments, events, emails`}},
		"table of a notification": {tool("action: {type: send_notification, table: tasks, data: {}}"),
			[]string{"19: tools[0].action.table: send_notification names no table"}},
		"data is a list": {tool("action: {type: create_record, table: tasks, data: []}"),
			[]string{"19: tools[0].action.data: must be an object"}},
		"unknown columns": {tool("action:\n  type: create_record\n  table: projects\n  data:\n    name: N\n    " +
			"id: x\n    owner: y"),
			[]string{"24: tools[0].action.data.id: unknown column; create_record projects has clientId, name, " +
				"status, aiSummary",
				"25: tools[0].action.data.owner: unknown column; create_record projects has clientId, name, " +
					"status, aiSummary"}},
		"notification's columns": {tool("action: {type: send_notification, data: {title: T, text: x}}"),
			[]string{"19: tools[0].action.data.text: unknown column; send_notification has title, body, at"}},
		"required column": {tool("action: {type: create_record, table: tasks, data: {status: todo}}"),
			[]string{"19: tools[0].action.data: tasks needs title"}},
		"update without id": {tool("action: {type: update_record, table: tasks, data: {status: todo}}"),
			[]string{"19: tools[0].action.data: tasks needs id"}},
		"update of nothing": {tool("action: {type: update_record, table: tasks, data: {id: \"{{s}}\"}}"),
			[]string{"19: tools[0].action.data: update of tasks names no column to change"}},
		"constants": {tool("action:\n  type: create_record\n  table: tasks\n  data:\n    title: 7\n    status: " +
			"open\n    dueDate: soon\n    createdAt: true\n    assignee: {a: b}"),
			[]string{"23: tools[0].action.data.title: tasks.title: must be text",
				`24: tools[0].action.data.status: tasks.status: "open" is not one of todo, in_progress, done`,
				`25: tools[0].action.data.dueDate: dueDate: "soon" is not a date; write YYYY-MM-DD or YYYY-MM-DDTHH:MM`,
				"26: tools[0].action.data.createdAt: tasks.createdAt: must be a whole number of milliseconds",
				"27: tools[0].action.data.assignee: must be a text, a number, true or false"}},
		"an object for a list": {tool("action: {type: create_record, table: events, data: {title: T, start: 1, " +
			"end: 2, attendees: {a: b}}}"),
			[]string{"19: tools[0].action.data.attendees: must be a text, a number, true or false"}},
		"number beyond 64 bits": {tool("rows: tasks\nfilter: {dueDate: 18446744073709551615}"),
			[]string{"20: tools[0].filter.dueDate: the number 18446744073709551615 is out of range"}},
		"one error, not two": {validHead + "tools:\n  - name: do\n    description: D\n    schema: {type: string}\n  " +
			"  action: {type: send_notification, data: {title: \"{{x}}\"}}\n",
			[]string{"8: tools[0].schema: the arguments must be of type object"}},
		"number out of range": {tool("action: {type: create_record, table: tasks, data: {title: T, dueDate: " +
			"99999999999999999999}}"),
			[]string{"19: tools[0].action.data.dueDate: tasks.dueDate: must be a whole number of milliseconds"}},
		"unknown placeholder": {tool("action:\n  type: create_record\n  table: notes\n  data:\n    title: " +
			"\"{{x}}\"\n    content: \"a {{y}} b\""),
			[]string{"23: tools[0].action.data.title: {{x}} is not among the schema's properties",
				"24: tools[0].action.data.content: {{y}} is not among the schema's properties"}},
		"broken placeholder": {tool("action: {type: create_record, table: notes, data: {title: \"{{s}\", " +
			"content: \"{{a b}}\"}}"),
			[]string{`19: tools[0].action.data.title: "{{" begins a placeholder, which is written {{argument}}`,
				`19: tools[0].action.data.content: "{{" begins a placeholder, which is written {{argument}}`}},
		"types of placeholders": {tool("action:\n  type: create_record\n  table: tasks\n  data:\n    title: " +
			"\"{{i}}\"\n    dueDate: \"{{b}}\"\n    createdAt: \"at {{i}}\"\n    assignee: \"{{o}}\"\n    " +
			"description: \"a {{ol}}\"\n    projectId: \"{{n}}\"\n    status: \"{{e}}\""),
			[]string{"23: tools[0].action.data.title: {{i}} is of type integer; title takes string",
				"24: tools[0].action.data.dueDate: {{b}} is of type boolean; dueDate takes string or integer or number",
				"25: tools[0].action.data.createdAt: createdAt is a time; a placeholder must stand there alone",
				"26: tools[0].action.data.assignee: {{o}} is of type object; assignee takes string",
				"27: tools[0].action.data.description: {{ol}} is of type array of object, which cannot stand " +
					"inside a text",
				"28: tools[0].action.data.projectId: {{n}} is of type number; projectId takes string",
				`29: tools[0].action.data.status: {{e}} may be "low"; status is one of todo, in_progress, done`,
				`29: tools[0].action.data.status: {{e}} may be "high"; status is one of todo, in_progress, done`}},
		"lists": {tool("action:\n  type: create_record\n  table: events\n  data: {title: T, start: 1, end: 2, " +
			"attendees: [a, \"{{zz}}\", 3]}"),
			[]string{"22: tools[0].action.data.attendees[1]: {{zz}} is not among the schema's properties",
				"22: tools[0].action.data.attendees[2]: must be text"}},
		"rows of nothing": {tool("rows: taskComments"), []string{`19: tools[0].rows: "taskComments" is not ` +
			`one of tasks, projects, clients, notes, checkpoints, events, emails`}},
		"filter without row": {tool("filter: {id: x}"), []string{"6: tools[0]: needs action or rows"}},
		"filter's columns": {tool("rows: emails\nfilter: {body: x}"),
			[]string{"20: tools[0].filter.body: unknown column; emails has id, threadId, from, to, subject, " +
				"date, snippet, labels"}},
		"filter's constants": {tool("rows: tasks\nfilter: {status: open, dueDate: soon, completedAt: true, " +
			"title: 5, priority: \"{{i}}\"}"),
			[]string{"20: tools[0].filter.status: \"open\" is not one of todo, in_progress, done",
				`20: tools[0].filter.dueDate: "soon" is not a date; write YYYY-MM-DD or YYYY-MM-DDTHH:MM`,
				"20: tools[0].filter.completedAt: must be a date or milliseconds",
				"20: tools[0].filter.title: must be text",
				"20: tools[0].filter.priority: {{i}} is of type integer; priority takes string"}},
		"filter's bool": {tool("rows: checkpoints\nfilter: {isApproved: 1}"),
			[]string{"20: tools[0].filter.isApproved: must be true or false"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var want []string
			for _, line := range tc.want {
				want = append(want, "a.yaml:"+line)
			}
			if diff := cmp.Diff(want, errorsOf(t, folder(t, map[string]string{"a.yaml": tc.text}))); diff != "" {
				t.Errorf("errors (-want +got):\n%s", diff)
			}
		})
	}
}

// TestErrorsOfEveryFileAreReported loads two files with errors, a duplicate name, and files that are not manifests.
func TestErrorsOfEveryFileAreReported(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{"a.yaml": validHead, "b.yml": validHead + "x: 1\n", "c.YAML": "[",
		"notes.txt":  "[",
		"d.yaml.bak": "[", ".e.yaml": "["})
	if err := os.Mkdir(filepath.Join(dir, "sub.yaml"), 0o700); err != nil {
		t.Fatal(err)
	}
	want := []string{
		`b.yml:1: name: "test_agent" is also the name of the agent in ` + filepath.Join(dir, "a.yaml") + ":1",
		"b.yml:5: x: unknown member; there are name, description, tier, prompt, examples, skills, tools",
		"c.YAML:1: is not YAML: did not find expected node content",
	}
	if diff := cmp.Diff(want, errorsOf(t, dir)); diff != "" {
		t.Errorf("errors (-want +got):\n%s", diff)
	}
}

func TestSymbolicLinksAndPipes(t *testing.T) {
	t.Parallel()
	dir, elsewhere := t.TempDir(), folder(t, map[string]string{"real": validHead})
	for link, target := range map[string]string{"good.yaml": filepath.Join(elsewhere, "real"), "loop.yaml": "loop.yaml",
		"gone.yaml": "nowhere", "folder.yaml": elsewhere} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe.yaml"), 0o600); err != nil {
		t.Fatal(err)
	}
	want := []string{"folder.yaml:1: is not a regular file", "gone.yaml:1: no such file or directory",
		"loop.yaml:1: too many levels of symbolic links", "pipe.yaml:1: is not a regular file"}
	if diff := cmp.Diff(want, errorsOf(t, dir)); diff != "" {
		t.Errorf("errors (-want +got):\n%s", diff)
	}
}

func TestFolderThatCannotBeRead(t *testing.T) {
	t.Parallel()
	var list declared.ErrorList
	if _, err := declared.Load(filepath.Join(t.TempDir(), "none")); !errors.Is(err,
		os.ErrNotExist) || errors.As(err, &list) {
		t.Errorf("error %v", err)
	}
	if set, err := declared.Load(t.TempDir()); err != nil || len(set.Agents(nil)) != 0 {
		t.Errorf("an empty folder: %v %v", set, err)
	}
}
