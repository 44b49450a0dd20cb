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

// sustainedLate is how late a token may be at p99: one interval between two of them.
const sustainedLate = benchGap

// BenchmarkSustained measures how many streams of 50 tokens a second a gateway with one core carries while 99 of 100 tokens
// are at most one interval late, in windows of two seconds, two tries each. Load and model have one core as well. A token's
// lateness counts from the earliest one of its stream, so that what is held back does not count; ours goes without its leak
// filter here, because with it the bytes of a frame do not tell which token they waited for.
func BenchmarkSustained(b *testing.B) {
	up := startModel(b)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	rivals := map[string]*streamRival{
		"unfiltered":  {path: apitest.StreamPath, body: benchQuestion, open: openSocket},
		"langchaingo": {path: "/ws", body: referenceQuestion, open: openSocket},
		"proxy":       {path: "/v1/chat/completions", body: streamedQuestion, open: openEvents},
	}
	carried := map[string]float64{}
	for b.Loop() {
		for kind, r := range rivals {
			r.gateway = startGateway(b, kind, up.URL+"/paced")
			carried[kind] = float64(r.sustains(b, up))
			b.ReportMetric(carried[kind], kind+"-streams")
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(carried["unfiltered"]/carried["langchaingo"], "x-langchaingo")
	b.ReportMetric(carried["unfiltered"]/carried["proxy"], "x-proxy")
}

// sustains returns the largest number of streams that are in time.
func (r *streamRival) sustains(b *testing.B, up *benchModel) (most int) {
	b.Helper()
	for _, n := range []int{100, 150, 200, 250, 300, 350, 400, 500, 600, 700, 800, 900, 1000, 1100, 1200} {
		late := min(r.window(b, up, n), r.window(b, up, n))
		b.Logf("%d streams: %v late at p99", n, late)
		if late > sustainedLate {
			break
		}
		most = n
	}
	return most
}

// window opens n streams, lets their tokens go and returns how late they were at p99.
func (r *streamRival) window(b *testing.B, up *benchModel, n int) time.Duration {
	b.Helper()
	tokens := up.paced.hold()
	late := make([][]time.Duration, n)
	var opened, ended sync.WaitGroup
	opened.Add(n)
	for i := range n {
		ended.Go(func() {
			var err error
			if late[i], err = r.punctuality(r.Tokens[i%len(r.Tokens)], opened.Done); err != nil {
				b.Error(err)
			}
		})
	}
	opened.Wait()
	close(tokens)
	ended.Wait()
	all := slices.Concat(late...)
	if len(all) == 0 {
		b.Fatal("no token came")
	}
	slices.Sort(all)
	return all[len(all)*99/100]
}

// punctuality reads one stream and returns how late each of its tokens was.
func (r *streamRival) punctuality(token string, opened func()) (late []time.Duration, err error) {
	once := sync.OnceFunc(opened)
	defer once()
	in, err := r.open(r, token)
	if err != nil {
		return nil, err
	}
	list := benchTokens()
	lead := len(strings.Join(list[:benchLead], ""))
	begun, earliest := time.Now(), time.Duration(1<<62)
	for at := 0; ; {
		last, err := in.next()
		if err != nil {
			return nil, err
		}
		if last {
			break
		}
		once()
		arrived := time.Since(begun)
		for ; at < benchLength && in.has(lead, list[benchLead:], at); at++ {
			offset := arrived - time.Duration(at)*benchGap
			earliest = min(earliest, offset)
			late = append(late, offset)
		}
	}
	if len(late) < benchLength/2 {
		return nil, errors.New("most tokens did not come")
	}
	for i := range late {
		late[i] -= earliest
	}
	return late, in.close()
}

// has reports whether the token of that place after the lead has come.
func (in *reading) has(lead int, tokens []string, at int) bool {
	if in.events > 0 { // the lead is one event
		return in.events >= at+2
	}
	for _, token := range tokens[:at+1] {
		lead += len(token)
	}
	return in.bytes >= lead
}
