package team_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/mail"
	"github.com/adiuva/cloud-api/internal/team"
)

// notices returns how many mails of the kind wait for the account.
func (w *world) notices(u identity.User, kind mail.Kind) int {
	return w.count("SELECT count(*) FROM mail_outbox WHERE user_id = $1 AND kind = $2", u.ID, string(kind))
}

func (w *world) events(u identity.User, kind string) int {
	return w.count("SELECT count(*) FROM audit_events WHERE user_id = $1 AND kind = $2", u.ID, kind)
}

// TestEachRoleMayDoWhatItMay tries every change as every role on a member of every role.
func TestEachRoleMayDoWhatItMay(t *testing.T) {
	t.Attr("case", "T14")
	t.Parallel()
	w := newWorld(t)
	owner := w.owner("anna", 9)
	people := map[string]identity.User{"owner": owner, "other": w.owner("zoe", 2), "stranger": w.account("yuri")}
	for _, name := range []string{"admin", "admin2", "member", "member2"} {
		people[name] = w.member(owner, name)
	}
	for _, name := range []string{"admin", "admin2"} {
		_, err := w.teams.SetRole(t.Context(), owner, people[name].ID, team.Admin)
		w.check(err)
	}
	_, err := w.teams.Get(t.Context(), people["other"]) // makes the team
	w.check(err)
	const no, gone, owns = fault.RoleRequired, fault.NotFound, fault.OwnerCannotLeave
	rows := []struct {
		by, target             string
		remove, role, handover fault.Code
	}{
		{"owner", "admin", "", "", ""}, {"owner", "member", "", "", ""}, {"owner", "owner", owns, owns, ""},
		{"owner", "other", gone, gone, gone}, {"owner", "stranger", gone, gone, gone},
		{"admin", "owner", owns, no, no}, {"admin", "admin2", no, no, no}, {"admin", "member", "", no, no},
		{"admin", "admin", "", no, no}, {"admin", "other", gone, no, no},
		{"member", "owner", owns, no, no}, {"member", "admin", no, no, no}, {"member", "member2", no, no, no},
		{"member", "member", "", no, no}, {"member", "stranger", gone, no, no},
		{"stranger", "member", gone, gone, gone}, {"other", "member", gone, gone, gone},
	}
	for _, r := range rows {
		by, target := people[r.by], people[r.target]
		for what, c := range map[string]struct {
			do   func(*team.Service) error
			want fault.Code
		}{
			"remove": {func(s *team.Service) error { return s.Remove(t.Context(), by, target.ID) }, r.remove},
			"role": {func(s *team.Service) error {
				_, err := s.SetRole(t.Context(), by, target.ID, team.Member)
				return err
			}, r.role},
			"hand over": {func(s *team.Service) error {
				_, err := s.HandOver(t.Context(), by, target.ID, password)
				return err
			}, r.handover},
		} {
			snapshot := w.snapshot()
			w.wantCode(fmt.Sprintf("%s by %s on %s", what, r.by, r.target), c.do(w.teams), c.want)
			if c.want != "" && w.snapshot() != snapshot {
				t.Errorf("%s by %s on %s changed something", what, r.by, r.target)
			}
			w.restore(owner, people)
		}
	}
}

// snapshot returns who is in which team as what.
func (w *world) snapshot() (text string) {
	w.check(w.db.Pool.QueryRow(w.t.Context(), `SELECT string_agg(m.user_id || m.role || m.place || t.owner_id, ' '
		ORDER BY m.user_id) FROM team_members m JOIN teams t ON t.id = m.team_id`).Scan(&text))
	return text
}

// restore undoes what the cases of TestEachRoleMayDoWhatItMay change.
func (w *world) restore(owner identity.User, people map[string]identity.User) {
	w.t.Helper()
	w.exec(`UPDATE teams SET owner_id = $1, payer_id = NULL
		WHERE id = (SELECT team_id FROM team_members WHERE user_id = $1)`, owner.ID)
	for _, name := range []string{"admin", "admin2", "member", "member2"} {
		role := name[:len("admin")]
		if name[0] == 'm' {
			role = "member"
		}
		w.exec(`INSERT INTO team_members (user_id, team_id, role, joined_at)
			SELECT $1, team_id, $2, now() FROM team_members WHERE user_id = $3
			ON CONFLICT (user_id) DO UPDATE SET role = excluded.role`, people[name].ID, role, owner.ID)
	}
}

