package password_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/adiuva/cloud-api/internal/auth/password"
)

func slot(t *testing.T, h *password.Hasher) *password.Slot {
	t.Helper()
	s, err := h.Slot(t.Context(), password.Known)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func hasher(t *testing.T, pepper string) *password.Hasher {
	t.Helper()
	h, err := password.NewHasher(pepper, nil, 4)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestCommonPasswordsAreRejected(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("common.txt")
	if err != nil {
		t.Fatal(err)
	}
	list := strings.Split(strings.TrimSuffix(string(raw), "\n"), "\n")
	if len(list) != 3000 {
		t.Fatalf("%d entries, want 3000", len(list))
	}
	p := password.NewPolicy()
	for _, common := range list {
		if len(common) < password.MinBytes || p.Violation(common) == "" || p.Violation(strings.ToUpper(common)) == "" {
			t.Errorf("%q is accepted, or too short to be of use in the list", common)
		}
	}
	for _, good := range []string{
		"correct horse battery", strings.Repeat("🐎", 64), strings.Repeat("x", 1024), "        ",
	} {
		if violation := p.Violation(good); violation != "" {
			t.Errorf("%q: %s", good, violation)
		}
	}
}

func TestHashDependsOnPepperAndEveryByte(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("A", 200)
	s := slot(t, hasher(t, "one"))
	defer s.Release()
	other := slot(t, hasher(t, "two"))
	defer other.Release()
	hash, err := s.Hash(long)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		with     *password.Slot
		hash     string
		password string
		want     bool
	}{
		{s, hash, long, true}, {s, hash, long + "A", false}, {s, hash, long[:72], false},
		{other, hash, long, false}, {s, "", long, false}, {s, "", "", false},
	} {
		if got, err := row.with.Verify(row.hash, row.password); err != nil || got.Matches != row.want {
			t.Errorf("%d bytes: %v, %v; want %v", len(row.password), got, err, row.want)
		}
	}
	if _, err := s.Verify("not a hash", long); err == nil {
		t.Error("a malformed hash returns no error")
	}
}

func TestFullQueueIsBusy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := hasher(t, "pepper")
		held := 0
		for { // take every slot
			s, err := h.Slot(t.Context(), password.Known)
			if err != nil {
				break
			}
			held++
			defer s.Release()
		}
		if held < 1 {
			t.Fatal("there is no slot")
		}
		if _, err := h.Slot(t.Context(), password.Known); !errors.Is(err, password.ErrBusy) {
			t.Errorf("with every slot taken: %v", err)
		}
		canceled, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := h.Slot(canceled, password.Known); !errors.Is(err, context.Canceled) {
			t.Errorf("with a canceled context: %v", err)
		}
		results := make(chan error, 65)
		for range 65 {
			go func() {
				_, err := h.Slot(t.Context(), password.Known)
				results <- err
			}()
		}
		synctest.Wait()
		if len(results) != 1 || !errors.Is(<-results, password.ErrBusy) {
			t.Errorf("%d of 65 callers refused at once, want 1", len(results)+1)
		}
		for range 64 {
			if err := <-results; !errors.Is(err, password.ErrBusy) {
				t.Errorf("a caller in the queue: %v", err)
			}
		}
	})
}

func TestNewHasherRejectsUnsupportedCosts(t *testing.T) {
	t.Parallel()
	for _, cost := range []int{3, 32} {
		if _, err := password.NewHasher("pepper", nil, cost); err == nil {
			t.Errorf("cost %d was accepted", cost)
		}
	}
}

func TestKnownCallersDoNotWaitBehindStrangers(t *testing.T) {
	t.Attr("case", "S6")
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := hasher(t, "pepper")
		hash := func(class password.Class) error {
			s, err := h.Slot(t.Context(), class)
			if err != nil {
				return err
			}
			time.Sleep(500 * time.Millisecond)
			s.Release()
			return nil
		}
		const strangers = 100
		results := make(chan error, strangers)
		for range strangers {
			go func() { results <- hash(password.Stranger) }()
		}
		synctest.Wait()
		start := time.Now()
		if err := hash(password.Known); err != nil {
			t.Errorf("a known caller behind a hundred strangers: %v", err)
		}
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("it took %v", took)
		}
		served := 0
		for range strangers {
			if err := <-results; err == nil {
				served++
			} else if !errors.Is(err, password.ErrBusy) {
				t.Error(err)
			}
		}
		if served < 5 {
			t.Errorf("%d strangers were served", served)
		}
	})
}

func TestPreviousPeppersVerify(t *testing.T) {
	t.Attr("case", "S16")
	t.Parallel()
	old := slot(t, hasher(t, "old"))
	defer old.Release()
	h, err := password.NewHasher("new", []string{"older", "old"}, 4)
	if err != nil {
		t.Fatal(err)
	}
	s := slot(t, h)
	defer s.Release()
	for from, outdated := range map[*password.Slot]bool{old: true, s: false} {
		hash, err := from.Hash("correct horse")
		if err != nil {
			t.Fatal(err)
		}
		if got, err := s.Verify(hash, "correct horse"); err != nil || !got.Matches || got.Outdated != outdated {
			t.Errorf("%+v, %v; want outdated %v", got, err, outdated)
		}
		if got, err := s.Verify(hash, "wrong horse"); err != nil || got.Matches || got.Outdated {
			t.Errorf("wrong: %+v, %v", got, err)
		}
	}
}
