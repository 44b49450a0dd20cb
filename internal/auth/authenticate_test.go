package auth_test

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwt"

	"github.com/adiuva/cloud-api/internal/auth"
	"github.com/adiuva/cloud-api/internal/tier"
)

func TestAuthenticateCachesTheTierForTenSeconds(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	a, b := e.replica(t), e.replica(t)
	tokens, _ := register(t, a)
	authenticated(t, b, tokens)
	wantCode(t, a.SetTier(t.Context(), email, tier.Team, 4), "")
	if u := authenticated(t, a, tokens); u.Tier != tier.Team || u.Seats != 4 {
		t.Errorf("the replica that changed the tier returns %v", u)
	}
	if u := authenticated(t, b, tokens); u.Tier != tier.Free {
		t.Errorf("the other replica did not use its cache: %v", u)
	}
	if u, err := b.AuthenticateFresh(t.Context(), tokens.AccessToken); err != nil || u.Tier != tier.Team {
		t.Errorf("fresh: %v, %v", u, err)
	}
	wantCode(t, a.SetTier(t.Context(), email, tier.Free, 1), "")
	e.clock.Advance(10 * time.Second)
	if u := authenticated(t, b, tokens); u.Tier != tier.Free || u.Seats != 1 {
		t.Errorf("ten seconds later: %v", u)
	}
}

func TestRevocationReachesOtherReplicas(t *testing.T) {
	t.Attr("case", "C25")
	t.Parallel()
	e := newEnv(t)
	a, b := e.replica(t), e.replica(t)
	tokens, user := register(t, a)
	authenticated(t, b, tokens)
	wantCode(t, a.RequestDeletion(t.Context(), user, netip.Addr{}, password, false), "")
	_, err := a.Authenticate(t.Context(), tokens.AccessToken)
	wantCode(t, err, "token_invalid")
	_, err = b.AuthenticateFresh(t.Context(), tokens.AccessToken)
	wantCode(t, err, "token_invalid")
	_, err = b.Authenticate(t.Context(), tokens.AccessToken) // the fresh read invalidated the cache
	wantCode(t, err, "token_invalid")
}

func TestVerifiedTokensStillExpire(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t)
	tokens, _ := register(t, s)
	authenticated(t, s, tokens)
	e.clock.Advance(15 * time.Minute)
	_, err := s.Authenticate(t.Context(), tokens.AccessToken)
	wantCode(t, err, "token_expired")
	_, err = s.AuthenticateEnded(tokens.AccessToken)
	wantCode(t, err, "token_expired")
}

func TestDatabaseOutageIsNotAnInvalidToken(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	a := e.replica(t)
	tokens, _ := register(t, a)
	e.db.Close()
	_, err := e.replica(t).Authenticate(t.Context(), tokens.AccessToken)
	wantCode(t, err, "db_unavailable")
	_, err = a.Login(t.Context(), auth.Credentials{Email: email, Password: password})
	wantCode(t, err, "db_unavailable")
	_, err = a.Register(t.Context(), auth.Credentials{Email: "bob@example.com", Password: password})
	wantCode(t, err, "db_unavailable")
}

func TestRefreshedTokenNamesTheNewTier(t *testing.T) {
	t.Attr("case", "C40")
	t.Parallel()
	e := newEnv(t)
	a, b := e.replica(t), e.replica(t)
	tokens, _ := register(t, a)
	authenticated(t, b, tokens)
	if _, err := e.db.Pool.Exec(t.Context(), "UPDATE users SET tier = 'power'"); err != nil {
		t.Fatal(err)
	}
	wantCode(t, a.SetTier(t.Context(), email, tier.Pro, 1), "") // a lower grant does not lower the tier
	tokens = refresh(t, b, tokens, "")
	me, err := b.Me(t.Context(), authenticated(t, b, tokens))
	if err != nil || me.Tier != tier.Power {
		t.Errorf("profile %v, %v", me, err)
	}
	claims, err := jwt.ParseInsecure([]byte(tokens.AccessToken))
	wantCode(t, err, "")
	var hint string
	if err := claims.Get("tier", &hint); err != nil || hint != "power" {
		t.Errorf("the token's tier claim is %q, %v", hint, err)
	}
}

// BenchmarkAuthenticate compares a repeated token of a cached session with parsing by jwx alone.
func BenchmarkAuthenticate(b *testing.B) {
	e := newEnv(b)
	e.clock.now = time.Now()
	s := e.replica(b, func(c *auth.Config) { c.Now = e.clock.Now })
	tokens, err := s.Register(context.Background(), auth.Credentials{Email: email, Password: password})
	if err != nil {
		b.Fatal(err)
	}
	b.Run("Repeat", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.Authenticate(b.Context(), tokens.AccessToken); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Library", func(b *testing.B) {
		for b.Loop() {
			if _, err := jwt.Parse([]byte(tokens.AccessToken), jwt.WithKey(jwa.HS256(), []byte(secret))); err != nil {
				b.Fatal(err)
			}
		}
	})
}
