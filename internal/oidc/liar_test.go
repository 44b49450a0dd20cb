package oidc_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/adiuva/cloud-api/internal/oidc"
	"github.com/adiuva/cloud-api/internal/publicdial"
)

const (
	clientID     = "adiuva"
	clientSecret = "s3cret/with+signs"
	nonce        = "nonce-of-this-flow"
	verifier     = "verifier-of-this-flow-0123456789-0123456789-0123"
	redirectURI  = "https://api.example.com/api/v1/auth/sso/callback"
)

// liar is an issuer that tells the truth except where a test has set something else.
type liar struct {
	*httptest.Server
	now func() time.Time

	mu        sync.Mutex
	key       any // signs tokens
	keyID     string
	algorithm jose.SignatureAlgorithm
	published []jose.JSONWebKey
	claims    map[string]any // over those of an honest token; nil removes one
	metadata  map[string]any // over those of an honest document; nil removes one
	userInfo  map[string]any
	idToken   func(honest string) any
	handlers  map[string]http.HandlerFunc // instead of honest ones, by path
	authBasic bool                        // whether the last token request had the secret in its header

	discoveries, keyFetches, tokens, userInfos atomic.Int32
}

// testKeys are made once: RSA keys take long.
var testKeys = sync.OnceValue(func() []*rsa.PrivateKey {
	keys := make([]*rsa.PrivateKey, 2)
	for i := range keys {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		keys[i] = key
	}
	return keys
})

func newLiar(t *testing.T) *liar {
	t.Helper()
	l := &liar{now: time.Now, key: testKeys()[0], keyID: "one", algorithm: jose.RS256,
		claims: map[string]any{}, metadata: map[string]any{}, handlers: map[string]http.HandlerFunc{}}
	l.published = []jose.JSONWebKey{{Key: testKeys()[0].Public(), KeyID: "one", Algorithm: "RS256", Use: "sig"}}
	l.Server = httptest.NewServer(http.HandlerFunc(l.serve))
	t.Cleanup(l.Close)
	return l
}

func (l *liar) serve(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	handler := l.handlers[r.URL.Path]
	l.mu.Unlock()
	counters := map[string]*atomic.Int32{"/.well-known/openid-configuration": &l.discoveries, "/keys": &l.keyFetches,
		"/token": &l.tokens, "/userinfo": &l.userInfos}
	if counter := counters[r.URL.Path]; counter != nil {
		counter.Add(1)
	}
	if handler != nil {
		handler(w, r)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		answer(w, over(map[string]any{
			"issuer": l.URL, "authorization_endpoint": l.URL + "/authorize", "token_endpoint": l.URL + "/token",
			"jwks_uri": l.URL + "/keys", "userinfo_endpoint": l.URL + "/userinfo",
		}, l.metadata))
	case "/keys":
		answer(w, jose.JSONWebKeySet{Keys: l.published})
	case "/token":
		l.token(w, r)
	case "/userinfo":
		answer(w, l.userInfo)
	default:
		http.NotFound(w, r)
	}
}

// token answers the one code there is, for the one verifier.
func (l *liar) token(w http.ResponseWriter, r *http.Request) {
	id, secret, basic := r.BasicAuth()
	l.authBasic = basic
	if !basic {
		id, secret = r.FormValue("client_id"), r.FormValue("client_secret")
	} else {
		id, _ = url.QueryUnescape(id)
		secret, _ = url.QueryUnescape(secret)
	}
	fail := func(status int, code string) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"error":%q,"error_description":"words of the issuer"}`, code)
	}
	switch {
	case id != clientID || secret != clientSecret:
		fail(http.StatusUnauthorized, "invalid_client")
		return
	case r.FormValue("code") != "code" || r.FormValue("code_verifier") != verifier ||
		r.FormValue("redirect_uri") != redirectURI || r.FormValue("grant_type") != "authorization_code":
		fail(http.StatusBadRequest, "invalid_grant")
		return
	}
	var idToken any = l.sign()
	if l.idToken != nil {
		idToken = l.idToken(idToken.(string))
	}
	answer(w, map[string]any{"access_token": "access", "token_type": "Bearer", "expires_in": 60, "id_token": idToken})
}

func (l *liar) sign() string {
	now := l.now()
	payload, err := json.Marshal(over(map[string]any{
		"iss": l.URL, "sub": "subject", "aud": clientID, "nonce": nonce, "iat": now.Unix(),
		"exp": now.Add(time.Minute).Unix(), "email": "ada@example.com", "email_verified": true,
	}, l.claims))
	if err != nil {
		panic(err)
	}
	options := &jose.SignerOptions{}
	if l.keyID != "" {
		options.WithHeader("kid", l.keyID)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: l.algorithm, Key: l.key}, options)
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

// unsigned returns a token of the honest claims with any header and signature.
func unsigned(header, signature string) func(string) any {
	return func(honest string) any {
		encoded := base64.RawURLEncoding.EncodeToString([]byte(header))
		return encoded + "." + strings.Split(honest, ".")[1] + "." + signature
	}
}

func answer(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body)
}

// over returns base with the members of change; nil ones are removed.
func over(base, change map[string]any) map[string]any {
	for name, value := range change {
		base[name] = value
	}
	maps.DeleteFunc(base, func(_ string, value any) bool { return value == nil })
	return base
}

func (l *liar) provider() oidc.Provider {
	return oidc.Provider{Issuer: l.URL, ClientID: clientID, ClientSecret: clientSecret}
}

func (l *liar) set(change func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change()
}

// roll makes the issuer sign with another key, and publish that alone.
func (l *liar) roll(keyID string) {
	l.set(func() {
		l.key, l.keyID = testKeys()[1], keyID
		l.published = []jose.JSONWebKey{{Key: testKeys()[1].Public(), KeyID: keyID}}
	})
}

func honestAnswer() oidc.Answer {
	return oidc.Answer{RedirectURI: redirectURI, Code: "code", CodeVerifier: verifier, Nonce: nonce}
}

func newClient(now func() time.Time) *oidc.Client {
	dialer := publicdial.Dialer{AllowLoopback: true}
	return oidc.New(oidc.Config{Dial: dialer.DialContext, Now: now, AllowLoopback: true})
}

func mustECKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func mustEdKey(t *testing.T) ed25519.PrivateKey {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}
