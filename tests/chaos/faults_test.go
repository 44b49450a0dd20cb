//go:build soak

package chaos_test

import (
	"context"
	"fmt"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// What a fault may weaken. Everything else holds during and after each of them.
const (
	everyAnswer = "every request is answered" // by the contract: a balancer's own error page is no answer
	sessions    = "a good session is accepted"
	lossless    = "nothing acknowledged is lost"
)

// fault is one way to break something. start breaks it and returns what mends it.
type fault struct {
	name    string
	start   func(w *world) (mend func())
	weakens []string
	hold    time.Duration // how long it stays broken; 0 means defaultHold
}

const defaultHold = 2 * time.Second

// faults returns every fault. They run in an order that the seed decides.
func faults() []fault {
	list := []fault{
		{name: "PostgreSQL is killed", start: killDatabase},
		{name: "PostgreSQL hangs", start: func(w *world) func() { w.pg.primary.pause(); return w.pg.primary.resume }},
		{name: "PostgreSQL is out of connections", start: func(w *world) func() { return w.pg.occupy() }},
		{name: "PostgreSQL is read-only", start: readOnly},
		{name: "PostgreSQL's disk is full", start: fullDisk},
		{name: "PostgreSQL fails over, asynchronous", start: failOver, weakens: []string{lossless, sessions}},
		{name: "PostgreSQL fails over, synchronous", start: failOverSynchronous},
		{name: "Redis is killed", start: func(w *world) func() { w.redis.kill(); return w.redis.start }},
		{name: "Redis hangs", start: func(w *world) func() {
			w.redis.signal(syscall.SIGSTOP)
			return func() { w.redis.signal(syscall.SIGCONT) }
		}},
		{name: "S3 is killed", start: func(w *world) func() { w.s3.Kill(); return w.s3.Restart }},
		{name: "a replica is killed", start: killReplica, weakens: []string{everyAnswer}},
		{name: "a replica is stopped", start: stopReplica, weakens: []string{everyAnswer}},
		{name: "the disk of a replica's log is full", start: fullLog},
		{name: "a replica's clock is two hours ahead", start: stepClock(2 * time.Hour), weakens: []string{sessions}},
		{name: "a replica's clock is two hours behind", start: stepClock(-2 * time.Hour), weakens: []string{sessions}},
		{name: "a replica's clock is 20 seconds ahead", start: stepClock(20 * time.Second)},
	}
	everyMode := []mode{refuses, hangs, delays, babbles}
	for _, peer := range []struct {
		name  string
		gates func(*world) []*gate
		modes []mode
	}{
		{"PostgreSQL", func(w *world) []*gate { return []*gate{w.pg.service} }, []mode{delays, babbles}},
		{"Redis", func(w *world) []*gate { return []*gate{w.redisGate} }, []mode{delays, babbles}},
		{"S3", func(w *world) []*gate { return []*gate{w.s3Gate} }, []mode{hangs, delays, babbles}},
		{"Stripe", func(w *world) []*gate { return []*gate{w.stripeGate} }, everyMode},
		{"the mail server", func(w *world) []*gate { return []*gate{w.mailGate} }, everyMode},
		{"the first model", func(w *world) []*gate { return w.modelGates[:1] }, everyMode},
		{"the second model", func(w *world) []*gate { return w.modelGates[1:] }, everyMode},
		{"every model", func(w *world) []*gate { return w.modelGates }, []mode{refuses, hangs, babbles}},
	} {
		for _, m := range peer.modes {
			list = append(list, fault{name: peer.name + " " + modeNames[m], start: func(w *world) func() {
				for _, g := range peer.gates(w) {
					g.set(m)
				}
				return func() {
					for _, g := range peer.gates(w) {
						g.set(passes)
					}
				}
			}})
		}
	}
	return list
}

var modeNames = map[mode]string{refuses: "is dead", hangs: "hangs", delays: "is slow", babbles: "sends garbage"}

func killDatabase(w *world) func() {
	w.pg.kill(w.pg.primary)
	return w.pg.restart
}

func readOnly(w *world) func() {
	set := func(value string) {
		w.pg.exec("SET default_transaction_read_only = off",
			"ALTER SYSTEM SET default_transaction_read_only = "+value, "SELECT pg_reload_conf()")
	}
	set("on")
	return func() { set("off") }
}

// fullDisk mends a server that gave up by starting it again.
func fullDisk(w *world) func() {
	empty := w.pg.fillDisk()
	return func() {
		empty()
		if !w.pg.alive() {
			w.pg.kill(w.pg.primary)
			w.pg.restart()
		}
	}
}

// failOver loses what the standby does not have: its connection is cut while the service goes on to write, until the
// primary dies.
func failOver(w *world) func() {
	w.pg.replication.set(hangs)
	return func() {
		w.pg.promote()
		w.pg.addStandby()
	}
}

// failOverSynchronous is failOver while commits wait for the standby.
func failOverSynchronous(w *world) func() {
	w.pg.synchronous(true)
	w.pg.replication.set(hangs)
	return func() {
		w.pg.promote()
		w.pg.addStandby()
	}
}

func killReplica(w *world) func() {
	w.replicas[0].kill()
	return w.replicas[0].start
}

func stopReplica(w *world) func() {
	w.replicas[1].signal(syscall.SIGSTOP)
	return func() { w.replicas[1].signal(syscall.SIGCONT) }
}

func fullLog(w *world) func() {
	empty, err := fill(w.replicas[0].log + ".filler")
	check(w.t, err)
	return empty
}

func stepClock(by time.Duration) func(*world) func() {
	return func(w *world) func() {
		w.replicas[0].stepClock(by)
		return func() { w.replicas[0].stepClock(0) }
	}
}

// connect opens a connection to the primary that passes no gate.
func connect(ctx context.Context, w *world) (*pgx.Conn, error) {
	server := w.pg.primary.server
	if server == nil {
		return nil, fmt.Errorf("PostgreSQL is down")
	}
	return pgx.Connect(ctx, server.DSN())
}
