package budget_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/budget"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
	"github.com/adiuva/cloud-api/internal/tier"
)

// ask makes one call of a request of its own and ends it.
func ask(ctx context.Context, meter agent.Model, u identity.User, maxTokens int) error {
	request := &agent.ModelRequest{User: u}
	defer request.End(ctx)
	_, err := meter.Generate(ctx, question(request, maxTokens), nil)
	return err
}

func TestUsageIsWhatTheProviderSaid(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	service := w.replica(100_000)
	meter, ctx := service.Meter(using(1_234, 56)), t.Context()
	request := &agent.ModelRequest{User: w.user}
	for range 3 {
		_, err := meter.Generate(ctx, question(request, 500), nil)
		check(t, err)
	}
	request.End(ctx)
	want := agent.Usage{InputTokens: 3 * 1_234, OutputTokens: 3 * 56, ModelCalls: 3, Provider: "p", Model: "m"}
	if request.Usage != want {
		t.Errorf("usage of the request is %+v, want %+v", request.Usage, want)
	}
	usage, err := service.Today(ctx, w.user)
	check(t, err)
	if usage.Used != 3*(1_234+56) || usage.Requests != 1 || usage.Limit != 100_000 {
		t.Errorf("usage of the day is %+v", usage)
	}
	if counter, rows := w.reserved(); counter != 0 || rows != 0 {
		t.Errorf("%d tokens are still reserved, %d in rows", counter, rows)
	}
}

func TestUsageIsEstimatedWhereTheProviderSaysNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	service := w.replica(100_000)
	request := &agent.ModelRequest{User: w.user}
	answer, err := service.Meter(llmtest.NewModel(llmtest.TextTurn("Two tasks are due today."))).
		Generate(t.Context(), question(request, 500), nil)
	check(t, err)
	request.End(t.Context())
	u := request.Usage
	if !u.Estimated || u.InputTokens < 5 || u.InputTokens > 20 || u.OutputTokens < 3 || u.OutputTokens > 10 ||
		u.ModelCalls != 1 || answer.Usage != u {
		t.Errorf("usage is %+v, of the answer %+v", u, answer.Usage)
	}
	if got := w.used(service); got != u.InputTokens+u.OutputTokens {
		t.Errorf("%d tokens are counted, want those of %+v", got, u)
	}
}

func TestBudgetEndsAtTheLimitUntilMidnight(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	service := w.replica(5_000)
	meter, ctx := service.Meter(using(1_500, 500)), t.Context()
	for i := range 2 {
		if err := ask(ctx, meter, w.user, 1_000); err != nil {
			t.Fatalf("request %d: %v", i, err)
		}
	}
	if err := ask(ctx, meter, w.user, 3_000); err != nil { // 1,000 tokens are left, which is enough to begin
		t.Fatal(err)
	}
	err := ask(ctx, meter, w.user, 1_000)
	if f := fault.From(err); f.Code != fault.BudgetExceeded || f.RetryAfter != 12*time.Hour {
		t.Fatalf("beyond the limit: %v, retry after %s", err, f.RetryAfter)
	}
	if got := w.used(service); got != 6_000 {
		t.Errorf("%d tokens are counted, want 6,000: the limit and a reservation", got)
	}
	w.clock.set(noon.AddDate(0, 0, 1))
	if err := ask(ctx, meter, w.user, 1_000); err != nil {
		t.Errorf("on the next day: %v", err)
	}
}

func TestRunningRequestsHoldTheRestOfTheDay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	service := w.replica(5_000)
	running := &agent.ModelRequest{User: w.user}
	_, err := service.Meter(using(100, 100)).Generate(t.Context(), question(running, 4_500), nil)
	check(t, err)
	err = ask(t.Context(), w.replica(5_000).Meter(using(100, 100)), w.user, 1_000)
	if f := fault.From(err); !errors.Is(err, budget.ErrReserved) || f.RetryAfter > time.Minute {
		t.Fatalf("while another request holds the rest: %v, retry after %s", err, f.RetryAfter)
	}
	running.End(t.Context())
	check(t, ask(t.Context(), service.Meter(using(100, 100)), w.user, 1_000))
}

func TestSecondReplicaIsFreeOnceTheLeaseOfADeadOneEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	dead := &agent.ModelRequest{User: w.user}
	_, err := w.replicaWith(5_000, time.Hour).Meter(using(100, 100)).Generate(t.Context(), question(dead, 4_500), nil)
	check(t, err) // and never End
	other := w.replica(5_000).Meter(using(100, 100))
	if err := ask(t.Context(), other, w.user, 1_000); !errors.Is(err, budget.ErrReserved) {
		t.Fatalf("before the lease ends: %v", err)
	}
	_, err = w.db.Pool.Exec(t.Context(), "UPDATE token_reservations SET lease_until = now() - interval '1 second'")
	check(t, err)
	check(t, ask(t.Context(), other, w.user, 1_000))
	dead.End(t.Context()) // it was only slow: what it used counts, and nothing is returned twice
	if got := w.used(w.replica(5_000)); got != 400 {
		t.Errorf("%d tokens are counted, want 400", got)
	}
	if counter, rows := w.reserved(); counter != 0 || rows != 0 {
		t.Errorf("%d tokens are still reserved, %d in rows", counter, rows)
	}
}

