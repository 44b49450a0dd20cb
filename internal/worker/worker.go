// Package worker runs the background jobs of a service: each at its interval, some as soon as they are notified,
// one at a time until the context ends. It keeps no queue. A job reads what is due from the database, so a lost
// notification costs one interval and several replicas may run the same jobs.
package worker

import (
	"context"
	"log/slog"
	"slices"
	"time"
)

// Job is work that is repeated. Run and Every are required.
type Job struct {
	Run      func(ctx context.Context) error
	Every    time.Duration // from the start of one run to the start of the next
	Delay    time.Duration // before the first run
	OnNotify bool          // Notify runs the job at once
	// Retry returns how long to wait after the given number of failures in a row, the last of them err. Nil means
	// Every.
	Retry func(err error, failures int) time.Duration
	// FailureMessage is the warning to log, with the error, when Run fails.
	FailureMessage string
}

// Config is what a Worker needs. A nil Now means time.Now.
type Config struct {
	Now func() time.Time
	Log *slog.Logger
}

// Worker runs jobs.
type Worker struct {
	cfg      Config
	jobs     []Job
	notified chan struct{}
}

// New returns a Worker that runs the jobs in this order when several are due. It starts nothing.
func New(cfg Config, jobs ...Job) *Worker {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Worker{cfg: cfg, jobs: jobs, notified: make(chan struct{}, 1)}
}

// Notify runs the jobs with OnNotify as soon as the job that is running has ended. It never blocks; notifications that
// come in while one is waiting are the same one.
func (w *Worker) Notify() {
	select {
	case w.notified <- struct{}{}:
	default:
	}
}

// Run runs the jobs until ctx ends, and returns when the job that was running has returned.
func (w *Worker) Run(ctx context.Context) {
	start := w.cfg.Now()
	due := make([]time.Time, len(w.jobs))
	for i, job := range w.jobs {
		due[i] = start.Add(job.Delay)
	}
	failures := make([]int, len(w.jobs))
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		notified := false
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-w.notified:
			notified = true
		}
		for i, job := range w.jobs {
			isDue := !w.cfg.Now().Before(due[i]) || notified && job.OnNotify
			if isDue && ctx.Err() == nil {
				due[i] = w.runOnce(ctx, job, &failures[i])
			}
		}
		timer.Reset(slices.MinFunc(due, time.Time.Compare).Sub(w.cfg.Now()))
	}
}

// runOnce runs the job and returns when it is due next.
func (w *Worker) runOnce(ctx context.Context, job Job, failures *int) time.Time {
	start := w.cfg.Now()
	err := job.Run(ctx)
	if err == nil || ctx.Err() != nil { // a failure at shutdown says nothing about the job
		*failures = 0
		return start.Add(job.Every)
	}
	*failures++
	w.cfg.Log.WarnContext(ctx, job.FailureMessage, slog.Any("error", err))
	if job.Retry == nil {
		return start.Add(job.Every)
	}
	return w.cfg.Now().Add(job.Retry(err, *failures))
}

// Backoff is a pause that doubles with each failure, from First up to Max.
type Backoff struct{ First, Max time.Duration }

// After returns the pause after that many failures in a row.
func (b Backoff) After(failures int) time.Duration {
	pause := b.First
	for range failures - 1 {
		if pause >= b.Max {
			break
		}
		pause *= 2
	}
	return min(pause, b.Max)
}
