package listener

import (
	"container/list"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/adiuva/cloud-api/internal/network"
)

const (
	// patience is how long a new connection may be silent before it loses its place to one that comes when all are
	// taken. Clients send their first request at once.
	patience = time.Second
	// networkShare is the part of all connections that those of one network may be which have not finished a request.
	networkShare = 4
	// maxLingering is how many refused connections may wait for their client to read the refusal.
	maxLingering = 64
	// logInterval is how often at most the log says that connections are refused.
	logInterval = time.Minute
)

// place is a connection's place in the registry, guarded by the registry's lock.
type place struct {
	network  *callers      // nil where the network is not limited, and after the first request
	since    time.Time     // of the connection
	waiting  *list.Element // in registry.silent or registry.idle
	inFlight *list.Element // in callers.silent
	idle     bool          // waiting is in registry.idle
	counted  bool
	pending  bool // it is new or has begun a request that no handler answers yet
}

// callers are the connections of one network that have not finished a request.
type callers struct {
	prefix netip.Prefix
	open   int
	silent list.List // those that have not sent a whole header, the oldest first
}

// registry counts connections and knows which of them wait for a request. It is safe for concurrent use.
type registry struct {
	mu        sync.Mutex
	max       int
	open      int
	pending   int       // connections whose place is pending
	silent    list.List // connections that have not sent their first whole header, the oldest first
	idle      list.List // connections between two requests, the one that waits longest first
	networks  map[netip.Prefix]*callers
	lingering int
	logged    time.Time
}

func newRegistry(limit int) *registry {
	return &registry{max: limit, networks: map[netip.Prefix]*callers{}}
}

// admit gives c a place, if need be that of a connection that waits for a request. It reports false when there is none.
func (cs *Connections) admit(c *conn) bool {
	var limited netip.Prefix
	if addr, ok := c.RemoteAddr().(*net.TCPAddr); ok {
		if ip := addr.AddrPort().Addr().Unmap(); cs.cfg.Shared == nil || !cs.cfg.Shared(ip) {
			limited = network.Of(ip)
		}
	}
	victim, admitted := cs.registry.add(c, limited, time.Now())
	if victim != nil {
		_ = victim.Close()
	}
	return admitted
}

// add counts c, and returns the connection that has to make room. limited is the zero Prefix where c's network is not.
func (r *registry) add(c *conn, limited netip.Prefix, now time.Time) (victim *conn, admitted bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	from := r.networks[limited]
	switch {
	case from != nil && from.open >= max(1, r.max/networkShare):
		victim = front(&from.silent)
	case r.open >= r.max:
		victim = front(&r.silent)
		if victim == nil || now.Sub(victim.place.since) < patience {
			if waiting := front(&r.idle); waiting != nil {
				victim = waiting
			}
		}
		if victim == nil {
			break
		}
	default:
		admitted = true
	}
	if victim != nil {
		r.drop(victim)
		admitted = true
	}
	if !admitted {
		return nil, false
	}
	r.open++
	c.place = place{since: now, counted: true, waiting: r.silent.PushBack(c)}
	r.setPending(c, true)
	if limited.IsValid() {
		if r.networks[limited] == nil {
			r.networks[limited] = &callers{prefix: limited}
		}
		c.place.network = r.networks[limited]
		c.place.network.open++
		c.place.inFlight = c.place.network.silent.PushBack(c)
	}
	return victim, true
}

func front(l *list.List) *conn {
	if e := l.Front(); e != nil {
		return e.Value.(*conn)
	}
	return nil
}

// busy notes that c's client has begun a request.
func (r *registry) busy(c *conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stopWaiting(c)
	r.setPending(c, true)
}

// answering notes that a handler answers c's request.
func (r *registry) answering(c *conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.setPending(c, false)
}

func (r *registry) setPending(c *conn, pending bool) {
	switch {
	case pending && !c.place.pending && c.place.counted:
		r.pending++
	case !pending && c.place.pending:
		r.pending--
	default:
		return
	}
	c.place.pending = pending
}

// betweenRequests returns the connections that wait for another request.
func (r *registry) betweenRequests() (list []*conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for e := r.idle.Front(); e != nil; e = e.Next() {
		list = append(list, e.Value.(*conn))
	}
	return list
}

// anyPending reports whether a connection is new or has begun a request that no handler answers yet.
func (r *registry) anyPending() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.pending > 0
}

// wait notes that c has finished a request and waits for the next.
func (r *registry) wait(c *conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.finishFirst(c)
	r.setPending(c, false)
	if c.place.counted && c.place.waiting == nil {
		c.place.waiting, c.place.idle = r.idle.PushBack(c), true
	}
}

// hijacked notes that c is no longer the server's; it still counts.
func (r *registry) hijacked(c *conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stopWaiting(c)
	r.finishFirst(c)
	r.setPending(c, false)
}

// remove takes c out.
func (r *registry) remove(c *conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.drop(c)
}

// drop is remove under the lock.
func (r *registry) drop(c *conn) {
	if !c.place.counted {
		return
	}
	c.place.counted = false
	r.open--
	r.setPending(c, false)
	r.stopWaiting(c)
	r.finishFirst(c)
}

func (r *registry) stopWaiting(c *conn) {
	if p := &c.place; p.waiting != nil {
		if p.idle {
			r.idle.Remove(p.waiting)
		} else {
			r.silent.Remove(p.waiting)
		}
		p.waiting, p.idle = nil, false
	}
	if p := &c.place; p.inFlight != nil {
		p.network.silent.Remove(p.inFlight)
		p.inFlight = nil
	}
}

func (r *registry) finishFirst(c *conn) {
	from := c.place.network
	if from == nil {
		return
	}
	c.place.network = nil
	if from.open--; from.open == 0 {
		delete(r.networks, from.prefix)
	}
}

// turnAway refuses a connection with an answer that the client finds when it has sent its request.
func (cs *Connections) turnAway(c *conn) {
	if open, due := cs.registry.logDue(time.Now()); due {
		cs.cfg.Log.Warn("connections are refused", slog.Int("open", open), slog.Int("max", cs.cfg.Max))
	}
	if cs.cfg.Refuse != nil && c.sendRefusal(nil, http.StatusTooManyRequests) && cs.registry.linger(1) {
		_ = c.CloseWrite()
		time.AfterFunc(cs.cfg.Timeouts.Drain, func() {
			_ = c.Conn.Close()
			cs.registry.linger(-1)
		})
		return
	}
	_ = c.Conn.Close()
}

// logDue reports how many connections are open and whether the log should say so.
func (r *registry) logDue(now time.Time) (open int, due bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if due = now.Sub(r.logged) >= logInterval; due {
		r.logged = now
	}
	return r.open, due
}

// linger counts refused connections that are still open. It reports false when there are enough.
func (r *registry) linger(n int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lingering+n > maxLingering {
		return false
	}
	r.lingering += n
	return true
}
