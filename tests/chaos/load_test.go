//go:build soak

package chaos_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/adiuva/cloud-api/internal/testing/randomjson"
	"github.com/adiuva/cloud-api/openapi"
)

// load is the users of the service. Each runs in a goroutine of its own.
type load struct {
	w       *world
	client  *client
	tally   tally
	judge   *judge
	writers []writer
	steps   []func()

	running sync.RWMutex // held for reading during each step
	stop    chan struct{}
	work    sync.WaitGroup
}

// newLoad signs the users up. What they do follows from the seed as far as answers do not decide it.
func newLoad(w *world, seed uint64) *load {
	l := &load{w: w, judge: &judge{t: w.t}, stop: make(chan struct{})}
	l.client = newClient(w, &l.tally, l.judge)
	user := func(name, tier string, more ...string) *session {
		s := &session{client: l.client, email: name + "@example.com"}
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		check(w.t, s.signIn(ctx))
		if tier != "" {
			_, err := w.command(append([]string{"user", "set-tier", s.email, tier}, more...)...)
			check(w.t, err)
		}
		return s
	}
	business := user("business", "team", "--seats", "100")
	l.writers = []writer{
		newAccounts(l.client, "first"), newAccounts(l.client, "second"),
		newBackups(user("uploader1", "team", "--seats", "100"), seed),
		newBackups(user("uploader2", "team", "--seats", "100"), seed+1),
		newKeys(business), newTeam(w, user("owner", "team", "--seats", fmt.Sprint(seats))),
		&payments{client: l.client, world: w},
	}
	for _, one := range l.writers {
		l.steps = append(l.steps, one.step)
	}
	chats := user("chats", "team", "--seats", "100")
	random := newRandomRequests(w, user("random", "team", "--seats", "100"), seed)
	spender := &spender{client: l.client}
	l.steps = append(l.steps, spender.step, random.step,
		func() { chats.authorized(http.MethodPost, "/chat", chatBody(""), nil); pause(20) },
		func() { refused, cut := chats.socket(1); chats.countStream("version 1", refused, cut); pause(20) },
		func() { refused, cut := chats.socket(2); chats.countStream("version 2", refused, cut); pause(20) },
		func() { refused, cut := chats.events(); chats.countStream("SSE", refused, cut); pause(20) })
	return l
}

func pause(milliseconds int) { <-time.After(time.Duration(milliseconds) * time.Millisecond) }

// start lets everybody begin.
func (l *load) start() {
	for _, step := range l.steps {
		l.work.Go(func() {
			for {
				select {
				case <-l.stop:
					return
				default:
				}
				l.running.RLock()
				step()
				l.running.RUnlock()
			}
		})
	}
}

// hold waits until nobody has a request running and keeps everybody from going on until release.
func (l *load) hold()    { l.running.Lock() }
func (l *load) release() { l.running.Unlock() }

// finish ends the load. It must not be held.
func (l *load) finish() {
	close(l.stop)
	l.work.Wait()
}

// spender is an account of Free that asks more than its tokens allow, four questions at a time.
type spender struct {
	*client
	n  int
	by *session
}

func (s *spender) step() {
	if s.by == nil {
		s.n++
		s.by = &session{client: s.client, email: fmt.Sprintf("spender-%d@example.com", s.n)}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if s.by.signIn(ctx) != nil {
			s.by = nil
			pause(50)
			return
		}
	}
	var asking sync.WaitGroup
	results := make([]result, 4)
	for i := range results {
		asking.Go(func() { results[i] = s.by.do(http.MethodPost, "/chat", chatBody(""), s.by.bearer()) })
	}
	asking.Wait()
	for _, r := range results {
		if r.code == "budget_exceeded" || r.status == http.StatusUnauthorized {
			s.by = nil // a new one spends from now on
			break
		}
	}
	pause(100)
}

// randomRequests sends requests that are generated from the contract to every operation.
type randomRequests struct {
	*session
	randomjson.Generator
	operations []operation
	next       int
}

type operation struct {
	path, method string
	op           *openapi3.Operation
}

// left out are operations that would end the session of this user, and one with a client of its own.
var leftOut = []string{"logout", "requestAccountDeletion", "changePassword", "endSession", "streamChat"}

func newRandomRequests(w *world, s *session, seed uint64) *randomRequests {
	doc, err := openapi3.NewLoader().LoadFromData(openapi.Document)
	check(w.t, err)
	r := &randomRequests{session: s, Generator: randomjson.Generator{Rand: rand.New(rand.NewPCG(seed, 2))}}
	for _, path := range slices.Sorted(maps.Keys(doc.Paths.Map())) {
		item := doc.Paths.Value(path)
		for _, method := range slices.Sorted(maps.Keys(item.Operations())) {
			if op := item.Operations()[method]; !slices.Contains(leftOut, op.OperationID) {
				r.operations = append(r.operations, operation{path, method, op})
			}
		}
	}
	return r
}

func (r *randomRequests) step() {
	o := r.operations[r.next%len(r.operations)]
	r.next++
	path, headers := randomjson.FillParameters(o.path, o.op.Parameters, func(p *openapi3.Parameter) (string, bool) {
		if !p.Required && r.OneIn(2) {
			return "", false
		}
		return randomjson.ParameterText(r.Value(p.Schema, 0)), true
	})
	delete(headers, "Content-Length")
	headers["Authorization"] = "Bearer " + r.access
	var body []byte
	if o.op.RequestBody != nil {
		content := o.op.RequestBody.Value.Content
		if media := content["application/json"]; media != nil && o.op.OperationID != "receiveStripeEvent" {
			body, _ = json.Marshal(r.Value(media.Schema, 0))
		} else {
			body = []byte(strings.Repeat(r.Word(), 20))
			headers["Content-Type"] = "application/octet-stream"
		}
	}
	if got := r.do(o.method, "/"+strings.TrimPrefix(path, "/"), body, headers); got.status == http.StatusUnauthorized {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = r.signIn(ctx)
	}
	pause(10)
}
