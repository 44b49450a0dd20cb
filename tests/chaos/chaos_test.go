//go:build soak

package chaos_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/testing/servetest"
)

// recoversWithin is how long the service may take from the end of a fault to the first success of everything. A
// circuit breaker stays open for ten seconds, and a busy machine takes its time.
const recoversWithin = 45 * time.Second

// run is one run of TestChaos.
type run struct {
	w    *world
	load *load
	in   *inspector
}

// TestChaos breaks everything around the service, one thing at a time, while people use it, and checks after each
// fault what has to hold. CHAOS_SEED decides the order, CHAOS_FAULT is a pattern of the faults to run, and
// CHAOS_MINUTES repeats them for that long.
func TestChaos(t *testing.T) {
	seed := number(t, "CHAOS_SEED", 1)
	minutes := number(t, "CHAOS_MINUTES", 0)
	list := chosen(t, os.Getenv("CHAOS_FAULT"))
	w := newWorld(t, servetest.Build(t, "-tags", "clockfile"), "RATE_LIMITS=on")
	r := &run{w: w, load: newLoad(w, uint64(seed))}
	r.load.start()
	defer r.load.finish()
	pause(3000)
	r.load.hold()
	r.in = newInspector(w, r.load.judge)
	r.load.release()
	order := rand.New(rand.NewPCG(uint64(seed), 0))
	began := time.Now()
	t.Logf("%-40s %6s %6s %7s %7s %5s %5s  %s", fmt.Sprintf("seed %d", seed), "acked", "refus.", "broken", "durable",
		"lost", "cut", "recovery")
	for round := 0; round == 0 || time.Since(began) < time.Duration(minutes)*time.Minute; round++ {
		for _, n := range order.Perm(len(list)) {
			r.try(&list[n])
			if minutes > 0 && time.Since(began) > time.Duration(minutes)*time.Minute {
				break
			}
		}
	}
	t.Logf("seed %d: %v", seed, time.Since(began).Round(time.Second))
}

// chosen returns the faults whose names match a pattern.
func chosen(t *testing.T, pattern string) (list []fault) {
	t.Helper()
	matching, err := regexp.Compile("(?i)" + pattern)
	check(t, err)
	for _, f := range faults() {
		if matching.MatchString(f.name) {
			list = append(list, f)
		}
	}
	if len(list) == 0 {
		t.Fatalf("no fault matches %q", pattern)
	}
	return list
}

func number(t *testing.T, variable string, otherwise int) int {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	check(t, err)
	return n
}

// try breaks something under load, mends it, and checks everything.
func (r *run) try(f *fault) {
	counts := &r.load.tally
	acknowledged, refused := counts.acknowledged.Load(), counts.refused.Load()
	broken, cut := counts.broken.Load(), counts.cut.Load()
	r.load.judge.current.Store(f)
	mend := f.start(r.w)
	hold := f.hold
	if hold == 0 {
		hold = defaultHold
	}
	pause(int(hold.Milliseconds()))
	mend()
	mended := time.Now()
	r.waitUntilServing()
	recovery := time.Since(mended)
	r.load.hold()
	defer r.load.release()
	found := r.checkWrites()
	r.in.inspect()
	if r.load.judge.weakened(sessions) {
		r.load.judge.renewed.Store(time.Now().UnixNano())
	}
	r.load.judge.current.Store(nil)
	r.w.t.Logf("%-40s %6d %6d %7d %7d %5d %5d  %v", f.name, counts.acknowledged.Load()-acknowledged,
		counts.refused.Load()-refused, counts.broken.Load()-broken, found.durable, found.lost,
		counts.cut.Load()-cut, recovery.Round(time.Millisecond))
	if found.durable == 0 {
		r.w.t.Errorf("%s: nothing was checked", f.name)
	}
}

// waitUntilServing waits until both replicas are ready and everything that people do works.
func (r *run) waitUntilServing() {
	r.w.t.Helper()
	deadline := time.Now().Add(recoversWithin)
	c := *r.load.client
	c.tally = &tally{}
	s := &session{client: &c, email: fmt.Sprintf("probe-%d@example.com", time.Now().UnixNano())}
	for {
		err := r.probe(s)
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			r.load.judge.violated("the service recovers by itself", "%v", err)
			return
		}
		pause(400) // the limit of Free is 20 questions a minute
		s.email = fmt.Sprintf("probe-%d@example.com", time.Now().UnixNano())
	}
}

func (r *run) probe(s *session) error {
	for _, one := range r.w.replicas {
		if err := one.ready(); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), answerWithin)
	defer cancel()
	if err := s.signIn(ctx); err != nil {
		return err
	}
	for _, f := range []func() result{
		func() result { return s.authorized("GET", "/auth/me", nil, nil) },
		func() result { return s.authorized("POST", "/chat", chatBody(""), nil) },
		func() result { return s.authorized("POST", "/billing/checkout", []byte(`{"tier":"pro"}`), nil) },
	} {
		if got := f(); !got.ok() && got.code != "budget_exceeded" {
			return fmt.Errorf("%s", got)
		}
	}
	return nil
}

// checkWrites repeats what was not acknowledged and looks for what was.
func (r *run) checkWrites() (all verdict) {
	r.in.expireLeases()
	ctx, cancel := context.WithTimeout(context.Background(), 2*recoversWithin)
	defer cancel()
	for _, one := range r.load.writers {
		if err := one.settle(ctx); err != nil {
			r.load.judge.violated("I2", "repeating what was not acknowledged: %v", err)
		}
		v := one.check()
		all.durable += v.durable
		all.lost += v.lost
	}
	if all.lost > 0 && !r.load.judge.weakened(lossless) {
		r.load.judge.violated("I1", "%d acknowledged writes are lost", all.lost)
	}
	return all
}
