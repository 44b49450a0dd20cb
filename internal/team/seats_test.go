package team_test

import (
	"fmt"
	"testing"

	"github.com/google/uuid"

	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/mail"
	"github.com/adiuva/cloud-api/internal/team"
)

func TestAccountOfTheTeamPlanGetsOneTeam(t *testing.T) {
	t.Attr("case", "T01")
	t.Parallel()
	w := newWorld(t)
	owner := w.owner("anna", 3)
	if n := w.race(10, func(teams *team.Service, _ int) error {
		got, err := teams.Get(t.Context(), owner)
		if err == nil && (got.Role != team.Owner || got.Members != 1 || got.Seats != 3) {
			err = fmt.Errorf("the team is %+v", got)
		}
		return err
	}); n != 10 {
		t.Errorf("%d of 10 looks succeeded", n)
	}
	if n := w.count("SELECT count(*) FROM teams"); n != 1 {
		t.Errorf("there are %d teams, want 1", n)
	}
	_, err := w.teams.Get(t.Context(), w.account("bob"))
	w.wantCode("without a plan", err, fault.NotFound)
}

func TestTeamStartsWithTheTokensThatItsOwnerHasUsed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := w.owner("anna", 3)
	w.exec("INSERT INTO token_usage (user_id, day, used, requests) VALUES ($1, current_date, 4711, 2)", owner.ID)
	made, err := w.teams.Get(t.Context(), owner)
	w.check(err)
	if n := w.count("SELECT used FROM token_usage WHERE user_id = $1", made.ID); n != 4711 {
		t.Errorf("the team starts with %d tokens, want 4711", n)
	}
}

func TestRacingInvitationsNeverExceedTheSeats(t *testing.T) {
	t.Attr("case", "T02")
	t.Parallel()
	w := newWorld(t)
	owner := w.owner("anna", 5)
	n := w.race(20, func(teams *team.Service, i int) error {
		_, err := teams.Invite(t.Context(), owner, fmt.Sprintf("user%d@example.com", i), mail.English)
		return err
	}, fault.SeatsExhausted)
	got, err := w.teams.Get(t.Context(), owner)
	w.check(err)
	if n != 4 || got.Invitations != 4 || got.Members != 1 {
		t.Errorf("%d invitations succeeded, the team is %+v", n, got)
	}
	if mails := w.count("SELECT count(*) FROM mail_outbox WHERE kind = 'team_invitation'"); mails != 4 {
		t.Errorf("%d mails, want 4", mails)
	}
}

// TestLastSeatIsTakenOnce lets 50 invited accounts join at once over two replicas, ten times, while the owner's seats
// were lowered after the invitations.
func TestLastSeatIsTakenOnce(t *testing.T) {
	t.Attr("case", "T03")
	t.Parallel()
	w := newWorld(t)
	const joins, seats = 50, 11
	owner := w.owner("anna", joins+1)
	var users []identity.User
	for i := range joins {
		users = append(users, w.account(fmt.Sprintf("user%d", i)))
	}
	for round := range 10 {
		w.subscribe(owner, joins+1)
		var codes []string
		for i := range users {
			codes = append(codes, w.invite(owner, fmt.Sprintf("user%d", i)))
		}
		w.subscribe(owner, seats)
		n := w.race(joins, func(teams *team.Service, i int) error {
			_, err := teams.Join(t.Context(), users[i], codes[i])
			return err
		}, fault.SeatsExhausted)
		got, err := w.teams.Get(t.Context(), owner)
		w.check(err)
		if n != seats-1 || got.Members != seats || got.Invitations != joins-n {
			t.Fatalf("round %d: %d joined, the team is %+v", round, n, got)
		}
		w.exec("DELETE FROM team_members WHERE user_id <> $1", owner.ID)
	}
}

func TestOneCodeMakesOneMember(t *testing.T) {
	t.Attr("case", "T04")
	t.Parallel()
	w := newWorld(t)
	owner, bob := w.owner("anna", 5), w.account("bob")
	code := w.invite(owner, "bob")
	n := w.race(20, func(teams *team.Service, _ int) error {
		_, err := teams.Join(t.Context(), bob, code)
		return err
	}, fault.AlreadyMember, fault.InvitationInvalid)
	if got, err := w.teams.Get(t.Context(), owner); err != nil || n != 1 || got.Members != 2 || got.Invitations != 0 {
		t.Errorf("%d joins succeeded, the team is %+v, %v", n, got, err)
	}
}

func TestNewestMembersLoseThePlanWhenSeatsAreLowered(t *testing.T) {
	t.Attr("case", "T05")
	t.Parallel()
	w := newWorld(t)
	owner := w.owner("anna", 4)
	var users []identity.User
	for i := range 3 {
		users = append(users, w.member(owner, fmt.Sprintf("user%d", i)))
	}
	for _, c := range []struct {
		seats int
		want  [4]string // of the owner and the members
	}{
		{4, [4]string{"team 4", "team 4", "team 4", "team 4"}},
		{2, [4]string{"team 2", "team 2", "free 1", "free 1"}},
		{1, [4]string{"team 1", "free 1", "free 1", "free 1"}},
		{0, [4]string{"free 1", "free 1", "free 1", "free 1"}},
		{3, [4]string{"team 3", "team 3", "team 3", "free 1"}},
	} {
		w.subscribe(owner, c.seats)
		for i, u := range append([]identity.User{owner}, users...) {
			w.wantPlan(u, c.want[i])
		}
		members, err := w.teams.Members(t.Context(), owner, 10, uuid.Nil)
		w.check(err)
		for i, m := range members { // in the order of ids, which is that of the accounts
			if m.HasSeat != (i < c.seats) {
				t.Errorf("with %d seats %s has a seat: %v", c.seats, m.Email, m.HasSeat)
			}
		}
		if len(members) != 4 {
			t.Errorf("with %d seats there are %d members", c.seats, len(members))
		}
	}
}

func TestPlanIsTheHighestOfGrantSubscriptionAndTeam(t *testing.T) {
	t.Attr("case", "T06")
	t.Parallel()
	w := newWorld(t)
	owner := w.owner("anna", 2)
	bob := w.member(owner, "bob")
	w.exec("UPDATE users SET tier = 'pro' WHERE id = $1", bob.ID)
	w.wantPlan(bob, "team 2")
	if got, own := w.fresh(bob), w.fresh(owner); got.CountedAs() != own.CountedAs() || got.Team == uuid.Nil {
		t.Errorf("limits of the member are counted under %s, of the owner under %s", got.CountedAs(), own.CountedAs())
	}
	w.subscribe(owner, 1)
	w.wantPlan(bob, "pro 1")
	if got := w.fresh(bob); got.CountedAs() != bob.ID {
		t.Errorf("without a seat limits are counted under %s", got.CountedAs())
	}
	w.subscribe(owner, 0)
	w.exec("UPDATE users SET grant_tier = 'team', grant_seats = 2 WHERE id = $1", owner.ID)
	w.wantPlan(bob, "team 2")
	w.wantPlan(owner, "team 2")
}