func TestRemovedMemberLosesThePlanAndIsTold(t *testing.T) {
	t.Attr("case", "T15")
	t.Parallel()
	w := newWorld(t)
	owner := w.owner("anna", 3)
	bob := w.member(owner, "bob")
	w.exec(`INSERT INTO backup_metadata (id, user_id, s3_key, version, timestamp, checksum, size_bytes, state, owner,
		lease_until, created_at) VALUES ($1, $1, 'k', 1, 0, 'x', 10, 'committed', $1, now(), now())`, bob.ID)
	w.wantPlan(bob, "team 3")
	w.check(w.teams.Remove(t.Context(), owner, bob.ID))
	w.wantPlan(bob, "free 1")
	if w.notices(bob, mail.TeamRemoved) != 1 || w.events(bob, "team_removed") != 1 ||
		w.events(owner, "team_member_removed") != 1 {
		t.Error("the notice or an event is missing")
	}
	if w.count("SELECT count(*) FROM backup_metadata") != 1 {
		t.Error("data of the member is gone")
	}
	w.wantCode("again", w.teams.Remove(t.Context(), owner, bob.ID), fault.NotFound)
	w.wantJoin("by a new invitation", bob, w.invite(owner, "bob"), "")
	w.check(w.teams.Remove(t.Context(), bob, bob.ID)) // leaves
	if w.notices(bob, mail.TeamRemoved) != 1 || w.events(bob, "team_left") != 1 {
		t.Error("who leaves gets a notice, or no event")
	}
}

func TestHandOverKeepsTheTeamWhileEitherPlanPays(t *testing.T) {
	t.Attr("case", "T16")
	t.Parallel()
	w := newWorld(t)
	anna := w.owner("anna", 3)
	bob, carl := w.member(anna, "bob"), w.member(anna, "carl")
	_, err := w.teams.HandOver(t.Context(), anna, carl.ID, "wrong password")
	w.wantCode("with a wrong password", err, fault.PasswordWrong)
	got, err := w.teams.HandOver(t.Context(), anna, carl.ID, password)
	w.check(err)
	if got.Role != team.Admin || got.Seats != 3 || w.notices(carl, mail.TeamOwner) != 1 ||
		w.events(anna, "team_handed_over") != 1 || w.events(carl, "team_owned") != 1 {
		t.Errorf("the former owner sees %+v", got)
	}
	w.subscribe(anna, 1) // the new owner's place is the first, the former owner has its place
	w.wantPlan(carl, "team 1")
	w.wantPlan(bob, "free 1")
	w.wantPlan(anna, "team 1") // pays for it and is in it: her own plan is still hers
	w.subscribe(carl, 3)
	w.wantPlan(bob, "team 3")
	w.subscribe(anna, 0)
	w.wantPlan(bob, "team 3")
	w.subscribe(carl, 0)
	w.wantPlan(bob, "free 1")
	_, err = w.teams.HandOver(t.Context(), anna, bob.ID, password)
	w.wantCode("by the former owner", err, fault.RoleRequired)
	_, err = w.teams.HandOver(t.Context(), carl, anna.ID, password)
	w.check(err) // the owner of a team without a plan hands it over too
}

