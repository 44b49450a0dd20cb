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
	maxOutageLatency = 3 * time.Second // of a response while PostgreSQL is away
	maxRecovery      = 5 * time.Second // from its return to the first success
	password         = "correct horse battery"
)

// withAccountsOn makes the service keep its accounts in db.
func withAccountsOn(t *testing.T, db *postgres.DB) option {
	return func(c *httpapi.Config) {
		accounts, err := auth.New(auth.Config{SecretsKeys: []string{strings.Repeat("k", 32)},
			DB: db, Secret: strings.Repeat("s", 32),
			Pepper: strings.Repeat("p", 32), BcryptCost: 4, Log: c.Log})
		check(t, err)
		c.Auth, c.Ready = accounts, db.Ping
	}
}

// Phases of an outage, in order.
const (
	healthy int32 = iota
	down
	recovering
)

// load keeps sending requests and checks each response against the phases in which it was requested and received.
type load struct {
	a     *api
	phase atomic.Int32
	stop  chan struct{}
	once  sync.Once
	work  sync.WaitGroup
	// refused counts the responses that report the database as unavailable.
	refused, succeeded atomic.Int64

	mu         sync.Mutex
	registered []string // e-mail addresses whose registration got 201
}

// startLoad starts this many clients of each kind. They stop at finish or at the end of the test.
func startLoad(a *api, clients int) *load {
	l := &load{a: a, stop: make(chan struct{})}
	for i := range clients {
		l.work.Go(func() { l.registerAndLogIn(i) })
		l.work.Go(func() { l.refresh(i) })
	}
	a.T.Cleanup(l.finish)
	return l
}

// finish stops the clients and waits for them.
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

// request sends one request and checks the response. It returns false when the database was unavailable.
func (l *load) request(method, path, body string, headers header, wanted int) (answer, bool) {
	requested, start := l.phase.Load(), time.Now()
	got, err := l.a.tryDo(method, path, body, headers)
	took, received := time.Since(start), l.phase.Load()
	if err != nil {
		l.a.T.Errorf("%s %s: no response: %v", method, path, err)
		return got, false
	}
	if took > maxOutageLatency {
		l.a.T.Errorf("%s %s took %v", method, path, took)
	}
	if got.Status == wanted {
		l.succeeded.Add(1)
		if requested == down && received == down && path != "/api/v1/auth/me" { // which is cached for ten seconds
			l.a.T.Errorf("%s %s: %d without a database", method, path, got.Status)
		}
		return got, true
	}
	l.refused.Add(1)
	wait, err := strconv.Atoi(got.Header.Get("Retry-After"))
	if got.Status != http.StatusServiceUnavailable || got.Code() != "db_unavailable" || err != nil || wait < 1 {
		l.a.T.Errorf("%s %s: %d, Retry-After %q: %s", method, path, got.Status, got.Header.Get("Retry-After"), got.Body)
	}
	if requested == healthy && received == healthy {
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
		l.request("GET", "/api/v1/auth/me", "",
			header{"Authorization": "Bearer " + got.JSON(l.a.T)["access_token"].(string)}, http.StatusOK)
	}
}

// refresh rotates the token of one session until the load stops. A failed rotation is retried with the same key.
func (l *load) refresh(client int) {
	account := fmt.Sprintf(`{"email":"refresh-%d@example.com","password":%q}`, client, password)
	got, ok := l.request("POST", "/api/v1/auth/register", account, nil, http.StatusCreated)
	if !ok {
		l.a.T.Errorf("client %d could not register", client)
		return
	}
	for n := 0; !l.stopped(); {
		body := fmt.Sprintf(`{"refresh_token":%q}`, got.JSON(l.a.T)["refresh_token"])
		if next, ok := l.request("POST", "/api/v1/auth/refresh", body, header{"Idempotency-Key": strconv.Itoa(n)},
			http.StatusOK); ok {
			got = next
			n++
		}
	}
}

// tryDo is Do for goroutines, which must not end the test.
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

// waitForMore waits until counter has grown by n.
func (l *load) waitForMore(counter *atomic.Int64, n int64) {
	l.a.T.Helper()
	from := counter.Load()
	pgtest.Eventually(l.a.T, 30*time.Second, func() error {
		if got := counter.Load() - from; got < n {
			return fmt.Errorf("%d of %d responses", got, n)
		}
		return nil
	})
}

