package mail_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/mail"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/testing/pgtest"
)

// server is a mail server that answers with a function, and the clock of its env.
type server struct {
	mu    sync.Mutex
	mails []mail.Message
	at    []time.Duration // since the start, of each mail
	now   func() time.Duration
	reply func(ctx context.Context) error
}

func (s *server) Send(ctx context.Context, m mail.Message) error {
	s.mu.Lock()
	s.mails, s.at = append(s.mails, m), append(s.at, s.now())
	s.mu.Unlock()
	if s.reply == nil {
		return nil
	}
	return s.reply(ctx)
}

func (s *server) sent() []mail.Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.mails)
}

// env is an outbox of one account, whose clock only a test moves.
type env struct {
	t      *testing.T
	db     *postgres.DB
	user   uuid.UUID
	mu     sync.Mutex
	passed time.Duration
	server *server
	outbox *mail.Outbox
}

func setup(t *testing.T) *env {
	t.Helper()
	e := &env{t: t, db: pgtest.New(t), user: uuid.New()}
	e.server = &server{now: e.since}
	e.outbox = mail.NewOutbox(e.now)
	e.exec(`INSERT INTO users (id, email, password_hash, password_changed_at, created_at, updated_at, language)
		VALUES ($1, 'anna@example.com', 'x', now(), now(), now(), 'de')`, e.user)
	return e
}

func (e *env) since() time.Duration {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.passed
}

func (e *env) now() time.Time {
	return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).Add(e.since())
}

func (e *env) advance(d time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.passed += d
}

func (e *env) exec(query string, args ...any) {
	e.t.Helper()
	_, err := e.db.Pool.Exec(e.t.Context(), query, args...)
	e.check(err)
}

func (e *env) check(err error) {
	e.t.Helper()
	if err != nil {
		e.t.Fatal(err)
	}
}

func (e *env) waiting() (n int) {
	e.t.Helper()
	e.check(e.db.Pool.QueryRow(e.t.Context(), "SELECT count(*) FROM mail_outbox").Scan(&n))
	return n
}

func (e *env) notify(kind mail.Kind) {
	e.t.Helper()
	e.check(e.outbox.Notify(e.t.Context(), e.db.Pool, e.user, kind))
}

func (e *env) worker() *mail.Worker {
	e.t.Helper()
	w, err := mail.NewWorker(mail.WorkerConfig{
		DB: e.db, Sender: e.server, Now: e.now, Log: slog.New(slog.DiscardHandler), AppURL: "https://app.example.com",
		Activate: func(context.Context, db.DBTX, uuid.UUID) (string, bool, error) { return "12345678", true, nil },
	})
	e.check(err)
	return w
}

// runFor has the worker look at the outbox once a second of the clock.
func (e *env) runFor(w *mail.Worker, d time.Duration) {
	e.t.Helper()
	for end := e.since() + d; e.since() < end; e.advance(time.Second) {
		e.check(w.SendDue(e.t.Context()))
	}
}

func TestMailIsTriedAgainWithGrowingPauses(t *testing.T) {
	t.Attr("case", "MC34")
	t.Parallel()
	e := setup(t)
	e.notify(mail.PasswordChanged)
	e.server.reply = func(context.Context) error { return errors.New("down") }
	w := e.worker()
	e.runFor(w, 10*time.Minute)
	want := []time.Duration{0, 15, 45, 105, 225, 465} // seconds: pauses of 15, 30, 60, 120, 240
	for i := range want {
		want[i] *= time.Second
	}
	if !slices.Equal(e.server.at, want) {
		t.Errorf("sent at %v, want %v", e.server.at, want)
	}
	e.server.reply = nil
	e.runFor(w, 16*time.Minute) // the longest pause is 15 min
	mails := e.server.sent()
	if len(mails) != len(want)+1 || mails[0].ID != mails[len(want)].ID || e.waiting() != 0 {
		t.Errorf("%d mails, %d wait", len(mails), e.waiting())
	}
}

func TestMailIsGivenUpAfterADay(t *testing.T) {
	t.Attr("case", "MC34")
	t.Parallel()
	e := setup(t)
	e.notify(mail.PasswordChanged)
	e.server.reply = func(context.Context) error { return errors.New("down") }
	w := e.worker()
	for range 24 * 4 {
		e.check(w.SendDue(t.Context()))
		e.advance(15 * time.Minute)
	}
	if e.waiting() != 1 {
		t.Error("the mail was given up within a day")
	}
	e.advance(15 * time.Minute)
	e.check(w.SendDue(t.Context()))
	if e.waiting() != 0 {
		t.Error("the mail waits for longer than a day")
	}
}

func TestRefusalsForGoodAreCountedApart(t *testing.T) {
	t.Attr("case", "MC35")
	t.Parallel()
	e := setup(t)
	e.notify(mail.PasswordChanged)
	down, refused := errors.New("down"), fmt.Errorf("550: %w", mail.ErrRefused)
	answers := []error{down, refused, down, refused, down, refused, down}
	var given int
	e.server.reply = func(context.Context) error { given++; return answers[given-1] }
	w := e.worker()
	for range 10 {
		e.check(w.SendDue(t.Context()))
		e.advance(15 * time.Minute)
	}
	if given != 6 || e.waiting() != 0 {
		t.Errorf("%d tries, %d wait; want 6, of which 3 refused, and none", given, e.waiting())
	}
}

