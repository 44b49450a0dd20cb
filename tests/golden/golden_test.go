// Package golden_test records what the service does as seen from outside: its HTTP responses, its WebSocket frames, the
// shape of its log lines, its metrics and the output of its commands. A refactoring must leave testdata/ as it is.
//
// One real binary runs in dev with every embedded default, another in front of a scripted language model. Values that
// differ from run to run are replaced by placeholders; see masks. After an intended change:
//
//	go test ./tests/golden -update
//
// To look at another build, name it: ADIUVA_BINARY=/path/to/adiuva-api go test -count=1 ./tests/golden
package golden_test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestGolden runs everything against one service, in order: the log is compared when all that writes to it is over.
func TestGolden(t *testing.T) {
	binary := findBinary(t)
	s := startService(t, binary)
	slow := s.openSilentSocket(t)

	t.Run("contract", func(t *testing.T) {
		w := newWalk(t, s, nil)
		w.operations()
		r := newRecording(t, "contract.golden", s.mask)
		w.r = r
		w.edge()
		w.pages()
		w.accounts()
		w.tokens()
		w.chats()
		w.plans()
		w.backups()
		w.billing()
		w.rateLimits()
		r.compare()
	})
	t.Run("metrics", func(t *testing.T) { recordMetrics(t, s) })
	t.Run("commands", func(t *testing.T) { recordCommands(t, s) })
	t.Run("upstream", func(t *testing.T) { recordUpstream(t, s) })
	t.Run("stream", func(t *testing.T) {
		r := newRecording(t, "stream.golden", s.mask)
		recordStream(t, s, r)
		slow.record(r)
		recordDrain(t, s, r) // stops the service
		r.compare()
	})
	t.Run("log", func(t *testing.T) { recordLog(t, s, "log.golden") })
	t.Run("banner", func(t *testing.T) { recordBanner(t, s) })
}

// recording collects text under headings and compares it with a golden file.
type recording struct {
	t    *testing.T
	path string
	mask func(string) string
	text strings.Builder
}

func newRecording(t *testing.T, name string, mask func(string) string) *recording {
	return &recording{t: t, path: filepath.Join("testdata", name), mask: mask}
}

// add appends one entry, masked.
func (r *recording) add(title, text string) {
	fmt.Fprintf(&r.text, "=== %s\n%s\n\n", title, strings.TrimRight(r.mask(text), "\n"))
}

// compare fails the test with a diff when the golden file says otherwise; with -update it rewrites the file.
func (r *recording) compare() {
	r.t.Helper()
	got := strings.TrimRight(r.text.String(), "\n") + "\n"
	if *update {
		check(r.t, os.MkdirAll(filepath.Dir(r.path), 0o755))
		check(r.t, os.WriteFile(r.path, []byte(got), 0o644))
		return
	}
	want, err := os.ReadFile(r.path)
	if err == nil && string(want) == got {
		return
	}
	actual := filepath.Join(r.t.TempDir(), filepath.Base(r.path))
	check(r.t, os.WriteFile(actual, []byte(got), 0o644))
	diff, _ := exec.Command("diff", "-u", r.path, actual).CombinedOutput() // exits with 1 when the files differ
	r.t.Errorf("%s differs; run with -update when that is intended:\n%s", r.path, diff)
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
