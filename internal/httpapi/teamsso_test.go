package httpapi_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/adiuva/cloud-api/internal/config"
	"github.com/adiuva/cloud-api/internal/testing/apitest"
	"github.com/adiuva/cloud-api/internal/testing/dnstest"
	"github.com/adiuva/cloud-api/internal/testing/pgtest"
)

// company is a service with a team, an issuer that answers discovery, and a name server.
type company struct {
	*api
	names         *dnstest.Server
	clock         *apitest.Clock
	issuer        string
	owner, member header
}

func newCompany(t *testing.T) company {
	t.Helper()
	c := company{names: dnstest.New(t), clock: apitest.NewClock(), issuer: newDiscovery(t)}
	c.api = &api{apitest.StartReplica(t, apitest.Replica{
		Config: apitest.Config(t), DB: pgtest.New(t), Now: c.clock.Now, Resolver: c.names.Resolver(),
	}, nil)}
	c.owner = c.newTeam(t, "owner@corp.example.com")
	c.member = c.newMember(t, "member@corp.example.com", c.owner)
	return c
}

// newTeam registers an owner of a team with four seats.
func (c company) newTeam(t *testing.T, email string) header {
	t.Helper()
	owner := c.Register(email)
	c.exec(t, "UPDATE users SET tier = 'team', seats = 4, email_verified_at = now() WHERE email = $1", email)
	c.Accounts.Forget(c.id(t, email))
	if got := c.Do("GET", "/api/v1/team", "", owner); got.Status != http.StatusOK {
		t.Fatalf("no team: %s", got.Body)
	}
	return owner
}

// newMember registers a member of the owner's team.
func (c company) newMember(t *testing.T, email string, owner header) header {
	t.Helper()
	member := c.Register(email)
	team := c.Do("GET", "/api/v1/team", "", owner).JSON(t)["id"]
	c.exec(t, `INSERT INTO team_members (user_id, team_id, role, joined_at)
		SELECT id, $1, 'member', now() FROM users WHERE email = $2`, team, email)
	c.Accounts.Forget(c.id(t, email))
	return member
}

// newDiscovery returns the name of an issuer that has a discovery document and a key set.
func newDiscovery(t *testing.T) string {
	t.Helper()
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"issuer":"` + server.URL + `","authorization_endpoint":"` + server.URL +
			`/authorize","token_endpoint":"` + server.URL + `/token","jwks_uri":"` + server.URL +
			`/keys","response_types_supported":["code"],"id_token_signing_alg_values_supported":["RS256"]}`))
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"1","use":"sig","alg":"EdDSA",` +
			`"x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`))
	})
	return server.URL
}

// id returns the id of an account.
func (c company) id(t *testing.T, email string) uuid.UUID {
	t.Helper()
	id, err := c.Accounts.AccountID(t.Context(), email)
	check(t, err)
	return id
}

func (c company) exec(t *testing.T, sql string, args ...any) {
	t.Helper()
	_, err := c.DB.Pool.Exec(t.Context(), sql, args...)
	check(t, err)
}

// set puts the issuer with the domains, and returns the answer.
func (c company) set(owner header, required bool, domains ...string) answer {
	flag := "false"
	if required {
		flag = "true"
	}
	return c.Do("PUT", "/api/v1/team/sso", `{"issuer":"`+c.issuer+`","client_id":"adiuva",`+
		`"client_secret":"s3cret-of-ours","domains":["`+strings.Join(domains, `","`)+`"],"required":`+flag+`}`, owner)
}

// prove puts the record of the team's first domain into the name server.
func (c company) prove(t *testing.T, owner header) {
	t.Helper()
	domain := domainsOf(t, c.Do("GET", "/api/v1/team/sso", "", owner))[0]
	c.names.SetTXT(domain["record"].(string), "v=spf1 -all", domain["token"].(string))
}

func domainsOf(t *testing.T, r answer) (domains []map[string]any) {
	t.Helper()
	if r.Status != http.StatusOK {
		t.Fatalf("%d %s", r.Status, r.Body)
	}
	for _, d := range r.JSON(t)["domains"].([]any) {
		domains = append(domains, d.(map[string]any))
	}
	return domains
}

func state(t *testing.T, r answer) string {
	t.Helper()
	return domainsOf(t, r)[0]["state"].(string)
}

