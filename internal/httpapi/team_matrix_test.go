package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/adiuva/cloud-api/internal/tier"
	"github.com/adiuva/cloud-api/openapi"
)

// caller is somebody with a tier and a role in a team.
type caller struct {
	name string
	tier tier.Tier // that the account has in the end
	team bool      // whether it is in a team
}

// callers are every tier without a team, and every role of a team of four seats and five members. The owner of a lapsed
// team has no plan any more.
var callers = []caller{
	{"free", tier.Free, false}, {"pro", tier.Pro, false}, {"power", tier.Power, false},
	{"owner", tier.Team, true}, {"admin", tier.Team, true}, {"member", tier.Team, true},
	{"seatless", tier.Free, true}, {"lapsed", tier.Free, true},
}

// permission is what an operation asks of the caller. The zero value is for operations that every account may use.
type permission struct {
	body, path string
	from       tier.Tier         // the lowest tier that may
	public     bool              // asks for no account
	answers    map[string]string // of operations on teams: the code by caller, "" for success
}

// answers returns the codes of an operation on teams by caller. Those without a team get noTeam.
func answers(noTeam, owner, admin, member, lapsed string) map[string]string {
	return map[string]string{"free": noTeam, "pro": noTeam, "power": noTeam, "owner": owner, "admin": admin,
		"member": member, "seatless": member, "lapsed": lapsed}
}

// permissions is the product's matrix of tier, role and operation. A new operation needs a row.
func permissions(victim, guest string) map[string]permission {
	const none, role, owner = "not_found", "role_required", "owner_cannot_leave"
	public := permission{public: true}
	return map[string]permission{
		"register": public, "login": public, "refreshTokens": public, "listTiers": public, "getHealth": public,
		"receiveStripeEvent": public, "requestPasswordReset": public, "confirmPasswordReset": public,
		"logout": {}, "getMe": {}, "listSessions": {}, "endSession": {}, "listAuthEvents": {}, "exportAccount": {},
		"requestAccountDeletion":   {body: `{"password":"wrong password"}`},
		"changePassword":           {body: `{"current_password":"wrong password","new_password":"staple battery"}`},
		"requestEmailVerification": {},
		"confirmEmailVerification": {body: `{"code":"4711 0815"}`},
		"changeEmail":              {body: `{"email":"new@example.com","password":"wrong password"}`},
		"confirmEmailChange":       {body: `{"code":"4711 0815"}`},
		"chat":                     {body: `{"message":"what is overdue?"}`}, "streamChat": {},
		"chatBatch":      {body: `{"requests":[{"message":"what is overdue?"}]}`, from: tier.Pro},
		"compactHistory": {body: `{"conversation_history":[{"role":"user","content":"The offer is due."}]}`},
		"getUsage":       {}, "listAgents": {}, "listModels": {},
		"listPlaybooks": {}, "getPlaybook": {path: "/plans/playbook/meeting_preparation", from: tier.Pro},
		"runStep":   {body: `{"prompt_template":"tpl_standup","data":[{"title":"Call Anna"}]}`},
		"putBackup": {from: tier.Pro}, "getLatestBackup": {}, "headLatestBackup": {}, "listBackupHistory": {},
		"getBackup": {}, "headBackup": {}, "deleteBackup": {},
		"createCheckout": {body: `{"tier":"pro"}`}, "createPortal": {}, "getSubscription": {}, "cancelSubscription": {},
		"createKey": {body: `{"name":"k","scopes":["chat"]}`}, "listKeys": {}, "deleteKey": {},

		"loginWithSecondFactor": public, "startPasskeyLogin": public, "finishPasskeyLogin": public,
		"finishPasskeyRegistration": public, "getPasskeyOptions": public, "exchangePasskeyCode": public,
		"listSsoProviders": public, "startSso": public, "finishSso": public, "exchangeSsoCode": public,
		"linkSso": public, "requestSsoLinkCode": public,
		"getTotp": {}, "createTotp": {body: `{"password":"wrong password"}`},
		"confirmTotp":  {body: `{"code":"471108"}`},
		"deleteTotp":   {body: `{"password":"wrong password","code":"471108"}`},
		"listPasskeys": {}, "deletePasskey": {},
		"startPasskeyRegistration": {body: `{"password":"wrong password","name":"laptop"}`},

		"getTeam":              {answers: answers(none, "", "", "", "")},
		"updateTeam":           {body: `{"name":"Design"}`, answers: answers(none, "", "", role, "")},
		"listTeamMembers":      {answers: answers(none, "", "", "", "")},
		"setTeamRole":          {path: victim, body: `{"role":"admin"}`, answers: answers(none, "", role, role, none)},
		"removeTeamMember":     {path: victim, answers: answers(none, "", "", role, none)},
		"listTeamInvitations":  {answers: answers(none, "", "", role, "")},
		"revokeTeamInvitation": {path: guest, answers: answers(none, "", "", role, none)},
		"inviteTeamMember": {body: `{"email":"grace@example.com"}`,
			answers: answers(none, "seats_exhausted", "seats_exhausted", role, "tier_required")},
		"joinTeam": {body: `{"code":"K7QM2X 9TBH4W"}`,
			answers: answers("invitation_invalid", "invitation_invalid", "invitation_invalid", "invitation_invalid",
				"invitation_invalid")},
		"getTeamSso": {answers: answers(none, none, none, role, none)},
		"setTeamSso": {body: `{"issuer":"http://127.0.0.1:1","client_id":"c","client_secret":"s",` +
			`"domains":["example.com"]}`,
			answers: answers(none, "validation_failed", role, role, "tier_required")},
		"deleteTeamSso": {answers: answers(none, "", role, role, "")},
		"handOverTeam": {body: `{"user_id":"` + strings.TrimPrefix(victim, "/team/members/") +
			`","password":"` + rightPassword + `"}`, answers: answers(none, "", role, role, none)},
	}
}

