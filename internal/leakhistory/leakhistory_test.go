package leakhistory_test

import (
	"slices"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/leakhistory"
)

// clock is a clock that a test moves.
type clock struct{ now time.Time }

func newClock() *clock { return &clock{time.Date(2026, 11, 30, 9, 45, 0, 0, time.UTC)} }

func newStore(t *testing.T, c *clock, cfg leakhistory.Config) *leakhistory.Store {
	t.Helper()
	cfg.Now = func() time.Time { return c.now }
	s, err := leakhistory.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// expect adds units and fails the test unless the account then has just those that are wanted.
func expect(t *testing.T, what string, s *leakhistory.Store, account string, add []int, want ...int) {
	t.Helper()
	bitmap := s.For(account).Add(t.Context(), add)
	var got []int
	for i := range 8 * len(bitmap) {
		if bitmap[i/8]>>(i%8)&1 != 0 {
			got = append(got, i)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s: got units %v, want %v", what, got, want)
	}
}

func TestUnitsCountForAnHourAtLeast(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := newStore(t, c, leakhistory.Config{})
	expect(t, "at first", s, "anna", nil)
	expect(t, "added", s, "anna", []int{300, 0, 7, 8}, 0, 7, 8, 300)
	c.now = c.now.Add(30 * time.Minute) // the next hour of the clock
	expect(t, "after half an hour", s, "anna", []int{5, 7}, 0, 5, 7, 8, 300)
	expect(t, "another account", s, "leo", nil)
	c.now = c.now.Add(30 * time.Minute)
	expect(t, "after an hour", s, "anna", nil, 0, 5, 7, 8, 300)
	c.now = c.now.Add(time.Hour)
	expect(t, "after two hours", s, "anna", nil, 5, 7)
	c.now = c.now.Add(time.Hour)
	expect(t, "after three hours", s, "anna", nil)
}