func TestDomainCountsOnceItsRecordHoldsTheToken(t *testing.T) {
	t.Attr("case", "SSO31")
	t.Parallel()
	c := newCompany(t)
	if got := state(t, c.set(c.owner, false, "Corp.Example.com.")); got != "pending" {
		t.Fatalf("without a record the domain is %s", got)
	}
	c.prove(t, c.owner)
	if got := state(t, c.set(c.owner, false, "corp.example.com")); got != "proved" {
		t.Errorf("with the record the domain is %s", got)
	}
	if _, found, err := c.Connections.OfDomain(t.Context(), "corp.example.com"); err != nil || !found {
		t.Errorf("the domain leads to no provider: %v", err)
	}
	for _, other := range []string{"example.com", "sub.corp.example.com", "xcorp.example.com"} {
		if _, found, err := c.Connections.OfDomain(t.Context(), other); err != nil || found {
			t.Errorf("%s leads to the team's provider (%v)", other, err)
		}
	}
}

func TestWithdrawnRecordEndsTheProofAndABrokenNameServerDoesNot(t *testing.T) {
	t.Attr("case", "SSO32")
	t.Parallel()
	c := newCompany(t)
	c.set(c.owner, false, "corp.example.com")
	c.prove(t, c.owner)
	check(t, c.Connections.Prove(t.Context()))
	c.clock.Advance(10 * time.Minute)
	check(t, c.Connections.Prove(t.Context()))
	now := func() string { return state(t, c.Do("GET", "/api/v1/team/sso", "", c.owner)) }
	if got := now(); got != "proved" {
		t.Fatalf("the worker left the domain %s", got)
	}
	c.names.Break(true)
	c.clock.Advance(25 * time.Hour)
	c.owner = c.again(t, "owner@corp.example.com")
	check(t, c.Connections.Prove(t.Context()))
	if got := now(); got != "proved" {
		t.Errorf("while nobody knows, the domain is %s", got)
	}
	c.names.Break(false)
	c.names.SetTXT("_adiuva.corp.example.com", "another text")
	c.clock.Advance(11 * time.Minute)
	check(t, c.Connections.Prove(t.Context()))
	if got := now(); got != "pending" {
		t.Errorf("after its record was withdrawn, the domain is %s", got)
	}
}

// again signs in anew.
func (c company) again(t *testing.T, email string) header {
	t.Helper()
	return signIn(t, c.api, "/api/v1/auth/login", email, "").bearer()
}

func TestOneTeamProvesADomain(t *testing.T) {
	t.Attr("case", "SSO33")
	t.Parallel()
	c := newCompany(t)
	c.set(c.owner, false, "corp.example.com")
	c.prove(t, c.owner)
	c.set(c.owner, false, "corp.example.com")
	other := c.newTeam(t, "owner@other.example.com")
	if got := state(t, c.set(other, false, "corp.example.com")); got != "taken" {
		t.Errorf("another team's domain is %s", got)
	}
	record := domainsOf(t, c.Do("GET", "/api/v1/team/sso", "", c.owner))[0]["token"].(string)
	foreign := domainsOf(t, c.Do("GET", "/api/v1/team/sso", "", other))[0]["token"].(string)
	if record == foreign {
		t.Error("two teams have the same token")
	}
	c.names.SetTXT("_adiuva.corp.example.com", record, foreign)
	if got := state(t, c.set(other, false, "corp.example.com")); got != "taken" {
		t.Errorf("with both records the later team's domain is %s", got)
	}
}

func TestDomainsThatNobodyCanProve(t *testing.T) {
	t.Attr("case", "SSO34")
	t.Parallel()
	c := newCompany(t)
	for _, domain := range []string{"com", "co.uk", "127.0.0.1", "localhost", "аpple.com", "a b.com", "github.io"} {
		got := c.set(c.owner, false, "corp.example.com", domain)
		if got.Status != http.StatusUnprocessableEntity || !strings.Contains(string(got.Body), "/domains/1") {
			t.Errorf("%s: %d %s", domain, got.Status, got.Body)
		}
	}
}

