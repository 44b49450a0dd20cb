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

// How many callers of either class may wait for a slot, and for how long, before they get ErrBusy.
const (
	maxWaiting = 64
	maxWait    = 5 * time.Second
)

// Class is the queue in which a caller waits for a slot.
type Class int

// Strangers wait behind each other, so that at any time no more of them hold or await a slot than there are slots. A
// caller who is Known therefore waits for few of them, however many there are.
const (
	Stranger Class = iota
	Known
)

// Hasher hashes and verifies passwords, a limited number at a time.
type Hasher struct {
	peppers   []string // the first keys new hashes
	cost      int
	slots     *semaphore.Weighted
	strangers *semaphore.Weighted // what strangers acquire before a slot
	waiting   [Known + 1]atomic.Int64
	checks    atomic.Uint64
}

// NewHasher returns a Hasher for the given bcrypt cost that uses all CPUs but one, or an error when bcrypt does not
// support the cost. It hashes under pepper and also verifies what was hashed under one of the previous ones.
func NewHasher(pepper string, previous []string, cost int) (*Hasher, error) {
	if cost < bcrypt.MinCost || cost > bcrypt.MaxCost {
		return nil, fmt.Errorf("bcrypt cost %d is not within %d to %d", cost, bcrypt.MinCost, bcrypt.MaxCost)
	}
	slots := int64(max(1, runtime.GOMAXPROCS(0)-1))
	return &Hasher{
		peppers: append([]string{pepper}, previous...), cost: cost,
		slots: semaphore.NewWeighted(slots), strangers: semaphore.NewWeighted(slots),
	}, nil
}

// Checks returns how many passwords were compared with a hash so far, unknown accounts included.
func (h *Hasher) Checks() uint64 { return h.checks.Load() }

// Slot is the right to hash. The holder releases it once.
type Slot struct {
	h     *Hasher
	class Class
}

// Slot waits for a free slot, first come first served. It returns ErrBusy when the queue of the class is full or the
// wait too long, and the context's error when ctx ends.
func (h *Hasher) Slot(ctx context.Context, class Class) (*Slot, error) {
	if h.waiting[class].Add(1) > maxWaiting {
		h.waiting[class].Add(-1)
		return nil, ErrBusy
	}
	defer h.waiting[class].Add(-1)
	wait, cancel := context.WithTimeout(ctx, maxWait)
	defer cancel()
	if err := h.acquire(wait, class); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, ErrBusy
	}
	return &Slot{h, class}, nil
}

func (h *Hasher) acquire(ctx context.Context, class Class) error {
	if class == Known {
		return h.slots.Acquire(ctx, 1)
	}
	if err := h.strangers.Acquire(ctx, 1); err != nil {
		return err
	}
	err := h.slots.Acquire(ctx, 1)
	if err != nil {
		h.strangers.Release(1)
	}
	return err
}

// Release frees the slot for the next caller in the queue.
func (s *Slot) Release() {
	s.h.slots.Release(1)
	if s.class == Stranger {
		s.h.strangers.Release(1)
	}
}

// Hash returns the password's hash to store.
func (s *Slot) Hash(password string) (string, error) {
	hash, err := bcrypt.GenerateFromPassword(prehash(s.h.peppers[0], password), s.h.cost)
	if err != nil {
		return "", fmt.Errorf("hash a password: %w", err)
	}
	return string(hash), nil
}

// Result is the outcome of Verify.
type Result struct {
	Matches  bool
	Outdated bool // it matches, under a previous pepper or at a lower cost than the configured one: hash it again
}

// Verify compares the password with hash. An empty hash stands for an unknown account and never matches. A mismatch
// takes the same time whatever the hash, so that timing does not reveal whether an account exists. Only a hash that
// costs more than the configured cost takes longer.
func (s *Slot) Verify(hash, password string) (Result, error) {
	s.h.checks.Add(1)
	for i, pepper := range s.h.peppers {
		matches, err := s.compare(hash, prehash(pepper, password))
		if err != nil {
			return Result{}, err
		}
		if matches {
			return Result{Matches: true, Outdated: i > 0 || s.h.costsLess(hash)}, nil
		}
	}
	return Result{}, nil
}

// compare reports whether hash is the key's. A mismatch takes the time of the configured cost.
func (s *Slot) compare(hash string, key []byte) (bool, error) {
	if hash == "" {
		return false, s.compareDecoy(s.h.cost, key)
	}
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

func (h *Hasher) costsLess(hash string) bool {
	cost, err := bcrypt.Cost([]byte(hash))
	return err == nil && cost < h.cost
}

// prehash returns 64 bytes without NUL for a password of any length; bcrypt reads at most 72.
func prehash(pepper, password string) []byte {
	mac := hmac.New(sha512.New384, []byte(pepper))
	mac.Write([]byte(password))
	return base64.StdEncoding.AppendEncode(nil, mac.Sum(nil))
}
