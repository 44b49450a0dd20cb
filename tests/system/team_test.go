package system_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/config"
	"github.com/adiuva/cloud-api/internal/dev/devstripe"
	"github.com/adiuva/cloud-api/internal/testing/apitest"
	"github.com/adiuva/cloud-api/internal/testing/pgtest"
)

// teamWorld is two replicas on one database and one clock, with an account whose Team plan is paid for.
type teamWorld struct {
	*api         // the first replica
	other        *api
	clock        *apitest.Clock
	owner        header
	subscription string // at Stripe
}

// startTeam starts the replicas and buys a plan of that many seats. change may be nil.
func startTeam(t *testing.T, seats int, model agent.Model, change func(*config.Config), options ...option) *teamWorld {
	t.Helper()
	cfg, db, clock := apitest.Config(t), pgtest.New(t), apitest.NewClock()
	if change != nil {
		change(&cfg)
	}
	r := apitest.Replica{Config: cfg, DB: db, Now: clock.Now}
	w := &teamWorld{api: &api{apitest.StartReplica(t, r, model, options...)}, clock: clock}
	w.other = &api{apitest.StartReplica(t, r, model, options...)}
	w.owner = w.register("anna@example.com")
	w.subscription = w.Stripe.Pay(w.openCheckout(w.owner, fmt.Sprintf(`{"tier":"team","seats":%d}`, seats)), 0)
	w.deliverEvents()
	w.pass()
	return w
}

// register makes an account with a verified address.
func (w *teamWorld) register(email string) header {
	w.T.Helper()
	h := w.Register(email)
	_, err := w.DB.Pool.Exec(w.T.Context(), "UPDATE users SET email_verified_at = now() WHERE email = $1", email)
	check(w.T, err)
	return h
}

// pass lets the time pass after which every replica has read accounts again.
func (w *teamWorld) pass() { w.clock.Advance(10*time.Second + time.Millisecond) }

// member makes an account that joins the team with the code from its mail, which is returned too.
func (w *teamWorld) member(email string) (h header, code string) {
	w.T.Helper()
	h = w.register(email)
	w.must("POST", "/team/invitations", `{"email":"`+email+`"}`, w.owner)
	check(w.T, w.Mail.SendDue(w.T.Context()))
	for _, m := range w.Mailbox.Mails(email) {
		if found := regexp.MustCompile(`(?m)^ *([0-9A-Z]{6} [0-9A-Z]{6})$`).FindStringSubmatch(m.Text); found != nil {
			code = found[1]
			if !strings.Contains(m.Text, "7 days") || strings.Contains(m.Text, "10 minutes") {
				w.T.Errorf("the invitation does not say how long it is valid: %s", m.Text)
			}
		}
	}
	w.must("POST", "/team/join", `{"code":"`+strings.ToLower(code)+`"}`, h)
	return h, code
}

// must sends a request that has to succeed.
func (w *teamWorld) must(method, path, body string, h header) apitest.Response {
	w.T.Helper()
	got := w.Do(method, "/api/v1"+path, body, h)
	if got.Status >= http.StatusBadRequest {
		w.T.Fatalf("%s %s: %d %s", method, path, got.Status, got.Body)
	}
	return got
}

// wantTier compares the tier of an account on both replicas.
func (w *teamWorld) wantTier(what string, h header, tier string, seats int) {
	w.T.Helper()
	for i, replica := range []*api{w.api, w.other} {
		me := replica.Do("GET", "/api/v1/auth/me", "", h).JSON(w.T)
		if got := fmt.Sprintf("%v %v", me["tier"], me["seats"]); got != fmt.Sprintf("%s %d", tier, seats) {
			w.T.Errorf("%s: replica %d says %s, want %s %d", what, i, got, tier, seats)
		}
	}
}

