package httpapi_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/adiuva/cloud-api/internal/config"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/testing/apitest"
	"github.com/adiuva/cloud-api/internal/testing/pgtest"
)

// issuer signs people in without asking them. It is honest: whom it signs in, and what it says of them, is up to the
// test.
type issuer struct {
	*httptest.Server
	key *ecdsa.PrivateKey
	now func() time.Time

	mu    sync.Mutex
	codes map[string]grant // each is good once
	down  bool
	asked func() // before each answer; may be nil
}

// grant is what the token endpoint checks and says for a code.
type grant struct {
	challenge, redirectURI string
	claims                 map[string]any
}

func newIssuer(t *testing.T, now func() time.Time) *issuer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	i := &issuer{key: key, now: now, codes: map[string]grant{}}
	i.Server = httptest.NewServer(http.HandlerFunc(i.serve))
	t.Cleanup(i.Close)
	return i
}

func (i *issuer) serve(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.asked != nil {
		i.asked()
	}
	w.Header().Set("Content-Type", "application/json")
	var body any
	switch {
	case i.down:
		w.WriteHeader(http.StatusServiceUnavailable)
	case r.URL.Path == "/.well-known/openid-configuration":
		body = map[string]any{
			"issuer": i.URL, "authorization_endpoint": i.URL + "/authorize", "token_endpoint": i.URL + "/token",
			"jwks_uri": i.URL + "/keys",
		}
	case r.URL.Path == "/keys":
		body = jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: i.key.Public(), KeyID: "one", Use: "sig"}}}
	default:
		granted, ok := i.codes[r.FormValue("code")]
		delete(i.codes, r.FormValue("code"))
		sum := sha256.Sum256([]byte(r.FormValue("code_verifier")))
		if !ok || base64.RawURLEncoding.EncodeToString(sum[:]) != granted.challenge ||
			r.FormValue("redirect_uri") != granted.redirectURI {
			w.WriteHeader(http.StatusBadRequest)
			body = map[string]any{"error": "invalid_grant"}
			break
		}
		body = map[string]any{"access_token": "access", "token_type": "Bearer", "id_token": i.sign(granted.claims)}
	}
	_ = json.NewEncoder(w).Encode(body)
}

func (i *issuer) sign(claims map[string]any) string {
	payload, err := json.Marshal(claims)
	if err != nil {
		panic(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: i.key},
		(&jose.SignerOptions{}).WithHeader("kid", "one"))
	if err != nil {
		panic(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		panic(err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		panic(err)
	}
	return text
}

// person is whom the issuer signs in; a nil verified leaves email_verified out.
type person struct {
	subject, email string
	verified       any
}

func (i *issuer) setDown(down bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.down = down
}

func (i *issuer) setAsked(asked func()) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.asked = asked
}

// authorize does what the page of the issuer does for the person, and returns the parameters of the callback.
func (i *issuer) authorize(t *testing.T, address string, who person) url.Values {
	t.Helper()
	u, err := url.Parse(address)
	check(t, err)
	asked := u.Query()
	if u.Scheme+"://"+u.Host != i.URL || asked.Get("code_challenge_method") != "S256" {
		t.Fatalf("the browser goes to %s", address)
	}
	claims := map[string]any{
		"iss": i.URL, "sub": who.subject, "aud": asked.Get("client_id"), "nonce": asked.Get("nonce"),
		"iat": i.now().Unix(), "exp": i.now().Add(time.Minute).Unix(), "email": who.email,
		"email_verified": who.verified,
	}
	maps.DeleteFunc(claims, func(_ string, value any) bool { return value == nil || value == "" })
	code := rand.Text()
	i.mu.Lock()
	defer i.mu.Unlock()
	i.codes[code] = grant{asked.Get("code_challenge"), asked.Get("redirect_uri"), claims}
	return url.Values{"code": {code}, "state": {asked.Get("state")}}
}

const (
	appRedirect = "http://127.0.0.1:51004/callback"
	appVerifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	appState    = "state-of-the-app"
)

// ssoSite is the service with two providers of the operator.
type ssoSite struct {
	*apitest.API
	t         *testing.T
	clock     *apitest.Clock
	google    *issuer
	microsoft *issuer
	replica   apitest.Replica
}

func startSSO(t *testing.T, change ...func(*config.Config)) *ssoSite {
	t.Helper()
	return startSSOOn(t, pgtest.New(t), change...)
}

func startSSOOn(t *testing.T, db *postgres.DB, change ...func(*config.Config)) *ssoSite {
	t.Helper()
	clock := apitest.NewClock()
	s := &ssoSite{t: t, clock: clock, google: newIssuer(t, clock.Now), microsoft: newIssuer(t, clock.Now)}
	cfg := apitest.Config(t)
	cfg.OIDCProvidersFile = filepath.Join(t.TempDir(), "sso.yaml")
	var text string
	for name, i := range map[string]*issuer{"google": s.google, "microsoft": s.microsoft} {
		text += fmt.Sprintf("  - {name: %s, issuer: %q, client_id: adiuva, client_secret: s3cret}\n", name, i.URL)
	}
	check(t, os.WriteFile(cfg.OIDCProvidersFile, []byte("providers:\n"+text), 0o600))
	cfg.PublicURL = "https://api.example.com"
	for _, c := range change {
		c(&cfg)
	}
	s.replica = apitest.Replica{Config: cfg, DB: db, Now: clock.Now}
	s.API = apitest.StartReplica(t, s.replica, nil)
	return s
}

// another returns the same service at another replica.
func (s *ssoSite) another() *ssoSite {
	s.t.Helper()
	other := *s
	other.API = apitest.StartReplica(s.t, s.replica, nil)
	return &other
}

// flow is a sign-in on its way.
type flow struct {
	issuer string // where the browser goes
	cookie string // of the browser, as it sends it
}

func startQuery(change map[string]string) string {
	sum := sha256.Sum256([]byte(appVerifier))
	query := url.Values{
		"provider": {"google"}, "redirect_uri": {appRedirect}, "state": {appState}, "code_challenge_method": {"S256"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])},
	}
	for name, value := range change {
		query.Set(name, value)
		if value == "" {
			query.Del(name)
		}
	}
	return "/api/v1/auth/sso/start?" + query.Encode()
}

