package oidc_test

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/adiuva/cloud-api/internal/oidc"
)

// wantRefused fails the test unless err is a Refused for the reason.
func wantRefused(t *testing.T, err error, reason string) {
	t.Helper()
	if refused, ok := errors.AsType[oidc.Refused](err); !ok || refused.Reason != reason {
		t.Errorf("error %v, want the reason %s", err, reason)
	}
}

// claimsCase is a token with other claims, and why it is refused; "" means it is not.
type claimsCase struct {
	name   string
	claims map[string]any
	reason string
}

func exchangeEach(t *testing.T, cases []claimsCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l := newLiar(t)
			l.claims = c.claims
			got, err := newClient(time.Now).Exchange(t.Context(), l.provider(), honestAnswer())
			if c.reason != "" {
				wantRefused(t, err, c.reason)
				if got != (oidc.Identity{}) {
					t.Errorf("an identity beside the refusal: %+v", got)
				}
				return
			}
			if err != nil || got.Issuer != l.URL || got.Subject == "" {
				t.Errorf("identity %+v, %v", got, err)
			}
		})
	}
}

func TestATokenOfAnotherIssuerIsRefused(t *testing.T) {
	t.Parallel()
	t.Attr("case", "OI05")
	exchangeEach(t, []claimsCase{
		{"Honest", nil, ""},
		{"Other", map[string]any{"iss": "https://accounts.google.com"}, oidc.ReasonIssuer},
		{"GoogleWithoutScheme", map[string]any{"iss": "accounts.google.com"}, oidc.ReasonIssuer},
		{"Missing", map[string]any{"iss": nil}, oidc.ReasonIssuer},
	})
	l := newLiar(t)
	l.claims = map[string]any{"iss": l.URL + "/"}
	_, err := newClient(time.Now).Exchange(t.Context(), l.provider(), honestAnswer())
	wantRefused(t, err, oidc.ReasonIssuer)
}

func TestATokenForAnotherClientIsRefused(t *testing.T) {
	t.Parallel()
	t.Attr("case", "OI06")
	exchangeEach(t, []claimsCase{
		{"Other", map[string]any{"aud": "another"}, oidc.ReasonAudience},
		{"Missing", map[string]any{"aud": nil}, oidc.ReasonAudience},
		{"List", map[string]any{"aud": []string{clientID}}, ""},
		{"PartOfOurs", map[string]any{"aud": clientID[:3]}, oidc.ReasonAudience},
		{"TwoWithoutParty", map[string]any{"aud": []string{clientID, "another"}}, oidc.ReasonParty},
		{"TwoWithOurParty", map[string]any{"aud": []string{"another", clientID}, "azp": clientID}, ""},
		{"OtherParty", map[string]any{"azp": "another"}, oidc.ReasonParty},
	})
}

func TestATokenOfAnotherSignInIsRefused(t *testing.T) {
	t.Parallel()
	t.Attr("case", "OI07")
	exchangeEach(t, []claimsCase{
		{"Other", map[string]any{"nonce": "nonce-of-another-flow"}, oidc.ReasonNonce},
		{"Missing", map[string]any{"nonce": nil}, oidc.ReasonNonce},
		{"Empty", map[string]any{"nonce": ""}, oidc.ReasonNonce},
	})
	l := newLiar(t)
	l.claims = map[string]any{"nonce": ""}
	answer := honestAnswer()
	answer.Nonce = ""
	_, err := newClient(time.Now).Exchange(t.Context(), l.provider(), answer)
	wantRefused(t, err, oidc.ReasonNonce)
}

func TestTheClockOfAnIssuerMayBeAMinuteOff(t *testing.T) {
	t.Parallel()
	t.Attr("case", "OI08")
	at := func(d time.Duration) int64 { return time.Now().Add(d).Unix() }
	exchangeEach(t, []claimsCase{
		{"ExpiredWithinTheMinute", map[string]any{"exp": at(-40 * time.Second)}, ""},
		{"Expired", map[string]any{"exp": at(-61 * time.Second)}, oidc.ReasonExpired},
		{"NeverExpires", map[string]any{"exp": nil}, oidc.ReasonExpired},
		{"IssuedWithinTheMinute", map[string]any{"iat": at(40 * time.Second)}, ""},
		{"IssuedInTheFuture", map[string]any{"iat": at(90 * time.Second)}, oidc.ReasonIssuedAt},
		{"NeverIssued", map[string]any{"iat": nil}, oidc.ReasonIssuedAt},
		{"NotBeforeWithinTheMinute", map[string]any{"nbf": at(40 * time.Second)}, ""},
		{"NotYet", map[string]any{"nbf": at(90 * time.Second)}, oidc.ReasonIssuedAt},
		{"ExpiryAsText", map[string]any{"exp": "never"}, oidc.ReasonMalformed},
	})
}

