package worker_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/adiuva/cloud-api/internal/worker"
)

// history is when a job ran, since the start of the test.
type history struct {
	start time.Time
	runs  []time.Duration
}

func newHistory() *history { return &history{start: time.Now()} }

func (h *history) add() { h.runs = append(h.runs, time.Since(h.start)) }

// record returns a job function that records its start and succeeds.
func (h *history) record(context.Context) error {
	h.add()
	return nil
}

func (h *history) want(t *testing.T, want ...time.Duration) {
	t.Helper()
	synctest.Wait()
	if !slices.Equal(h.runs, want) {
		t.Errorf("ran at %v, want %v", h.runs, want)
	}
}

func quiet() worker.Config { return worker.Config{Log: slog.New(slog.DiscardHandler)} }

// start runs w in the background and returns a function that stops it and waits until it has returned.
func start(t *testing.T, w *worker.Worker) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		w.Run(ctx)
	}()
	return func() {
		t.Helper()
		cancel()
		<-ended
	}
}

func TestJobsRunAtTheirIntervals(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		poll, sweep := newHistory(), newHistory()
		stop := start(t, worker.New(quiet(),
			worker.Job{Run: poll.record, Every: 2 * time.Second},
			worker.Job{Run: sweep.record, Every: 3 * time.Second, Delay: 3 * time.Second},
		))
		time.Sleep(7 * time.Second)
		stop()
		poll.want(t, 0, 2*time.Second, 4*time.Second, 6*time.Second)
		sweep.want(t, 3*time.Second, 6*time.Second)
		time.Sleep(time.Minute)
		poll.want(t, 0, 2*time.Second, 4*time.Second, 6*time.Second) // nothing runs after Run has returned
	})
}

func TestNotifyRunsOnlyJobsThatAskForIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		queue, daily := newHistory(), newHistory()
		w := worker.New(quiet(),
			worker.Job{Run: queue.record, Every: time.Minute, OnNotify: true},
			worker.Job{Run: daily.record, Every: time.Hour},
		)
		defer start(t, w)()
		time.Sleep(time.Second)
		w.Notify()
		synctest.Wait()
		queue.want(t, 0, time.Second)
		daily.want(t, 0)
	})
}

func TestNotificationDuringARunIsKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		runs := newHistory()
		w := worker.New(quiet(), worker.Job{Every: time.Hour, OnNotify: true, Run: func(context.Context) error {
			runs.add()
			time.Sleep(10 * time.Second)
			return nil
		}})
		defer start(t, w)()
		time.Sleep(time.Second)
		for range 3 {
			w.Notify()
		}
		time.Sleep(time.Minute)
		runs.want(t, 0, 10*time.Second) // once, when the first run has ended
	})
}

func TestJobsNeverOverlapAndKeepTheirOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var order []string
		job := func(name string) worker.Job {
			return worker.Job{Every: time.Second, Run: func(context.Context) error {
				order = append(order, name+" starts")
				time.Sleep(3 * time.Second)
				order = append(order, name+" ends")
				return nil
			}}
		}
		stop := start(t, worker.New(quiet(), job("first"), job("second")))
		time.Sleep(10 * time.Second)
		stop()
		want := []string{"first starts", "first ends", "second starts", "second ends"}
		if len(order) < 8 || !slices.Equal(order[:4], want) || !slices.Equal(order[4:8], want) {
			t.Errorf("order: %v", order)
		}
	})
}

func TestFailuresAreLoggedAndRetried(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		backoff := worker.Backoff{First: time.Second, Max: time.Minute}
		runs, plain := newHistory(), newHistory()
		stop := start(t, worker.New(worker.Config{Log: slog.New(slog.NewTextHandler(&log, nil))},
			worker.Job{
				Every: time.Hour, FailureMessage: "the job will be tried again",
				Retry: func(_ error, failures int) time.Duration { return backoff.After(failures) },
				Run: func(context.Context) error {
					runs.add()
					if len(runs.runs) == 4 {
						return nil
					}
					return errors.New("out of order")
				},
			},
			worker.Job{Every: 5 * time.Second, FailureMessage: "the other job failed",
				Run: func(context.Context) error {
					plain.add()
					return errors.New("broken")
				}},
		))
		time.Sleep(12 * time.Second)
		stop()
		runs.want(t, 0, time.Second, 3*time.Second, 7*time.Second) // after 1, 2 and 4 seconds; then it succeeds
		plain.want(t, 0, 5*time.Second, 10*time.Second)            // without Retry the interval stays
		line := `level=WARN msg="the job will be tried again" error="out of order"`
		if n := strings.Count(log.String(), line); n != 3 {
			t.Errorf("%d warnings, want 3:\n%s", n, log.String())
		}
	})
}

func TestSuccessResetsTheBackoff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var counts []int
		runs := 0
		stop := start(t, worker.New(quiet(), worker.Job{
			Every: time.Second,
			Retry: func(_ error, failures int) time.Duration {
				counts = append(counts, failures)
				return time.Second
			},
			Run: func(context.Context) error {
				if runs++; runs == 3 {
					return nil
				}
				return errors.New("broken")
			},
		}))
		time.Sleep(4500 * time.Millisecond)
		stop()
		if !slices.Equal(counts, []int{1, 2, 1, 2}) {
			t.Errorf("failures in a row: %v", counts)
		}
	})
}

func TestShutdownEndsTheRunningJobWithoutAWarning(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		second := newHistory()
		stop := start(t, worker.New(worker.Config{Log: slog.New(slog.NewTextHandler(&log, nil))},
			worker.Job{Every: time.Second, FailureMessage: "failed", Run: func(ctx context.Context) error {
				<-ctx.Done()
				return ctx.Err()
			}},
			worker.Job{Every: time.Second, Run: second.record},
		))
		time.Sleep(time.Second)
		stop()
		second.want(t)
		if log.Len() > 0 {
			t.Errorf("logged at shutdown: %s", log.String())
		}
	})
}

func TestJobsAreDueByTheGivenClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cfg := quiet()
		var ahead time.Duration
		cfg.Now = func() time.Time { return time.Now().Add(ahead) }
		minutely, daily := newHistory(), newHistory()
		w := worker.New(cfg,
			worker.Job{Run: minutely.record, Every: time.Minute, OnNotify: true},
			worker.Job{Run: daily.record, Every: 24 * time.Hour},
		)
		defer start(t, w)()
		time.Sleep(time.Second)
		synctest.Wait()
		ahead = 24 * time.Hour
		w.Notify()
		synctest.Wait()
		minutely.want(t, 0, time.Second)
		daily.want(t, 0, time.Second)
	})
}

func TestBackoffDoublesUpToItsMaximum(t *testing.T) {
	t.Parallel()
	backoff := worker.Backoff{First: 2 * time.Second, Max: 10 * time.Minute}
	for failures, want := range map[int]time.Duration{
		0: 2 * time.Second, 1: 2 * time.Second, 2: 4 * time.Second, 9: 512 * time.Second,
		10: 10 * time.Minute, 1 << 30: 10 * time.Minute,
	} {
		if got := backoff.After(failures); got != want {
			t.Errorf("after %d failures: %v, want %v", failures, got, want)
		}
	}
}
