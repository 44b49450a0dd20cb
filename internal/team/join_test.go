package team_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/mail"
	"github.com/adiuva/cloud-api/internal/team"
)

// wantJoin has the user join by the code and expects that refusal, or "" for success.
func (w *world) wantJoin(what string, u identity.User, code string, want fault.Code) {
	w.t.Helper()
	_, err := w.replicas[0].Join(w.t.Context(), u, code)
	w.wantCode(what, err, want)
}

func TestCodesOfEveryWrongKindAreRefusedAlike(t *testing.T) {
	t.Attr("case", "T07")
	t.Parallel()
	w := newWorld(t)
	owner := w.owner("anna", 20)
	bob, carl := w.account("bob"), w.account("carl")
	old := w.invite(owner, "bob")
	code := w.invite(owner, "bob") // replaces the old one
	in, err := w.teams.Invite(t.Context(), owner, "carl@example.com", mail.English)
	w.check(err)
	revoked := w.code(in.ID)
	w.check(w.teams.Revoke(t.Context(), owner, in.ID))
	w.check(w.teams.Revoke(t.Context(), owner, in.ID)) // repeating it succeeds
	w.wantJoin("of another address", carl, code, fault.InvitationInvalid)
	w.wantJoin("replaced", bob, old, fault.InvitationInvalid)
	w.wantJoin("revoked", carl, revoked, fault.InvitationInvalid)
	for _, bad := range []string{"", " ", strings.Repeat("0", 12), strings.Repeat("Ä", 6), code[:11], code + "0",
		strings.Repeat("Z", 64), "4711 0815", code[:11] + "U", "ſ" + code[1:]} {
		w.wantJoin("mistyped "+bad, bob, bad, fault.InvitationInvalid)
	}
	typed := strings.ToLower(code[:6]) + " - " + strings.NewReplacer("0", "o", "1", "l").Replace(code[6:])
	w.wantJoin("in small letters, with spaces and letters that look alike", bob, typed, "")
	w.check(w.teams.Remove(t.Context(), bob, bob.ID))
	w.wantJoin("used", bob, code, fault.InvitationInvalid)
	late := w.invite(owner, "carl")
	w.advance(7 * 24 * time.Hour)
	w.wantJoin("expired", carl, late, fault.InvitationInvalid)
}

func TestCodeIsNeverStored(t *testing.T) {
	t.Attr("case", "T08")
	t.Parallel()
	w := newWorld(t)
	owner, bob := w.owner("anna", 3), w.account("bob")
	in, err := w.teams.Invite(t.Context(), owner, "bob@example.com", mail.English)
	w.check(err)
	stored := func(code string) int {
		return w.count(`SELECT (SELECT count(*) FROM team_invitations i WHERE i::text ILIKE '%' || $1 || '%')
			+ (SELECT count(*) FROM mail_outbox m WHERE m::text ILIKE '%' || $1 || '%')`, code)
	}
	if n := w.count("SELECT count(*) FROM team_invitations WHERE digest IS NOT NULL"); n != 0 {
		t.Error("the code is good before it was mailed")
	}
	code := w.code(in.ID)
	if again := w.code(in.ID); again != code || len(code) != 12 ||
		strings.Trim(code, "0123456789ABCDEFGHJKMNPQRSTVWXYZ") != "" {
		t.Errorf("a mail that is sent again has %q, the first had %q", again, code)
	}
	if stored(code) != 0 || stored(in.ID.String()) == 0 {
		t.Error("the tables have the code, or the test cannot see it")
	}
	w.wantJoin("after all that", bob, code, "")
	if n := w.count("SELECT count(*) FROM team_invitations WHERE digest IS NOT NULL"); n != 0 {
		t.Error("the digest of a used code is kept")
	}
}

func TestJoiningNeedsAVerifiedAddress(t *testing.T) {
	t.Attr("case", "T09")
	t.Parallel()
	w := newWorld(t)
	owner, bob := w.owner("anna", 3), w.unverified("bob")
	code := w.invite(owner, "bob")
	w.wantJoin("unverified", bob, code, fault.EmailUnverified)
	w.exec("UPDATE users SET email_verified_at = now(), email = 'other@example.com' WHERE id = $1", bob.ID)
	w.wantJoin("after a change of the address", bob, code, fault.InvitationInvalid)
	w.exec("UPDATE users SET email = 'bob@example.com' WHERE id = $1", bob.ID)
	w.wantJoin("verified", bob, code, "")
	w.wantPlan(bob, "team 3")
}

func TestAccountIsInOneTeamAtMost(t *testing.T) {
	t.Attr("case", "T10")
	t.Parallel()
	w := newWorld(t)
	anna, eve := w.owner("anna", 5), w.owner("eve", 5)
	bob := w.member(anna, "bob")
	w.wantJoin("a member of another team", bob, w.invite(eve, "bob"), fault.AlreadyMember)
	if got, err := w.teams.Get(t.Context(), bob); err != nil || got.Role != team.Member {
		t.Errorf("afterwards the team is %+v, %v", got, err)
	}
	code := w.invite(eve, "anna")
	w.wantJoin("an owner with a plan", anna, code, fault.AlreadyMember)
	w.subscribe(anna, 0)
	w.wantJoin("an owner with other members", anna, code, fault.AlreadyMember)
	w.check(w.teams.Remove(t.Context(), anna, bob.ID))
	w.wantJoin("an owner whose team is over", anna, code, "")
	w.wantPlan(anna, "team 5")
	if n := w.count("SELECT count(*) FROM teams"); n != 1 {
		t.Errorf("there are %d teams, want 1", n)
	}
	w.wantJoin("and still with the first invitation", bob, w.invite(eve, "bob"), "")
}

