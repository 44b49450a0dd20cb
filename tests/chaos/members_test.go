//go:build soak

package chaos_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

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

// listed returns the ids of the keys that the service knows; ok is false where it did not answer.
func (k *keys) listed() (ids []string, ok bool) {
	var answer []struct {
		ID string `json:"id"`
	}
	r := k.authorized(http.MethodGet, "/keys", nil, nil)
	if !r.ok() || json.Unmarshal(r.body, &answer) != nil {
		return nil, false
	}
	for _, one := range answer {
		ids = append(ids, one.ID)
	}
	return ids, true
}

// removeUnknown revokes keys whose creation was not acknowledged.
func (k *keys) removeUnknown() {
	ids, _ := k.listed()
	for _, id := range ids {
		if k.live[id] == "" {
			k.authorized(http.MethodDelete, "/keys/"+id, nil, nil)
		}
	}
}

// forgetLost forgets the keys that were lost. A replica accepts them for as long as it keeps what it has looked up.
func (k *keys) forgetLost(v *verdict) {
	ids, ok := k.listed()
	if !ok {
		return
	}
	for id := range k.live {
		if !slices.Contains(ids, id) {
			v.count(false)
			delete(k.live, id)
		}
	}
}

func (k *keys) settle(context.Context) error {
	k.removeUnknown()
	return nil
}

func (k *keys) check() (v verdict) {
	if k.judge.weakened(lossless) {
		k.forgetLost(&v)
	}
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
		t.judge.violated("members fit the seats", "%d members and %d invitations for %d seats", state.Members,
			state.Open, state.Seats)
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
