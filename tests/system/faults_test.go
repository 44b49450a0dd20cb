package system_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/auth"
	"github.com/adiuva/cloud-api/internal/httpapi"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/testing/pgtest"
)

const (
	maxOutageLatency = 3 * time.Second // how long an answer may take while PostgreSQL is away
	maxRecovery      = 5 * time.Second // how long after its return the first success may take
	password         = "correct horse battery"
)

// on puts the accounts on db instead of on the tests' shared server.
func withAccountsOn(t *testing.T, db *postgres.DB) option {
	return func(c *httpapi.Config) {
		accounts, err := auth.New(auth.Config{DB: db, Secret: strings.Repeat("s", 32), Pepper: strings.Repeat("p", 32), BcryptCost: 4, Log: c.Log})
		check(t, err)
		c.Auth, c.Ready = accounts, db.Ping
	}
}

// The phases of an outage, in their order.
const (
	healthy int32 = iota
	down
	recovering
)

// load keeps asking a server and judges every answer by the phase in which it was asked for and came.
type load struct {
	a     *api
	phase atomic.Int32
	stop  chan struct{}
	once  sync.Once
	work  sync.WaitGroup
	// failed counts the answers that said that the database is away.
	refused, succeeded atomic.Int64

	mu         sync.Mutex
	registered []string // e-mails of the registrations that were answered with 201
}

// begin starts the given number of clients of each kind. They end with the test at the latest.
func startLoad(a *api, clients int) *load {
	l := &load{a: a, stop: make(chan struct{})}
	for i := range clients {
		l.work.Go(func() { l.registerAndLogIn(i) })
		l.work.Go(func() { l.refresh(i) })
	}
	a.T.Cleanup(l.finish)
	return l
}

// end stops the clients and waits for them.
func (l *load) finish() {
	l.once.Do(func() { close(l.stop) })
	l.work.Wait()
}

func (l *load) stopped() bool {
	select {
	case <-l.stop:
		return true
	default:
		return false
	}
}

// ask sends one request and judges the answer. It reports false when the database was away.
func (l *load) request(method, path, body string, headers header, wanted int) (answer, bool) {
	asked, begun := l.phase.Load(), time.Now()
	got, err := l.a.tryDo(method, path, body, headers)
	took, answered := time.Since(begun), l.phase.Load()
	if err != nil {
		l.a.T.Errorf("%s %s: no answer: %v", method, path, err)
		return got, false
	}
	if took > maxOutageLatency {
		l.a.T.Errorf("%s %s took %v", method, path, took)
	}
	if got.Status == wanted {
		l.succeeded.Add(1)
		if asked == down && answered == down && path != "/api/v1/auth/me" { // which a cache answers for ten seconds
			l.a.T.Errorf("%s %s: %d without a database", method, path, got.Status)
		}
		return got, true
	}
	l.refused.Add(1)
	wait, err := strconv.Atoi(got.Header.Get("Retry-After"))
	if got.Status != http.StatusServiceUnavailable || got.Code() != "db_unavailable" || err != nil || wait < 1 {
		l.a.T.Errorf("%s %s: %d, Retry-After %q: %s", method, path, got.Status, got.Header.Get("Retry-After"), got.Body)
	}
	if asked == healthy && answered == healthy {
		l.a.T.Errorf("%s %s: %d before the outage", method, path, got.Status)
	}
	return got, false
}

func (l *load) registerAndLogIn(client int) {
	for n := 0; !l.stopped(); n++ {
		email := fmt.Sprintf("load-%d-%d@example.com", client, n)
		account := fmt.Sprintf(`{"email":%q,"password":%q}`, email, password)
		got, ok := l.request("POST", "/api/v1/auth/register", account, nil, http.StatusCreated)
		if !ok {
			continue
		}
		l.mu.Lock()
		l.registered = append(l.registered, email)
		l.mu.Unlock()
		l.request("POST", "/api/v1/auth/login", account, nil, http.StatusOK)
		l.request("GET", "/api/v1/auth/me", "", header{"Authorization": "Bearer " + got.JSON(l.a.T)["access_token"].(string)}, http.StatusOK)
	}
}

// refresh rotates one session's token for as long as the load lasts. An answer that did not come is asked for again
// with the same key, and must come in the end.
func (l *load) refresh(client int) {
	account := fmt.Sprintf(`{"email":"refresh-%d@example.com","password":%q}`, client, password)
	got, ok := l.request("POST", "/api/v1/auth/register", account, nil, http.StatusCreated)
	if !ok {
		l.a.T.Errorf("client %d could not begin", client)
		return
	}
	for n := 0; !l.stopped(); {
		body := fmt.Sprintf(`{"refresh_token":%q}`, got.JSON(l.a.T)["refresh_token"])
		if next, ok := l.request("POST", "/api/v1/auth/refresh", body, header{"Idempotency-Key": strconv.Itoa(n)}, http.StatusOK); ok {
			got = next
			n++
		}
	}
}