// checkProbes checks /livez and /readyz while the database is away.
func (a *api) checkProbes() {
	a.T.Helper()
	start := time.Now()
	if got := a.Do("GET", "/livez", "", nil); got.Status != http.StatusOK {
		a.T.Errorf("/livez without a database: %d", got.Status)
	}
	if got := a.Do("GET", "/readyz", "", nil); got.Status != http.StatusServiceUnavailable ||
		got.Header.Get("Retry-After") == "" {
		a.T.Errorf("/readyz without a database: %d %s", got.Status, got.Body)
	}
	if got := a.Do("GET", "/readyz?exclude=database", "", nil); got.Status != http.StatusOK {
		a.T.Errorf("/readyz?exclude=database without a database: %d %s", got.Status, got.Body)
	}
	if took := time.Since(start); took > maxOutageLatency {
		a.T.Errorf("the probes took %v", took)
	}
}

// waitUntilServing waits until the API works again and returns how long that took.
func (a *api) waitUntilServing(name string) time.Duration {
	a.T.Helper()
	n := 0
	return pgtest.Eventually(a.T, maxRecovery, func() error {
		n++
		got, err := a.tryDo("POST", "/api/v1/auth/register",
			fmt.Sprintf(`{"email":"%s-%d@example.com","password":%q}`, name, n, password), nil)
		if err != nil || got.Status != http.StatusCreated {
			return fmt.Errorf("%d %s: %w", got.Status, got.Body, err)
		}
		if got, err = a.tryDo("GET", "/readyz", "", nil); err != nil || got.Status != http.StatusOK {
			return fmt.Errorf("/readyz: %d: %w", got.Status, err)
		}
		return nil
	})
}

// checkAccounts logs in to every account whose registration was acknowledged.
func (l *load) checkAccounts() {
	l.a.T.Helper()
	for _, email := range l.registered {
		if got := l.a.Do("POST", "/api/v1/auth/login", fmt.Sprintf(`{"email":%q,"password":%q}`, email, password),
			nil); got.Status != http.StatusOK {
			l.a.T.Errorf("%s is registered and cannot log in: %d %s", email, got.Status, got.Body)
		}
	}
}

func TestPostgresKilledUnderLoad(t *testing.T) {
	t.Attr("case", "C125")
	t.Attr("case", "S15")
	t.Parallel()
	server := pgtest.Start(t)
	a := start(t, nil, withAccountsOn(t, server.DB()))
	l := startLoad(a, 2)
	for round := range 2 {
		l.waitForMore(&l.succeeded, 40)
		l.phase.Store(recovering) // requests in flight may fail
		server.Kill()
		l.phase.Store(down)
		l.waitForMore(&l.refused, 40)
		a.checkProbes()
		l.phase.Store(recovering)
		server.Start()
		t.Logf("round %d: serving again after %v", round, a.waitUntilServing(fmt.Sprintf("kill-%d", round)))
		l.phase.Store(healthy)
	}
	l.waitForMore(&l.succeeded, 40)
	l.finish()
	l.checkAccounts()
	t.Logf("%d succeeded, %d refused, %d accounts registered and present", l.succeeded.Load(), l.refused.Load(),
		len(l.registered))
}

func TestPostgresHangsUnderLoad(t *testing.T) {
	t.Attr("case", "C126")
	t.Attr("case", "S15")
	t.Parallel()
	server := pgtest.Start(t)
	a := start(t, nil, withAccountsOn(t, server.DB()))
	me := a.Register("chat@example.com")
	l := startLoad(a, 2)
	l.waitForMore(&l.succeeded, 40)
	for range 3 { // which also caches the session
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
		start := time.Now()
		if got := a.Do("POST", "/api/v1/chat", `{"message":"list my open tasks"}`, me); got.Status != http.StatusOK {
			t.Fatalf("chat %v after the database hung: %d %s", time.Since(paused), got.Status, got.Body)
		}
		if took := time.Since(start); took > time.Second {
			t.Errorf("chat with a hung database took %v", took)
		}
		chats++
	}
	if l.refused.Load() == 0 {
		t.Error("nothing was refused while the database hung")
	}
	l.phase.Store(recovering)
	server.Resume()
	t.Logf("%d chats meanwhile; serving again after %v", chats, a.waitUntilServing("hang"))
	l.phase.Store(healthy)
	l.waitForMore(&l.succeeded, 40)
	l.finish()
	l.checkAccounts()
}
