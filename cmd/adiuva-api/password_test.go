package main

import (
	"io"
	"strings"
	"testing"
)

func TestPasswordIsReadFromStandardInput(t *testing.T) {
	t.Attr("case", "S15")
	t.Parallel()
	for in, want := range map[string]string{
		"correct horse\n": "correct horse", "correct horse\r\nmore": "correct horse", " spaces kept ": " spaces kept ",
		"": "", "\n": "",
	} {
		env, _, _ := testEnvironment(nil)
		env.in = strings.NewReader(in)
		got, err := readPassword(env)
		if got != want || (err != nil) != (want == "") {
			t.Errorf("%q: got %q, %v", in, got, err)
		}
	}
	env, _, _ := testEnvironment(nil)
	if _, err := readPassword(env); err == nil || !strings.Contains(err.Error(), "--password") {
		t.Errorf("no input: %v", err)
	}
	env.in = io.LimitReader(endless{}, 1<<30)
	if got, err := readPassword(env); err != nil || len(got) != maxPasswordLine {
		t.Errorf("an endless line: %d bytes, %v", len(got), err)
	}
}

// endless is an input without an end of line.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}
