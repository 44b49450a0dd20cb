package httpapi

import (
	"fmt"
	"strings"
	"testing"

	"github.com/oapi-codegen/runtime"

	"github.com/adiuva/cloud-api/gen/api"
)

// questionWith returns a question with that many tasks.
func questionWith(tasks int) []byte {
	var b strings.Builder
	b.WriteString(`{"message":"What is open this week, and what of it is late?","context":{"recent_tasks":[`)
	for i := range tasks {
		fmt.Fprintf(&b, `%.*s{"id":"3f6c0f1e-%04d-4b1e-9a55-0c5f0c1d%04d","projectId":"p%d","title":"Call the `+
			`printer about brochure number %d","description":"They wait for the proofs until noon.","status":"todo",`+
			`"priority":"high","dueDate":%d}`, min(i, 1), ",", i, i, i%40, i, 1795420800000+60000*i)
	}
	b.WriteString(`]}}`)
	return []byte(b.String())
}

// BenchmarkBody reads questions in one pass, and as bodies of other operations are read.
func BenchmarkBody(b *testing.B) {
	doc, err := loadContract()
	if err != nil {
		b.Fatal(err)
	}
	read, err := newBodies(doc)
	if err != nil {
		b.Fatal(err)
	}
	for _, tasks := range []int{3, 100, 4600} {
		data := questionWith(tasks)
		b.Run(fmt.Sprintf("tasks=%d/onePass", tasks), func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				body, err := read.question.read(b.Context(), data)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := body.request(false); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("tasks=%d/threePasses", tasks), func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				tree, err := decode(b.Context(), data, read.question.schema)
				if err != nil {
					b.Fatal(err)
				}
				var body api.ChatRequest
				if err := runtime.BindJSONValue(tree, &body); err != nil {
					b.Fatal(err)
				}
				_ = fromAPIChat(body)
			}
		})
	}
}