// TestPlanThatIsLentCountsOnce shows that a former owner who has left has no seat by the plan that pays for the team,
// and no other team, until it is free again.
func TestPlanThatIsLentCountsOnce(t *testing.T) {
	t.Attr("case", "T17")
	t.Parallel()
	w := newWorld(t)
	anna := w.owner("anna", 2)
	bob := w.member(anna, "bob")
	_, err := w.teams.HandOver(t.Context(), anna, bob.ID, password)
	w.check(err)
	w.check(w.teams.Remove(t.Context(), bob, anna.ID))
	w.wantPlan(anna, "free 1")
	w.wantPlan(bob, "team 2")
	_, err = w.teams.Get(t.Context(), anna)
	w.wantCode("a team with the plan that is lent", err, fault.NotFound)
	w.exec("UPDATE users SET grant_tier = 'power' WHERE id = $1", anna.ID)
	w.wantPlan(anna, "power 1")
	other := w.owner("eve", 5)
	w.wantJoin("another team", anna, w.invite(other, "anna"), "")
	_, err = w.teams.HandOver(t.Context(), other, anna.ID, password)
	w.wantCode("who pays for one team cannot own another", err, fault.AlreadyMember)
	w.check(w.teams.Remove(t.Context(), anna, anna.ID))
	w.subscribe(bob, 4)
	w.wantPlan(anna, "team 2") // her plan is hers again
	got, err := w.teams.Get(t.Context(), anna)
	w.check(err)
	if got.Role != team.Owner || got.Seats != 2 || got.Members != 1 {
		t.Errorf("her new team is %+v", got)
	}
	w.subscribe(bob, 0)
	w.wantPlan(bob, "free 1")
	w.wantPlan(anna, "team 2")
}

func TestOwnerWithMembersIsDeletedOnlyWithTheTeam(t *testing.T) {
	t.Attr("case", "T18")
	t.Parallel()
	w := newWorld(t)
	anna := w.owner("anna", 4)
	bob, carl := w.member(anna, "bob"), w.member(anna, "carl")
	w.wantCode("with members", w.accounts.DeleteUser(t.Context(), anna.Email, false), fault.OwnerCannotLeave)
	w.wantPlan(anna, "team 4")
	w.check(w.accounts.DeleteUser(t.Context(), carl.Email, false)) // a member goes without questions
	got, err := w.teams.Get(t.Context(), anna)
	w.check(err)
	if got.Members != 2 {
		t.Errorf("after the deletion of a member the team is %+v", got)
	}
	w.check(w.accounts.DeleteUser(t.Context(), anna.Email, true))
	w.wantPlan(bob, "free 1")
	if w.notices(bob, mail.TeamEnded) != 1 || w.events(anna, "team_ended") != 1 {
		t.Error("the notice or the event is missing")
	}
	if n := w.count("SELECT (SELECT count(*) FROM teams) + (SELECT count(*) FROM team_members)"); n != 0 {
		t.Errorf("%d rows of the team are left", n)
	}
	w.wantJoin("another team", bob, w.invite(w.owner("eve", 2), "bob"), "")
	zoe := w.owner("zoe", 2) // alone in her team
	_, err = w.teams.Get(t.Context(), zoe)
	w.check(err)
	w.check(w.accounts.DeleteUser(t.Context(), zoe.Email, false))
}

// TestDeletionAndJoinLeaveNoMemberBehind races the deletion of an account with its join.
func TestDeletionAndJoinLeaveNoMemberBehind(t *testing.T) {
	t.Attr("case", "T19")
	t.Parallel()
	w := newWorld(t)
	owner := w.owner("anna", 30)
	for i := range 10 {
		name := fmt.Sprintf("user%d", i)
		u := w.account(name)
		code := w.invite(owner, name)
		w.race(2, func(teams *team.Service, i int) error {
			if i == 0 {
				_, err := teams.Join(t.Context(), u, code)
				return err
			}
			return w.accounts.DeleteUser(t.Context(), u.Email, false)
		}, fault.TokenInvalid)
	}
	got, err := w.teams.Get(t.Context(), owner)
	w.check(err)
	if got.Members != 1 {
		t.Errorf("deleted accounts are members: %+v", got)
	}
}