func TestIssuersThatDoNotAnswerAsOne(t *testing.T) {
	t.Attr("case", "SSO35")
	t.Parallel()
	c := newCompany(t)
	c.names.Set("inside.example.com", "10.0.0.7")
	c.names.Set("metadata.example.com", "169.254.169.254")
	other := newDiscovery(t)
	for _, issuer := range []string{
		"https://inside.example.com", "https://metadata.example.com", "https://nowhere.example.com", "http://10.1.2.3",
		other + "/", "ftp://example.com", "https://user@example.com", "file:///etc/passwd",
	} {
		c.issuer = issuer
		got := c.set(c.owner, false, "corp.example.com")
		if got.Status != http.StatusUnprocessableEntity || !strings.Contains(string(got.Body), "/issuer") {
			t.Errorf("%s: %d %s", issuer, got.Status, got.Body)
		}
	}
	if !strings.Contains(c.Logs.String(), `"reason":"address_not_public"`) {
		t.Error("the log has no reason")
	}
}

func TestClientSecretIsNeverShown(t *testing.T) {
	t.Attr("case", "SSO36")
	t.Parallel()
	c := newCompany(t)
	c.set(c.owner, false, "corp.example.com")
	shown := string(c.Do("GET", "/api/v1/team/sso", "", c.owner).Body) + c.Logs.String()
	if strings.Contains(shown, "s3cret-of-ours") {
		t.Error("an answer or the log has the client's secret")
	}
	var sealed []byte
	check(t, c.DB.Pool.QueryRow(t.Context(), "SELECT client_secret FROM sso_connections").Scan(&sealed))
	if strings.Contains(string(sealed), "s3cret") {
		t.Error("the database has the client's secret")
	}
	without := `{"issuer":"` + c.issuer + `","client_id":"adiuva","domains":["corp.example.com"]}`
	if got := c.Do("PUT", "/api/v1/team/sso", without, c.owner); got.Status != http.StatusOK {
		t.Errorf("the present secret is not kept: %s", got.Body)
	}
	another := strings.Replace(without, `"adiuva"`, `"other"`, 1)
	got := c.Do("PUT", "/api/v1/team/sso", another, c.owner)
	if got.Status != http.StatusUnprocessableEntity || !strings.Contains(string(got.Body), "/client_secret") {
		t.Errorf("another client keeps the secret: %d %s", got.Status, got.Body)
	}
}

func TestRequiredEndsOtherSessionsAndRefusesPasswords(t *testing.T) {
	t.Attr("case", "SSO37")
	t.Parallel()
	c := newCompany(t)
	guest := c.newMember(t, "guest@elsewhere.example.com", c.owner)
	c.set(c.owner, true, "corp.example.com")
	me := func(as header) string { return c.Do("GET", "/api/v1/auth/me", "", as).Code() }
	if got := me(c.member); got != "" {
		t.Fatalf("before the domain is proved the member is refused: %s", got)
	}
	c.prove(t, c.owner)
	c.set(c.owner, true, "corp.example.com")
	if got := me(c.member); got != "token_invalid" {
		t.Errorf("the member's password session: %q", got)
	}
	if got := me(c.owner); got != "" {
		t.Errorf("the owner is refused: %s", got)
	}
	if got := me(guest); got != "" {
		t.Errorf("a member with another domain is refused: %s", got)
	}
	login := func(email, password string) string {
		return c.Do("POST", "/api/v1/auth/login", `{"email":"`+email+`","password":"`+password+`"}`, nil).Code()
	}
	if got := login("member@corp.example.com", rightPassword); got != "sso_required" {
		t.Errorf("the member's password: %q", got)
	}
	if got := login("member@corp.example.com", "wrong password"); got != "invalid_credentials" {
		t.Errorf("a stranger learns that the address has a provider: %q", got)
	}
	if got := login("owner@corp.example.com", rightPassword); got != "" {
		t.Errorf("the owner's password: %q", got)
	}
	c.exec(t, "UPDATE users SET tier = 'free', seats = 1 WHERE email = 'owner@corp.example.com'")
	if got := login("member@corp.example.com", rightPassword); got != "" {
		t.Errorf("after the end of the plan the member is locked out: %q", got)
	}
}

