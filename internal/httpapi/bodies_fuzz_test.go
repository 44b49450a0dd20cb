package httpapi

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"testing"

	"github.com/oapi-codegen/runtime"

	"github.com/adiuva/cloud-api/gen/api"
	"github.com/adiuva/cloud-api/internal/chat"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/testing/hostilejson"
)

// bodyTexts are bodies with every member of their schemas.
var bodyTexts = []string{`{"message":"What is late?","execution_mode":"plan",
"model":{"provider":"p","name":"n","api_key":"sk-1"},
"client_tools":[{"name":"query_rows","description":"Reads.","parameters":{"type":"object","n":[1,2.5,null]}}],
"continuation":"AQ","tool_results":[{"id":"c1","content":"[]"},{"id":"c2","error":"e"},{"id":"c3","denied":true}],
"context":{"timezone":"Europe/Rome","user_profile":{"name":"Ann","age":41,"n":null},"relevant_documents":["a","b"],
"conversation_history":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Hello"}],
"recent_tasks":[{"id":"t1","projectId":"p1","title":"Call","description":null,"status":"todo","priority":"high",
"assignee":"ann","dueDate":1795420800000,"completedAt":null,"createdAt":1.5e3}],
"task_comments":[{"id":"k1","taskId":"t1","content":"c","createdAt":1}],
"projects":[{"id":"p1","clientId":"c1","name":"P","status":"open","aiSummary":"s","createdAt":2}],
"clients":[{"id":"c1","parentId":null,"name":"C","industry":"i","createdAt":3}],
"notes":[{"id":"n1","projectId":"p1","title":"T","content":"x","createdAt":4,"updatedAt":5}],
"checkpoints":[{"id":"x1","projectId":"p1","title":"M","date":6,"isAiSuggested":true,"isApproved":null,"createdAt":7}],
"events":[{"id":"e1","title":"E","start":8,"end":9,"timezone":"UTC","attendees":["a@x.io"],"location":"L",
"allDay":false,"recurringEventId":"r"}],
"emails":[{"id":"m1","thread_id":"h","threadId":"i","from":"a","to":["b"],"subject":"s","date":10,"snippet":"\u0000n",
"labels":["l"]}]}}`,
	`{"prompt_template":"tpl_email_tasks","variables":{"a":1,"b":"\u0000"},"timezone":"UTC","model":{"name":"m"},
"data":[{"id":"m1","n":1e3,"list":[1,{"x":-0.0}]},{}]}`,
	`{"type":"tool_result","id":"c1","content":"x","error":"e","denied":true}`,
}

// FuzzBodiesAgreeWithTheValidator checks that the reader of bodies accepts what strict decoding, the validator and the
// binder of the generated code accept, with the same values, and that what it refuses has the same error.
func FuzzBodiesAgreeWithTheValidator(f *testing.F) {
	for _, text := range bodyTexts {
		for seed := range uint64(200) {
			f.Add(text, seed)
		}
	}
	for _, text := range []string{``, `null`, `[]`, `{}`, `{"message":""}`, `{"message":"a","Message":"b"}`,
		`{"message":"a"} `} {
		f.Add(text, uint64(0))
	}
	doc, err := loadContract()
	if err != nil {
		f.Fatal(err)
	}
	read, err := newBodies(doc)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string, seed uint64) {
		data := []byte(hostilejson.Mangled(text, seed))
		compareBody(t, data, &read.question, func(is *questionBody, want *api.ChatRequest) (any, any) {
			return requestOf(is), fromAPIChat(*want)
		})
		compareBody(t, data, &read.step, func(is, want *api.StepRequest) (any, any) { return is, want })
		compareBody(t, data, &read.toolResult, func(is, want *api.ToolResultFrame) (any, any) { return is, want })
	})
}

// requestOf returns the question in a body, also where its members do not go together.
func requestOf(b *questionBody) chat.Request {
	own := *b
	own.Message, own.Continuation, own.ClientTools, own.ToolResults, own.ExecutionMode = "-", "", nil, nil, nil
	req, err := own.request(false)
	if err != nil {
		panic(err)
	}
	req.Message, req.Continuation = b.Message, b.Continuation
	req.AppTools, req.ToolResults = mapSlice(b.ClientTools, fromAPIAppTool), mapSlice(b.ToolResults, fromAPIResult)
	if b.ExecutionMode != nil {
		req.Mode = *b.ExecutionMode
	}
	return req
}

// compareBody reads data both ways. values returns what of the two has to be equal.
func compareBody[T, W any](t *testing.T, data []byte, b *body[T], values func(*T, *W) (is, want any)) {
	t.Helper()
	info, plainInfo := &requestInfo{}, &requestInfo{}
	before := slices.Clone(data)
	got, err := b.read(contextWith(t, info), data)
	if !slices.Equal(before, data) {
		t.Fatalf("reading changed %q", before)
	}
	want := new(W)
	tree, wantErr := decode(contextWith(t, plainInfo), data, b.schema)
	if wantErr == nil {
		if bindErr := runtime.BindJSONValue(tree, want); bindErr != nil {
			wantErr = fault.ErrValidation.WithCause(bindErr)
		}
	}
	if (err == nil) != (wantErr == nil) || err != nil && !sameFault(t, err, wantErr) {
		t.Fatalf("%q: error %v, want %v", data, err, wantErr)
	}
	if info.droppedNUL != plainInfo.droppedNUL {
		t.Fatalf("%q: dropped %d times U+0000, want %d", data, info.droppedNUL, plainInfo.droppedNUL)
	}
	if err != nil {
		return
	}
	if is, wanted := values(got, want); !reflect.DeepEqual(is, wanted) {
		t.Fatalf("%q:\n is %+v\nnot %+v", data, is, wanted)
	}
	if _, err := b.reader.Read(data, new(T)); err != nil {
		t.Fatalf("%q had to be read twice: %v", data, err)
	}
}

func contextWith(t *testing.T, info *requestInfo) context.Context {
	t.Helper()
	return context.WithValue(t.Context(), requestInfoKey{}, info)
}

// sameFault reports whether two errors are the same to a client.
func sameFault(t *testing.T, a, b error) bool {
	t.Helper()
	var one, other *fault.Error
	if !errors.As(a, &one) || !errors.As(b, &other) {
		t.Fatalf("no faults: %v, %v", a, b)
	}
	return string(problemBody(one, "", "", "")) == string(problemBody(other, "", "", ""))
}

// TestBodiesWithEveryMemberAreReadOnce fails where the texts that the fuzz test begins with are not accepted, so that
// it would compare errors alone.
func TestBodiesWithEveryMemberAreReadOnce(t *testing.T) {
	t.Parallel()
	doc, err := loadContract()
	if err != nil {
		t.Fatal(err)
	}
	read, err := newBodies(doc)
	if err != nil {
		t.Fatal(err)
	}
	var question questionBody
	_, errQuestion := read.question.reader.Read([]byte(bodyTexts[0]), &question)
	_, errStep := read.step.reader.Read([]byte(bodyTexts[1]), new(api.StepRequest))
	_, errResult := read.toolResult.reader.Read([]byte(bodyTexts[2]), new(api.ToolResultFrame))
	if errQuestion != nil || errStep != nil || errResult != nil {
		t.Fatal(errQuestion, errStep, errResult)
	}
	for _, value := range []reflect.Value{reflect.ValueOf(question), reflect.ValueOf(*question.Context)} {
		for i := range value.NumField() {
			if value.Field(i).IsZero() {
				t.Errorf("the text has no %s", value.Type().Field(i).Name)
			}
		}
	}
}
