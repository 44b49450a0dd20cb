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

// ErrBusy is returned when too many passwords are being hashed already. It has the time to wait.
var ErrBusy = fault.New(fault.AuthBusy,
	"Too many log-ins at the moment. Try again in a few seconds.").WithRetryAfter(2 * time.Second)

// How many callers may wait for a slot, and for how long, before they get ErrBusy.
const (
	maxWaiting = 64
	maxWait    = 5 * time.Second
)

// Hasher hashes and verifies passwords, a limited number at a time.
type Hasher struct {
	pepper  []byte
	cost    int
	slots   *semaphore.Weighted
	waiting atomic.Int64
}

// NewHasher returns a Hasher for the given bcrypt cost that uses all CPUs but one, or an error when bcrypt does not
// support the cost.
func NewHasher(pepper string, cost int) (*Hasher, error) {
	if cost < bcrypt.MinCost || cost > bcrypt.MaxCost {
		return nil, fmt.Errorf("bcrypt cost %d is not within %d to %d", cost, bcrypt.MinCost, bcrypt.MaxCost)
	}
	slots := max(1, runtime.GOMAXPROCS(0)-1)
	return &Hasher{pepper: []byte(pepper), cost: cost, slots: semaphore.NewWeighted(int64(slots))}, nil
}

// Slot is the right to hash. The holder releases it once.
type Slot struct{ h *Hasher }

// Slot waits for a free slot, first come first served. It returns ErrBusy when the queue is full or the wait too
// long, and the context's error when ctx ends.
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

// Release frees the slot for the next caller in the queue.
func (s *Slot) Release() { s.h.slots.Release(1) }

// Hash returns the password's hash to store.
func (s *Slot) Hash(password string) (string, error) {
	hash, err := bcrypt.GenerateFromPassword(s.h.prehash(password), s.h.cost)
	if err != nil {
		return "", fmt.Errorf("hash a password: %w", err)
	}
	return string(hash), nil
}

// Matches reports whether hash is the password's. An empty hash stands for an unknown account and never matches. A
// mismatch takes the same time whatever the hash, so that timing does not reveal whether an account exists.
func (s *Slot) Matches(hash, password string) (bool, error) {
	if hash == "" {
		return false, s.compareDecoy(s.h.cost, s.h.prehash(password))
	}
	key := s.h.prehash(password)
	err := bcrypt.CompareHashAndPassword([]byte(hash), key)
	if errors.Is(err, bcrypt.ErrMismatchedHashAndPassword) {
		return false, s.equalizeCost(hash, key)
	}
	if err != nil {
		return false, fmt.Errorf("check a password: %w", err)
	}
	return true, nil
}

// equalizeCost spends the time that a hash of lower cost saved: 2^c + 2^c + 2^(c+1) + … + 2^(cost-1) = 2^cost.
func (s *Slot) equalizeCost(hash string, key []byte) error {
	spent, err := bcrypt.Cost([]byte(hash))
	if err != nil {
		return fmt.Errorf("read a password hash: %w", err)
	}
	for cost := spent; cost < s.h.cost; cost++ {
		if err := s.compareDecoy(cost, key); err != nil {
			return err
		}
	}
	return nil
}

// compareDecoy compares against a hash that nothing matches, at the given cost.
func (s *Slot) compareDecoy(cost int, key []byte) error {
	decoy := fmt.Sprintf("$2a$%02d$", cost) + strings.Repeat("u", 22) + strings.Repeat("u", 31)
	err := bcrypt.CompareHashAndPassword([]byte(decoy), key)
	if err != nil && !errors.Is(err, bcrypt.ErrMismatchedHashAndPassword) {
		return fmt.Errorf("check a password: %w", err)
	}
	return nil
}

// Outdated reports whether hash has a lower cost than the configured one.
func (h *Hasher) Outdated(hash string) bool {
	cost, err := bcrypt.Cost([]byte(hash))
	return err == nil && cost < h.cost
}

// prehash returns 64 bytes without NUL for a password of any length; bcrypt reads at most 72.
func (h *Hasher) prehash(password string) []byte {
	mac := hmac.New(sha512.New384, h.pepper)
	mac.Write([]byte(password))
	return base64.StdEncoding.AppendEncode(nil, mac.Sum(nil))
}