// teamOfCallers makes the accounts of callers, and returns the paths of a member and of an invitation of the team.
func teamOfCallers(t *testing.T, a *api) (victim, guest string) {
	t.Helper()
	for _, c := range append(callers, caller{name: "victim"}) {
		a.Register(c.name + "@example.com")
		if !c.team && c.name != "victim" {
			check(t, a.Accounts.SetTier(t.Context(), c.name+"@example.com", c.tier, 1))
		}
	}
	for _, sql := range []string{
		"UPDATE users SET email_verified_at = now()",
		"UPDATE users SET tier = 'team', seats = 4 WHERE email = 'owner@example.com'",
		`INSERT INTO teams (id, owner_id, created_at)
		 SELECT id, id, now() FROM users WHERE email IN ('owner@example.com', 'lapsed@example.com')`,
	} {
		_, err := a.DB.Pool.Exec(t.Context(), sql)
		check(t, err)
	}
	resetTeam(t, a)
	id := a.Do("GET", "/api/v1/auth/me", "", signIn(t, a, "/api/v1/auth/login", "victim@example.com", "").bearer())
	return "/team/members/" + id.JSON(t)["id"].(string), "/team/invitations/" + id.JSON(t)["id"].(string)
}

// resetTeam makes the teams what callers says, with the members in the order of their seats.
func resetTeam(t *testing.T, a *api) {
	t.Helper()
	const owner, victim = "(SELECT id FROM users WHERE email = 'owner@example.com')",
		"(SELECT id FROM users WHERE email = 'victim@example.com')"
	statements := []string{"UPDATE teams SET owner_id = id, payer_id = NULL", "DELETE FROM team_members",
		"DELETE FROM team_invitations",
		`INSERT INTO team_members (user_id, team_id, role, joined_at)
		 SELECT id, id, 'admin', now() FROM users WHERE email = 'lapsed@example.com'`}
	for _, name := range []string{"owner", "admin", "member", "victim", "seatless"} {
		role := "member"
		if name == "owner" || name == "admin" {
			role = "admin"
		}
		statements = append(statements, fmt.Sprintf(`INSERT INTO team_members (user_id, team_id, role, joined_at)
			SELECT id, %s, '%s', now() FROM users WHERE email = '%s@example.com'`, owner, role, name))
	}
	statements = append(statements, fmt.Sprintf(`INSERT INTO team_invitations
		(id, team_id, email, created_at, expires_at)
		VALUES (%s, %s, 'guest@example.com', now(), now() + interval '7 days')`, victim, owner))
	for _, sql := range statements {
		_, err := a.DB.Pool.Exec(t.Context(), sql)
		check(t, err)
	}
}

