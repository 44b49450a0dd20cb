//go:build soak

package chaos_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"
)

// A writer is a user whose acknowledged writes are remembered. One goroutine uses it at a time.
type writer interface {
	step()
	// settle repeats what was not acknowledged until it is, and returns why that fails.
	settle(context.Context) error
	// check looks for what was acknowledged since the last check, and for some of what was before.
	check() verdict
}

// verdict counts acknowledged writes that are there, and that are not. What is lost is forgotten.
type verdict struct{ durable, lost int }

func (v *verdict) count(found bool) {
	if found {
		v.durable++
	} else {
		v.lost++
	}
}

// backups is a user who uploads, downloads and deletes backups. An upload that is not acknowledged is repeated with its
// key.
type backups struct {
	*session
	rand    *rand.Rand
	live    map[string][sha256.Size]byte // by id
	pending *upload
	doomed  string // an id whose deletion is not acknowledged yet
}

type upload struct {
	key  string
	blob []byte
}

// mostBackups is how many backups a user keeps.
const mostBackups = 12

func newBackups(s *session, seed uint64) *backups {
	return &backups{session: s, rand: rand.New(rand.NewPCG(seed, 1)), live: map[string][sha256.Size]byte{}}
}

func (b *backups) step() {
	if b.pending == nil {
		size := 32 + b.rand.IntN(64<<10)
		if b.rand.IntN(30) == 0 {
			size = 12 << 20 // in parts
		}
		blob := bytes.Repeat([]byte(blobWord), size/len(blobWord)+1)
		for i := range 32 {
			blob[i] = byte(b.rand.Uint32())
		}
		b.pending = &upload{key: uuid.NewString(), blob: blob}
	}
	if r := b.put(); !r.ok() {
		<-time.After(50 * time.Millisecond)
		return
	}
	if len(b.live) > mostBackups && b.doomed == "" {
		b.doomed = b.any()
		delete(b.live, b.doomed)
	}
	if b.doomed != "" && b.remove().ok() {
		b.doomed = ""
	}
	if id := b.any(); id != "" {
		b.download(id)
	}
}

// any returns the smallest id that is live, which is the oldest.
func (b *backups) any() string {
	oldest := ""
	for id := range b.live {
		if oldest == "" || id < oldest {
			oldest = id
		}
	}
	return oldest
}

func (b *backups) put() result {
	sum := sha256.Sum256(b.pending.blob)
	r := b.authorized(http.MethodPut, "/backup", b.pending.blob, map[string]string{
		"Content-Type": "application/octet-stream", "X-Backup-Version": "1",
		"X-Backup-Timestamp": strconv.FormatInt(time.Now().UnixMilli(), 10),
		"X-Backup-Checksum":  hex.EncodeToString(sum[:]), "Idempotency-Key": b.pending.key})
	if r.ok() {
		b.live[r.text("id")] = sum
		b.pending = nil
	}
	return r
}

func (b *backups) remove() result {
	return b.authorized(http.MethodDelete, "/backup/"+b.doomed, nil, nil)
}

// download reports whether the backup is there. Another blob in its place is never right.
func (b *backups) download(id string) (result, bool) {
	r := b.authorized(http.MethodGet, "/backup/"+id, nil, nil)
	if r.ok() && sha256.Sum256(r.body) != b.live[id] {
		b.judge.violated("I1", "backup %s was downloaded with other bytes", id)
	}
	return r, r.ok()
}

func (b *backups) settle(ctx context.Context) error {
	for b.pending != nil || b.doomed != "" {
		var r result
		if b.pending != nil {
			r = b.put()
		} else if r = b.remove(); r.ok() || r.status == http.StatusNotFound && b.judge.weakened(lossless) {
			b.doomed = ""
			continue
		}
		if r.ok() {
			continue
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("a backup of %s: %s", b.email, r)
		case <-time.After(100 * time.Millisecond):
		}
	}
	return nil
}

