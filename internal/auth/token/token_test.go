package token_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"hash"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwt"

	"github.com/adiuva/cloud-api/internal/auth/token"
)

const secret = "0123456789abcdef0123456789abcdef"

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func keys(t testing.TB, change ...func(*token.Config)) *token.Keys {
	t.Helper()
	cfg := token.Config{
		Secret: secret, Algorithm: "HS256", AccessTTL: 15 * time.Minute, Now: func() time.Time { return noon },
	}
	for _, f := range change {
		f(&cfg)
	}
	k, err := token.NewKeys(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func access() token.Access {
	return token.Access{
		User:    uuid.MustParse("019a0000-0000-7000-8000-000000000001"),
		Session: uuid.MustParse("019a0000-0000-7000-8000-000000000002"),
		Version: 3, Tier: "pro", IssuedAt: noon,
	}
}

func sign(t testing.TB, k *token.Keys) string {
	t.Helper()
	signed, _, err := k.SignAccess(access())
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// forge signs an arbitrary header and payload with the real key.
func forge(algorithm func() hash.Hash, header, payload string) string {
	encode := base64.RawURLEncoding.EncodeToString
	body := encode([]byte(header)) + "." + encode([]byte(payload))
	mac := hmac.New(algorithm, []byte(secret))
	mac.Write([]byte(body))
	return body + "." + encode(mac.Sum(nil))
}

const (
	goodHeader  = `{"alg":"HS256","typ":"at+jwt"}`
	goodPayload = `{"iss":"adiuva-cloud-api","aud":"adiuva-cloud-api","sub":"019a0000-0000-7000-8000-000000000001",` +
		`"sid":"019a0000-0000-7000-8000-000000000002","tv":3,"iat":1772366400,"exp":1772367300}`
)

// with returns goodPayload with one part replaced.
func with(old, replacement string) string { return strings.Replace(goodPayload, old, replacement, 1) }

func TestAccessTokenRoundTrip(t *testing.T) {
	t.Parallel()
	for _, algorithm := range []string{"HS256", "HS384", "HS512"} {
		k := keys(t, func(c *token.Config) { c.Algorithm = algorithm })
		got, err := k.VerifyAccess(sign(t, k))
		want := access()
		if err != nil || got.User != want.User || got.Session != want.Session || got.Version != 3 ||
			got.Tier != "pro" || !got.Expires.Equal(noon.Add(15*time.Minute)) {
			t.Errorf("%s: %+v, %v", algorithm, got, err)
		}
	}
	if _, err := keys(t).VerifyAccess(forge(sha256.New, goodHeader, goodPayload)); err != nil {
		t.Fatalf("forge does not make valid tokens, so the other tests prove nothing: %v", err)
	}
}

func TestAccessTokenRejectsForgeries(t *testing.T) {
	t.Attr("case", "C17")
	t.Attr("case", "C18")
	t.Parallel()
	k := keys(t)
	parts := strings.Split(sign(t, k), ".")
	none := func(alg string) string {
		return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"`+alg+`","typ":"at+jwt"}`)) + "." + parts[1] + "."
	}
	header := func(h string) string { return forge(sha256.New, h, goodPayload) }
	last := parts[2][len(parts[2])-1]
	sibling := string(last + 1) // decodes to the same bytes where it is a letter or digit of the same group
	for name, bad := range map[string]string{
		"none": none("none"), "None": none("None"), "nOnE": none("nOnE"), "empty alg": none(""),
		"no signature":    parts[0] + "." + parts[1] + ".",
		"HS512, same key": forge(sha512.New, `{"alg":"HS512","typ":"at+jwt"}`, goodPayload),
		"HS512 as HS256":  forge(sha512.New, goodHeader, goodPayload),
		"RS256":           header(`{"alg":"RS256","typ":"at+jwt"}`),
		"lower-case alg":  header(`{"alg":"hs256","typ":"at+jwt"}`),
		"typ JWT":         header(`{"alg":"HS256","typ":"JWT"}`),
		"no typ":          header(`{"alg":"HS256"}`),
		"crit":            header(`{"alg":"HS256","typ":"at+jwt","crit":["exp"]}`),
		"jwk":             header(`{"alg":"HS256","typ":"at+jwt","jwk":{"kty":"oct","k":"AA"}}`),
		"jku":             header(`{"alg":"HS256","typ":"at+jwt","jku":"http://127.0.0.1/"}`),
		"x5u":             header(`{"alg":"HS256","typ":"at+jwt","x5u":"http://127.0.0.1/"}`),
		"kid path":        header(`{"alg":"HS256","typ":"at+jwt","kid":"../../dev/null"}`),
		"kid long":        header(`{"alg":"HS256","typ":"at+jwt","kid":"` + strings.Repeat("k", 10_000) + `"}`),
		"not canonical":   parts[0] + "." + parts[1] + "." + parts[2][:len(parts[2])-1] + sibling,
		"padding":         strings.Join(parts, ".") + "=",
		"line break":      parts[0] + ".\n" + parts[1] + "." + parts[2],
		"other signature": parts[0] + "." + parts[1] + "." + strings.Repeat("A", 43),
		"four parts":      strings.Join(parts, ".") + ".x",
		"a refresh token": k.SignRefresh(token.Refresh{Session: access().Session, Counter: 1}),
		"flattened JSON": `{"payload":"` + parts[1] + `","protected":"` + parts[0] +
			`","signature":"` + parts[2] + `"}`,
		"space in front":    " " + strings.Join(parts, "."),
		"not a token":       "hello",
		"staging issuer":    forge(sha256.New, goodHeader, with(`"iss":"adiuva-cloud-api"`, `"iss":"staging"`)),
		"staging audience":  forge(sha256.New, goodHeader, with(`"aud":"adiuva-cloud-api"`, `"aud":"staging"`)),
		"no exp":            forge(sha256.New, goodHeader, with(`,"exp":1772367300`, ``)),
		"exp null":          forge(sha256.New, goodHeader, with(`1772367300`, `null`)),
		"exp text":          forge(sha256.New, goodHeader, with(`1772367300`, `"1772367300"`)),
		"exp too far":       forge(sha256.New, goodHeader, with(`1772367300`, `1772367331`)),
		"exp huge":          forge(sha256.New, goodHeader, with(`1772367300`, `9223372036854775807`)),
		"exp beyond int64":  forge(sha256.New, goodHeader, with(`1772367300`, `1e30`)),
		"iat an hour ahead": forge(sha256.New, goodHeader, with(`"iat":1772366400`, `"iat":1772370000`)),
		"no sid":            forge(sha256.New, goodHeader, with(`"sid":"019a0000-0000-7000-8000-000000000002",`, ``)),
		"no tv":             forge(sha256.New, goodHeader, with(`"tv":3,`, ``)),
		"sub not an id":     forge(sha256.New, goodHeader, with(`019a0000-0000-7000-8000-000000000001`, `' OR 1=1--`)),
	} {
		if _, err := k.VerifyAccess(bad); !errors.Is(err, token.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := k.VerifyAccess(""); !errors.Is(err, token.ErrMissing) {
		t.Errorf("no token: %v", err)
	}
}

func TestAccessTokenIsRejectedOutsideItsLifetime(t *testing.T) {
	t.Attr("case", "C24")
	t.Parallel()
	signed := sign(t, keys(t))
	for _, row := range []struct {
		after time.Duration
		want  error
	}{
		{-31 * time.Second, token.ErrInvalid}, // issued further in the future than Leeway
		{-30 * time.Second, nil},
		{15*time.Minute - time.Millisecond, nil},
		{15 * time.Minute, token.ErrExpired},
	} {
		k := keys(t, func(c *token.Config) { c.Now = func() time.Time { return noon.Add(row.after) } })
		if _, err := k.VerifyAccess(signed); !errors.Is(err, row.want) {
			t.Errorf("%v after issue: %v, want %v", row.after, err, row.want)
		}
	}
}

func TestSecretRotationKeepsTokensValid(t *testing.T) {
	t.Attr("case", "C26")
	t.Parallel()
	old := keys(t)
	rotated := keys(t, func(c *token.Config) { c.Secret, c.Previous = strings.Repeat("n", 32), []string{secret} })
	removed := keys(t, func(c *token.Config) { c.Secret = strings.Repeat("n", 32) })
	r := token.Refresh{Session: access().Session, Counter: 7}
	for name, k := range map[string]*token.Keys{"old": old, "rotated": rotated} {
		if _, err := rotated.VerifyAccess(sign(t, k)); err != nil {
			t.Errorf("%s access token: %v", name, err)
		}
		if got, err := rotated.VerifyRefresh(k.SignRefresh(r)); err != nil || got != r {
			t.Errorf("%s refresh token: %v", name, err)
		}
	}
	if _, err := removed.VerifyAccess(sign(t, old)); !errors.Is(err, token.ErrInvalid) {
		t.Errorf("access token of a removed secret: %v", err)
	}
	if _, err := removed.VerifyRefresh(old.SignRefresh(r)); !errors.Is(err, token.ErrRefreshInvalid) {
		t.Errorf("refresh token of a removed secret: %v", err)
	}
}

func TestNewKeysRejectsBadConfiguration(t *testing.T) {
	t.Parallel()
	for _, cfg := range []token.Config{
		{Secret: secret, Algorithm: "none"}, {Secret: secret, Algorithm: "RS256"}, {Algorithm: "HS256"},
		{Secret: secret, Previous: []string{""}, Algorithm: "HS256"},
	} {
		if _, err := token.NewKeys(cfg); err == nil {
			t.Errorf("algorithm %q with %d previous secrets was accepted", cfg.Algorithm, len(cfg.Previous))
		}
	}
}

// FuzzVerifyAccess checks that only the exact bytes of a token that was signed are accepted.
func FuzzVerifyAccess(f *testing.F) {
	k := keys(f)
	signed := sign(f, k)
	f.Add(signed)
	forged := forge(sha256.New, goodHeader, goodPayload)
	f.Add(forged)
	f.Add("a.b.c")
	f.Fuzz(func(t *testing.T, in string) {
		_, err := k.VerifyAccess(in)
		if err == nil && in != signed && in != forged {
			t.Errorf("accepted %q", in)
		}
	})
}

func FuzzVerifyRefresh(f *testing.F) {
	k := keys(f)
	f.Add(k.SignRefresh(token.Refresh{Session: access().Session, Counter: 1}))
	f.Add("v1.x.1.y")
	f.Fuzz(func(t *testing.T, in string) {
		if r, err := k.VerifyRefresh(in); err == nil && k.SignRefresh(r) != in {
			t.Errorf("accepted %q", in)
		}
	})
}

// BenchmarkLibrary is the reference for BenchmarkVerifyAccess: jwx parsing and validating alone.
func BenchmarkLibrary(b *testing.B) {
	signed := []byte(sign(b, keys(b)))
	for b.Loop() {
		_, err := jwt.Parse(signed, jwt.WithKey(jwa.HS256(), []byte(secret)), jwt.WithIssuer(token.Issuer),
			jwt.WithAudience(token.Issuer), jwt.WithClock(jwt.ClockFunc(func() time.Time { return noon })))
		if err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerifyAccess(b *testing.B) {
	k := keys(b)
	signed := sign(b, k)
	for b.Loop() {
		if _, err := k.VerifyAccess(signed); err != nil {
			b.Fatal(err)
		}
	}
}

func TestDuplicateClaimsAreRejected(t *testing.T) {
	t.Attr("case", "S15")
	t.Parallel()
	k := keys(t)
	for name, bad := range map[string]string{
		"claim":           forge(sha256.New, goodHeader, with(`"tv":3`, `"tv":2,"tv":3`)),
		"claim, the same": forge(sha256.New, goodHeader, with(`"tv":3`, `"tv":3,"tv":3`)),
		"other case":      forge(sha256.New, goodHeader, with(`"tv":3`, `"tv":3,"TV":3`)),
		"escaped":         forge(sha256.New, goodHeader, with(`"tv":3`, `"tv":3,"\u0074v":3`)),
		"header":          forge(sha256.New, `{"alg":"none","alg":"HS256","typ":"at+jwt"}`, goodPayload),
		"trailing data":   forge(sha256.New, goodHeader, goodPayload+`{}`),
	} {
		if _, err := k.VerifyAccess(bad); !errors.Is(err, token.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestKeysOfAccessAndRefreshAreDerivedApart(t *testing.T) {
	t.Attr("case", "S16")
	t.Parallel()
	signed := sign(t, keys(t))
	parts := strings.Split(signed, ".")
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(parts[0] + "." + parts[1]))
	if base64.RawURLEncoding.EncodeToString(mac.Sum(nil)) == parts[2] {
		t.Error("the secret itself signs")
	}
	const another = "another secret of some length"
	rolled := keys(t, func(c *token.Config) { c.Secret, c.Previous = another, []string{secret} })
	notDerived := forge(sha256.New, goodHeader, goodPayload)
	for name, old := range map[string]string{"derived": signed, "not derived": notDerived} {
		for _, k := range []*token.Keys{keys(t), rolled} {
			if _, err := k.VerifyAccess(old); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	elsewhere := keys(t, func(c *token.Config) { c.Secret = another })
	if _, err := elsewhere.VerifyAccess(signed); !errors.Is(err, token.ErrInvalid) {
		t.Errorf("another secret: %v", err)
	}
}