// try is send for goroutines that must not end the test.
func (a *api) tryDo(method, path, body string, headers header) (got answer, err error) {
	req, err := http.NewRequest(method, a.URL+path, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for k, v := range headers {
		req.Header.Set(k, v)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return answer{}, err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	data, err := io.ReadAll(resp.Body)
	return answer{Status: resp.StatusCode, Header: resp.Header, Body: data}, err
}

// until waits until counter has grown by more.
func (l *load) waitForMore(counter *atomic.Int64, more int64) {
	l.a.T.Helper()
	from := counter.Load()
	pgtest.Eventually(l.a.T, 30*time.Second, func() error {
		if n := counter.Load() - from; n < more {
			return fmt.Errorf("%d of %d answers", n, more)
		}
		return nil
	})
}

// probes checks what the probes say while the database is away.
func (a *api) checkProbes() {
	a.T.Helper()
	begun := time.Now()
	if got := a.Do("GET", "/livez", "", nil); got.Status != http.StatusOK {
		a.T.Errorf("/livez without a database: %d", got.Status)
	}
	if got := a.Do("GET", "/readyz", "", nil); got.Status != http.StatusServiceUnavailable || got.Header.Get("Retry-After") == "" {
		a.T.Errorf("/readyz without a database: %d %s", got.Status, got.Body)
	}
	if took := time.Since(begun); took > maxOutageLatency {
		a.T.Errorf("the probes took %v", took)
	}
}

// served waits until the whole API works again and returns after how long.
func (a *api) waitUntilServing(name string) time.Duration {
	a.T.Helper()
	n := 0
	return pgtest.Eventually(a.T, maxRecovery, func() error {
		n++
		got, err := a.tryDo("POST", "/api/v1/auth/register", fmt.Sprintf(`{"email":"%s-%d@example.com","password":%q}`, name, n, password), nil)
		if err != nil || got.Status != http.StatusCreated {
			return fmt.Errorf("%d %s: %w", got.Status, got.Body, err)
		}
		if got, err = a.tryDo("GET", "/readyz", "", nil); err != nil || got.Status != http.StatusOK {
			return fmt.Errorf("/readyz: %d: %w", got.Status, err)
		}
		return nil
	})
}

// logIn fails the test unless every account that was acknowledged is there.
func (l *load) checkAccounts() {
	l.a.T.Helper()
	for _, email := range l.registered {
		if got := l.a.Do("POST", "/api/v1/auth/login", fmt.Sprintf(`{"email":%q,"password":%q}`, email, password), nil); got.Status != http.StatusOK {
			l.a.T.Errorf("%s was acknowledged and cannot log in: %d %s", email, got.Status, got.Body)
		}
	}
}

func TestPostgresKilledUnderLoad(t *testing.T) {
	t.Attr("case", "C125")
	t.Parallel()
	server := pgtest.Start(t)
	a := start(t, nil, withAccountsOn(t, server.DB()))
	l := startLoad(a, 2)
	for round := range 2 {
		l.waitForMore(&l.succeeded, 40)
		l.phase.Store(recovering) // what was asked just before the end may fail
		server.Kill()
		l.phase.Store(down)
		l.waitForMore(&l.refused, 40)
		a.checkProbes()
		l.phase.Store(recovering)
		server.Start()
		t.Logf("round %d: served %v after its return", round, a.waitUntilServing(fmt.Sprintf("kill-%d", round)))
		l.phase.Store(healthy)
	}
	l.waitForMore(&l.succeeded, 40)
	l.finish()
	l.checkAccounts()
	t.Logf("%d answered, %d refused, %d accounts acknowledged and there", l.succeeded.Load(), l.refused.Load(), len(l.registered))
}

func TestPostgresHangsUnderLoad(t *testing.T) {
	t.Attr("case", "C126")
	t.Parallel()
	server := pgtest.Start(t)
	a := start(t, nil, withAccountsOn(t, server.DB()))
	me := a.Register("chat@example.com")
	l := startLoad(a, 2)
	l.waitForMore(&l.succeeded, 40)
	for range 3 { // and its session is remembered
		if got := a.Do("POST", "/api/v1/chat", `{"message":"list my open tasks"}`, me); got.Status != http.StatusOK {
			t.Fatalf("chat: %d %s", got.Status, got.Body)
		}
	}
	l.phase.Store(recovering)
	server.Pause()
	l.phase.Store(down)
	paused := time.Now()
	chats := 0
	a.checkProbes()
	for time.Since(paused) < 4*time.Second {
		begun := time.Now()
		if got := a.Do("POST", "/api/v1/chat", `{"message":"list my open tasks"}`, me); got.Status != http.StatusOK {
			t.Fatalf("chat %v into a hung database: %d %s", time.Since(paused), got.Status, got.Body)
		}
		if took := time.Since(begun); took > time.Second {
			t.Errorf("chat beside a hung database took %v", took)
		}
		chats++
	}
	if l.refused.Load() == 0 {
		t.Error("nothing was refused while the database hung")
	}
	l.phase.Store(recovering)
	server.Resume()
	t.Logf("%d chats beside it; served %v after its return", chats, a.waitUntilServing("hang"))
	l.phase.Store(healthy)
	l.waitForMore(&l.succeeded, 40)
	l.finish()
	l.checkAccounts()
}
