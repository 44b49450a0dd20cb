//go:build load

package load_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// requests are what is sent to a target: one for each account, in turn.
type requests struct {
	name         string // of the target, in the report
	on           *process
	method, path string
	body         string
	auth         bool
}

// result is what a rate showed.
type result struct {
	name      string
	rate      float64 // asked for, per second
	p50, p99  time.Duration
	perCall   time.Duration // CPU time of the target
	database  time.Duration // CPU time of PostgreSQL, per call
	successes float64       // share
}

// attack sends requests at a fixed rate with vegeta.
func (r *run) attack(q requests, tokens []string, rate int) result {
	r.Helper()
	folder := r.TempDir()
	targets := filepath.Join(folder, "targets")
	var text bytes.Buffer
	encode := json.NewEncoder(&text)
	for i, header := range headersOf(q, tokens) {
		if i == 500 && !q.auth {
			break
		}
		check(r, encode.Encode(map[string]any{"method": q.method, "url": q.on.url + q.path, "header": header,
			"body": base64.StdEncoding.EncodeToString([]byte(q.body))}))
	}
	check(r, os.WriteFile(targets, text.Bytes(), 0o600))
	results := filepath.Join(folder, "results")
	cpu, database := q.on.cpu(r), childrenCPU(r.db.pid)
	r.output(exec.CommandContext(r.Context(), r.tools.vegeta, "attack", "-format=json", "-targets="+targets,
		"-rate="+strconv.Itoa(rate), "-duration="+r.period().String(), "-timeout=10s", "-output="+results))
	cpu, database = q.on.cpu(r)-cpu, childrenCPU(r.db.pid)-database
	var got struct {
		Latencies struct {
			P50 time.Duration `json:"50th"`
			P99 time.Duration `json:"99th"`
		}
		Requests int
		Success  float64
		Errors   []string
	}
	summary := r.output(exec.CommandContext(r.Context(), r.tools.vegeta, "report", "-type=json", results))
	check(r, json.Unmarshal(summary, &got))
	if got.Success < 1 {
		r.progress("%s at %d/s: %.1f %% succeeded, %.200q", q.name, rate, 100*got.Success, got.Errors)
	}
	each := func(spent time.Duration) time.Duration { return spent / time.Duration(max(got.Requests, 1)) }
	return result{q.name, float64(rate), got.Latencies.P50, got.Latencies.P99, each(cpu), each(database), got.Success}
}

// headersOf returns the headers of one request for each account.
func headersOf(q requests, tokens []string) (list []map[string][]string) {
	for _, token := range tokens {
		header := map[string][]string{"Content-Type": {"application/json"}}
		if q.auth {
			header["Authorization"] = []string{"Bearer " + token}
		}
		list = append(list, header)
	}
	return list
}

// ceiling is what a target answers at most.
type ceiling struct {
	name    string
	perSec  float64
	perCall time.Duration // CPU time of the target
}

const wrkConnections = 32

// most sends requests with wrk as fast as they are answered.
func (r *run) most(q requests, tokens []string) ceiling {
	r.Helper()
	var script strings.Builder
	fmt.Fprintf(&script, "wrk.method, wrk.body = %q, %s\nlocal tokens, n = {", q.method, luaString(q.body))
	for _, token := range tokens {
		fmt.Fprintf(&script, "%q,", "Bearer "+token)
	}
	script.WriteString("}, 0\nfunction request()\n  n = n % #tokens + 1\n" +
		"  local headers = {[\"Content-Type\"] = \"application/json\"}\n")
	if q.auth {
		script.WriteString("  headers.Authorization = tokens[n]\n")
	}
	script.WriteString("  return wrk.format(nil, nil, headers)\nend\n")
	file := filepath.Join(r.TempDir(), "script.lua")
	check(r, os.WriteFile(file, []byte(script.String()), 0o600))
	seconds := int(max(1, r.period().Seconds()))
	cpu := q.on.cpu(r)
	out := r.output(exec.CommandContext(r.Context(), r.tools.wrk, "-t1", fmt.Sprintf("-c%d", wrkConnections),
		fmt.Sprintf("-d%ds", seconds), "-s", file, q.on.url+q.path))
	cpu = q.on.cpu(r) - cpu
	rate := regexp.MustCompile(`Requests/sec: +([\d.]+)`).FindSubmatch(out)
	count := regexp.MustCompile(`(\d+) requests in`).FindSubmatch(out)
	if rate == nil || count == nil {
		r.Fatalf("wrk said %s", out)
	}
	if failed := regexp.MustCompile(`Non-2xx or 3xx responses: (\d+)`).FindSubmatch(out); failed != nil {
		r.progress("%s: %s of %s answers are errors", q.name, failed[1], count[1])
	}
	perSec, err := strconv.ParseFloat(string(rate[1]), 64)
	check(r, err)
	n, err := strconv.Atoi(string(count[1]))
	check(r, err)
	return ceiling{q.name, perSec, cpu / time.Duration(max(n, 1))}
}

// luaString quotes a JSON body for Lua.
func luaString(s string) string { return "[[" + s + "]]" }

// output runs a program and returns what it prints.
func (r *run) output(cmd *exec.Cmd) []byte {
	r.Helper()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		r.Fatalf("%s: %v: %s", filepath.Base(cmd.Path), err, &stderr)
	}
	return out
}
