package strictjson_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/oapi-codegen/runtime"

	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/strictjson"
)

func TestDecodeAcceptsValidJSON(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("[", 32) + strings.Repeat("]", 32)
	nested := any([]any{})
	for range 31 {
		nested = []any{nested}
	}
	for in, want := range map[string]any{
		`null`:                     nil,
		` true `:                   true,
		"\t\r\n false":             false,
		`""`:                       "",
		`"ſ"`:                      "ſ",
		`"\"\\\/\b\f\n\r\t\u00e9"`: "\"\\/\b\f\n\r\té",
		`"a\ud83d\uDE00b"`:         "a😀b",
		`"\ufffd` + "\ufffd" + `"`: "\ufffd\ufffd",
		`"\uFFFE\u007f"`:           "\uFFFE\x7f",
		`0`:                        json.Number("0"),
		`-0`:                       json.Number("-0"),
		`-0.0`:                     json.Number("-0"),
		`1767225600123`:            json.Number("1767225600123"),
		`9223372036854775807`:      json.Number("9223372036854775807"),
		`1.0`:                      json.Number("1"),
		`-12.50E+1`:                json.Number("-125"),
		`1e3`:                      json.Number("1000"),
		`0.1`:                      json.Number("0.1"),
		`1e300`:                    json.Number("1e300"),
		`1e-999`:                   json.Number("0"),
		`9007199254740993.0`:       json.Number("9007199254740992"),
		`9007199254740994.0`:       json.Number("9007199254740994.0"),
		`[]`:                       []any{},
		`{}`:                       map[string]any{},
		`[1, "a" ,null]`:           []any{json.Number("1"), "a", nil},
		deep:                       nested,
		`{"a":{"A":1},"b":[{}]}`: map[string]any{
			"a": map[string]any{"A": json.Number("1")},
			"b": []any{map[string]any{}},
		},
		`[{"a":1},{"a":2},{"A":3}]`: []any{
			map[string]any{"a": json.Number("1")},
			map[string]any{"a": json.Number("2")},
			map[string]any{"A": json.Number("3")},
		},
	} {
		got, err := strictjson.Decode([]byte(in))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("Decode(%s) = %#v, %v; want %#v", in, got, err, want)
		}
	}
}