// TestMatrixOfTierRoleAndOperation tries every operation of the contract as every tier and role.
func TestMatrixOfTierRoleAndOperation(t *testing.T) {
	t.Attr("case", "T22")
	t.Parallel()
	a := start(t, nil)
	victim, guest := teamOfCallers(t, a)
	rows := permissions(victim, guest)
	doc, err := openapi3.NewLoader().LoadFromData(openapi.Document)
	check(t, err)
	seen := 0
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			row, known := rows[op.OperationID]
			if !known {
				t.Errorf("%s has no row in permissions", op.OperationID)
				continue
			}
			seen++
			if isPublic := op.Security != nil && len(*op.Security) == 0; isPublic != row.public {
				t.Errorf("%s: public %v in the contract, %v here", op.OperationID, isPublic, row.public)
			}
			if row.public {
				continue
			}
			if row.path == "" {
				row.path = strings.NewReplacer("{id}", unknownID, "{backup_id}", unknownID).Replace(path)
			}
			for _, c := range callers {
				tryAs(t, a, c, op.OperationID, method, row)
			}
		}
	}
	if seen != len(rows) {
		t.Errorf("permissions has %d rows, the contract %d of them", len(rows), seen)
	}
}

const unknownID = "0199a3f2-7c1e-7b41-9d55-5f0f2c6b8a11"

// tryAs calls the operation as the caller, on teams as resetTeam leaves them.
func tryAs(t *testing.T, a *api, c caller, operation, method string, row permission) {
	t.Helper()
	resetTeam(t, a)
	headers := signIn(t, a, "/api/v1/auth/login", c.name+"@example.com", "").bearer()
	if me := a.Do("GET", "/api/v1/auth/me", "", headers).JSON(t); me["tier"] != string(c.tier) {
		t.Fatalf("%s has the tier %v", c.name, me["tier"])
	}
	if operation == "putBackup" {
		headers = headers.With("X-Backup-Version", "1").With("X-Backup-Timestamp", "1767225600000").
			With("X-Backup-Checksum", strings.Repeat("0", 64)).With("Content-Type", "application/octet-stream")
		row.body = "x"
	}
	got := a.Do(method, "/api/v1"+row.path, row.body, headers)
	code, succeeded := got.Code(), got.Status < http.StatusBadRequest
	if method == http.MethodHead {
		code = ""
	}
	switch {
	case row.answers != nil:
		if want := row.answers[c.name]; code != want || succeeded != (want == "") {
			t.Errorf("%s as %s: %d %s, want %q", operation, c.name, got.Status, got.Body, want)
		}
	case row.from.Rank() > c.tier.Rank():
		if code != "tier_required" {
			t.Errorf("%s as %s: %d %s, want tier_required", operation, c.name, got.Status, got.Body)
		}
	case code == "tier_required" || code == "role_required" || code == "validation_failed" ||
		got.Status == http.StatusUnauthorized || got.Status >= http.StatusInternalServerError:
		t.Errorf("%s as %s: %d %s", operation, c.name, got.Status, got.Body)
	}
}

// TestPreflightAllowsEveryMethodOfTheContract shows that browsers may call every operation.
func TestPreflightAllowsEveryMethodOfTheContract(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	doc, err := openapi3.NewLoader().LoadFromData(openapi.Document)
	check(t, err)
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			got := a.Do("OPTIONS", "/api/v1"+path, "", header{"Origin": "app://adiuva",
				"Access-Control-Request-Method": method})
			if allowed := got.Header.Get("Access-Control-Allow-Methods"); !strings.Contains(allowed, method) {
				t.Errorf("%s %s: %d, allowed are %s", method, path, got.Status, allowed)
			}
		}
	}
}
