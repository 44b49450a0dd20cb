package httpapi_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/adiuva/cloud-api/internal/testing/apitest"
)

// ssoTeam is a team whose provider is microsoft, which has proved corp.example.com.
type ssoTeam struct {
	*ssoSite
	owner apitest.Header
}

func startTeam(t *testing.T, seats int) ssoTeam {
	t.Helper()
	s := startSSO(t)
	return ssoTeam{s, s.newTeam("owner@example.org", seats, "corp.example.com")}
}

// newTeam makes a team with the provider and the proved domain, and returns its owner.
func (s *ssoSite) newTeam(email string, seats int, domain string) apitest.Header {
	s.t.Helper()
	owner := s.Register(email)
	s.exec("UPDATE users SET tier = 'team', seats = $2, email_verified_at = now() WHERE email = $1", email, seats)
	id, err := s.Accounts.AccountID(s.t.Context(), email)
	check(s.t, err)
	s.Accounts.Forget(id)
	got := s.Do("PUT", "/api/v1/team/sso", fmt.Sprintf(`{"issuer":%q,"client_id":"team","client_secret":"s3cret",`+
		`"domains":[%q]}`, s.microsoft.URL, domain), owner)
	if got.Status != http.StatusOK {
		s.t.Fatalf("set the provider: %d %s", got.Status, got.Body)
	}
	s.exec("UPDATE sso_domains SET proved_at = now() WHERE domain = $1", domain)
	return owner
}

func (s *ssoSite) exec(sql string, args ...any) {
	s.t.Helper()
	_, err := s.DB.Pool.Exec(s.t.Context(), sql, args...)
	check(s.t, err)
}

// join signs the person in with the provider of corp.example.com's team.
func (s *ssoSite) join(who person) apitest.Response {
	s.t.Helper()
	return s.redeem(s.arriveAtTeam("somebody@corp.example.com", who))
}

func (s *ssoSite) arriveAtTeam(start string, who person) string {
	s.t.Helper()
	started := s.begin(map[string]string{"provider": "", "email": start})
	return s.appCode(s.back(started.cookie, s.microsoft.authorize(s.t, started.issuer, who)))
}

func employee(n int) person { // Microsoft leaves email_verified out
	return person{fmt.Sprintf("employee-%d", n), fmt.Sprintf("employee-%d@corp.example.com", n), nil}
}

func TestATeamsProviderMakesMembers(t *testing.T) {
	t.Attr("case", "SSO30")
	t.Parallel()
	s := startTeam(t, 3)
	started := s.begin(map[string]string{"provider": "", "email": "Employee-1@CORP.example.com"})
	asked, err := url.Parse(started.issuer)
	check(t, err)
	if hint := asked.Query().Get("login_hint"); hint != "Employee-1@CORP.example.com" {
		t.Errorf("login_hint %q", hint)
	}
	member := bearer(t, s.join(employee(1)))
	if me := s.me(member); me["tier"] != "team" || me["email_verified"] != true {
		t.Errorf("profile %v", me)
	}
	team := s.Do("GET", "/api/v1/team", "", member).JSON(t)
	if team["role"] != "member" || team["members"] != 2.0 {
		t.Errorf("team %v", team)
	}
	bearer(t, s.join(employee(1))) // takes no second seat
	bearer(t, s.join(employee(2)))
	refused := s.join(employee(3))
	wantRefusal(t, refused, http.StatusConflict, "seats_exhausted")
	s.exec("UPDATE users SET seats = 4 WHERE email = 'owner@example.org'")
	bearer(t, s.join(employee(3)))
}