func TestAnUnsignedTokenIsRefused(t *testing.T) {
	t.Parallel()
	t.Attr("case", "OI09")
	for name, c := range map[string]struct {
		idToken func(string) any
		reason  string
	}{
		"None":       {unsigned(`{"alg":"none"}`, ""), oidc.ReasonAlgorithm},
		"NoneInCaps": {unsigned(`{"alg":"NONE"}`, ""), oidc.ReasonAlgorithm},
		"NoAlg":      {unsigned(`{}`, "AAAA"), oidc.ReasonAlgorithm},
		"RS256":      {unsigned(`{"alg":"RS256","kid":"one"}`, ""), oidc.ReasonSignature},
		"Changed": {func(honest string) any {
			parts := strings.Split(honest, ".")
			parts[1] = base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"somebody else"}`))
			return strings.Join(parts, ".")
		}, oidc.ReasonSignature},
		"OwnKeyInHeader": {unsigned(`{"alg":"RS256","jwk":{"kty":"oct","k":"AAAA"}}`, "AAAA"), oidc.ReasonMalformed},
		"Critical":       {unsigned(`{"alg":"RS256","crit":["x"],"x":1}`, "AAAA"), oidc.ReasonSignature},
		"NotAToken":      {func(string) any { return "token" }, oidc.ReasonMalformed},
		"Empty":          {func(string) any { return "" }, oidc.ReasonMalformed},
		"Number":         {func(string) any { return 5 }, oidc.ReasonNoIDToken},
		"Missing":        {func(string) any { return nil }, oidc.ReasonNoIDToken},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLiar(t)
			l.idToken = c.idToken
			_, err := newClient(time.Now).Exchange(t.Context(), l.provider(), honestAnswer())
			wantRefused(t, err, c.reason)
		})
	}
}

func TestATokenSignedWithWhatEverybodyKnowsIsRefused(t *testing.T) {
	t.Parallel()
	t.Attr("case", "OI10")
	public := x509.MarshalPKCS1PublicKey(&testKeys()[0].PublicKey)
	block := pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: public})
	for name, key := range map[string][]byte{"PublicKey": block, "DER": public, "ClientSecret": []byte(clientSecret)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLiar(t)
			l.published = append(l.published, jose.JSONWebKey{Key: key, KeyID: "one", Algorithm: "HS256"})
			l.idToken = func(honest string) any {
				signed := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256","kid":"one"}`)) + "." +
					strings.Split(honest, ".")[1]
				mac := hmac.New(sha256.New, key)
				mac.Write([]byte(signed))
				return signed + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
			}
			_, err := newClient(time.Now).Exchange(t.Context(), l.provider(), honestAnswer())
			wantRefused(t, err, oidc.ReasonAlgorithm)
		})
	}
}

func TestATokenOfAKeyThatIsNotTheIssuersIsRefused(t *testing.T) {
	t.Parallel()
	t.Attr("case", "OI11")
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(l *liar)
		reason string
	}{
		"UnknownKey":  {func(l *liar) { l.key, l.keyID = testKeys()[1], "two" }, oidc.ReasonUnknownKey},
		"KnownName":   {func(l *liar) { l.key = testKeys()[1] }, oidc.ReasonSignature},
		"NoName":      {func(l *liar) { l.keyID = "" }, ""},
		"NoKeys":      {func(l *liar) { l.published = nil }, oidc.ReasonUnknownKey},
		"ForSecrets":  {func(l *liar) { l.published[0].Use = "enc" }, oidc.ReasonUnknownKey},
		"OtherMethod": {func(l *liar) { l.published[0].Algorithm = "PS256" }, oidc.ReasonUnknownKey},
		"Weak": {func(l *liar) {
			l.key, l.published = weak, []jose.JSONWebKey{{Key: weak.Public(), KeyID: "one"}}
		}, oidc.ReasonUnknownKey},
		"TooMany": {func(l *liar) {
			for range 64 {
				l.published = append(l.published, l.published[0])
			}
		}, oidc.ReasonKeys},
		"Elliptic": {func(l *liar) {
			key := mustECKey(t)
			l.key, l.algorithm, l.published = key, jose.ES256, []jose.JSONWebKey{{Key: key.Public(), KeyID: "one"}}
		}, ""},
		"Edwards": {func(l *liar) {
			key := mustEdKey(t)
			l.key, l.algorithm, l.published = key, jose.EdDSA, []jose.JSONWebKey{{Key: key.Public(), KeyID: "one"}}
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLiar(t)
			c.change(l)
			_, err := newClient(time.Now).Exchange(t.Context(), l.provider(), honestAnswer())
			if c.reason == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			wantRefused(t, err, c.reason)
		})
	}
}