// TestOwnersOfEmptyTeamsMayJoinEachOther shows that two joins that would end each other's team do not wait for each
// other for ever, and leave one team. The plans of others pay for both.
func TestOwnersOfEmptyTeamsMayJoinEachOther(t *testing.T) {
	t.Attr("case", "T11")
	t.Parallel()
	w := newWorld(t)
	for range 5 {
		w.exec("DELETE FROM users")
		owners := []identity.User{w.owner("anna", 5), w.owner("eve", 5)}
		codes := []string{w.invite(owners[1], "anna"), w.invite(owners[0], "eve")}
		for i, payer := range []identity.User{w.owner("paul", 5), w.owner("pia", 5)} {
			w.exec("UPDATE teams SET payer_id = $2 WHERE owner_id = $1", owners[i].ID, payer.ID)
			w.subscribe(owners[i], 0)
		}
		n := w.race(2, func(teams *team.Service, i int) error {
			_, err := teams.Join(t.Context(), owners[i], codes[i])
			return err
		}, fault.InvitationInvalid, fault.AlreadyMember)
		if teams := w.count("SELECT count(*) FROM teams"); n != 1 || teams != 1 {
			t.Errorf("%d joined, %d teams are left, want one of each", n, teams)
		}
	}
}

func TestInvitingIsRefusedWithItsReason(t *testing.T) {
	t.Attr("case", "T12")
	t.Parallel()
	w := newWorld(t)
	owner := w.owner("anna", 3)
	w.member(owner, "bob")
	invite := func(by identity.User, email string) error {
		_, err := w.teams.Invite(t.Context(), by, email, mail.English)
		return err
	}
	w.wantCode("oneself", invite(owner, "Anna@Example.com"), fault.AlreadyMember)
	w.wantCode("a member", invite(owner, "bob@example.com"), fault.AlreadyMember)
	for _, bad := range []string{"", "bob", "bob@", "bob@example.com\r\nBcc: eve@example.com", "a@b@c.com"} {
		w.wantCode(bad, invite(owner, bad), fault.ValidationFailed)
	}
	w.check(invite(owner, "carl@example.com"))
	w.wantCode("a fourth seat", invite(owner, "dora@example.com"), fault.SeatsExhausted)
	w.wantCode("the same address again, which has its seat", invite(owner, "CARL@example.com"), "")
	w.subscribe(owner, 0)
	w.wantCode("after the plan's end", invite(owner, "carl@example.com"), fault.TierRequired)
	w.subscribe(owner, 9)
	w.exec("UPDATE users SET email_verified_at = NULL WHERE id = $1", owner.ID)
	w.wantCode("with an unverified address", invite(owner, "emil@example.com"), fault.EmailUnverified)
	w.wantCode("without a team", invite(w.account("fred"), "emil@example.com"), fault.NotFound)
}

func TestInvitationsAreLimitedByAddressAndTeam(t *testing.T) {
	t.Attr("case", "T13")
	t.Parallel()
	w := newWorld(t, func(c *team.Config) { c.Unlimited = false })
	owners := []identity.User{w.owner("anna", 3), w.owner("eve", 3)}
	n := w.race(12, func(teams *team.Service, i int) error {
		_, err := teams.Invite(t.Context(), owners[i%2], "bob@example.com", mail.English)
		return err
	}, fault.RateLimited)
	if mails := w.count("SELECT count(*) FROM mail_outbox WHERE kind = 'team_invitation'"); n != 3 || mails != 3 {
		t.Errorf("%d invitations of an address in an hour, %d mails, want 3", n, mails)
	}
	w.advance(time.Hour)
	_, err := w.teams.Invite(t.Context(), owners[0], "bob@example.com", mail.English)
	w.wantCode("an hour later", err, "")
	w.exec(`INSERT INTO team_invitations (id, team_id, email, created_at, expires_at, ended_at)
		SELECT gen_random_uuid(), m.team_id, 'x' || n || '@example.com', $2, $2, $2
		FROM team_members m, generate_series(1, 106) n WHERE m.user_id = $1`, owners[0].ID, w.clock())
	_, err = w.teams.Invite(t.Context(), owners[0], "carl@example.com", mail.English)
	w.wantCode("a team that invites and revokes without end", err, fault.RateLimited)
	w.advance(24 * time.Hour)
	w.exec("DELETE FROM team_invitations WHERE ended_at IS NULL")
	_, err = w.teams.Invite(t.Context(), owners[0], "carl@example.com", mail.English)
	w.wantCode("a day later", err, "")
}

func TestOldInvitationsArePruned(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := w.owner("anna", 3)
	w.invite(owner, "bob")
	w.advance(7*24*time.Hour + 23*time.Hour)
	w.check(w.teams.Prune(t.Context()))
	if n := w.count("SELECT count(*) FROM team_invitations"); n != 1 {
		t.Errorf("%d invitations a day after the end of one, want it", n)
	}
	open, err := w.teams.Invitations(t.Context(), owner, 10, uuid.Nil)
	w.check(err)
	if len(open) != 0 {
		t.Errorf("an expired invitation is listed: %+v", open)
	}
	w.advance(time.Hour)
	w.check(w.teams.Prune(t.Context()))
	if n := w.count("SELECT count(*) FROM team_invitations"); n != 0 {
		t.Errorf("%d invitations are left", n)
	}
}

func TestOwnerIsToldWhoeverJoins(t *testing.T) {
	t.Attr("case", "T28")
	t.Parallel()
	w := newWorld(t)
	owner := w.owner("owner", 4)
	w.member(owner, "anna")
	if n := w.notices(owner, mail.TeamJoined); n != 1 {
		t.Errorf("after one join the owner has %d notices", n)
	}
}
