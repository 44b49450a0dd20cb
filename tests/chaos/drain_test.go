//go:build soak

package chaos_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/testing/servetest"
)

const (
	drainRate    = 200 // requests a second
	drainClients = 200 // that send them
	drainStreams = 100
	drainUploads = 4
	oldUsers     = 200
)

// TestRollingRestart restarts both replicas behind nginx one after the other, as docs/operators.md says, under 200
// requests a second, 100 streams and uploads. No request fails, no stream is cut without its last event, and every
// acknowledged upload is there afterwards.
func TestRollingRestart(t *testing.T) {
	w := newWorld(t, servetest.Build(t), "RATE_LIMITS=off", "SHUTDOWN_DELAY=2s", "SHUTDOWN_GRACE=20s",
		"TOKENS_PER_DAY_FREE=0")
	for _, m := range w.models { // an answer takes about a second
		m.pace.Store(int64(60 * time.Millisecond))
	}
	d := newDrainLoad(w)
	d.start()
	d.waitFor(3 * time.Second)
	for i, r := range w.replicas {
		began := time.Now()
		r.signal(syscall.SIGTERM)
		if err := <-r.exited; err != nil {
			t.Errorf("replica %d exited with %v", i+1, err)
		}
		r.cmd = nil
		t.Logf("replica %d exited %v after SIGTERM", i+1, time.Since(began).Round(time.Millisecond))
		d.waitFor(time.Second)
		r.start()
		d.waitFor(2 * time.Second)
	}
	d.finish()
	d.report()
}

// drainLoad is the load of a rolling restart.
type drainLoad struct {
	w       *world
	client  *client
	tally   tally
	users   []*session
	backups []*backups
	stop    chan struct{}
	work    sync.WaitGroup
	began   time.Time
	took    time.Duration
	late    atomic.Int64 // requests that no client was free for in time
}

func newDrainLoad(w *world) *drainLoad {
	d := &drainLoad{w: w, stop: make(chan struct{})}
	d.client = newClient(w, &d.tally, &judge{t: w.t})
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for n := range 30 { // an account has five sockets at most
		s := &session{client: d.client, email: fmt.Sprintf("user%d@example.com", n)}
		check(w.t, s.signIn(ctx))
		d.users = append(d.users, s)
	}
	for n := range oldUsers {
		s := &session{client: d.client, email: fmt.Sprintf("old%d@example.com", n)}
		check(w.t, s.signIn(ctx))
	}
	for n := range drainUploads {
		_, err := w.command("user", "set-tier", d.users[n].email, "power")
		check(w.t, err)
		d.backups = append(d.backups, newBackups(d.users[n], uint64(n)))
	}
	return d
}

// start begins to send.
func (d *drainLoad) start() {
	d.began = time.Now()
	due := make(chan int, drainRate) // a second of requests that are late
	d.work.Go(func() {
		defer close(due)
		tick := time.NewTicker(time.Second / drainRate)
		defer tick.Stop()
		for n := 0; ; {
			select {
			case <-d.stop:
				return
			case <-tick.C: // some ticks are lost on a busy machine
			}
			for ; n < int(time.Since(d.began).Seconds()*drainRate); n++ {
				select {
				case due <- n:
				default:
					d.late.Add(1)
				}
			}
		}
	})
	for range drainClients {
		d.work.Go(func() {
			for n := range due {
				d.request(n)
			}
		})
	}
	for n := range drainStreams {
		d.work.Go(func() { d.repeat(func() { d.stream(n) }) })
	}
	for _, b := range d.backups {
		d.work.Go(func() { d.repeat(b.step) })
	}
}

func (d *drainLoad) repeat(step func()) {
	for {
		select {
		case <-d.stop:
			return
		default:
			step()
		}
	}
}

// request sends one of the requests of an app. Every answer has to be 2xx.
func (d *drainLoad) request(n int) {
	s := d.users[n%len(d.users)]
	var r result
	switch n % 20 {
	case 0:
		r = d.client.post("/auth/register",
			map[string]any{"email": fmt.Sprintf("new%d@example.com", n), "password": password}, nil)
	case 1: // somebody new, since old sessions of one account end
		r = d.client.post("/auth/login",
			map[string]any{"email": fmt.Sprintf("old%d@example.com", n%oldUsers), "password": password}, nil)
	case 2:
		r = s.do(http.MethodGet, "/agents", nil, s.bearer())
	case 3, 4:
		r = s.do(http.MethodGet, "/auth/sessions", nil, s.bearer())
	case 5:
		r = s.do(http.MethodGet, "/backup/history", nil, s.bearer())
	case 6:
		r = s.do(http.MethodGet, "/usage", nil, s.bearer())
	default:
		r = s.do(http.MethodGet, "/auth/me", nil, s.bearer())
	}
	if !r.ok() {
		d.client.judge.violated("no request fails", "%d: %s", n%20, r)
	}
}

// stream asks a question over one of the three transports. A refused handshake is a failed request.
func (d *drainLoad) stream(n int) {
	s := d.users[n%len(d.users)]
	var refused bool
	var cut error
	switch n % 3 {
	case 0:
		refused, cut = s.socket(1)
	case 1:
		refused, cut = s.socket(2)
	default:
		refused, cut = s.events()
	}
	s.countStream([]string{"version 1", "version 2", "SSE"}[n%3], refused, cut)
	if refused {
		d.client.judge.violated("no request fails", "stream %d was refused: %v", n%3, cut)
	}
}

func (d *drainLoad) waitFor(long time.Duration) { <-time.After(long) }

func (d *drainLoad) finish() {
	close(d.stop)
	d.work.Wait()
	d.took = time.Since(d.began)
}

// report downloads every acknowledged upload and says what was sent.
func (d *drainLoad) report() {
	uploads, lost := 0, 0
	for _, b := range d.backups {
		v := b.check()
		uploads += v.durable + v.lost
		lost += v.lost
	}
	p95, _ := d.tally.takeLatency()
	d.w.t.Logf("%.0f s: %d requests (%.0f/s; %d not sent in time), %d refused, %d failed; %d streams ended, %d cut; "+
		"%d uploads kept, %d lost; p95 %v", d.took.Seconds(), d.tally.acknowledged.Load(),
		float64(d.tally.acknowledged.Load())/d.took.Seconds(), d.late.Load(), d.tally.refused.Load(),
		d.tally.broken.Load(), d.tally.ended.Load(), d.tally.cut.Load(), uploads, lost, p95)
	if lost > 0 || d.tally.ended.Load() == 0 || uploads == 0 {
		d.w.t.Errorf("%d uploads lost of %d, %d streams", lost, uploads, d.tally.ended.Load())
	}
}
