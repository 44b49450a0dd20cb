//go:build soak

package chaos_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/testing/servetest"
)

const (
	sampleEvery = 2 * time.Second
	failEvery   = 10 * time.Second // how often a model fails, for as long as half of it
)

// sampler takes measures of the service.
type sampler struct {
	w       *world
	load    *load
	began   time.Time
	list    []*series
	byName  map[string]*series
	latency *series
}

func newSampler(w *world, l *load) *sampler {
	s := &sampler{w: w, load: l, began: time.Now(), byName: map[string]*series{},
		latency: &series{name: "95th percentile of answers", unit: "s", floor: 0.5}}
	for n := range w.replicas {
		s.define(n, "go_memstats_heap_inuse_bytes", "heap", "bytes", 16<<20)
		s.define(n, "process_resident_memory_bytes", "resident memory", "bytes", 24<<20)
		s.define(n, "go_goroutines", "goroutines", "", goroutineSlack)
		s.define(n, "process_open_fds", "open files and connections", "", 40)
		s.define(n, "pgxpool_total_conns", "connections to PostgreSQL", "", 10)
	}
	s.list = append(s.list, s.latency)
	return s
}

func (s *sampler) define(replica int, metric, name, unit string, floor float64) {
	one := &series{name: fmt.Sprintf("replica %d: %s", replica+1, name), unit: unit, floor: floor}
	s.byName[fmt.Sprint(replica, metric)] = one
	s.list = append(s.list, one)
}

// sample takes each measure once.
func (s *sampler) sample() {
	at := time.Since(s.began).Seconds()
	for n, r := range s.w.replicas {
		names := []string{"go_memstats_heap_inuse_bytes", "process_resident_memory_bytes", "go_goroutines",
			"process_open_fds", "pgxpool_total_conns"}
		found, err := r.metrics(names...)
		if err != nil {
			continue // the next sample comes soon
		}
		for _, name := range names {
			s.byName[fmt.Sprint(n, name)].add(at, found[name])
		}
	}
	if p95, n := s.load.tally.takeLatency(); n > 0 {
		s.latency.add(at, p95.Seconds())
	}
}

// TestNothingGrows uses the service for CHAOS_MINUTES while models fail again and again and sockets come and go. It
// draws what it measures into CHAOS_PLOT, and fails where something grows after the warm-up.
func TestNothingGrows(t *testing.T) {
	seed, minutes := number(t, "CHAOS_SEED", 1), number(t, "CHAOS_MINUTES", 10)
	w := newWorld(t, servetest.Build(t), "RATE_LIMITS=on")
	l := newLoad(w, uint64(seed))
	l.judge.current.Store(&fault{name: "models fail"})
	s := newSampler(w, l)
	l.start()
	draw := rand.New(rand.NewPCG(uint64(seed), 3))
	end := time.After(time.Duration(minutes) * time.Minute)
	tick, fail := time.NewTicker(sampleEvery), time.NewTicker(failEvery/2)
	defer tick.Stop()
	defer fail.Stop()
	broken := false
	for running := true; running; {
		select {
		case <-tick.C:
			s.sample()
		case <-fail.C:
			m := passes
			if broken = !broken; broken {
				m = []mode{refuses, hangs, delays, babbles}[draw.IntN(4)]
			}
			w.modelGates[draw.IntN(2)].set(m)
			if !broken {
				w.modelGates[0].set(passes)
				w.modelGates[1].set(passes)
			}
		case <-end:
			running = false
		}
	}
	l.finish()
	s.report()
}

// report draws the series and fails the test for trends.
func (s *sampler) report() {
	t := s.w.t
	for _, one := range s.list {
		grown, trend := one.growth()
		t.Logf("%-40s grew by %.4g %s over %d samples", one.name, grown, one.unit, len(one.value))
		if trend {
			t.Errorf("INVARIANT nothing grows: %s grew by %.4g %s", one.name, grown, one.unit)
		}
		if len(one.value) == 0 {
			t.Errorf("%s was not measured", one.name)
		}
	}
	if file := os.Getenv("CHAOS_PLOT"); file != "" {
		check(t, os.MkdirAll(filepath.Dir(file), 0o755))
		check(t, os.WriteFile(file, []byte(plot(s.list)), 0o644))
	}
	c := &s.load.tally
	t.Logf("%d acknowledged, %d refused, %d broken, %d streams ended, %d cut", c.acknowledged.Load(), c.refused.Load(),
		c.broken.Load(), c.ended.Load(), c.cut.Load())
}
