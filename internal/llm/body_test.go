package llm_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/llm"
)

// lateReader responds before it has read the requests, as a server may, and keeps them.
type lateReader struct{ requests []*http.Request }

func (l *lateReader) RoundTrip(req *http.Request) (*http.Response, error) {
	l.requests = append(l.requests, req)
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(wholeAnswer))}, nil
}

// TestRequestStaysWholeWhileItIsRead reads requests after later calls, which must not have their memory yet. A request
// that was answered cannot be opened again.
func TestRequestStaysWholeWhileItIsRead(t *testing.T) {
	t.Parallel()
	late := &lateReader{}
	client, err := llm.New(llm.Config{BaseURL: "http://model.test/v1", Model: "m", Transport: late})
	if err != nil {
		t.Fatal(err)
	}
	questions := []string{"one question", "two questions", "three questions"}
	for _, q := range questions {
		if _, err := client.Generate(t.Context(), ask(q), nil); err != nil {
			t.Fatal(err)
		}
	}
	for i, req := range late.requests {
		body, err := io.ReadAll(req.Body)
		if err != nil || !strings.Contains(string(body), questions[i]) || int64(len(body)) != req.ContentLength {
			t.Errorf("request %d is %q, error %v", i, body, err)
		}
		_ = req.Body.Close()
		if n, err := req.Body.Read(make([]byte, 1)); n > 0 || err == nil {
			t.Errorf("a closed body has %d bytes, error %v", n, err)
		}
		if _, err := req.GetBody(); err == nil {
			t.Error("a request that was answered was opened again")
		}
	}
}