// begin starts a sign-in with what differs from one with google.
func (s *ssoSite) begin(change map[string]string) flow {
	s.t.Helper()
	got := s.Do("GET", startQuery(change), "", nil)
	if got.Status != http.StatusFound {
		s.t.Fatalf("start: %d %s", got.Status, got.Body)
	}
	started := flow{issuer: got.Header.Get("Location")}
	if set := got.Header.Get("Set-Cookie"); set != "" {
		cookie, err := http.ParseSetCookie(set)
		check(s.t, err)
		started.cookie = cookie.Name + "=" + cookie.Value
	}
	return started
}

// back opens the callback in the browser with that cookie, and returns where it goes.
func (s *ssoSite) back(cookie string, parameters url.Values) string {
	s.t.Helper()
	headers := apitest.Header{}
	if cookie != "" {
		headers["Cookie"] = cookie
	}
	got := s.Do("GET", "/api/v1/auth/sso/callback?"+parameters.Encode(), "", headers)
	if got.Status != http.StatusFound {
		s.t.Fatalf("callback: %d %s", got.Status, got.Body)
	}
	return got.Header.Get("Location")
}

// arrive signs the person in with google and returns the code that the app gets.
func (s *ssoSite) arrive(who person) string {
	s.t.Helper()
	started := s.begin(nil)
	return s.appCode(s.back(started.cookie, s.google.authorize(s.t, started.issuer, who)))
}

// appCode returns the code that the browser brings to the app.
func (s *ssoSite) appCode(address string) string {
	s.t.Helper()
	u, err := url.Parse(address)
	check(s.t, err)
	query := u.Query()
	code := query.Get("code")
	u.RawQuery = ""
	if u.String() != appRedirect || code == "" || query.Get("state") != appState || len(query) != 2 {
		s.t.Fatalf("the browser goes to %s", address)
	}
	return code
}

// redeem exchanges the app's code.
func (s *ssoSite) redeem(code string) apitest.Response {
	s.t.Helper()
	return s.redeemWith(code, appVerifier)
}

func (s *ssoSite) redeemWith(code, verifier string) apitest.Response {
	s.t.Helper()
	return s.Do("POST", "/api/v1/auth/sso/token", fmt.Sprintf(`{"code":%q,"code_verifier":%q}`, code, verifier), nil)
}

// signIn signs the person in with google.
func (s *ssoSite) signIn(who person) apitest.Header {
	s.t.Helper()
	return bearer(s.t, s.redeem(s.arrive(who)))
}

func bearer(t *testing.T, got apitest.Response) apitest.Header {
	t.Helper()
	if got.Status != http.StatusOK {
		t.Fatalf("sign-in: %d %s", got.Status, got.Body)
	}
	return apitest.Header{"Authorization": "Bearer " + got.JSON(t)["access_token"].(string)}
}

// me returns the profile.
func (s *ssoSite) me(as apitest.Header) map[string]any {
	s.t.Helper()
	got := s.Do("GET", "/api/v1/auth/me", "", as)
	if got.Status != http.StatusOK {
		s.t.Fatalf("profile: %d %s", got.Status, got.Body)
	}
	return got.JSON(s.t)
}

// wantRefusal fails the test unless the answer is this problem.
func wantRefusal(t *testing.T, got apitest.Response, status int, code string) {
	t.Helper()
	if got.Status != status || got.Code() != code {
		t.Fatalf("%d %s, want %d %s", got.Status, got.Body, status, code)
	}
}
