//go:build linux

package bench_test

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/testing/servetest"
)

// settings are the sizes of a run. The defaults take some ten minutes on two idle cores.
type settings struct {
	rounds        int // of the batches of chat and /auth/me
	requests      int // of a batch
	streamRounds  int
	streams       int // open at a time, for the CPU time of a token
	memoryRounds  int
	memoryStreams int
	mostStreams   int // that capacity is tried with
	questions     int // for the time to the first token
	sections      []string
}

func readSettings() settings {
	number := func(name string, otherwise int) int {
		if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
			return n
		}
		return otherwise
	}
	s := settings{
		rounds:        number("BENCH_ROUNDS", 20),
		requests:      number("BENCH_REQUESTS", 100),
		streamRounds:  number("BENCH_STREAM_ROUNDS", 5),
		streams:       number("BENCH_STREAMS", 200),
		memoryRounds:  number("BENCH_MEMORY_ROUNDS", 3),
		memoryStreams: number("BENCH_MEMORY_STREAMS", 400),
		mostStreams:   number("BENCH_MOST_STREAMS", 1400),
		questions:     number("BENCH_QUESTIONS", 200),
		sections:      []string{"chat", "me", "stream", "memory", "capacity", "first"},
	}
	if only := os.Getenv("BENCH_SECTIONS"); only != "" {
		s.sections = strings.Split(only, ",")
	}
	return s
}

func (s settings) runs(section string) bool { return slices.Contains(s.sections, section) }

// build is a build of the service.
type build struct{ name, path string }

// binaries returns what BENCH_BINARIES names, such as base=/tmp/a,change=/tmp/b, or else this source, built now, as
// ours. The first one is compared with the references, the others with the first.
func binaries(b *testing.B) (list []build) {
	for one := range strings.SplitSeq(os.Getenv("BENCH_BINARIES"), ",") {
		if name, path, ok := strings.Cut(one, "="); ok {
			list = append(list, build{name, path})
		}
	}
	if list == nil {
		list = []build{{"ours", servetest.Build(b)}}
	}
	return list
}