func TestSlowServerHoldsUpFourMailsAndNoRequest(t *testing.T) {
	t.Attr("case", "MC36")
	t.Parallel()
	e := setup(t)
	for range 6 {
		e.notify(mail.PasswordChanged)
	}
	atServer, answer := make(chan struct{}, 10), make(chan struct{})
	e.server.reply = func(context.Context) error { atServer <- struct{}{}; <-answer; return nil }
	w, done := e.worker(), make(chan error, 1)
	go func() { done <- w.SendDue(t.Context()) }()
	for range 4 {
		<-atServer
	}
	e.notify(mail.NewAPIKey) // as a request does, while every lane waits
	w.Notify()
	if n := len(e.server.sent()); n != 4 || e.waiting() != 7 {
		t.Errorf("%d mails are being sent, %d wait", n, e.waiting())
	}
	close(answer)
	e.check(<-done)
	if n := len(e.server.sent()); n != 7 || e.waiting() != 0 {
		t.Errorf("%d mails, %d wait", n, e.waiting())
	}
}

func TestTwoReplicasSendAMailOnce(t *testing.T) {
	t.Attr("case", "MC37")
	t.Parallel()
	e := setup(t)
	for range 40 {
		e.notify(mail.NewAPIKey)
	}
	var running sync.WaitGroup
	for range 2 {
		w := e.worker()
		running.Go(func() {
			if err := w.SendDue(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	running.Wait()
	seen := map[uuid.UUID]bool{}
	for _, m := range e.server.sent() {
		seen[m.ID] = true
	}
	if n := len(e.server.sent()); n != 40 || len(seen) != 40 || e.waiting() != 0 {
		t.Errorf("%d mails of %d rows, %d wait", n, len(seen), e.waiting())
	}
}

func TestDeadReplicasMailIsSentByAnother(t *testing.T) {
	t.Attr("case", "MC37")
	t.Parallel()
	e := setup(t)
	e.notify(mail.NewAPIKey)
	e.exec("UPDATE mail_outbox SET attempts = 1, next_try_at = $1", e.now().Add(time.Minute)) // its lease
	w := e.worker()
	e.runFor(w, time.Minute)
	if n := len(e.server.sent()); n != 0 {
		t.Errorf("%d mails while the other may be sending", n)
	}
	e.runFor(w, time.Second)
	if n := len(e.server.sent()); n != 1 || e.waiting() != 0 {
		t.Errorf("%d mails after the lease, %d wait", n, e.waiting())
	}
}

func TestShutdownLetsAMailEnd(t *testing.T) {
	t.Attr("case", "MC38")
	t.Parallel()
	e := setup(t)
	e.notify(mail.NewAPIKey)
	ctx, shutdown := context.WithCancel(t.Context())
	e.server.reply = func(sending context.Context) error {
		shutdown()
		return sending.Err() // it goes on
	}
	_ = e.worker().SendDue(ctx) // the other lanes find that the context has ended
	if e.waiting() != 0 {
		t.Error("the mail will be sent twice")
	}
}

func TestShutdownDoesNotWaitForASilentServer(t *testing.T) {
	t.Attr("case", "MC38")
	t.Parallel()
	e := setup(t)
	e.notify(mail.NewAPIKey)
	ctx, shutdown := context.WithCancel(t.Context())
	e.server.reply = func(sending context.Context) error {
		shutdown()
		<-sending.Done()
		return sending.Err()
	}
	start := time.Now()
	_ = e.worker().SendDue(ctx)
	if took := time.Since(start); took > 15*time.Second || e.waiting() != 1 {
		t.Errorf("it took %v, %d wait", took, e.waiting())
	}
}

func TestEveryMailIsRenderedInEveryLanguage(t *testing.T) {
	t.Attr("case", "MC39")
	t.Parallel()
	e := setup(t)
	seen := map[string]string{}
	for _, lang := range mail.Languages() {
		e.exec("UPDATE users SET language = $1", string(lang))
		for _, kind := range mail.Kinds() {
			e.notify(kind)
			e.check(e.worker().SendDue(t.Context()))
			mails := e.server.sent()
			m := mails[len(mails)-1]
			name := string(lang) + " " + string(kind)
			if first, again := seen[m.Text]; again {
				t.Errorf("%s and %s have the same text", first, name)
			}
			seen[m.Text] = name
			if m.To != "anna@example.com" || !strings.Contains(m.HTML, `lang="`+string(lang)+`"`) ||
				!strings.Contains(m.Text, "https://app.example.com") || strings.Contains(m.Text+m.HTML, "{{") {
				t.Errorf("%s: %+v", name, m)
			}
		}
	}
}

func TestLanguageFollowsAcceptLanguage(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]mail.Language{
		"": "en", "de-AT,en;q=0.5": "de", "it": "it", "fr": "en", "fr, it;q=0.3": "it", "xx-nonsense-;;": "en",
		strings.Repeat("de,", 1000): "de", "*": "en", "\x00": "en", "en;q=0.1, de;q=0.9": "de",
	} {
		if got := mail.LanguageOf(header); got != want {
			t.Errorf("%.40q is %s, want %s", header, got, want)
		}
	}
}
