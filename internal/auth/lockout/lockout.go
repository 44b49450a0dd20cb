// Package lockout limits how many wrong passwords may be tried on an account. It slows strangers and not the owner:
// each network has a count of its own, and what strangers do does not hold up a network from which the account has
// signed in, or a device that proves one of its sessions.
//
// The counts are rows of password_attempts, so that replicas share them. An attempt is counted before its password is
// checked, which concurrent guesses cannot get around, and taken back when the password is right. A row has the time of
// each attempt: no window has more attempts than the limit, wherever it begins, and an attempt is refused only while
// the window that ends now is full.
package lockout

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"math"
	"net/netip"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/network"
	"github.com/adiuva/cloud-api/internal/postgres"
)

// ErrTooMany is returned, with the time to wait, when one more attempt would exceed a limit.
var ErrTooMany = fault.New(fault.RateLimited, "Too many wrong passwords for this account. Wait before the next one.")

const (
	window          = 15 * time.Minute
	strangersWindow = time.Hour
	flightTime      = 15 * time.Second // how long an attempt that never ends blocks the next stranger
	noticeEvery     = 24 * time.Hour
)

// How many times the limit of one network the wider counts allow.
const (
	strangersFactor = 10
	widerFactor     = 2 // for each step from /64 to /56 to /48
)

// Config configures a Guard. DB, Secrets, Limit and Now are required.
type Config struct {
	DB      *postgres.DB
	Secrets []string // the first keys what is written; networks remembered under the others stay known
	Limit   int      // wrong passwords for an account and network in 15 minutes; 0 counts nothing
	Now     func() time.Time
}

// Guard counts attempts. It is safe for concurrent use.
type Guard struct {
	db      *postgres.DB
	q       *db.Queries
	secrets []string
	limit   int
	now     func() time.Time
}

// New returns a Guard.
func New(cfg Config) *Guard {
	return &Guard{db: cfg.DB, q: db.New(), secrets: cfg.Secrets, limit: cfg.Limit, now: cfg.Now}
}

// Attempt is one check of a password.
type Attempt struct {
	Account string     // the normalized e-mail address, registered or not
	User    uuid.UUID  // whose address it is; uuid.Nil when it is not registered
	From    netip.Addr // of the client
	Session uuid.UUID  // of this account, that the client proved with a token; uuid.Nil for none
	Token   bool       // the proof is the access token of the request
}

// count is one row that an attempt is counted in.
type count struct {
	key    []byte
	limit  int // noLimit where the attempt is counted, but not refused
	window time.Duration
}

const noLimit = math.MaxInt

// Try is an attempt that no limit refuses yet. Call Count before the password is checked and End after it.
type Try struct {
	guard   *Guard
	counts  []count
	trusted bool
	at      time.Time // when it was counted
}

// Trusted reports whether the client's network or device is known to the account.
func (t *Try) Trusted() bool { return t.trusted }

// Begin returns the Try, or ErrTooMany. It counts nothing. notify is true at most once a day and account: with the
// first refusal. The queries are the same whether the account exists or not.
func (g *Guard) Begin(ctx context.Context, a Attempt) (try *Try, notify bool, err error) {
	if g.limit <= 0 {
		return &Try{guard: g, trusted: true}, false, nil
	}
	known, err := g.isKnown(ctx, a)
	if err != nil {
		return nil, false, postgres.Translate(err)
	}
	try = &Try{guard: g, trusted: known || a.Session != uuid.Nil}
	try.counts = g.counts(a, try.trusted)
	notice := count{g.key("notice", []byte(a.Account)), 1, noticeEvery}
	now := g.now()
	rows, err := g.q.PasswordAttempts(ctx, g.db.Pool, keysOf(append(try.counts, notice)), now)
	if err != nil {
		return nil, false, postgres.Translate(err)
	}
	tried := make(map[string][]time.Time, len(rows))
	for _, row := range rows {
		tried[string(row.Key)] = append(row.TriedAt, now)
	}
	refused := refusal(try.counts, tried, now)
	if refused == nil {
		return try, false, nil
	}
	if notice.wait(tried[string(notice.key)], now) == 0 && !isBusy(refused) {
		counted, err := g.q.CountPasswordAttempts(ctx, g.db.Pool, g.countParams([]count{notice}, now))
		if err != nil {
			return nil, false, postgres.Translate(err)
		}
		notify = notice.wait(counted[0].TriedAt, now) == 0
	}
	return nil, notify, refused
}

