package sanitize_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/sanitize"
	"github.com/adiuva/cloud-api/internal/testing/leaktest"
)

// reference searches text 200 times for a fixed string and returns the time it took. Measured between the calls of a
// benchmark, it shows the speed of the machine at that time.
func reference(text string) time.Duration {
	start := cpuTime()
	for i := range 200 {
		if strings.Contains(text, "nothing such"+string(rune('a'+i%26))) {
			panic("found")
		}
	}
	return cpuTime() - start
}

// cpuTime returns the time that the processors have spent on this process, which other processes do not change much.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
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

// answersOf returns the benign answers of a kind that are long enough to be usual: at least 300 bytes.
func answersOf(kind string) (list []string, size int) {
	for _, a := range leaktest.Answers() {
		if a.Kind == kind && len(a.Text) >= 300 {
			list = append(list, a.Text)
			size += len(a.Text)
		}
	}
	return list, size
}

// BenchmarkFilter filters benign answers of each kind with 40 KB of secrets. ns/op and MB/s count the filter alone;
// x-reference is its throughput as a multiple of the reference's in the same run.
func BenchmarkFilter(b *testing.B) {
	f, text := sanitize.New(bigSecrets()...), naturalText()
	for _, kind := range []string{"prose", "list", "table", "code", "json", "schedule", "data"} {
		b.Run(kind, func(b *testing.B) {
			list, size := answersOf(kind)
			measure(b, text, size, func() {
				for _, a := range list {
					if _, hit := f.Scope().Text(a); hit != nil {
						b.Fatal(*hit)
					}
				}
			})
		})
	}
	b.Run("repeated-lines", func(b *testing.B) { measure(b, text, len(text), func() { f.Scope().Text(text) }) })
	b.Run("first-pass", func(b *testing.B) {
		measure(b, text, len(text), func() {
			if f.FirstPass(text) {
				b.Fatal("found")
			}
		})
	})
	prose, size := answersOf("prose")
	long := strings.Join(prose, "\n\n")
	b.Run("kilobyte", func(b *testing.B) {
		measure(b, text, 1024, func() { f.Scope().Text(long[:1024]) })
	})
	b.Run("token", func(b *testing.B) {
		tokens := 0
		measure(b, text, size, func() {
			tokens = 0
			for _, a := range prose {
				st := f.Scope().Stream(func(string) error { return nil })
				for at := 0; at < len(a); at += 5 {
					_ = st.Write(a[at:min(at+5, len(a))])
					tokens++
				}
				_ = st.Close()
			}
		})
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*tokens), "ns/token")
	})
}

// manySecrets returns n secrets of about 2 KB each.
func manySecrets(n int) (out []sanitize.Secret) {
	r := rand.New(rand.NewPCG(5, 6))
	words := strings.Fields(naturalText())
	for i := range n {
		text := ""
		for len(text) < 2<<10 {
			text += words[r.IntN(len(words))] + " "
		}
		out = append(out, sanitize.WithCanary(fmt.Sprint(i), text))
	}
	return out
}

// BenchmarkNew builds the filter of 200 prompts. heap-MB is what it keeps.
func BenchmarkNew(b *testing.B) {
	secrets := manySecrets(200)
	var before, after runtime.MemStats
	for b.Loop() {
		runtime.GC()
		runtime.ReadMemStats(&before)
		f := sanitize.New(secrets...)
		runtime.GC()
		runtime.ReadMemStats(&after)
		runtime.KeepAlive(f)
	}
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/1e6, "heap-MB")
}

// BenchmarkManySecrets filters the same text with few and with many secrets.
func BenchmarkManySecrets(b *testing.B) {
	list, size := answersOf("prose")
	text := naturalText()
	for _, n := range []int{10, 1000} {
		f := sanitize.New(manySecrets(n)...)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			measure(b, text, size, func() {
				for _, a := range list {
					f.Scope().Text(a)
				}
			})
		})
	}
}

// BenchmarkEcho filters an answer of 1 MB that the user sent, and one that they did not.
func BenchmarkEcho(b *testing.B) {
	f, text := sanitize.New(bigSecrets()...), naturalText()
	prose, _ := answersOf("prose")
	mega := strings.Repeat(strings.Join(prose, "\n\n")+"\n\n", 1<<20/65000)
	for name, sent := range map[string]string{"own": mega, "other": ""} {
		b.Run(name, func(b *testing.B) { measure(b, text, len(mega), func() { f.Scope(sent).Text(mega) }) })
	}
}

// measure times call, which filters size bytes, and runs the reference over text after every 16th call.
func measure(b *testing.B, text string, size int, call func()) {
	var took []time.Duration
	var total, ref time.Duration
	for b.Loop() {
		start := cpuTime()
		call()
		took = append(took, cpuTime()-start)
		total += took[len(took)-1]
		if len(took)%16 == 1 {
			ref += reference(text) * 16
		}
	}
	slices.Sort(took)
	n := len(took)
	rounds := (n + 15) / 16 * 16
	perByte := total.Seconds() / float64(n*size)
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

// BenchmarkStreamMemory opens 1,000 streams, each with an answer of 1 KB that has not ended. heap-KB is what one keeps
// besides the answer.
func BenchmarkStreamMemory(b *testing.B) {
	f := newFilter()
	prose, _ := answersOf("prose")
	answer := strings.Join(prose, "\n\n")[:1024]
	var before, after runtime.MemStats
	for b.Loop() {
		streams := make([]*sanitize.Stream, 1000)
		runtime.GC()
		runtime.ReadMemStats(&before)
		for i := range streams {
			streams[i] = f.Scope().Stream(func(string) error { return nil })
			for at := 0; at < len(answer); at += 8 {
				_ = streams[i].Write(answer[at : at+8])
			}
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		runtime.KeepAlive(streams)
	}
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/1e6-1.024, "heap-KB")
}