func TestDecodeRejectsInvalidJSON(t *testing.T) {
	t.Parallel()
	const duplicate = "a member is named twice (upper and lower case count as one)"
	for _, c := range []struct{ name, in, want string }{
		{"empty", "", "it is empty (at byte 0)"},
		{"white space", " \n", "it is empty (at byte 2)"},
		{"byte order mark", "\xef\xbb\xbf{}", "something else where a value is expected (at byte 0)"},
		{"other white space", "\u00a0{}", "something else where a value is expected (at byte 0)"},
		{"not UTF-8", `{"password":"` + "\xff" + `"}`, "it is not valid UTF-8 (at byte 13)"},
		{"surrogate in UTF-8", "\"\xed\xa0\x80\"", "it is not valid UTF-8 (at byte 1)"},
		{"overlong", "\"\xc0\xaf\"", "it is not valid UTF-8 (at byte 1)"},
		{"lone high surrogate", `{"password":"x\ud800"}`, "half of a surrogate pair (at byte 14, in /password)"},
		{"lone low surrogate", `["\udc00"]`, "half of a surrogate pair (at byte 2, in /0)"},
		{"surrogates in the wrong order", `"\ude00\ud83d"`, "half of a surrogate pair (at byte 1)"},
		{"high surrogate before a character", `"\ud83d\u0041"`, "half of a surrogate pair (at byte 1)"},
		{"escaped NUL", `{"email":"a\u0000@x.io"}`, "U+0000 (at byte 11, in /email)"},
		{"escaped NUL in a name", `{"a\u0000":1}`, "U+0000 (at byte 3)"},
		{"bare NUL", "\"a\x00\"", "bare control character (at byte 2)"},
		{"bare newline", "\"a\n\"", "bare control character (at byte 2)"},
		{"bare newline after an escape", "\"\\ta\n\"", "bare control character (at byte 4)"},
		{"NUL after the value", "1\x00", "something follows the value (at byte 1)"},
		{"duplicate name", `{"a":{"b":1,"b":2}}`, duplicate + " (at byte 12, in /a/b)"},
		{"duplicate name by escape", `{"b":1,"\u0062":2}`, duplicate + " (at byte 7, in /b)"},
		{"duplicate name by case", `{"email":"a","EMAIL":"b"}`, duplicate + " (at byte 13, in /EMAIL)"},
		{"long s", `{"password":"a","paſſword":"b"}`, duplicate + " (at byte 16)"},
		{"Kelvin sign", "{\"k\":1,\"\u212a\":2}", duplicate + " (at byte 7)"},
		{"final sigma", `{"σ":1,"ς":2}`, duplicate + " (at byte 8)"},
		{"trailing value", `{} {}`, "something follows the value (at byte 3)"},
		{"trailing comma", `[1,]`, "something else where a value is expected (at byte 3, in /1)"},
		{"trailing comma in an object", `{"a":1,}`, "something else where a member name is expected (at byte 7)"},
		{"no colon", `{"a" 1}`, "something else where a colon is expected (at byte 5)"},
		{"no comma", `[1 2]`, "something else where a comma or the end of the array is expected (at byte 3)"},
		{"no comma in an object", `{"a":1 "b":2}`, "a comma or the end of the object is expected (at byte 7)"},
		{"open string", `"a`, "it ends where the end of a string is expected (at byte 2)"},
		{"open escape", `"\`, "it ends where a letter that can be escaped is expected (at byte 2)"},
		{"open array", `[`, "it ends where a value is expected (at byte 1, in /0)"},
		{"unknown escape", `"\x41"`, "something else where a letter that can be escaped is expected (at byte 2)"},
		{"short escape", `"\u12"`, "something else where a hexadecimal digit is expected (at byte 5)"},
		{"literal", `nul`, "something else where a value is expected (at byte 0)"},
		{"literal in capitals", `NaN`, "something else where a value is expected (at byte 0)"},
		{"literal with a suffix", `trueish`, "something follows the value (at byte 4)"},
		{"leading zero", `01`, "something follows the value (at byte 1)"},
		{"plus", `+1`, "something else where a value is expected (at byte 0)"},
		{"bare minus", `-`, "it ends where a digit is expected (at byte 1)"},
		{"no fraction", `1.`, "it ends where a digit is expected (at byte 2)"},
		{"no exponent", `1e+`, "it ends where a digit is expected (at byte 3)"},
		{"too large", `{"n":1e999}`, "a number is out of range (at byte 5, in /n)"},
		{"too large without exponent", "-1" + strings.Repeat("0", 310), "a number is out of range (at byte 0)"},
		{"too deep", strings.Repeat("[", 33), "it nests deeper than 32 (at byte 32, in " + strings.Repeat("/0", 32)},
		{"a hundred thousand deep", strings.Repeat("[", 100_000), "it nests deeper than 32 (at byte 32"},
		{"objects too deep", strings.Repeat(`{"a":`, 33), "it nests deeper than 32 (at byte 160"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			value, err := strictjson.Decode([]byte(c.in))
			if value != nil || !errors.Is(err, fault.ErrInvalidJSON) {
				t.Fatalf("Decode = %v, %v; want invalid_json", value, err)
			}
			got := fault.From(err).Message
			if !strings.Contains(got, c.want) {
				t.Errorf("message %q, want %q in it", got, c.want)
			}
		})
	}
}

// Objects with few members and with many compare names differently; both must reject the same names.
func TestDecodeRejectsDuplicateNamesAmongManyMembers(t *testing.T) {
	t.Parallel()
	for members := 1; members < 40; members++ {
		for duplicate := range members {
			var doc strings.Builder
			for i := range members {
				fmt.Fprintf(&doc, `"task%dſ":0,`, i)
			}
			if _, err := strictjson.Decode([]byte("{" + strings.TrimSuffix(doc.String(), ",") + "}")); err != nil {
				t.Fatalf("%d different members: %v", members, err)
			}
			withDuplicate := fmt.Sprintf("{%s\"TAS\u212a%dS\":0}", doc.String(), duplicate)
			if _, err := strictjson.Decode([]byte(withDuplicate)); !errors.Is(err, fault.ErrInvalidJSON) {
				t.Fatalf("duplicate of member %d of %d: %v", duplicate, members, err)
			}
		}
	}
}

func TestMessageDoesNotRepeatTheInput(t *testing.T) {
	t.Parallel()
	const secret = "hunter2"
	for _, in := range []string{
		`{"context":{"my password is ` + secret + `":1,"my password is ` + secret + `":2}}`,
		`{"context":{"` + strings.Repeat(secret, 10) + `":1e999}}`,
		`{"context":{"a":"` + secret + "\x01" + `"}}`,
		`{"context":` + secret + `}`,
	} {
		_, err := strictjson.Decode([]byte(in))
		f := fault.From(err)
		if strings.Contains(f.Message+f.Error(), secret) || !strings.Contains(f.Message, "in /context") {
			t.Errorf("Decode(%s): message %q", in, f.Message)
		}
	}
}

// BindJSONValue is what the generated server uses.
func TestDecodedValuesBindWithoutLoss(t *testing.T) {
	t.Parallel()
	type row struct {
		DueDate int64          `json:"dueDate"`
		Hours   float64        `json:"hours"`
		Seats   *int           `json:"seats"`
		Data    map[string]any `json:"data"`
	}
	const doc = `{"dueDate":9007199254740993,"hours":0.1,"seats":3.0,"data":{"at":1767225600123}}`
	value, err := strictjson.Decode([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	var got row
	if err := runtime.BindJSONValue(value, &got); err != nil {
		t.Fatal(err)
	}
	seats := 3
	want := row{DueDate: 9007199254740993, Hours: 0.1, Seats: &seats, Data: map[string]any{"at": 1767225600123.0}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("bound %+v, want %+v", got, want)
	}
}

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"email":"a@x.io","password":"correct horse"}`, `{"k":1,"K":2}`,
		`[1.50,-0,1e3,1e-999,123456789012345678901234567890]`, `"\ud83d\ude00\u0000"`, "\"\xff\"",
		`{"a":{"b":[true,false,null]}}`, `{"paſſword":"x","password":"y"}`, ` [ ] `, `1e999`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		before := bytes.Clone(in)
		got, err := strictjson.Decode(in)
		if !bytes.Equal(in, before) {
			t.Fatal("Decode changed its input")
		}
		if err != nil {
			if !errors.Is(err, fault.ErrInvalidJSON) {
				t.Fatalf("Decode(%q): %v", in, err)
			}
			return
		}
		var want any
		if err := json.Unmarshal(in, &want); err != nil {
			t.Fatalf("Decode accepts %q, encoding/json does not: %v", in, err)
		}
		var same any
		if err := runtime.BindJSONValue(got, &same); err != nil || !reflect.DeepEqual(same, want) {
			t.Fatalf("Decode(%q) = %#v (%v), encoding/json: %#v", in, same, err, want)
		}
	})
}

// chatBody returns a large chat request: 200 rows with camelCase columns and a long message.
func chatBody() []byte {
	row := `{"id":"018f2b1e-7d1c-7c3a-9a51-0242ac120002","projectId":"p1","title":"Write the report",` +
		`"description":"Q3 \"numbers\"","status":"todo","priority":"high","assignee":"ann",` +
		`"dueDate":1767225600123,"createdAt":1767225600123}`
	return []byte(`{"message":"` + strings.Repeat("What is due tomorrow? ", 100) +
		`","execution_mode":"direct","context":{"tasks":[` + strings.Repeat(row+",", 199) + row + `]}}`)
}

func BenchmarkDecode(b *testing.B) {
	body := chatBody()
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := strictjson.Decode(body); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncodingJSON(b *testing.B) {
	body := chatBody()
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		var value any
		if err := json.Unmarshal(body, &value); err != nil {
			b.Fatal(err)
		}
	}
}