// TestHandOverAndRemovalLeaveTheOwnerInside races the removal of the member who is to be the owner with the hand-over.
func TestHandOverAndRemovalLeaveTheOwnerInside(t *testing.T) {
	t.Attr("case", "T20")
	t.Parallel()
	w := newWorld(t)
	for i := range 10 {
		anna := w.owner(fmt.Sprintf("anna%d", i), 3)
		bob := w.member(anna, fmt.Sprintf("bob%d", i))
		w.race(2, func(teams *team.Service, i int) error {
			if i == 0 {
				_, err := teams.HandOver(t.Context(), anna, bob.ID, password)
				return err
			}
			return teams.Remove(t.Context(), bob, bob.ID)
		}, fault.NotFound, fault.OwnerCannotLeave)
	}
	if n := w.count(`SELECT count(*) FROM teams t WHERE NOT EXISTS (
		SELECT 1 FROM team_members m WHERE m.team_id = t.id AND m.user_id = t.owner_id)`); n != 0 {
		t.Errorf("%d teams have an owner who is no member", n)
	}
}

// TestMembershipThatAStrangerSetUpEnds takes an account back, as a reset of its password by the owner of the address
// does.
func TestMembershipThatAStrangerSetUpEnds(t *testing.T) {
	t.Attr("case", "T21")
	t.Parallel()
	w := newWorld(t)
	anna := w.owner("anna", 3)
	bob := w.member(anna, "bob")
	leave := func(u identity.User) {
		w.check(w.db.Tx(t.Context(), func(tx pgx.Tx) error { return w.teams.Leave(t.Context(), tx, u.ID, true) }))
	}
	leave(bob)
	w.wantPlan(bob, "free 1")
	leave(bob) // in no team
	bob = w.member(anna, "bobby")
	leave(anna)
	if _, err := w.teams.Get(t.Context(), bob); !errors.Is(err, team.ErrNoTeam) {
		t.Errorf("a member of the team that has ended: %v", err)
	}
}

func TestListsHavePages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := w.owner("anna", 20)
	for i := range 4 {
		w.member(owner, fmt.Sprintf("user%d", i))
		w.invite(owner, fmt.Sprintf("guest%d", i))
	}
	var members, guests []string
	for after := uuid.Nil; ; {
		page, err := w.teams.Members(t.Context(), owner, 2, after)
		w.check(err)
		if len(page) == 0 {
			break
		}
		for _, m := range page {
			members, after = append(members, m.Email), m.ID
		}
	}
	for before := uuid.Nil; ; {
		page, err := w.teams.Invitations(t.Context(), owner, 3, before)
		w.check(err)
		if len(page) == 0 {
			break
		}
		for _, in := range page {
			guests, before = append(guests, in.Email), in.ID
		}
	}
	if got := fmt.Sprint(members, guests); got != "[anna@example.com user0@example.com user1@example.com "+
		"user2@example.com user3@example.com] [guest3@example.com guest2@example.com guest1@example.com "+
		"guest0@example.com]" {
		t.Error(got)
	}
	_, err := w.teams.Invitations(t.Context(), w.member(owner, "zoe"), 3, uuid.Nil)
	w.wantCode("by a member", err, fault.RoleRequired)
}

func TestOperatorsSeeAndChangeTeams(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	anna := w.owner("anna", 3)
	bob, carl := w.member(anna, "bob"), w.member(anna, "carl")
	w.wantCode("the owner", w.teams.RemoveMember(t.Context(), anna.Email), fault.OwnerCannotLeave)
	w.check(w.teams.RemoveMember(t.Context(), carl.Email))
	w.check(w.teams.Transfer(t.Context(), bob.Email))
	w.check(w.teams.Transfer(t.Context(), bob.Email)) // repeating it succeeds
	list, err := w.teams.Teams(t.Context(), uuid.Nil, 10)
	w.check(err)
	if len(list) != 1 || list[0].Owner != bob.Email || list[0].Payer != anna.Email || list[0].Seats != 3 ||
		list[0].Members != 2 {
		t.Errorf("teams %+v", list)
	}
	_, members, err := w.teams.MembersOf(t.Context(), anna.Email, 10, uuid.Nil)
	w.check(err)
	if len(members) != 2 || members[0].Role != team.Admin || members[1].Role != team.Owner {
		t.Errorf("members %+v", members)
	}
	for _, email := range []string{"nobody@example.com", carl.Email} {
		w.wantCode(email, w.teams.Transfer(t.Context(), email), fault.NotFound)
		w.wantCode(email, w.teams.RemoveMember(t.Context(), email), fault.NotFound)
	}
}
