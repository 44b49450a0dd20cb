package sanitize_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/sanitize"
	"github.com/adiuva/cloud-api/internal/testing/leaktest"
)

// reference searches text 200 times for a fixed string and returns the time it took. Measured between the calls of a
// benchmark, it shows the speed of the machine at that time.
func reference(text string) time.Duration {
	start := time.Now()
	for i := range 200 {
		if strings.Contains(text, "nothing such"+string(rune('a'+i%26))) {
			panic("found")
		}
	}
	return time.Since(start)
}

// naturalText returns answers in English, Italian and French.
func naturalText() string {
	text := ""
	for _, s := range leaktest.Benign() {
		if strings.HasPrefix(s, "I found") || strings.HasPrefix(s, "Ciao") || strings.HasPrefix(s, "Bonjour") {
			text += s + "\n"
		}
	}
	return text
}

// BenchmarkFilter filters natural language with 40 KB of secrets. ns/op and MB/s count the filter alone;
// x-reference is its throughput as a multiple of the reference's in the same run.
func BenchmarkFilter(b *testing.B) {
	f, text := sanitize.New(bigSecrets()...), naturalText()
	b.Run("text", func(b *testing.B) {
		measure(b, text, text, func() {
			if _, hit := f.Scope().Text(text); hit != nil {
				b.Fatal(*hit)
			}
		})
	})
	b.Run("first-pass", func(b *testing.B) {
		measure(b, text, text, func() {
			if f.FirstPass(text) {
				b.Fatal("found")
			}
		})
	})
	b.Run("kilobyte", func(b *testing.B) {
		measure(b, text, text[:1024], func() { f.Scope().Text(text[:1024]) })
	})
	b.Run("not-prose", func(b *testing.B) {
		answer := strings.Repeat(`{"id":"7f3a9c","due":"2026-04-11","open":17,"rate":0.35}`+"\n", 40)
		measure(b, text, answer, func() { f.Scope().Text(answer) })
	})
	b.Run("token", func(b *testing.B) {
		st, at := f.Scope().Stream(func(string) error { return nil }), 0
		for b.Loop() {
			if at+5 > len(text) {
				st, at = f.Scope().Stream(func(string) error { return nil }), 0
			}
			_ = st.Write(text[at : at+5])
			at += 5
		}
	})
}

// measure times call, which filters answer, and runs the reference over text after every 16th call.
func measure(b *testing.B, text, answer string, call func()) {
	var took []time.Duration
	var total, ref time.Duration
	for b.Loop() {
		start := time.Now()
		call()
		took = append(took, time.Since(start))
		total += took[len(took)-1]
		if len(took)%16 == 1 {
			ref += reference(text) * 16
		}
	}
	slices.Sort(took)
	n := len(took)
	rounds := (n + 15) / 16 * 16
	perByte := total.Seconds() / float64(n*len(answer))
	refPerByte := ref.Seconds() / float64(rounds*len(text))
	b.ReportMetric(float64(total.Nanoseconds())/float64(n), "ns/op")
	b.ReportMetric(1/perByte/1e6, "MB/s")
	b.ReportMetric(refPerByte/perByte, "x-reference")
	b.ReportMetric(1/refPerByte/1e6, "reference-MB/s")
	b.ReportMetric(float64(took[n/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[n*99/100].Microseconds()), "p99-µs")
}

// bigSecrets returns some 40 KB of secrets made of the words of leaktest's.
func bigSecrets() []sanitize.Secret {
	var out []sanitize.Secret
	r := rand.New(rand.NewPCG(3, 4))
	words := []string{}
	for _, s := range leaktest.Secrets() {
		words = append(words, strings.Fields(s.Text)...)
	}
	for i := range 10 {
		text := ""
		for len(text) < 4<<10 {
			text += words[r.IntN(len(words))] + " "
		}
		out = append(out, sanitize.Secret{ID: string(rune('a' + i)), Text: text})
	}
	return out
}
