package apptools_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/apptools"
)

func calls(n int) []agent.AppCall {
	list := make([]agent.AppCall, n)
	for i := range list {
		list[i] = agent.AppCall{ID: fmt.Sprint("call_", i+1), Name: "query_rows"}
	}
	return list
}

func deliver(t *testing.T, d *apptools.Desk, result agent.AppResult, expected bool) {
	t.Helper()
	err := d.Deliver(result)
	if expected && err != nil || !expected && !errors.Is(err, apptools.ErrUnexpected) {
		t.Errorf("result %+v: %v, expected %t", result, err, expected)
	}
}

// TestResultsReachTheirCalls answers a round in another order than it was asked, with results before they were asked
// for, twice, of unknown calls, and after the round.
func TestResultsReachTheirCalls(t *testing.T) {
	t.Parallel()
	sent := 0
	var d *apptools.Desk
	d = apptools.NewDesk(func(_ context.Context, c agent.AppCall) error {
		if sent++; sent < 3 {
			return nil
		}
		deliver(t, d, agent.AppResult{ID: "call_3", Content: "three"}, true)
		for range 10_000 {
			deliver(t, d, agent.AppResult{ID: "call_3", Content: "again"}, false)
		}
		deliver(t, d, agent.AppResult{ID: "call_9"}, false)
		deliver(t, d, agent.AppResult{ID: "call_1", Denied: true}, true)
		deliver(t, d, agent.AppResult{ID: "call_2", Content: strings.Repeat("x", 10<<20)}, true)
		return nil
	})
	deliver(t, d, agent.AppResult{ID: "call_1"}, false)
	got, err := d.CallApp(t.Context(), calls(3))
	want := []agent.AppResult{{ID: "call_1", Denied: true}, {ID: "call_2", TooLarge: true},
		{ID: "call_3", Content: "three"}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
	deliver(t, d, agent.AppResult{ID: "call_2"}, false)
}

func TestCallWithoutAResultTimesOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := apptools.NewDesk(func(context.Context, agent.AppCall) error { return nil })
		start := time.Now()
		time.AfterFunc(59*time.Second, func() { deliver(t, d, agent.AppResult{ID: "call_1", Content: "one"}, true) })
		got, err := d.CallApp(t.Context(), calls(2))
		if err != nil || time.Since(start) != apptools.Timeout || got[0].Content != "one" || got[1].Error == "" {
			t.Errorf("%+v, %v after %v", got, err, time.Since(start))
		}
		deliver(t, d, agent.AppResult{ID: "call_2"}, false)
	})
}

func TestWaitEndsWithTheRequestAndWithTheConnection(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	gone := errors.New("gone")
	d := apptools.NewDesk(func(context.Context, agent.AppCall) error { cancel(gone); return nil })
	if _, err := d.CallApp(ctx, calls(1)); !errors.Is(err, gone) {
		t.Error(err)
	}
	d = apptools.NewDesk(func(context.Context, agent.AppCall) error { return gone })
	if _, err := d.CallApp(t.Context(), calls(1)); !errors.Is(err, gone) {
		t.Error(err)
	}
	deliver(t, d, agent.AppResult{ID: "call_1"}, false)
}

// TestEveryCallHasOneResult plays random rounds: results are lost, doubled, denied, failed and in any order.
func TestEveryCallHasOneResult(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for seed := range uint64(300) {
			playRound(t, rand.New(rand.NewPCG(seed, 1)))
		}
	})
}

func playRound(t *testing.T, random *rand.Rand) {
	t.Helper()
	asked := calls(1 + random.IntN(64))
	want := make([]agent.AppResult, len(asked))
	var delivered []agent.AppResult
	for i, c := range asked {
		switch kind := random.IntN(5); kind {
		case 0: // lost
			want[i] = agent.AppResult{ID: c.ID, Error: "there was no result within 60 seconds"}
			continue
		case 1:
			want[i] = agent.AppResult{ID: c.ID, Denied: true}
		case 2:
			want[i] = agent.AppResult{ID: c.ID, Error: "failed"}
		default:
			want[i] = agent.AppResult{ID: c.ID, Content: fmt.Sprint("rows ", i)}
		}
		for range 1 + random.IntN(2) {
			delivered = append(delivered, want[i])
		}
	}
	random.Shuffle(len(delivered), func(i, j int) { delivered[i], delivered[j] = delivered[j], delivered[i] })
	sent := 0
	d := apptools.NewDesk(func(context.Context, agent.AppCall) error { sent++; return nil })
	time.AfterFunc(time.Second, func() {
		seen := map[string]bool{}
		for _, result := range delivered {
			deliver(t, d, result, !seen[result.ID])
			seen[result.ID] = true
		}
	})
	got, err := d.CallApp(t.Context(), asked)
	if diff := cmp.Diff(want, got); err != nil || diff != "" || sent != len(asked) {
		t.Error(err, sent, diff)
	}
}