func TestInvitedMembersJoinWithTheCodeFromTheirMail(t *testing.T) {
	t.Attr("case", "T08")
	t.Attr("case", "T23")
	t.Parallel()
	w := startTeam(t, 3, nil, nil)
	bob, code := w.member("bob@example.com")
	w.wantTier("after joining", bob, "team", 3)
	for what, text := range map[string]string{
		"the answers": string(w.must("GET", "/team/invitations", "", w.owner).Body) +
			string(w.must("GET", "/auth/me/export", "", bob).Body),
		"the log": w.Logs.String(),
	} {
		if strings.Contains(strings.ReplaceAll(text, " ", ""), strings.ReplaceAll(code, " ", "")) {
			t.Errorf("%s have the code", what)
		}
	}
	if strings.Contains(w.Logs.String(), "@example.com") {
		t.Error("the log has an address")
	}
	if got := string(w.must("GET", "/auth/me/export", "", bob).Body); !strings.Contains(got, `"role": "member"`) ||
		!strings.Contains(got, `"email": "bob@example.com"`) {
		t.Errorf("the export lacks the membership or the invitation: %s", got)
	}
	if got := string(w.must("GET", "/auth/events", "", bob).Body); !strings.Contains(got, "team_joined") {
		t.Errorf("events: %s", got)
	}
}

// TestPlanOfTheTeamFollowsItsSubscription lowers and raises the seats at Stripe, lets payments fail and ends the plan.
func TestPlanOfTheTeamFollowsItsSubscription(t *testing.T) {
	t.Attr("case", "T24")
	t.Parallel()
	w := startTeam(t, 3, nil, nil)
	bob, _ := w.member("bob@example.com")
	carl, _ := w.member("carl@example.com")
	w.must("PUT", "/backup", "backup bytes", carl.With("X-Backup-Version", "3").
		With("Content-Type", "application/octet-stream").With("X-Backup-Timestamp", "1767225600000").
		With("X-Backup-Checksum", "7171b7ccbaa1ac3767c1e75815c6c5bca6634f141b55b4d1a398ddf2a76b75df"))
	var customer string
	check(t, w.DB.Pool.QueryRow(t.Context(),
		"SELECT stripe_customer_id FROM users WHERE stripe_customer_id IS NOT NULL").Scan(&customer))
	seats := func(n int) func() {
		return func() { w.Stripe.Change(w.subscription, func(x *devstripe.Subscription) { x.Quantity = n }) }
	}
	for _, c := range []struct {
		what                  string
		change                func()
		owner, oldest, newest string
		seats                 int
	}{
		{"seats lowered", seats(2), "team", "team", "free", 2},
		{"seats raised", seats(5), "team", "team", "team", 5},
		{"a payment is late", func() {
			w.Stripe.DeclineCard(customer, true)
			w.Stripe.Advance(31 * 24 * time.Hour)
		}, "team", "team", "team", 5},
		{"it stays unpaid", func() { w.Stripe.Advance(31 * 24 * time.Hour) }, "free", "free", "free", 1},
		{"it is paid", func() { w.Stripe.DeclineCard(customer, false) }, "team", "team", "team", 5},
		{"the plan ends", func() {
			w.must("DELETE", "/billing/subscription?immediately=true", "", w.owner)
		}, "free", "free", "free", 1},
	} {
		c.change()
		w.deliverEvents()
		w.pass()
		for _, one := range []struct {
			h    header
			tier string
		}{{w.owner, c.owner}, {bob, c.oldest}, {carl, c.newest}} {
			n := c.seats
			if one.tier == "free" {
				n = 1
			}
			w.wantTier(c.what, one.h, one.tier, n)
		}
	}
	team := w.must("GET", "/team", "", bob).JSON(t)
	if team["active"] != false || team["members"] != 3.0 || team["seats"] != 0.0 {
		t.Errorf("after the end of the plan the team is %v", team)
	}
	if got := w.must("GET", "/backup", "", carl); string(got.Body) != "backup bytes" {
		t.Errorf("the backup of a former member: %d %s", got.Status, got.Body)
	}
}