func TestATeamsProviderSpeaksForItsDomainsOnly(t *testing.T) {
	t.Attr("case", "SSO51")
	t.Parallel()
	s := startTeam(t, 5)
	s.verified("victim@example.com")
	for _, address := range []string{
		"victim@example.com", "a@sub.corp.example.com", "a@corp.example.com.evil.example", "a@xcorp.example.com",
		"a@corp.example.com@evil.example", "", "a@cоrp.example.com", // the last with a Cyrillic letter
	} {
		got := s.join(person{"mallory", address, true})
		if got.Status != http.StatusUnauthorized || got.Code() != "sso_failed" {
			t.Errorf("%q: %d %s", address, got.Status, got.Body)
		}
	}
	bearer(t, s.join(employee(1)))
	moved := employee(1)
	moved.email = "employee-1@example.com" // somebody known, too
	wantRefusal(t, s.join(moved), http.StatusUnauthorized, "sso_failed")
	s.exec("UPDATE sso_domains SET proved_at = NULL")
	got := s.begin(map[string]string{"provider": "", "email": "a@corp.example.com"})
	if !strings.Contains(got.issuer, "error=not_found") {
		t.Errorf("without the proof the sign-in starts at %s", got.issuer)
	}
}

func TestALostProofEndsSignInsOnTheirWay(t *testing.T) {
	t.Attr("case", "SSO52")
	t.Parallel()
	s := startTeam(t, 5)
	code := s.arriveAtTeam("a@corp.example.com", employee(1))
	s.exec("UPDATE sso_domains SET proved_at = NULL")
	wantRefusal(t, s.redeem(code), http.StatusUnauthorized, "sso_failed")
	s.exec("UPDATE sso_domains SET proved_at = now()")
	started := s.begin(map[string]string{"provider": "", "email": "a@corp.example.com"})
	answer := s.microsoft.authorize(t, started.issuer, employee(1))
	s.exec("UPDATE users SET tier = 'free', seats = 1 WHERE email = 'owner@example.org'")
	if got := s.back(started.cookie, answer); !strings.Contains(got, "error=sso_failed") {
		t.Errorf("after the end of the plan the browser goes to %s", got)
	}
}

func TestAProviderRemovedWhileItIsAskedSignsNobodyIn(t *testing.T) {
	t.Attr("case", "SSO59")
	t.Parallel()
	s := startTeam(t, 5)
	started := s.begin(map[string]string{"provider": "", "email": "a@corp.example.com"})
	answer := s.microsoft.authorize(t, started.issuer, employee(1))
	s.microsoft.setAsked(func() { s.exec("DELETE FROM sso_connections") })
	if got := s.back(started.cookie, answer); !strings.Contains(got, "error=sso_failed") {
		t.Errorf("the browser goes to %s", got)
	}
	if !strings.Contains(s.Logs.String(), `"reason":"provider_gone"`) {
		t.Error("the log has no reason")
	}
}

func TestARemovedMemberStaysOut(t *testing.T) {
	t.Attr("case", "SSO53")
	t.Parallel()
	s := startTeam(t, 5)
	member := bearer(t, s.join(employee(1)))
	id := s.me(member)["id"].(string)
	if got := s.Do("DELETE", "/api/v1/team/members/"+id, "", s.owner); got.Status != http.StatusOK {
		t.Fatalf("removal: %d %s", got.Status, got.Body)
	}
	wantRefusal(t, s.join(employee(1)), http.StatusUnauthorized, "sso_failed")
	if !strings.Contains(s.Logs.String(), `"reason":"not_a_member"`) {
		t.Error("the log has no reason")
	}
	invited := s.Do("POST", "/api/v1/team/invitations", `{"email":"employee-1@corp.example.com"}`, s.owner)
	if invited.Status != http.StatusCreated {
		t.Fatalf("invite: %d %s", invited.Status, invited.Body)
	}
}

