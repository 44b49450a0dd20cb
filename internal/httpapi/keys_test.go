package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/adiuva/cloud-api/internal/testing/apitest"
	"github.com/adiuva/cloud-api/internal/testing/pgtest"
	"github.com/adiuva/cloud-api/openapi"
)

// createdKey is the answer of POST /keys.
type createdKey struct {
	ID  string `json:"id"`
	Key string `json:"key"`
}

func (k createdKey) header() header { return header{"Authorization": "Bearer " + k.Key} }

func createKey(t *testing.T, a *api, owner header, scopes ...string) createdKey {
	t.Helper()
	return createExpiringKey(t, a, owner, time.Time{}, scopes...)
}

func createExpiringKey(t *testing.T, a *api, owner header, expires time.Time, scopes ...string) createdKey {
	t.Helper()
	body := map[string]any{"name": "test", "scopes": scopes}
	if !expires.IsZero() {
		body["expires_at"] = expires.UnixMilli()
	}
	text, err := json.Marshal(body)
	check(t, err)
	got := a.Do("POST", "/api/v1/keys", string(text), owner)
	var key createdKey
	if err := json.Unmarshal(got.Body, &key); err != nil || got.Status != http.StatusCreated || key.Key == "" {
		t.Fatalf("POST /keys: %d %s", got.Status, got.Body)
	}
	return key
}

// scopeOf is what an API key needs for each operation: the promise to integrators, apart from the contract that the
// server reads. "" stands for operations that need no token. A new operation needs a row.
var scopeOf = map[string]string{
	"register": "", "login": "", "refreshTokens": "", "listTiers": "", "receiveStripeEvent": "", "getHealth": "",
	"chat": "chat", "streamChat": "chat", "chatBatch": "chat", "compactHistory": "chat", "listModels": "chat",
	"listPlaybooks": "plans", "getPlaybook": "plans", "runStep": "plans", "listAgents": "agents",
	"getLatestBackup": "backup:read", "headLatestBackup": "backup:read", "listBackupHistory": "backup:read",
	"getBackup": "backup:read", "headBackup": "backup:read", "putBackup": "backup:write",
	"deleteBackup": "backup:write", "getUsage": "usage:read", "getMe": "profile:read",
	"logout": "none", "requestAccountDeletion": "none", "changePassword": "none", "listSessions": "none",
	"endSession": "none", "listAuthEvents": "none", "exportAccount": "none", "createKey": "none", "listKeys": "none",
	"deleteKey": "none", "createCheckout": "none", "createPortal": "none", "getSubscription": "none",
	"cancelSubscription": "none", "requestPasswordReset": "", "confirmPasswordReset": "",
	"requestEmailVerification": "none", "confirmEmailVerification": "none", "changeEmail": "none",
	"confirmEmailChange": "none", "loginWithSecondFactor": "", "getTotp": "none", "createTotp": "none",
	"confirmTotp": "none", "deleteTotp": "none", "listPasskeys": "none", "deletePasskey": "none",
	"startPasskeyRegistration": "none", "finishPasskeyRegistration": "", "startPasskeyLogin": "",
	"finishPasskeyLogin": "", "getPasskeyOptions": "", "exchangePasskeyCode": "",
	"listSsoProviders": "", "startSso": "", "finishSso": "", "exchangeSsoCode": "", "linkSso": "",
	"requestSsoLinkCode": "", "getTeamSso": "none", "setTeamSso": "none", "deleteTeamSso": "none",
	"getTeam": "none", "updateTeam": "none", "listTeamMembers": "none", "setTeamRole": "none",
	"removeTeamMember": "none", "listTeamInvitations": "none", "inviteTeamMember": "none",
	"revokeTeamInvitation": "none", "joinTeam": "none", "handOverTeam": "none",
}

