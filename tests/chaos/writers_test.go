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
	"strings"
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
		size := 1 + b.rand.IntN(64<<10)
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

// keys is an integrator who makes API keys, uses and revokes them.
type keys struct {
	*session
	live    map[string]string // key by id
	revoked []revokedKey
	n       int
}

type revokedKey struct {
	id, key string
	at      time.Time
}

// revocationHolds is how long a revoked key may still be accepted, and a second for the request itself.
const revocationHolds = 11 * time.Second

func newKeys(s *session) *keys { return &keys{session: s, live: map[string]string{}} }

func (k *keys) step() {
	k.n++
	r := k.authorized(http.MethodPost, "/keys", fmt.Appendf(nil, `{"name":"key %d","scopes":["agents"]}`, k.n), nil)
	if r.ok() {
		id := r.text("id")
		k.live[id] = r.text("key")
		k.use(id)
	} else {
		<-time.After(50 * time.Millisecond)
	}
	if r.code == "too_many_keys" {
		k.removeUnknown()
	}
	for id, key := range k.live {
		if len(k.live) <= 3 {
			break
		}
		if k.authorized(http.MethodDelete, "/keys/"+id, nil, nil).ok() {
			k.revoked = append(k.revoked, revokedKey{id, key, time.Now()})
			delete(k.live, id)
		}
		break
	}
}

func (k *keys) use(id string) result {
	return k.do(http.MethodGet, "/agents", nil, map[string]string{"Authorization": "Bearer " + k.live[id]})
}

// removeUnknown revokes keys whose creation was not acknowledged.
func (k *keys) removeUnknown() {
	var listed struct {
		Keys []struct {
			ID string `json:"id"`
		} `json:"keys"`
	}
	r := k.authorized(http.MethodGet, "/keys", nil, nil)
	if json.Unmarshal(r.body, &listed) != nil || len(listed.Keys) == 0 {
		_ = json.Unmarshal(r.body, &listed.Keys)
	}
	for _, one := range listed.Keys {
		if k.live[one.ID] == "" {
			k.authorized(http.MethodDelete, "/keys/"+one.ID, nil, nil)
		}
	}
}

func (k *keys) settle(context.Context) error {
	k.removeUnknown()
	return nil
}

func (k *keys) check() (v verdict) {
	for id := range k.live {
		r := k.use(id)
		v.count(r.ok())
		if !r.ok() {
			if !k.judge.weakened(lossless) {
				k.judge.violated("I1", "API key %s was made: %s", id, r)
			}
			delete(k.live, id)
		}
	}
	kept := k.revoked[:0]
	for _, one := range k.revoked[max(0, len(k.revoked)-60):] {
		if time.Since(one.at) < revocationHolds {
			kept = append(kept, one) // the next check looks at it
			continue
		}
		r := k.do(http.MethodGet, "/agents", nil, map[string]string{"Authorization": "Bearer " + one.key})
		if r.status != http.StatusUnauthorized && !k.judge.weakened(lossless) {
			k.judge.violated("a revoked key stays revoked", "%s, %v later: %s", one.id, time.Since(one.at), r)
		}
	}
	k.revoked = kept
	return v
}

// seats is how many members the team has at most.
const seats = 3

// team is the owner of a team who invites more people than there are seats for.
type team struct {
	*session
	world   *world
	n       int
	invited []*session
	members map[string]string // user id by address, of those whose joining was acknowledged
}

func newTeam(w *world, s *session) *team {
	return &team{session: s, world: w, members: map[string]string{}}
}

func (t *team) step() {
	t.n++
	guest := &session{client: t.client, email: fmt.Sprintf("guest-%d@example.com", t.n)}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if guest.signIn(ctx) == nil && t.verify(ctx, guest.email) == nil {
		body := fmt.Appendf(nil, `{"email":%q}`, guest.email)
		switch r := t.authorized(http.MethodPost, "/team/invitations", body, nil); {
		case r.ok():
			t.invited = append(t.invited, guest)
		case r.code == "seats_exhausted":
			t.makeRoom()
		}
	}
	t.invited = slices.DeleteFunc(t.invited, t.join)
	<-time.After(100 * time.Millisecond)
}

// verify proves an address as the mailed code does.
func (t *team) verify(ctx context.Context, email string) error {
	conn, err := connect(ctx, t.world)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, "UPDATE users SET email_verified_at = now() WHERE email = $1", email)
	return err
}