func TestSomebodyInAnotherTeamDoesNotJoin(t *testing.T) {
	t.Attr("case", "SSO54")
	t.Parallel()
	s := startTeam(t, 5)
	s.newTeam("boss@corp.example.com", 3, "other.example.com")
	ticket := s.join(person{"boss", "boss@corp.example.com", nil})
	wantRefusal(t, ticket, http.StatusUnauthorized, "link_required")
	wantRefusal(t, s.link(ticket.JSON(t)["ticket"].(string), "password", rightPassword), http.StatusConflict,
		"already_member")
	bearer(t, s.join(employee(1)))
	s.exec(`UPDATE team_members SET team_id = (SELECT team_id FROM sso_domains WHERE domain = 'other.example.com')
		WHERE user_id = (SELECT id FROM users WHERE email = 'employee-1@corp.example.com')`)
	wantRefusal(t, s.join(employee(1)), http.StatusConflict, "already_member")
}

func TestAnEmployeeWithAnAccountLinksItAndJoins(t *testing.T) {
	t.Attr("case", "SSO55")
	t.Parallel()
	s := startTeam(t, 2)
	owner := s.me(s.verified("employee-1@corp.example.com"))
	wantRefusal(t, s.redeem(s.arrive(employee(1))), http.StatusConflict, "email_taken")
	held := s.join(employee(1)) // a team's provider decides about addresses of its domains
	wantRefusal(t, held, http.StatusUnauthorized, "link_required")
	invited := s.Do("POST", "/api/v1/team/invitations", `{"email":"employee-1@corp.example.com"}`, s.owner)
	if invited.Status != http.StatusCreated {
		t.Fatalf("invite: %d %s", invited.Status, invited.Body)
	}
	member := bearer(t, s.link(held.JSON(t)["ticket"].(string), "password", rightPassword))
	me := s.me(member)
	if me["id"] != owner["id"] || me["tier"] != "team" {
		t.Errorf("profile %v", me)
	}
	team := s.Do("GET", "/api/v1/team", "", s.owner).JSON(t)
	if team["members"] != 2.0 || team["open_invitations"] != 0.0 {
		t.Errorf("the invitation kept its seat: %v", team)
	}
	wantRefusal(t, s.join(employee(2)), http.StatusConflict, "seats_exhausted")
}

// TestOneProviderSaysNothingAboutAnothersPeople has the operator's and two teams' provider be one issuer.
func TestOneProviderSaysNothingAboutAnothersPeople(t *testing.T) {
	t.Attr("case", "SSO56")
	t.Parallel()
	s := startTeam(t, 5)
	s.newTeam("boss@example.net", 5, "other.example.com")
	first := s.me(bearer(t, s.join(employee(1))))
	same := employee(1)
	got := s.redeem(s.arriveAt(s.microsoft, "microsoft", same)) // the operator's
	wantRefusal(t, got, http.StatusConflict, "email_taken")
	same.email = "employee-1@other.example.com"
	other := s.me(bearer(t, s.redeem(s.arriveAtTeam("a@other.example.com", same))))
	if other["id"] == first["id"] {
		t.Error("another team's provider signs in to the account")
	}
}

func TestRacingSignInsNeverExceedTheSeats(t *testing.T) {
	t.Attr("case", "SSO57")
	t.Parallel()
	s := startTeam(t, 4)
	replicas := []*ssoSite{s.ssoSite, s.another()}
	codes := make([]string, 12)
	for i := range codes {
		codes[i] = s.arriveAtTeam("a@corp.example.com", employee(i))
	}
	var running sync.WaitGroup
	got := make([]apitest.Response, len(codes))
	for i, code := range codes {
		running.Go(func() { got[i] = replicas[i%2].redeem(code) })
	}
	running.Wait()
	joined := 0
	for _, g := range got {
		if g.Status == http.StatusOK {
			joined++
		} else if g.Code() != "seats_exhausted" {
			t.Errorf("%d %s", g.Status, g.Body)
		}
	}
	team := s.Do("GET", "/api/v1/team", "", s.owner).JSON(t)
	if joined != 3 || team["members"] != 4.0 {
		t.Errorf("%d joined, the team is %v", joined, team)
	}
}