func TestEveryOperationAcceptsExactlyTheKeysOfItsScope(t *testing.T) {
	t.Attr("case", "K21")
	t.Attr("case", "K01")
	t.Parallel()
	a := start(t, nil)
	owner := a.Register("anna@example.com")
	doc, err := openapi3.NewLoader().LoadFromData(openapi.Document)
	check(t, err)
	keys := map[string]createdKey{}
	for _, scope := range doc.Components.Schemas["KeyScope"].Value.Enum {
		keys[scope.(string)] = createKey(t, a, owner, scope.(string))
	}
	seen := 0
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			want, known := scopeOf[op.OperationID]
			if !known {
				t.Errorf("%s has no row in scopeOf", op.OperationID)
				continue
			}
			seen++
			policy, err := openapi.PolicyOf(op)
			check(t, err)
			if policy.Scope != want {
				t.Errorf("%s: the contract says scope %q, want %q", op.OperationID, policy.Scope, want)
			}
			if want == "" {
				continue
			}
			for scope, key := range keys {
				t.Run(op.OperationID+"/"+scope, func(t *testing.T) { tryScope(t, a, method, path, key, scope, want) })
			}
		}
	}
	if seen != len(scopeOf) {
		t.Errorf("scopeOf has %d rows, the contract has %d of them", len(scopeOf), seen)
	}
	for scope := range keys {
		if !slices.Contains(slices.Collect(valuesOf(scopeOf)), scope) {
			t.Errorf("no operation needs %s", scope)
		}
	}
	if got := a.Do("GET", "/api/v1/auth/sessions", "", owner); got.Status != http.StatusOK {
		t.Errorf("the owner's session: %d %s", got.Status, got.Body) // no key logged anybody out
	}
}

// tryScope sends a request with a key that has only this scope.
func tryScope(t *testing.T, a *api, method, path string, key createdKey, scope, want string) {
	for _, name := range []string{"{id}", "{plan_id}", "{backup_id}", "{user_id}"} {
		path = strings.ReplaceAll(path, name, "0199a3f2-7c1e-7b41-9d55-5f0f2c6b8a11")
	}
	got := a.Do(method, "/api/v1"+path, "{}", key.header())
	if scope == want {
		if got.Status == http.StatusUnauthorized ||
			got.Status == http.StatusForbidden && got.Code() != "tier_required" {
			t.Errorf("with the scope: %d %s", got.Status, got.Body)
		}
		return
	}
	if got.Status != http.StatusForbidden {
		t.Errorf("without the scope: %d %s", got.Status, got.Body)
	}
	if method == http.MethodHead {
		return
	}
	if got.Code() != "scope_required" || got.JSON(t)["required_scope"] != want {
		t.Errorf("want scope_required that names %s: %s", want, got.Body)
	}
}

func valuesOf(m map[string]string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for _, v := range m {
			if !yield(v) {
				return
			}
		}
	}
}

func TestRevokedKeyIsRefusedOnEveryReplicaWithin10Seconds(t *testing.T) {
	t.Attr("case", "K20")
	t.Attr("case", "K02")
	t.Parallel()
	shared, clock := pgtest.New(t), apitest.NewClock()
	replica := func() *api {
		return &api{apitest.StartReplica(t,
			apitest.Replica{Config: apitest.Config(t), DB: shared, Now: clock.Now}, nil)}
	}
	one, two := replica(), replica()
	owner := one.Register("anna@example.com")
	key := createKey(t, one, owner, "profile:read", "backup:write")
	for _, a := range []*api{one, two} {
		if got := a.Do("GET", "/api/v1/auth/me", "", key.header()); got.Status != http.StatusOK {
			t.Fatalf("%d %s", got.Status, got.Body)
		}
	}
	for range 2 {
		if got := one.Do("DELETE", "/api/v1/keys/"+key.ID, "", owner); got.Status != http.StatusOK {
			t.Errorf("revocation: %d %s", got.Status, got.Body)
		}
	}
	if got := one.Do("GET", "/api/v1/auth/me", "", key.header()); got.Code() != "token_invalid" {
		t.Errorf("on the replica that revoked it: %d %s", got.Status, got.Body)
	}
	write := two.Do("DELETE", "/api/v1/backup/0199a3f2-7c1e-7b41-9d55-5f0f2c6b8a11", "", key.header())
	if write.Code() != "token_invalid" {
		t.Errorf("a write elsewhere: %d %s", write.Status, write.Body)
	}
	clock.Advance(10 * time.Second)
	if got := two.Do("GET", "/api/v1/auth/me", "", key.header()); got.Code() != "token_invalid" {
		t.Errorf("elsewhere after 10 s: %d %s", got.Status, got.Body)
	}
}