// Count counts the attempt, or returns ErrTooMany and counts nothing.
func (t *Try) Count(ctx context.Context) error {
	if len(t.counts) == 0 {
		return nil
	}
	t.at = t.guard.now()
	return postgres.Translate(t.guard.db.Tx(ctx, func(tx pgx.Tx) error {
		rows, err := t.guard.q.CountPasswordAttempts(ctx, tx, t.guard.countParams(t.counts, t.at))
		if err != nil {
			return err
		}
		tried := make(map[string][]time.Time, len(rows))
		for _, row := range rows {
			tried[string(row.Key)] = row.TriedAt
		}
		return refusal(t.counts, tried, t.at)
	}))
}

// End takes the attempt back where the password was right, and lets the next stranger try in any case. It runs to its
// end when the client leaves.
func (t *Try) End(ctx context.Context, right bool) error {
	var keys [][]byte
	for _, c := range t.counts {
		if right || c.window == flightTime {
			keys = append(keys, c.key)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	return postgres.Translate(
		t.guard.q.RefundPasswordAttempts(context.WithoutCancel(ctx), t.guard.db.Pool, t.at, keys))
}

// counts returns what the attempt is counted in. That of the network does not hold up a device, because others may be
// behind its address.
func (g *Guard) counts(a Attempt, trusted bool) []count {
	account, session := []byte(a.Account), a.Session[:]
	own := count{g.key("network", account, text(network.Of(a.From))), g.limit, window}
	if a.Session != uuid.Nil && !a.Token {
		own.limit = noLimit
	}
	list := []count{own}
	if a.Session != uuid.Nil {
		list = append(list, count{g.key("session", session), g.limit, window})
	}
	if a.Token {
		list = append(list, count{g.key("tokens", account), g.limit, window})
	}
	if trusted {
		return list
	}
	limit := g.limit
	for _, wider := range network.Around(a.From) {
		limit *= widerFactor
		list = append(list, count{g.key("network", account, text(wider)), limit, window})
	}
	return append(list,
		count{g.key("strangers", account), g.limit * strangersFactor, strangersWindow},
		count{g.key("flight", account), 1, flightTime})
}

// refusal returns ErrTooMany when a count has more attempts than its limit, with the longest time to wait. tried has
// the times of the attempts by key, the one to decide about included.
func refusal(counts []count, tried map[string][]time.Time, now time.Time) error {
	var wait time.Duration
	for _, c := range counts {
		wait = max(wait, c.wait(tried[string(c.key)], now))
	}
	if wait == 0 {
		return nil
	}
	return ErrTooMany.WithRetryAfter(wait)
}

// wait returns how long it takes until the last attempt of tried fits into the limit, or 0 if it does now.
func (c count) wait(tried []time.Time, now time.Time) time.Duration {
	var live []time.Time
	for _, at := range tried {
		if age := now.Sub(at); age < c.window && age >= -c.window { // further ahead, a clock was wrong
			live = append(live, at)
		}
	}
	if len(live) <= c.limit {
		return 0
	}
	if c.window == flightTime {
		return time.Second // the attempt in flight rarely takes longer
	}
	slices.SortFunc(live, time.Time.Compare)
	return max(live[len(live)-c.limit-1].Add(c.window).Sub(now), time.Second)
}

// isBusy reports whether the only reason to refuse is another attempt in flight.
func isBusy(refused error) bool { return fault.From(refused).RetryAfter <= time.Second }

func (g *Guard) countParams(counts []count, now time.Time) db.CountPasswordAttemptsParams {
	params := db.CountPasswordAttemptsParams{
		Keys: keysOf(counts), Now: now, Keep: int32(g.limit*strangersFactor + 1), // one more than the largest limit
	}
	for _, c := range counts {
		params.Ends = append(params.Ends, now.Add(c.window))
	}
	return params
}

func keysOf(counts []count) [][]byte {
	keys := make([][]byte, len(counts))
	for i, c := range counts {
		keys[i] = c.key
	}
	return keys
}

func (g *Guard) key(kind string, parts ...[]byte) []byte { return keyed(g.secrets[0], kind, parts...) }

// keyed returns an HMAC of the kind and the parts.
func keyed(secret, kind string, parts ...[]byte) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	for _, part := range append([][]byte{[]byte(kind)}, parts...) {
		mac.Write(binary.BigEndian.AppendUint32(nil, uint32(len(part))))
		mac.Write(part)
	}
	return mac.Sum(nil)
}

func text(p netip.Prefix) []byte { return []byte(p.String()) }