func (b *backups) check() (v verdict) {
	var listed []struct {
		ID string `json:"id"`
	}
	r := b.authorized(http.MethodGet, "/backup/history?limit=200", nil, nil)
	if err := json.Unmarshal(r.body, &listed); err != nil || !r.ok() {
		b.judge.violated("I1", "the list of backups: %s", r)
		return v
	}
	for id := range b.live {
		r, found := b.download(id)
		v.count(found)
		if !found {
			if !b.judge.weakened(lossless) {
				b.judge.violated("I1", "backup %s was acknowledged: %s", id, r)
			}
			delete(b.live, id)
		}
	}
	for _, one := range listed {
		if _, known := b.live[one.ID]; known {
			continue
		}
		if !b.judge.weakened(lossless) {
			b.judge.violated("I2", "backup %s is there besides those that were acknowledged", one.ID)
		}
		b.authorized(http.MethodDelete, "/backup/"+one.ID, nil, nil) // its deletion was lost
	}
	return v
}

// accounts registers people, and rotates the session of one of them.
type accounts struct {
	*client
	name    string
	n       int
	recent  []string // acknowledged since the last check
	old     []string
	open    []string // registrations that were not acknowledged
	rotated *session
	key     string // of a rotation that is not acknowledged
}

func newAccounts(c *client, name string) *accounts {
	return &accounts{client: c, name: name,
		rotated: &session{client: c, email: name + "-rotated@example.com"}}
}

func (a *accounts) register(email string) result {
	return a.post("/auth/register", map[string]any{"email": email, "password": password}, nil)
}

func (a *accounts) logIn(email string) result {
	return a.post("/auth/login", map[string]any{"email": email, "password": password}, nil)
}

func (a *accounts) step() {
	a.n++
	email := fmt.Sprintf("%s-%d@example.com", a.name, a.n)
	r := a.register(email)
	switch {
	case r.ok():
		a.recent = append(a.recent, email)
		s := &session{client: a.client, email: email, access: r.text("access_token")}
		s.authorized(http.MethodGet, "/auth/me", nil, nil)
		if a.n%4 == 0 {
			a.logIn(email)
		}
	case len(a.open) < 50:
		a.open = append(a.open, email)
		<-time.After(20 * time.Millisecond)
	}
	if a.n%3 == 0 {
		a.rotate()
	}
}

// rotate exchanges the refresh token, with the same key until that is acknowledged.
func (a *accounts) rotate() result {
	if a.rotated.refresh == "" {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := a.rotated.signIn(ctx); err != nil {
			return result{err: err}
		}
	}
	if a.key == "" {
		a.key = uuid.NewString()
	}
	r := a.post("/auth/refresh", map[string]any{"refresh_token": a.rotated.refresh},
		map[string]string{"Idempotency-Key": a.key})
	switch {
	case r.ok():
		a.rotated.access, a.rotated.refresh, a.key = r.text("access_token"), r.text("refresh_token"), ""
	case r.status == http.StatusUnauthorized:
		if !a.judge.weakened(sessions) && !a.judge.weakened(lossless) {
			a.judge.violated(sessions, "a refresh token that was used once: %s", r)
		}
		a.rotated.refresh, a.key = "", ""
	}
	return r
}

func (a *accounts) settle(ctx context.Context) error {
	for len(a.open) > 0 {
		r := a.register(a.open[0])
		if r.ok() || r.code == "email_taken" {
			a.recent, a.open = append(a.recent, a.open[0]), a.open[1:]
			continue
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("registering %s: %s", a.open[0], r)
		case <-time.After(100 * time.Millisecond):
		}
	}
	return nil
}

// mostChecked is how many accounts a check logs in to.
const mostChecked = 60

func (a *accounts) check() (v verdict) {
	if r := a.rotate(); !r.ok() && !a.judge.weakened(lossless) && !a.judge.weakened(sessions) {
		a.judge.violated("I1", "the rotated session of %s: %s", a.name, r)
	}
	sample := slices.Clone(a.recent[max(0, len(a.recent)-mostChecked):])
	for range min(5, len(a.old)) {
		sample = append(sample, a.old[rand.IntN(len(a.old))])
	}
	gone := map[string]bool{}
	for _, email := range sample {
		r := a.logIn(email)
		v.count(r.ok())
		if !r.ok() {
			gone[email] = true
			if !a.judge.weakened(lossless) {
				a.judge.violated("I1", "%s was registered: %s", email, r)
			}
		}
	}
	a.old = append(a.old, a.recent...)
	a.recent = nil
	a.old = slices.DeleteFunc(a.old, func(email string) bool { return gone[email] })
	return v
}
