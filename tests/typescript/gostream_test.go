package typescript_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// checkGoStream runs the guide's Go program that streams an answer: against the service, with its key and with a wrong
// one, and against stand-ins that end an answer in other ways.
func checkGoStream(t *testing.T, program, base, key string) {
	t.Helper()
	expect := func(base, key string, ok bool, parts ...string) {
		t.Helper()
		out, err := goStream(t, program, base, key).CombinedOutput()
		for _, part := range parts {
			if !strings.Contains(string(out), part) {
				t.Errorf("%q is not in the output: %s", part, out)
			}
		}
		if (err == nil) != ok {
			t.Errorf("the program ended with %v: %s", err, out)
		}
	}
	expect(base, key, true, "Call Anna", "\nChanges: 1\n")
	expect(base, key+"x", false, "401 Unauthorized", `"code":"token_invalid"`)

	const text, future = `{"type":"text","delta":"Hello"}`, `{"type":"from-the-future"}`
	const failed = `{"type":"error","code":"llm_error","message":"No model.","request_id":"r"}`
	const replaced = `{"type":"done","kind":"response","response":"No.","replaced":true,"actions":[]}`
	expect(sends(t, text, future, failed), key, false, "Hello", "llm_error: No model.")
	expect(sends(t, text, replaced), key, true, "Hello", "Read this instead: No.")
	expect(sends(t, text), key, false, "Hello", "the answer was cut")
	checkWordsComeAtOnce(t, program, key)
}

// checkWordsComeAtOnce has the server wait, after the first word, until the program has printed it.
func checkWordsComeAtOnce(t *testing.T, program, key string) {
	t.Helper()
	printed := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sendEvent(w, `{"type":"text","delta":"Hello"}`)
		select {
		case <-printed:
			sendEvent(w, `{"type":"done","kind":"response","response":"Hello","actions":[]}`)
		case <-r.Context().Done():
		}
	}))
	defer server.Close()
	cmd := goStream(t, program, server.URL, key)
	var log bytes.Buffer
	cmd.Stderr = &log
	out, err := cmd.StdoutPipe()
	check(t, err)
	check(t, cmd.Start())
	word := make([]byte, len("Hello"))
	_, err = io.ReadFull(out, word)
	check(t, err)
	close(printed)
	rest, err := io.ReadAll(out)
	check(t, err)
	if err := cmd.Wait(); err != nil || string(word) != "Hello" || string(rest) != "\nChanges: 0\n" {
		t.Errorf("%v: %s%s%s", err, word, rest, &log)
	}
}

// sends starts a server that answers with these events and returns its URL.
func sends(t *testing.T, events ...string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for _, event := range events {
			sendEvent(w, event)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// sendEvent writes an event as the service does. An error means that the client has left, which its test notices.
func sendEvent(w http.ResponseWriter, event string) {
	w.Header().Set("Content-Type", "text/event-stream")
	_, _ = fmt.Fprintf(w, ": a comment\n\nevent: x\ndata: %s\n\n", event)
	w.(http.Flusher).Flush()
}

func goStream(t *testing.T, program, base, key string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program)
	cmd.Env = append(os.Environ(), "API="+base, "KEY="+key)
	return cmd
}