func TestOtherReplicaEndsSessionsWithinTenSeconds(t *testing.T) {
	t.Attr("case", "SSO38")
	t.Parallel()
	c := newCompany(t)
	other := apitest.StartReplica(t, apitest.Replica{
		Config: apitest.Config(t), DB: c.DB, Now: c.clock.Now, Resolver: c.names.Resolver(),
	}, nil)
	if got := other.Do("GET", "/api/v1/auth/me", "", c.member); got.Status != http.StatusOK {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	c.set(c.owner, true, "corp.example.com")
	c.prove(t, c.owner)
	c.set(c.owner, true, "corp.example.com")
	c.clock.Advance(10 * time.Second)
	if got := other.Do("GET", "/api/v1/auth/me", "", c.member).Code(); got != "token_invalid" {
		t.Errorf("ten seconds later the other replica answers %q", got)
	}
}

func TestOwnerAloneChangesTheProvider(t *testing.T) {
	t.Attr("case", "SSO39")
	t.Parallel()
	c := newCompany(t)
	c.set(c.owner, false, "corp.example.com")
	for name, as := range map[string]header{"member": c.member, "admin": c.admin(t)} {
		if got := c.set(as, false, "evil.example.com").Code(); got != "role_required" {
			t.Errorf("PUT by a %s: %q", name, got)
		}
		if got := c.Do("DELETE", "/api/v1/team/sso", "", as).Code(); got != "role_required" {
			t.Errorf("DELETE by a %s: %q", name, got)
		}
	}
	if got := c.Do("GET", "/api/v1/team/sso", "", c.member).Code(); got != "role_required" {
		t.Errorf("GET by a member: %q", got)
	}
	for range 2 {
		if got := c.Do("DELETE", "/api/v1/team/sso", "", c.owner); got.Status != http.StatusOK {
			t.Errorf("DELETE by the owner: %s", got.Body)
		}
	}
	if got := c.Do("GET", "/api/v1/team/sso", "", c.owner).Code(); got != "not_found" {
		t.Errorf("after DELETE: %q", got)
	}
	events := string(c.Do("GET", "/api/v1/auth/events", "", c.owner).Body)
	if !strings.Contains(events, `"team_sso_changed"`) || !strings.Contains(events, `"team_sso_removed"`) {
		t.Errorf("the owner's events are %s", events)
	}
}

// admin registers an admin of the team.
func (c company) admin(t *testing.T) header {
	t.Helper()
	admin := c.newMember(t, "admin@corp.example.com", c.owner)
	c.exec(t, `UPDATE team_members SET role = 'admin'
		WHERE user_id = (SELECT id FROM users WHERE email = 'admin@corp.example.com')`)
	return admin
}

func TestClientSecretsAreSealedWithTheNewestKey(t *testing.T) {
	t.Attr("case", "SSO40")
	t.Parallel()
	c := newCompany(t)
	c.set(c.owner, false, "corp.example.com")
	c.prove(t, c.owner)
	c.set(c.owner, false, "corp.example.com")
	rotated := apitest.Config(t)
	older := rotated.SecretsKey
	rotated.SecretsKey, rotated.SecretsPreviousKeys = config.NewSecret(strings.Repeat("n", 32)), []config.Secret{older}
	replica := apitest.StartReplica(t, apitest.Replica{Config: rotated, DB: c.DB, Now: c.clock.Now}, nil)
	check(t, replica.Connections.Reseal(t.Context()))
	rotated.SecretsPreviousKeys = nil
	without := apitest.StartReplica(t, apitest.Replica{Config: rotated, DB: c.DB, Now: c.clock.Now}, nil)
	found, _, err := without.Connections.OfDomain(t.Context(), "corp.example.com")
	if err != nil || found.Provider.ClientSecret != "s3cret-of-ours" {
		t.Errorf("the secret does not open with the new key alone: %v", err)
	}
}

func TestRequiredProviderRefusesResetsByMail(t *testing.T) {
	t.Attr("case", "SSO41")
	t.Parallel()
	c := newCompany(t)
	c.set(c.owner, true, "corp.example.com")
	c.prove(t, c.owner)
	c.set(c.owner, true, "corp.example.com")
	lastCode(t, c.API, "member@corp.example.com") // of the registration
	handle := startReset(t, c.API, "member@corp.example.com")
	code := lastCode(t, c.API, "member@corp.example.com")
	const confirm, next = "/api/v1/auth/password/reset/confirm", "staple battery horse"
	if got := c.Do("POST", confirm, resetBody(handle, code, next), nil).Code(); got != "sso_required" {
		t.Errorf("the reset: %q", got)
	}
	if got := c.Do("DELETE", "/api/v1/team/sso", "", c.owner); got.Status != http.StatusOK {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	if got := c.Do("POST", confirm, resetBody(handle, code, next), nil); got.Status != http.StatusOK {
		t.Errorf("the code is spent: %d %s", got.Status, got.Body)
	}
}