func TestReservationOfALongRequestIsRenewed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	meter := w.replicaWith(1_000_000, 10*time.Minute).Meter(using(100, 100))
	request := &agent.ModelRequest{User: w.user}
	defer request.End(t.Context())
	rows := map[string]bool{}
	for _, passed := range []time.Duration{0, 5 * time.Minute, 10*time.Minute + time.Second} {
		w.clock.set(noon.Add(passed))
		// The first call reserves for two, because the router's calls do.
		call := question(request, 100)
		call.Small = passed == 0
		_, err := meter.Generate(t.Context(), call, nil)
		check(t, err)
		var id string
		check(t, w.db.Pool.QueryRow(t.Context(), "SELECT id::text FROM token_reservations").Scan(&id))
		rows[id] = true
	}
	if len(rows) != 2 {
		t.Errorf("%d reservations in turn, want one for the first half of the lease and one for the second", len(rows))
	}
}

func TestSweepEndsReservationsAndPrunesOldDays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	service := w.replica(5_000)
	request := &agent.ModelRequest{User: w.user}
	_, err := service.Meter(using(100, 100)).Generate(t.Context(), question(request, 1_000), nil)
	check(t, err)
	check(t, service.Sweep(t.Context()))
	if counter, rows := w.reserved(); counter == 0 || counter != rows {
		t.Fatalf("a sweep during the lease left %d tokens, %d in rows", counter, rows)
	}
	_, err = w.db.Pool.Exec(t.Context(), "UPDATE token_reservations SET lease_until = now()")
	check(t, err)
	check(t, service.Sweep(t.Context()))
	if counter, rows := w.reserved(); counter != 0 || rows != 0 {
		t.Errorf("a sweep after the lease left %d tokens, %d in rows", counter, rows)
	}
	days := func() (n int) {
		check(t, w.db.Pool.QueryRow(t.Context(), "SELECT count(*) FROM token_usage").Scan(&n))
		return n
	}
	w.clock.set(noon.AddDate(0, 0, 1))
	check(t, service.Sweep(t.Context()))
	if got := days(); got != 1 {
		t.Errorf("on the next day there are numbers of %d days, want 1", got)
	}
	w.clock.set(noon.AddDate(0, 0, 2))
	check(t, service.Sweep(t.Context()))
	if got := days(); got != 0 {
		t.Errorf("on the day after there are numbers of %d days, want none", got)
	}
}

func TestLimitsOfTiers(t *testing.T) {
	t.Parallel()
	service := budget.New(budget.Config{PerDay: map[tier.Tier]int64{tier.Free: 10, tier.Team: 20}})
	for _, c := range []struct {
		user identity.User
		want int64
	}{
		{identity.User{Tier: tier.Free, Seats: 3}, 10}, {identity.User{Tier: tier.Team, Seats: 3}, 60},
		{identity.User{Tier: tier.Team}, 20}, {identity.User{Tier: tier.Pro}, budget.Unlimited},
	} {
		if got := service.Limit(c.user); got != c.want {
			t.Errorf("%s with %d seats has %d, want %d", c.user.Tier, c.user.Seats, got, c.want)
		}
	}
}

func TestOwnKeysAreNotCounted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	service := w.replica(1_000)
	request := &agent.ModelRequest{User: w.user, Choice: agent.ModelChoice{Key: agent.NewKey("sk-own")}}
	_, err := service.Meter(using(50_000, 500)).Generate(t.Context(), question(request, 90_000), nil)
	check(t, err)
	request.End(t.Context())
	if request.Usage.InputTokens != 50_000 {
		t.Errorf("usage of the request is %+v", request.Usage)
	}
	usage, err := service.Today(t.Context(), w.user)
	check(t, err)
	if usage.Used != 0 || usage.Requests != 0 {
		t.Errorf("the day has %+v, want nothing", usage)
	}
}

func TestWithoutALimitTokensAreCounted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	service := w.replica(0)
	check(t, ask(t.Context(), service.Meter(using(5_000_000, 500)), w.user, 1_000))
	usage, err := service.Today(t.Context(), w.user)
	check(t, err)
	if usage.Used != 5_000_500 || usage.Limit != budget.Unlimited || usage.Requests != 1 {
		t.Errorf("usage is %+v", usage)
	}
}

func TestCallersWhoLeaveAreCounted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	service := w.replica(100_000)
	ctx, leave := context.WithCancel(t.Context())
	request := &agent.ModelRequest{User: w.user}
	_, err := service.Meter(llmtest.NewModel(llmtest.Turn{Chunks: []string{"Half an", " answer"}, Block: true})).
		Generate(ctx, question(request, 500), func(text string) error {
			if text == " answer" {
				leave()
			}
			return nil
		})
	if err == nil {
		t.Fatal("the call did not end with the caller")
	}
	request.End(ctx)
	if got := w.used(service); got < 8 {
		t.Errorf("%d tokens are counted, want those of the prompt and half an answer", got)
	}
}

func TestFailedCallsAreNotCounted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	service := w.replica(100_000)
	failure := errors.New("down")
	err := ask(t.Context(), service.Meter(llmtest.NewModel(llmtest.ErrorTurn(failure))), w.user, 500)
	if !errors.Is(err, failure) {
		t.Fatal(err)
	}
	if counter, _ := w.reserved(); w.used(service) != 0 || counter != 0 {
		t.Errorf("%d tokens are counted and %d reserved", w.used(service), counter)
	}
}

func TestDeletedAccountsLeaveNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	service := w.replica(100_000)
	request := &agent.ModelRequest{User: w.user}
	_, err := service.Meter(using(100, 100)).Generate(t.Context(), question(request, 500), nil)
	check(t, err)
	check(t, service.PurgeUser(t.Context(), w.user.ID))
	_, err = w.db.Pool.Exec(t.Context(), "UPDATE users SET deleted_at = now()")
	check(t, err)
	request.End(t.Context())
	var rows int
	check(t, w.db.Pool.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM token_usage) +
		(SELECT count(*) FROM token_reservations)`).Scan(&rows))
	if rows != 0 {
		t.Errorf("%d rows are left", rows)
	}
}