// TestRemovalHandOverAndDeletionHoldOnEveryReplica shows that each change holds at once where it was made, and within
// ten seconds on the other replica, on an open socket too.
func TestRemovalHandOverAndDeletionHoldOnEveryReplica(t *testing.T) {
	t.Attr("case", "T25")
	t.Parallel()
	w := startTeam(t, 4, nil, nil)
	bob, _ := w.member("bob@example.com")
	carl, _ := w.member("carl@example.com")
	id := func(h header) string { return w.must("GET", "/auth/me", "", h).JSON(t)["id"].(string) }
	w.pass()
	w.wantTier("before", bob, "team", 4)
	socket := w.other.Dial(bob)
	report := func() (upgrade bool) {
		t.Helper()
		socket.Ask("show me the weekly report with completion rates")
		_, last := socket.Answer()
		return last.Upgrade != nil
	}
	if report() {
		t.Error("a member lacks an agent of Team")
	}
	w.must("DELETE", "/team/members/"+id(bob), "", w.owner)
	if me := w.must("GET", "/auth/me", "", bob).JSON(t); me["tier"] != "free" {
		t.Errorf("at once: %v", me["tier"])
	}
	w.pass()
	w.wantTier("removed", bob, "free", 1)
	if !report() {
		t.Error("an open socket still has the agents of Team")
	}

	body := `{"user_id":"` + id(carl) + `","password":"correct horse battery"}`
	w.must("PUT", "/team/owner", body, w.owner)
	if got := w.must("GET", "/team", "", carl).JSON(t); got["role"] != "owner" || got["seats"] != 4.0 {
		t.Errorf("the new owner sees %v", got)
	}
	if got := w.Do("POST", "/api/v1/auth/me/deletion", `{"password":"correct horse battery"}`, carl); got.Code() !=
		"owner_cannot_leave" {
		t.Errorf("deletion of an owner: %d %s", got.Status, got.Body)
	}
	w.pass()
	w.wantTier("after the hand-over", carl, "team", 4)
	w.must("POST", "/auth/me/deletion", `{"password":"correct horse battery","end_team":true}`, carl)
	w.pass()
	w.wantTier("the former owner by its own plan", w.owner, "team", 4)
	if got := w.must("GET", "/team", "", w.owner).JSON(t); got["role"] != "owner" || got["members"] != 1.0 {
		t.Errorf("with its own plan the former owner has %v", got)
	}
}

func TestMembersShareTheRateLimit(t *testing.T) {
	t.Attr("case", "T26")
	t.Parallel()
	w := startTeam(t, 3, nil, nil, apitest.WithRateLimits(t))
	bob, _ := w.member("bob@example.com")
	w.pass()
	left := func(h header) string {
		got := w.must("GET", "/usage", "", h)
		if policy := got.Header.Get("RateLimit-Policy"); policy != `"team";q=600;w=60` {
			t.Errorf("policy %s", policy)
		}
		return regexp.MustCompile(`r=\d+`).FindString(got.Header.Get("RateLimit"))
	}
	var before, after int
	_, err := fmt.Sscanf(left(w.owner), "r=%d", &before)
	check(t, err)
	for range 5 {
		left(bob)
	}
	_, err = fmt.Sscanf(left(w.owner), "r=%d", &after)
	check(t, err)
	if before-after != 6 {
		t.Errorf("the owner had %d requests left, then %d after five of a member and one", before, after)
	}
	key := w.must("POST", "/keys", `{"name":"k","scopes":["usage:read"]}`, bob).JSON(t)["key"].(string)
	byKey := header{"Authorization": "Bearer " + key}
	if policy := w.must("GET", "/usage", "", byKey).Header.Get("RateLimit-Policy"); policy != `"key";q=300;w=60` {
		t.Errorf("the policy of a member's key is %s", policy)
	}
	w.Stripe.Change(w.subscription, func(x *devstripe.Subscription) { x.Quantity = 1 })
	w.deliverEvents()
	w.pass()
	if policy := w.must("GET", "/usage", "", byKey).Header.Get("RateLimit-Policy"); policy != `"key";q=10;w=60` {
		t.Errorf("without a seat the policy of the key is %s", policy)
	}
	got := w.must("GET", "/usage", "", bob)
	if policy := got.Header.Get("RateLimit-Policy"); policy != `"free";q=20;w=60` {
		t.Errorf("without a seat the policy is %s", policy)
	}
}

