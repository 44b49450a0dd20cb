//go:build linux

package bench_test

import (
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"
)

// arrival says that so many units of a stream had arrived at a time.
type arrival struct {
	units int
	at    time.Time
}

// opened are streams of one gateway that wait for their tokens.
type opened struct {
	pace     *pace
	clients  sync.WaitGroup
	arrivals [][]arrival // of each stream
}

// open opens so many streams and returns when the first text of each has arrived.
func (f *fleet) open(g *gateway, streams int) *opened {
	o := &opened{pace: f.model.hold(streams), arrivals: make([][]arrival, streams)}
	var first sync.WaitGroup
	first.Add(streams)
	dialing := make(chan struct{}, 32) // at a time, so that no queue of connections overflows
	for i := range streams {
		o.clients.Go(func() {
			began := sync.OnceFunc(first.Done)
			defer began()
			dialing <- struct{}{}
			ready := sync.OnceFunc(func() { <-dialing })
			defer ready()
			c, err := dial(g.address)
			if err != nil {
				f.b.Error(err)
				return
			}
			defer c.close()
			body := numbered(i)
			if !g.ours {
				body = numberedReference(i)
			}
			o.arrivals[i] = make([]arrival, 0, 2*countedTokens)
			err = c.follow(g, g.tokens[i%len(g.tokens)], body, func(units int) {
				ready()
				began()
				o.arrivals[i] = append(o.arrivals[i], arrival{units, time.Now()})
			})
			if err != nil {
				f.b.Errorf("%s, stream %d: %v", g.name, i, err)
			}
		})
	}
	first.Wait()
	return o
}

// finish lets the tokens go and waits for the end of all streams.
func (o *opened) finish() {
	close(o.pace.released)
	o.clients.Wait()
}

// measureTokens measures the CPU time of a token of streams with 50 tokens a second.
func measureTokens(b *testing.B, s settings, f *fleet, r *results, gateways []*gateway) {
	for round := -1; round < s.streamRounds; round++ {
		for _, g := range gateways {
			o := f.open(g, s.streams)
			spent := g.cpu(b)
			o.finish()
			spent = g.cpu(b) - spent
			if round >= 0 {
				r.add(g.name, "token", float64(spent.Nanoseconds())/1e3/float64(s.streams*countedTokens))
			}
		}
	}
}

// measureMemory measures the resident memory that open streams add to that of a process that was just started.
// Nothing is collected for the measurement.
func measureMemory(b *testing.B, s settings, f *fleet, r *results, builds []build, references ...string) {
	for range s.memoryRounds {
		var fresh []*gateway
		for _, build := range builds {
			fresh = append(fresh, f.ours(build.name, build.path))
		}
		for _, name := range references {
			if g := f.reference(name); g != nil {
				fresh = append(fresh, g)
			}
		}
		for _, g := range fresh {
			idle := g.memory(b)
			o := f.open(g, s.memoryStreams)
			r.add(g.name, "memory", float64(g.memory(b)-idle)/1024/float64(s.memoryStreams))
			o.finish()
			g.stop()
		}
	}
}

const (
	lateness     = 20 * time.Millisecond // at p99: one interval between tokens
	capacityStep = 100
)

// measureCapacity measures how many streams a gateway with one processor sustains while 99 of 100 tokens are on time.
// The load generator and the model share one processor, too.
func measureCapacity(b *testing.B, s settings, f *fleet, r *results, builds []build, references ...string) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var gateways []*gateway
	for _, build := range builds {
		gateways = append(gateways, f.ours(build.name, build.path))
	}
	for _, name := range references {
		if g := f.reference(name); g != nil {
			gateways = append(gateways, g)
		}
	}
	for _, g := range gateways {
		shows := f.calibrate(g)
		most := 0
		for n := capacityStep; n <= s.mostStreams; n += capacityStep {
			late := f.lateness(g, n, shows)
			if late > lateness { // perhaps because of something else on the machine
				late = min(late, f.lateness(g, n, shows))
			}
			b.Logf("%s, %d streams: %v late at p99", g.name, n, late)
			if late > lateness {
				break
			}
			most = n
		}
		r.add(g.name, "capacity", float64(most))
		g.stop()
	}
}

// shown says that a gateway has sent so many units of an answer once it has this token, counted after the lead: a leak
// filter holds text back, the same of every stream.
type shown struct{ units, token int }

// calibrate returns what a gateway shows, from one stream.
func (f *fleet) calibrate(g *gateway) (list []shown) {
	o := f.open(g, 1)
	o.finish()
	sent := o.pace.sent[0]
	for _, a := range o.arrivals[0] {
		token := len(sent) - 1
		for token >= 0 && sent[token].After(a.at) {
			token--
		}
		if token >= 0 {
			list = append(list, shown{a.units, token})
		}
	}
	return list
}

// lateness returns how long after the token that it waited for text arrived, at p99.
func (f *fleet) lateness(g *gateway, streams int, shows []shown) time.Duration {
	o := f.open(g, streams)
	o.finish()
	var late []time.Duration
	for i, arrivals := range o.arrivals {
		at := 0
		for _, show := range shows {
			for at < len(arrivals) && arrivals[at].units < show.units {
				at++
			}
			if at == len(arrivals) {
				break
			}
			late = append(late, arrivals[at].at.Sub(o.pace.sent[i][show.token]))
		}
	}
	if len(late) < len(shows)*streams*9/10 {
		f.b.Errorf("%s: %d of %d parts did not arrive", g.name, len(shows)*streams-len(late), len(shows)*streams)
		return time.Hour
	}
	slices.Sort(late)
	return late[len(late)*99/100]
}

// measureFirstText measures the time that a gateway adds until the first text of an answer: from the question to the
// first call of the model, and from the model's last answer to the text; with the router's call, the time between the
// router's answer and the next call as well. The model answers at once.
func measureFirstText(b *testing.B, s settings, f *fleet, r *results, gateways []*gateway) {
	f.model.answerStreamed(prose)
	var clients []*connection
	for _, g := range gateways {
		c, err := dial(g.address)
		check(b, err)
		defer c.close()
		if g.socket != "" {
			check(b, c.openSocket(g, g.tokens[0]))
		}
		clients = append(clients, c)
	}
	for round := -10; round < s.questions; round++ {
		for i, g := range gateways {
			f.model.take()
			var first time.Time
			arrived := func(int) {
				if first.IsZero() {
					first = time.Now()
				}
			}
			start := time.Now()
			if g.socket != "" {
				check(b, clients[i].askOnSocket(numbered(0), arrived))
			} else {
				question := request("POST", g.path, g.address, g.tokens[0], numberedReference(0))
				check(b, clients[i].askForEvents(question, arrived))
			}
			calls := f.model.take()
			if round < 0 || len(calls) == 0 {
				continue
			}
			added := calls[0].arrived.Sub(start) + first.Sub(calls[len(calls)-1].answered)
			r.add(g.name, "first", float64(added.Nanoseconds())/1e3)
			for at := range calls[1:] {
				added += calls[at+1].arrived.Sub(calls[at].answered)
			}
			r.add(g.name, "first/routed", float64(added.Nanoseconds())/1e3)
		}
	}
}