// join uses the code that was mailed to a guest, and reports whether the guest is through with it.
func (t *team) join(guest *session) bool {
	code := t.world.mails.take(guest.email)
	if code == "" {
		return false
	}
	r := guest.authorized(http.MethodPost, "/team/join", fmt.Appendf(nil, `{"code":%q}`, code), nil)
	if r.ok() {
		t.members[guest.email] = ""
	}
	return true // a code that was lost in an outage is not sent again
}

// makeRoom revokes an invitation or removes a member.
func (t *team) makeRoom() {
	for _, list := range []struct{ path, id string }{{"/team/invitations", "id"}, {"/team/members", "user_id"}} {
		for _, one := range t.list(list.path) {
			if one["email"] == t.email {
				continue
			}
			if t.authorized(http.MethodDelete, fmt.Sprint(list.path, "/", one[list.id]), nil, nil).ok() {
				delete(t.members, fmt.Sprint(one["email"]))
			}
			break
		}
	}
}

// list returns a list of the team's.
func (t *team) list(path string) []map[string]any {
	r := t.authorized(http.MethodGet, path, nil, nil)
	var list []map[string]any
	if json.Unmarshal(r.body, &list) == nil {
		return list
	}
	var page map[string]json.RawMessage
	if json.Unmarshal(r.body, &page) != nil {
		return nil
	}
	for _, member := range page {
		if json.Unmarshal(member, &list) == nil {
			return list
		}
	}
	return nil
}

func (t *team) settle(context.Context) error { return nil }

func (t *team) check() (v verdict) {
	r := t.authorized(http.MethodGet, "/team", nil, nil)
	var state struct {
		Seats   int `json:"seats"`
		Members int `json:"members"`
		Open    int `json:"open_invitations"`
	}
	if err := json.Unmarshal(r.body, &state); err != nil || !r.ok() {
		t.judge.violated("I1", "the team: %s", r)
		return v
	}
	if state.Members+state.Open > state.Seats || state.Seats != seats {
		t.judge.violated("members fit the seats", "%d members and %d invitations for %d seats", state.Members, state.Open,
			state.Seats)
	}
	there := map[string]bool{}
	for _, m := range t.list("/team/members") {
		there[fmt.Sprint(m["email"])] = true
	}
	for email := range t.members {
		v.count(there[email])
		if !there[email] {
			if !t.judge.weakened(lossless) {
				t.judge.violated("I1", "%s joined the team and is no member", email)
			}
			delete(t.members, email)
		}
	}
	return v
}

// payments is people who buy Pro.
type payments struct {
	*client
	world *world
	n     int
	paid  []*session
}

// cachesLive is how long a replica may show what another process has changed, and some more on a busy machine.
const cachesLive = 15 * time.Second

func (p *payments) step() {
	p.n++
	buyer := &session{client: p.client, email: fmt.Sprintf("buyer-%d@example.com", p.n)}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if buyer.signIn(ctx) == nil {
		r := buyer.authorized(http.MethodPost, "/billing/checkout", []byte(`{"tier":"pro"}`), nil)
		if r.ok() {
			url := r.text("checkout_url")
			id := url[strings.LastIndexByte(url, '/')+1:]
			if p.world.stripe.Pay(id, 0) != "" {
				p.paid = append(p.paid, buyer)
			}
		}
	}
	<-time.After(300 * time.Millisecond)
}

func (p *payments) settle(context.Context) error {
	_, err := p.world.command("billing", "reconcile")
	return err
}

func (p *payments) check() (v verdict) {
	began := time.Now()
	for _, buyer := range p.paid[max(0, len(p.paid)-15):] {
		r := buyer.authorized(http.MethodGet, "/auth/me", nil, nil)
		for r.ok() && r.text("tier") != "pro" && time.Since(began) < cachesLive {
			pause(200)
			r = buyer.authorized(http.MethodGet, "/auth/me", nil, nil)
		}
		v.count(r.text("tier") == "pro")
		if r.text("tier") != "pro" && !p.judge.weakened(lossless) {
			p.judge.violated("I5", "%s paid for Pro: %s", buyer.email, r)
		}
	}
	if p.judge.weakened(lossless) {
		p.paid = nil // their accounts may be gone
	}
	return v
}
