package password

import (
	"context"
	"crypto/hmac"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/bcrypt"
	"golang.org/x/sync/semaphore"

	"github.com/adiuva/cloud-api/internal/fault"
)

// ErrBusy says that too many passwords are being checked already; it carries how long to wait.
var ErrBusy = fault.New(fault.AuthBusy,
	"Too many log-ins at the moment. Try again in a few seconds.").WithRetryAfter(2 * time.Second)

// How many may wait for a slot, and how long, before they are sent away.
const (
	maxWaiting = 64
	maxWait    = 5 * time.Second
)

// Hasher makes and checks password hashes, a bounded number at a time.
type Hasher struct {
	pepper  []byte
	cost    int
	slots   *semaphore.Weighted
	waiting atomic.Int64
}

// NewHasher returns a Hasher that hashes at the given bcrypt cost with one processor left free for other work. An error
// names a cost that bcrypt does not know.
func NewHasher(pepper string, cost int) (*Hasher, error) {
	if cost < bcrypt.MinCost || cost > bcrypt.MaxCost {
		return nil, fmt.Errorf("bcrypt cost %d is not within %d to %d", cost, bcrypt.MinCost, bcrypt.MaxCost)
	}
	slots := max(1, runtime.GOMAXPROCS(0)-1)
	return &Hasher{pepper: []byte(pepper), cost: cost, slots: semaphore.NewWeighted(int64(slots))}, nil
}

// Slot is the right to hash. It is released once.
type Slot struct{ h *Hasher }

// Slot waits for its turn, first come first served. It returns ErrBusy when the queue is full or the wait too long, and
// the context's error when the caller left.
func (h *Hasher) Slot(ctx context.Context) (*Slot, error) {
	if h.slots.TryAcquire(1) {
		return &Slot{h}, nil
	}
	if h.waiting.Add(1) > maxWaiting {
		h.waiting.Add(-1)
		return nil, ErrBusy
	}
	defer h.waiting.Add(-1)
	wait, cancel := context.WithTimeout(ctx, maxWait)
	defer cancel()
	if err := h.slots.Acquire(wait, 1); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, ErrBusy
	}
	return &Slot{h}, nil
}

// Release gives the slot to the next in the queue.
func (s *Slot) Release() { s.h.slots.Release(1) }

// Hash returns what to keep of password.
func (s *Slot) Hash(password string) (string, error) {
	hash, err := bcrypt.GenerateFromPassword(s.h.keyed(password), s.h.cost)
	if err != nil {
		return "", fmt.Errorf("hash a password: %w", err)
	}
	return string(hash), nil
}

// Matches reports whether hash was made of password. An empty hash stands for an unknown account: it never matches. A
// refusal costs the same whatever the hash, so that the answer's duration does not tell accounts apart.
func (s *Slot) Matches(hash, password string) (bool, error) {
	if hash == "" {
		return false, s.refuse(s.h.cost, s.h.keyed(password))
	}
	key := s.h.keyed(password)
	err := bcrypt.CompareHashAndPassword([]byte(hash), key)
	if errors.Is(err, bcrypt.ErrMismatchedHashAndPassword) {
		return false, s.topUp(hash, key)
	}
	if err != nil {
		return false, fmt.Errorf("check a password: %w", err)
	}
	return true, nil
}

// topUp spends what a hash of lower cost saved: 2^c + 2^c + 2^(c+1) + … + 2^(cost-1) = 2^cost.
func (s *Slot) topUp(hash string, key []byte) error {
	spent, err := bcrypt.Cost([]byte(hash))
	if err != nil {
		return fmt.Errorf("read a password hash: %w", err)
	}
	for cost := spent; cost < s.h.cost; cost++ {
		if err := s.refuse(cost, key); err != nil {
			return err
		}
	}
	return nil
}

// refuse does the work of one comparison against a hash that nothing matches.
func (s *Slot) refuse(cost int, key []byte) error {
	decoy := fmt.Sprintf("$2a$%02d$", cost) + strings.Repeat("u", 22) + strings.Repeat("u", 31)
	err := bcrypt.CompareHashAndPassword([]byte(decoy), key)
	if err != nil && !errors.Is(err, bcrypt.ErrMismatchedHashAndPassword) {
		return fmt.Errorf("check a password: %w", err)
	}
	return nil
}

// Outdated reports whether hash was made at a lower cost than the present one.
func (h *Hasher) Outdated(hash string) bool {
	cost, err := bcrypt.Cost([]byte(hash))
	return err == nil && cost < h.cost
}

// keyed is the pre-hash: 64 bytes for any length, without NUL, below bcrypt's limit of 72.
func (h *Hasher) keyed(password string) []byte {
	mac := hmac.New(sha512.New384, h.pepper)
	mac.Write([]byte(password))
	return base64.StdEncoding.AppendEncode(nil, mac.Sum(nil))
}