func TestMembersShareTheTokensOfTheDay(t *testing.T) {
	t.Attr("case", "T27")
	t.Parallel()
	spent := agent.Usage{InputTokens: 2_000, OutputTokens: 500, ModelCalls: 1}
	w := startTeam(t, 2, reporting(agent.Usage{ModelCalls: 1}, spent),
		func(c *config.Config) { c.TokensPerDayTeam = 10_000 })
	bob, _ := w.member("bob@example.com")
	w.pass()
	usage := func(h header) string {
		got := w.must("GET", "/usage", "", h).JSON(t)
		return fmt.Sprintf("%v of %v in %v", got["tokens_used"], got["tokens_limit"], got["requests"])
	}
	for range 2 {
		for _, h := range []header{w.owner, bob} {
			w.must("POST", "/chat", `{"message":"how many tasks?"}`, h)
		}
	}
	if owner, member := usage(w.owner), usage(bob); owner != member || !strings.HasSuffix(owner, "of 20000 in 4") {
		t.Errorf("the owner reads %s, the member %s", owner, member)
	}
	refused := 0
	const question = `{"message":"how many tasks?"}`
	for range 10 {
		if w.Do("POST", "/api/v1/chat", question, w.owner).Code() == "budget_exceeded" {
			refused++
		}
	}
	if got := w.other.Do("POST", "/api/v1/chat", question, bob); refused == 0 ||
		got.Code() != "budget_exceeded" {
		t.Errorf("%d of the owner's were refused, the member's next: %d %s", refused, got.Status, got.Body)
	}
	var own int
	check(t, w.DB.Pool.QueryRow(t.Context(), `SELECT count(*) FROM token_usage t JOIN users u ON u.id = t.user_id
		JOIN team_members m ON m.user_id = u.id`).Scan(&own))
	if own != 0 {
		t.Errorf("%d members have a count of their own", own)
	}
}

// TestResetByTheOwnerOfAnAddressEndsATeamThatAStrangerMade registers an address that was never verified, gives it a
// team, and resets the password by the address's mail.
func TestResetByTheOwnerOfAnAddressEndsATeamThatAStrangerMade(t *testing.T) {
	t.Attr("case", "T21")
	t.Parallel()
	w := startTeam(t, 2, nil, nil)
	stranger := w.Register("mine@example.com")
	check(t, w.Accounts.SetTier(t.Context(), "mine@example.com", "team", 3))
	w.pass()
	w.must("GET", "/team", "", stranger)
	teams := func() (n int) {
		check(t, w.DB.Pool.QueryRow(t.Context(), `SELECT count(*) FROM teams t JOIN users u ON u.id = t.owner_id
			WHERE u.email = 'mine@example.com'`).Scan(&n))
		return n
	}
	if teams() != 1 {
		t.Fatal("there is no team")
	}
	handle := w.must("POST", "/auth/password/reset", `{"email":"mine@example.com"}`, nil).JSON(t)["handle"]
	check(t, w.Mail.SendDue(t.Context()))
	code := ""
	for _, m := range w.Mailbox.Mails("mine@example.com") {
		if strings.Contains(m.Subject, "new password") {
			code = regexp.MustCompile(`\d{4} \d{4}`).FindString(m.Text)
		}
	}
	w.must("POST", "/auth/password/reset/confirm", fmt.Sprintf(
		`{"handle":%q,"code":%q,"new_password":"staple battery horse"}`, handle, code), nil)
	if teams() != 0 {
		t.Error("the stranger's team is left")
	}
}
