package audit_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/adiuva/cloud-api/internal/audit"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/testing/pgtest"
)

const firefox = "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0"

// env is a database with an account, and a clock.
type env struct {
	db   *postgres.DB
	now  time.Time
	log  *audit.Log
	logs bytes.Buffer
	user uuid.UUID
}

func setup(t *testing.T) *env {
	t.Helper()
	e := &env{db: pgtest.New(t), now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), user: uuid.New()}
	e.log = audit.New(audit.Config{
		DB: e.db, Now: func() time.Time { return e.now }, Log: slog.New(slog.NewJSONHandler(&e.logs, nil)),
	})
	_, err := e.db.Pool.Exec(t.Context(), `INSERT INTO users
		(id, email, password_hash, password_changed_at, created_at, updated_at)
		VALUES ($1, 'anna@example.com', 'x', now(), now(), now())`, e.user)
	check(t, err)
	return e
}

func (e *env) event(kind audit.Kind) audit.Event {
	return audit.Event{User: e.user, Kind: kind, Client: identity.Client{
		Addr: netip.MustParseAddr("203.0.113.77"), UserAgent: firefox,
	}}
}

func (e *env) events(t *testing.T, limit int, before uuid.UUID) []audit.Event {
	t.Helper()
	list, err := e.log.Events(t.Context(), e.user, limit, before)
	check(t, err)
	return list
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestDeviceNamesCommonProgramsAlone(t *testing.T) {
	t.Attr("case", "K26")
	t.Parallel()
	const chrome = "(KHTML, like Gecko) Chrome/138.0.0.0 "
	for agent, want := range map[string]string{
		firefox: "Firefox on Windows",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X) " + chrome + "Electron/37 Safari/537":     "Electron on macOS",
		"Mozilla/5.0 (X11; Linux x86_64) " + chrome + "Safari/537.36":                      "Chrome on Linux",
		"Mozilla/5.0 (Windows NT 10.0) " + chrome + "Safari/537.36 Edg/138.0":              "Edge on Windows",
		"Mozilla/5.0 (Linux; Android 15) " + chrome + "Mobile Safari/537.36":               "Chrome on Android",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) Version/18.5 Safari/604.1": "Safari on iOS",
		"curl/8.14.1": "curl", "Go-http-client/1.1": "Go", "python-requests/2.32": "Python", "node": "Node.js",
		"": "", "my secret agent": "", "Microsoft BITS/7.8": "", "Mozilla/5.0 (X11; CrOS x86_64)": "ChromeOS",
		strings.Repeat("x", 1000) + "curl/8": "", "\x00\xff(Windows": "Windows",
	} {
		if got := audit.Device(agent); got != want {
			t.Errorf("%.60q is %q, want %q", agent, got, want)
		}
	}
}

func TestNetworkIsCoarse(t *testing.T) {
	t.Attr("case", "K25")
	t.Parallel()
	for addr, want := range map[string]string{
		"203.0.113.77": "203.0.113.0/24", "::ffff:203.0.113.77": "203.0.113.0/24",
		"2001:db8:1:2:3:4:5:6": "2001:db8:1::/48", "fe80::1%eth0": "fe80::/48",
	} {
		if got := audit.Network(netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s is %s, want %s", addr, got, want)
		}
	}
	if got := audit.Network(netip.Addr{}); got != "" {
		t.Errorf("no address is %q", got)
	}
}

func TestEventsHavePagesAndEndAfter90Days(t *testing.T) {
	t.Attr("case", "K13")
	t.Parallel()
	e := setup(t)
	for range 5 {
		check(t, e.log.Record(t.Context(), e.db.Pool, e.event(audit.SignedIn)))
		e.now = e.now.Add(24 * time.Hour)
	}
	var pages []int
	var times []time.Time
	for before := uuid.Nil; ; {
		page := e.events(t, 2, before)
		if pages = append(pages, len(page)); len(page) == 0 {
			break
		}
		for _, event := range page {
			times = append(times, event.At)
		}
		before = page[len(page)-1].ID
	}
	if !slices.Equal(pages, []int{2, 2, 1, 0}) || !slices.IsSortedFunc(times, func(a, b time.Time) int {
		return b.Compare(a)
	}) {
		t.Errorf("pages of %v, times %v", pages, times)
	}
	e.now = e.now.Add(86 * 24 * time.Hour) // the first is 91 days old, the second 90
	if got := e.events(t, 10, uuid.Nil); len(got) != 4 {
		t.Errorf("%d events are shown after 90 days", len(got))
	}
	e.now = e.now.Add(time.Millisecond)
	check(t, e.log.Prune(t.Context()))
	var rows int
	check(t, e.db.Pool.QueryRow(t.Context(), "SELECT count(*) FROM audit_events").Scan(&rows))
	if rows != 3 {
		t.Errorf("%d rows are left", rows)
	}
}

func TestRefusalsAreWrittenLaterAndBounded(t *testing.T) {
	t.Attr("case", "K14")
	t.Parallel()
	e := setup(t)
	for range 50 {
		e.log.Note(t.Context(), e.event(audit.SignInRefused))
	}
	e.log.Note(t.Context(), audit.Event{Kind: audit.SignInRefused}) // of no account
	if got := e.events(t, 100, uuid.Nil); len(got) != 0 {
		t.Fatalf("%d events before they were written", len(got))
	}
	check(t, e.log.Flush(t.Context()))
	got := e.events(t, 100, uuid.Nil)
	if len(got) != 20 || got[0].Kind != audit.SignInRefused || got[0].Network != "203.0.113.0/24" ||
		got[0].Device != "Firefox on Windows" || !got[0].At.Equal(e.now) {
		t.Errorf("%d events, %+v", len(got), got)
	}
	e.now = e.now.Add(time.Hour + time.Millisecond)
	e.log.Note(t.Context(), e.event(audit.SignInRefused))
	check(t, e.log.Flush(t.Context()))
	if got := e.events(t, 100, uuid.Nil); len(got) != 21 {
		t.Errorf("%d events an hour later", len(got))
	}
}

func TestNoteNeverBlocks(t *testing.T) {
	t.Attr("case", "K14")
	t.Parallel()
	e := setup(t)
	e.db.Close() // as while the database is down
	for range 5000 {
		e.log.Note(t.Context(), e.event(audit.SignInRefused))
	}
	if !strings.Contains(e.logs.String(), "account event dropped") {
		t.Error("nothing was said about dropped events")
	}
}

func TestOperatorsGetALineWithoutAddress(t *testing.T) {
	t.Attr("case", "K15")
	t.Parallel()
	e := setup(t)
	e.log.Announce(t.Context(), e.event(audit.KeyCreated))
	var line map[string]any
	check(t, json.Unmarshal(e.logs.Bytes(), &line))
	delete(line, "time")
	want := map[string]any{
		"level": "INFO", "msg": "account event", "kind": "key_created", "user_id": e.user.String(),
		"network": "203.0.113.0/24", "device": "Firefox on Windows",
	}
	got, err := json.Marshal(line)
	check(t, err)
	expected, err := json.Marshal(want)
	check(t, err)
	if !bytes.Equal(got, expected) {
		t.Errorf("line %s, want %s", got, expected)
	}
}
