package continuation_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/continuation"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/tier"
)

var (
	start = time.Date(2026, 11, 29, 9, 0, 0, 0, time.UTC)
	mara  = identity.User{ID: uuid.MustParse("019b76da-a800-7000-8000-000000000001"), Tier: tier.Pro}
)

// server is one replica with its clock and what it knows of passwords.
type server struct {
	now     time.Time
	changed time.Time
	fails   error
}

func (s *server) sealer(t testing.TB, secrets ...string) *continuation.Sealer {
	t.Helper()
	sealer, err := continuation.New(continuation.Config{Secrets: secrets, Now: func() time.Time { return s.now },
		PasswordChanged: func(context.Context, identity.User) (time.Time, error) { return s.changed, s.fails }})
	if err != nil {
		t.Fatal(err)
	}
	return sealer
}

func state() continuation.State {
	return continuation.State{
		Message: "Which tasks <are> late?", Agents: []string{"task_agent", "email_agent"}, Upgrade: "analytics_agent",
		Tools:   []agent.AppTool{{Name: "query_rows", Description: "Reads.", Parameters: json.RawMessage(`{"a":1}`)}},
		Waiting: []string{"call_2"}, Now: start, Shown: 12, Provider: "openai", Model: "gpt", OwnKey: true,
		Record: agent.Record{Steps: []agent.Step{{Agents: "task_agent", Text: "I look.", Truncated: true,
			Calls: []agent.StepCall{{Name: "query_rows", Arguments: "{"}}}},
			Results: []agent.AppResult{{ID: "call_1", Content: "rows"}, {ID: "call_2", Denied: true}}},
	}
}

func TestStateComesBackOnAnyReplica(t *testing.T) {
	t.Parallel()
	one, other := &server{now: start, changed: start}, &server{now: start.Add(-time.Second), changed: start}
	text, err := one.sealer(t, "key").Seal(t.Context(), mara, state())
	if err != nil || strings.Contains(text, "late") {
		t.Fatal(text, err)
	}
	other.now = start.Add(continuation.Lifetime - time.Millisecond)
	got, err := other.sealer(t, "new", "key").Open(t.Context(), mara, text)
	if diff := cmp.Diff(state(), got); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

func TestContinuationIsInvalidForOthersAndLater(t *testing.T) {
	t.Parallel()
	maker := &server{now: start, changed: start}
	text, err := maker.sealer(t, "key").Seal(t.Context(), mara, state())
	if err != nil {
		t.Fatal(err)
	}
	other, downgraded, withKey := mara, mara, mara
	other.ID, downgraded.Tier, withKey.Key = uuid.New(), tier.Free, uuid.New()
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	changed := func(at int, to byte) string {
		copied := append([]byte(nil), raw...)
		copied[at] ^= to
		return base64.RawURLEncoding.EncodeToString(copied)
	}
	for _, c := range []struct {
		name   string
		server server
		secret string
		user   identity.User
		text   string
	}{
		{"ten minutes later", server{now: start.Add(continuation.Lifetime), changed: start}, "key", mara, text},
		{"made in the future", server{now: start.Add(-2 * time.Minute), changed: start}, "key", mara, text},
		{"after a new password", server{now: start, changed: start.Add(time.Microsecond)}, "key", mara, text},
		{"another account", server{now: start, changed: start}, "key", other, text},
		{"another tier", server{now: start, changed: start}, "key", downgraded, text},
		{"an API key", server{now: start, changed: start}, "key", withKey, text},
		{"another secret", server{now: start, changed: start}, "other", mara, text},
		{"another version", server{now: start, changed: start}, "key", mara, changed(0, 3)},
		{"a bit changed", server{now: start, changed: start}, "key", mara, changed(len(raw)/2, 1)},
		{"cut", server{now: start, changed: start}, "key", mara, text[:len(text)-4]},
		{"empty", server{now: start, changed: start}, "key", mara, ""},
		{"no base64", server{now: start, changed: start}, "key", mara, "?" + text},
		{"too long", server{now: start, changed: start}, "key", mara, strings.Repeat("A", 700_000)},
	} {
		got, err := c.server.sealer(t, c.secret).Open(t.Context(), c.user, c.text)
		if !errors.Is(err, continuation.ErrInvalid) || !cmp.Equal(got, continuation.State{}) {
			t.Errorf("%s: %+v, %v", c.name, got, err)
		}
	}
}

func TestFailureOfTheDatabaseIsNotAnInvalidContinuation(t *testing.T) {
	t.Parallel()
	s := &server{now: start}
	text, err := s.sealer(t, "key").Seal(t.Context(), mara, state())
	if err != nil {
		t.Fatal(err)
	}
	s.fails = fault.ErrInternal
	if _, err := s.sealer(t, "key").Open(t.Context(), mara, text); !errors.Is(err, s.fails) {
		t.Error(err)
	}
	if _, err := s.sealer(t, "key").Seal(t.Context(), mara, state()); !errors.Is(err, s.fails) {
		t.Error(err)
	}
}

func TestResultsAreShortenedToFit(t *testing.T) {
	t.Parallel()
	s := (&server{now: start, changed: start}).sealer(t, "key")
	large := state()
	large.Record.Results = nil
	for range 64 {
		large.Record.Results = append(large.Record.Results, agent.AppResult{ID: "call_1",
			Content: strings.Repeat("é", agent.MaxAppResult/2)})
	}
	large.Record.Results[3].Content = "short"
	text, err := s.Seal(t.Context(), mara, large)
	if err != nil || base64.RawURLEncoding.DecodedLen(len(text)) > continuation.MaxBytes {
		t.Fatal(len(text), err)
	}
	got, err := s.Open(t.Context(), mara, text)
	if err != nil {
		t.Fatal(err)
	}
	results := got.Record.Results
	if results[3].Content != "short" || !strings.HasPrefix(results[0].Content, "éééé") ||
		!strings.HasSuffix(results[0].Content, "]") || len(large.Record.Results[0].Content) != agent.MaxAppResult {
		t.Errorf("%d %.40q", len(results[0].Content), results[0].Content)
	}
	large.Message = strings.Repeat("x", continuation.MaxBytes)
	if _, err := s.Seal(t.Context(), mara, large); !errors.Is(err, continuation.ErrTooLarge) {
		t.Error(err)
	}
}

// FuzzOpen opens any text. Only what Seal made may open.
func FuzzOpen(f *testing.F) {
	sealer := (&server{now: start, changed: start}).sealer(f, "key")
	good, err := sealer.Seal(f.Context(), mara, state())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add("")
	f.Add("AQ")
	f.Add(good[1:])
	f.Fuzz(func(t *testing.T, text string) {
		got, err := sealer.Open(t.Context(), mara, text)
		if err != nil && !errors.Is(err, continuation.ErrInvalid) {
			t.Error(err)
		}
		if err == nil && !cmp.Equal(got, state()) {
			t.Errorf("%q opened as %+v", text, got)
		}
	})
}