func TestWhatEndsKeys(t *testing.T) {
	t.Attr("case", "K19")
	t.Attr("case", "K03")
	t.Parallel()
	a := start(t, nil)
	owner := a.Register("anna@example.com")
	key := createKey(t, a, owner, "profile:read")
	want := func(code string) {
		t.Helper()
		if got := a.Do("GET", "/api/v1/auth/me", "", key.header()); got.Code() != code {
			t.Errorf("got %d %s, want %q", got.Status, got.Body, code)
		}
	}
	change := `{"current_password":"correct horse battery","new_password":"staple battery horse"}`
	if got := a.Do("PUT", "/api/v1/auth/password", change, owner); got.Status != http.StatusOK {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	want("") // a changed password leaves keys
	if got := a.Do("POST", "/api/v1/auth/logout?keys=true", "", owner); got.Code() != "validation_failed" {
		t.Errorf("keys=true alone: %d %s", got.Status, got.Body)
	}
	if got := a.Do("POST", "/api/v1/auth/logout?all=true", "", owner); got.Status != http.StatusOK {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	want("") // so does logging out of all sessions, without keys=true
	again := a.Do("POST", "/api/v1/auth/login", `{"email":"anna@example.com","password":"staple battery horse"}`, nil)
	owner = header{"Authorization": "Bearer " + again.JSON(t)["access_token"].(string)}
	if got := a.Do("POST", "/api/v1/auth/logout?all=true&keys=true", "", owner); got.Status != http.StatusOK {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	want("token_invalid")

	bob := a.Register("bob@example.com")
	key = createKey(t, a, bob, "profile:read")
	want("")
	deletion := `{"password":"correct horse battery"}`
	if got := a.Do("POST", "/api/v1/auth/me/deletion", deletion, bob); got.Status != http.StatusAccepted {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	want("token_invalid")
}

func TestExpiredKeyIsRefused(t *testing.T) {
	t.Attr("case", "K04")
	t.Parallel()
	clock := apitest.NewClock()
	a := &api{apitest.StartReplica(t,
		apitest.Replica{Config: apitest.Config(t), DB: pgtest.New(t), Now: clock.Now}, nil)}
	owner := a.Register("anna@example.com")
	key := createExpiringKey(t, a, owner, clock.Now().Add(time.Minute), "profile:read")
	if got := a.Do("GET", "/api/v1/auth/me", "", key.header()); got.Status != http.StatusOK {
		t.Errorf("before: %d %s", got.Status, got.Body)
	}
	clock.Advance(time.Minute)
	got := a.Do("GET", "/api/v1/auth/me", "", key.header())
	if got.Status != http.StatusUnauthorized || got.Code() != "key_expired" ||
		got.Header.Get("WWW-Authenticate") != `Bearer error="invalid_token"` {
		t.Errorf("after: %d %s", got.Status, got.Body)
	}
	late := fmt.Sprintf(`{"name":"late","scopes":["chat"],"expires_at":%d}`, clock.Now().UnixMilli())
	if got := a.Do("POST", "/api/v1/keys", late, owner); got.Code() != "validation_failed" {
		t.Errorf("a key that has expired already: %d %s", got.Status, got.Body)
	}
}

func TestKeyInTheURLIsRefused(t *testing.T) {
	t.Attr("case", "K05")
	t.Parallel()
	a := start(t, nil)
	owner := a.Register("anna@example.com")
	key := createKey(t, a, owner, "profile:read", "chat", "backup:read")
	for _, path := range []string{
		"/auth/me?api_key=" + key.Key, "/auth/me?x=" + key.Key, "/auth/sessions?limit=" + key.Key, "/backup/" + key.Key,
		"/chat/stream?key=" + key.Key, "/chat/stream?x=" + key.Key,
	} {
		for name, headers := range map[string]header{"alone": nil, "beside a token": owner, "twice": key.header()} {
			if got := a.Do("GET", "/api/v1"+path, "", headers); got.Code() != "token_in_url" {
				t.Errorf("%s %s: %d %s", strings.ReplaceAll(path, key.Key, "KEY"), name, got.Status, got.Code())
			}
		}
	}
	if strings.Contains(a.Logs.String(), key.Key) {
		t.Error("the key is in the log")
	}
}

func TestMalformedKeysAreRefused(t *testing.T) {
	t.Attr("case", "K06")
	t.Parallel()
	a := start(t, nil)
	key := createKey(t, a, a.Register("anna@example.com"), "profile:read").Key
	last := "0"
	if strings.HasSuffix(key, "0") {
		last = "1"
	}
	for _, wrong := range []string{
		"adv_", key[:len(key)-1], key + "0", key[:len(key)-1] + last, strings.ToUpper(key), "ADV_" + key[4:],
		"adv_" + strings.Repeat("0", 40), key + " " + key, key[:20] + "-" + key[21:],
	} {
		got := a.Do("GET", "/api/v1/auth/me", "", header{"Authorization": "Bearer " + wrong})
		if got.Status != http.StatusUnauthorized || got.Code() != "token_invalid" {
			t.Errorf("%q: %d %s", wrong, got.Status, got.Body)
		}
	}
}

func TestKeyHasHalfOfTheAccountsLimit(t *testing.T) {
	t.Attr("case", "K07")
	t.Parallel()
	a := start(t, nil, apitest.WithRateLimits(t))
	owner := a.Register("anna@example.com")
	one, two := createKey(t, a, owner, "profile:read"), createKey(t, a, owner, "profile:read") // 2 of 20 requests
	for n := range 10 {
		got := a.Do("GET", "/api/v1/auth/me", "", one.header())
		want := fmt.Sprintf(`"key";r=%d;`, min(9-n, 20-3-n))
		if got.Status != http.StatusOK || got.Header.Get("RateLimit-Policy") != `"key";q=10;w=60` ||
			!strings.HasPrefix(got.Header.Get("RateLimit"), want) {
			t.Fatalf("%d: %d, %q, %q, want %q", n, got.Status, got.Header.Get("RateLimit-Policy"),
				got.Header.Get("RateLimit"), want)
		}
	}
	if got := a.Do("GET", "/api/v1/auth/me", "", one.header()); got.Code() != "rate_limited" {
		t.Errorf("the eleventh request: %d %s", got.Status, got.Body)
	}
	for range 8 { // the rest of the account's 20
		if got := a.Do("GET", "/api/v1/auth/me", "", two.header()); got.Status != http.StatusOK {
			t.Fatalf("the other key: %d %s", got.Status, got.Body)
		}
	}
	if got := a.Do("GET", "/api/v1/auth/me", "", two.header()); got.Code() != "rate_limited" {
		t.Errorf("beyond the account's limit: %d %s", got.Status, got.Body)
	}
}

func TestGuessesOfKeysHoldUpNoKnownKey(t *testing.T) {
	t.Attr("case", "K08")
	t.Parallel()
	a := start(t, nil, apitest.WithRateLimits(t))
	owner := a.Register("anna@example.com")
	key := createKey(t, a, owner, "profile:read")
	me := func(token string) answer {
		return a.Do("GET", "/api/v1/auth/me", "", header{"Authorization": "Bearer " + token})
	}
	if got := me(key.Key); got.Status != http.StatusOK {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	guess := "adv_" + strings.Repeat("0", 40)
	for range 300 {
		if got := me(guess); got.Status != http.StatusUnauthorized {
			t.Fatalf("a guess: %d %s", got.Status, got.Body)
		}
	}
	if got := me(guess); got.Status != http.StatusTooManyRequests || got.Header.Get("Retry-After") == "" {
		t.Errorf("guess 301: %d %s", got.Status, got.Body)
	}
	if got := me(key.Key); got.Status != http.StatusOK {
		t.Errorf("a key known to be good: %d %s", got.Status, got.Body)
	}
}
