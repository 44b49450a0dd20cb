//go:build unix

package bench_test

import (
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/testing/apitest"
)

// maxLateness is how late tokens may be at p99: one interval between tokens.
const maxLateness = tokenInterval

// BenchmarkSustained measures how many streams of 50 tokens a second a gateway with one core sustains while 99 of 100
// tokens are at most one interval late, in windows of two seconds with two tries each. The load generator and the
// model share another core. Lateness is relative to the earliest token of the stream. Our service runs without its
// leak filter, which holds text back, so that frames would not show which token they have waited for.
func BenchmarkSustained(b *testing.B) {
	up := startModel(b)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	targets := map[string]*streamTarget{
		"unfiltered":  {path: apitest.StreamPath, body: chatQuestion, open: openSocket},
		"langchaingo": {path: "/ws", body: referenceQuestion, open: openSocket},
		"proxy":       {path: "/v1/chat/completions", body: streamedQuestion, open: openEvents},
	}
	sustained := map[string]float64{}
	for b.Loop() {
		for kind, r := range targets {
			r.gateway = startGateway(b, kind, up.URL+"/paced")
			sustained[kind] = float64(r.sustains(b, up))
			b.ReportMetric(sustained[kind], kind+"-streams")
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(sustained["unfiltered"]/sustained["langchaingo"], "x-langchaingo")
	b.ReportMetric(sustained["unfiltered"]/sustained["proxy"], "x-proxy")
}

// sustains returns the largest number of streams that are on time.
func (r *streamTarget) sustains(b *testing.B, up *fakeModel) (most int) {
	b.Helper()
	for _, n := range []int{100, 150, 200, 250, 300, 350, 400, 500, 600, 700, 800, 900, 1000, 1100, 1200} {
		late := min(r.window(b, up, n), r.window(b, up, n))
		b.Logf("%d streams: %v late at p99", n, late)
		if late > maxLateness {
			break
		}
		most = n
	}
	return most
}

// window opens n streams, releases their tokens and returns how late these were at p99.
func (r *streamTarget) window(b *testing.B, up *fakeModel, n int) time.Duration {
	b.Helper()
	tokens := up.paced.hold()
	late := make([][]time.Duration, n)
	var opened, ended sync.WaitGroup
	opened.Add(n)
	for i := range n {
		ended.Go(func() {
			var err error
			if late[i], err = r.lateness(r.Tokens[i%len(r.Tokens)], opened.Done); err != nil {
				b.Error(err)
			}
		})
	}
	opened.Wait()
	close(tokens)
	ended.Wait()
	all := slices.Concat(late...)
	if len(all) == 0 {
		b.Fatal("no token arrived")
	}
	slices.Sort(all)
	return all[len(all)*99/100]
}

// lateness reads one stream and returns how late each token was.
func (r *streamTarget) lateness(token string, opened func()) (late []time.Duration, err error) {
	once := sync.OnceFunc(opened)
	defer once()
	in, err := r.open(r, token)
	if err != nil {
		return nil, err
	}
	list := answerTokens()
	lead := len(strings.Join(list[:leadTokens], ""))
	start, earliest := time.Now(), time.Duration(1<<62)
	for at := 0; ; {
		last, err := in.next()
		if err != nil {
			return nil, err
		}
		if last {
			break
		}
		once()
		arrived := time.Since(start)
		for ; at < countedTokens && in.has(lead, list[leadTokens:], at); at++ {
			offset := arrived - time.Duration(at)*tokenInterval
			earliest = min(earliest, offset)
			late = append(late, offset)
		}
	}
	if len(late) < countedTokens/2 {
		return nil, errors.New("most tokens did not arrive")
	}
	for i := range late {
		late[i] -= earliest
	}
	return late, in.close()
}

// has reports whether the token at this index after the lead has arrived.
func (in *streamReader) has(lead int, tokens []string, at int) bool {
	if in.events > 0 { // the lead is one event
		return in.events >= at+2
	}
	for _, token := range tokens[:at+1] {
		lead += len(token)
	}
	return in.bytes >= lead
}
