//go:build unix

package bench_test

import (
	"slices"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/testing/apitest"
)

const questionsPerRound = 200 // one after the other

// BenchmarkFirstToken measures the median time to the first text of an answer, beyond what the model itself takes for
// the calls behind it: a reverse proxy makes one call, our socket two, and one without the router (unrouted). The first
// event of version 2 (started) comes before any call. The model streams its answer at once, so that text which the leak
// filter holds back does not wait for the model.
func BenchmarkFirstToken(b *testing.B) {
	up := startModel(b)
	proxy := &streamTarget{gateway: startGateway(b, "proxy", up.URL), path: "/v1/chat/completions",
		body: streamedQuestion}
	direct := &streamTarget{gateway: &gateway{URL: up.URL}, path: proxy.path, body: streamedQuestion}
	asks := map[string]func() time.Duration{
		"direct": func() time.Duration { return direct.askEvents(b) },
		"proxy":  func() time.Duration { return proxy.askEvents(b) },
	}
	for _, kind := range []string{"ours", "unrouted"} {
		r := &streamTarget{gateway: startGateway(b, kind, up.URL), path: apitest.StreamPath, body: chatQuestion}
		asks[kind] = r.askOnSocket(b)
		if kind == "ours" {
			r := &streamTarget{gateway: r.gateway, path: apitest.StreamPath + "?v=2", body: chatQuestion}
			asks["started"] = r.askOnSocket(b)
		}
	}
	took := map[string][]time.Duration{}
	for b.Loop() {
		for range questionsPerRound {
			for kind, ask := range asks {
				took[kind] = append(took[kind], ask())
			}
		}
	}
	median := func(kind string) float64 {
		slices.Sort(took[kind])
		return float64(took[kind][len(took[kind])/2].Nanoseconds()) / 1e3
	}
	b.ReportMetric(0, "ns/op")
	for _, kind := range []string{"direct", "proxy", "unrouted", "ours", "started"} {
		b.ReportMetric(median(kind), kind+"-µs")
	}
	added := median("proxy") - median("direct")
	b.ReportMetric((median("unrouted")-median("direct"))/added, "x-proxy-unrouted")
	b.ReportMetric((median("ours")-2*median("direct"))/(2*added), "x-2-proxies")
}

// askEvents asks once and returns the time to the first event.
func (r *streamTarget) askEvents(b *testing.B) time.Duration {
	start := time.Now()
	in, err := openEvents(r, "")
	check(b, err)
	defer in.close()
	return first(b, in, start)
}

// askOnSocket opens a socket and returns a function that asks on it and returns the time to the first frame.
func (r *streamTarget) askOnSocket(b *testing.B) func() time.Duration {
	in, err := openSocket(r, r.Tokens[0])
	check(b, err)
	b.Cleanup(func() { _ = in.close() })
	first(b, in, time.Now())
	return func() time.Duration {
		start := time.Now()
		check(b, in.ask())
		return first(b, in, start)
	}
}

// first reads an answer to its end and returns the time from start to its first part.
func first(b *testing.B, in *streamReader, start time.Time) (took time.Duration) {
	for last := false; !last; {
		var err error
		last, err = in.next()
		check(b, err)
		if took == 0 {
			took = time.Since(start)
		}
	}
	return took
}
