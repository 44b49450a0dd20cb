//go:build load

// Package load_test measures what one machine carries: `make load` runs it. The real binary serves beside a bare Echo
// handler, a bare relay and the fake model itself, each a process of its own, with a real PostgreSQL and Redis and with
// a thousand, a hundred thousand and a million accounts. It prints what it does and writes a page with the tables and
// the plots to docs/load.
//
//	vegeta, at fixed rates ──┬─> the service ──┬─> PostgreSQL, Redis
//	wrk, as fast as it goes ─┤                 └─> the fake model
//	sockets of our own ──────┼─> a bare relay ───> the fake model
//	                         ├─> a bare handler
//	                         └─> the fake model
package load_test

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestMain serves as one of the references where the variable says so.
func TestMain(m *testing.M) {
	if kind := os.Getenv(serverVariable); kind != "" {
		if err := serve(kind, os.Getenv(upstreamVariable)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// scale shrinks the sizes and times, for work on the tests themselves. At 1 a run takes about ten minutes.
func scale(t testing.TB) float64 {
	t.Helper()
	text := os.Getenv("LOAD_SCALE")
	if text == "" {
		return 1
	}
	s, err := strconv.ParseFloat(text, 64)
	if err != nil || s <= 0 || s > 1 {
		t.Fatalf("LOAD_SCALE is %q; it must be above 0 and at most 1", text)
	}
	return s
}

// run is one run of the measurements.
type run struct {
	*testing.T
	scale   float64
	start   time.Time
	tools   tools
	targets targets
	db      database
	report  report
}

// TestLoad measures everything, one thing after another, so that nothing disturbs anything else.
func TestLoad(t *testing.T) {
	r := &run{T: t, scale: scale(t), start: time.Now()}
	r.report.about = about(t)
	r.tools = findTools(t)
	r.startTargets()
	for _, users := range []float64{1e3, 1e5, 1e6} {
		r.measureSize(int(math.Max(200, users*r.scale)))
	}
	r.measureIdle() // before what leaves garbage, in which sockets and streams would hide
	r.measureStreams()
	r.measureRates()
	r.measureCeilings()
	r.measureUploads()
	r.report.rows = r.db.sizes(t)
	r.report.took = time.Since(r.start)
	folder := os.Getenv("LOAD_OUT")
	if folder == "" {
		folder = t.TempDir()
	}
	r.progress("writing %s", folder)
	check(t, r.report.write(folder))
	page, err := os.ReadFile(filepath.Join(folder, "README.md"))
	check(t, err)
	fmt.Println(string(page))
}

// progress tells the reader what is being done.
func (r *run) progress(format string, args ...any) {
	fmt.Printf("%5.0f s  %s\n", time.Since(r.start).Seconds(), fmt.Sprintf(format, args...))
}

// period is how long one measurement takes.
func (r *run) period() time.Duration {
	return max(time.Second, time.Duration(4*r.scale*float64(time.Second)))
}

// tools are the paths of the programs that send requests.
type tools struct{ vegeta, wrk string }

func findTools(t testing.TB) tools {
	t.Helper()
	out, err := exec.Command("go", "tool", "-modfile=../../tools/load/go.mod", "-n", "vegeta").Output()
	check(t, err)
	wrk, err := exec.LookPath("wrk")
	if err != nil {
		t.Fatal("wrk is missing; `make load` installs it")
	}
	return tools{vegeta: strings.TrimSpace(string(out)), wrk: wrk}
}

// about describes the machine.
func about(t testing.TB) string {
	t.Helper()
	model := "an unknown processor"
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if name, value, found := strings.Cut(line, ":"); found && strings.TrimSpace(name) == "model name" {
				model = strings.TrimSpace(value)
				break
			}
		}
	}
	load, err := os.ReadFile("/proc/loadavg")
	check(t, err)
	before, _, _ := strings.Cut(string(load), " ")
	return fmt.Sprintf("%s, %s; load average at the start %s", cores(), model, before)
}