func TestOnlyTheBooleanTrueVerifiesAnAddress(t *testing.T) {
	t.Parallel()
	t.Attr("case", "OI12")
	for _, c := range []struct {
		said any
		want bool
	}{
		{true, true}, {false, false}, {"true", false}, {"false", false}, {1, false}, {nil, false},
		{[]bool{true}, false}, {map[string]any{"true": true}, false},
	} {
		l := newLiar(t)
		l.claims = map[string]any{"email_verified": c.said}
		got, err := newClient(time.Now).Exchange(t.Context(), l.provider(), honestAnswer())
		want := oidc.Identity{Issuer: l.URL, Subject: "subject", Email: "ada@example.com", EmailVerified: c.want}
		if err != nil || got != want {
			t.Errorf("email_verified %#v: %+v, %v", c.said, got, err)
		}
		if n := l.userInfos.Load(); n != 0 {
			t.Errorf("email_verified %#v: userinfo was asked %d times", c.said, n)
		}
	}
}

func TestSubjectsAndAddressesAreBounded(t *testing.T) {
	t.Parallel()
	t.Attr("case", "OI12")
	exchangeEach(t, []claimsCase{
		{"LongestSubject", map[string]any{"sub": strings.Repeat("s", 255)}, ""},
		{"TooLong", map[string]any{"sub": strings.Repeat("s", 256)}, oidc.ReasonSubject},
		{"Empty", map[string]any{"sub": ""}, oidc.ReasonSubject},
		{"Missing", map[string]any{"sub": nil}, oidc.ReasonSubject},
		{"Control", map[string]any{"sub": "a\x00b"}, oidc.ReasonSubject},
		{"NotASCII", map[string]any{"sub": "ä"}, oidc.ReasonSubject},
		{"Number", map[string]any{"sub": 5}, oidc.ReasonMalformed},
		{"LongAddress", map[string]any{"email": strings.Repeat("a", 250) + "@b.de"}, oidc.ReasonEmail},
		{"AddressAsList", map[string]any{"email": []string{"a@b.de"}}, oidc.ReasonMalformed},
	})
}

func TestUserInfoAboutSomebodyElseIsRefused(t *testing.T) {
	t.Parallel()
	t.Attr("case", "OI17")
	for name, c := range map[string]struct {
		userInfo map[string]any
		want     oidc.Identity
		reason   string
	}{
		"Same": {map[string]any{"sub": "subject", "email": "ada@example.com", "email_verified": true},
			oidc.Identity{Subject: "subject", Email: "ada@example.com", EmailVerified: true}, ""},
		"Unverified": {map[string]any{"sub": "subject", "email": "ada@example.com"},
			oidc.Identity{Subject: "subject", Email: "ada@example.com"}, ""},
		"TrueAsText": {map[string]any{"sub": "subject", "email": "ada@example.com", "email_verified": "true"},
			oidc.Identity{Subject: "subject", Email: "ada@example.com"}, ""},
		"NoAddress": {map[string]any{"sub": "subject", "email_verified": true},
			oidc.Identity{Subject: "subject"}, ""},
		"Other": {map[string]any{"sub": "victim", "email": "eve@example.com"},
			oidc.Identity{}, oidc.ReasonUserInfoSubject},
		"NoSubject": {map[string]any{"email": "eve@example.com"}, oidc.Identity{}, oidc.ReasonUserInfoSubject},
		"Nothing":   {nil, oidc.Identity{}, oidc.ReasonUserInfoSubject},
		"Odd":       {map[string]any{"sub": 5}, oidc.Identity{}, oidc.ReasonUserInfo},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLiar(t)
			l.claims = map[string]any{"email": nil}
			l.userInfo = c.userInfo
			got, err := newClient(time.Now).Exchange(t.Context(), l.provider(), honestAnswer())
			if c.reason != "" {
				wantRefused(t, err, c.reason)
				return
			}
			c.want.Issuer = l.URL
			if got != c.want || err != nil {
				t.Errorf("identity %+v, %v", got, err)
			}
		})
	}
	l := newLiar(t)
	l.claims, l.metadata = map[string]any{"email": nil}, map[string]any{"userinfo_endpoint": nil}
	got, err := newClient(time.Now).Exchange(t.Context(), l.provider(), honestAnswer())
	if want := (oidc.Identity{Issuer: l.URL, Subject: "subject"}); got != want || err != nil {
		t.Errorf("without userinfo: %+v, %v", got, err)
	}
}
