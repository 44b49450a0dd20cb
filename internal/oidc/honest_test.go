package oidc_test

import (
	"crypto/sha256"
	"encoding/base64"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/oidc"
	"github.com/adiuva/cloud-api/internal/testing/issuertest"
)

// TestSignInAtAnHonestIssuer signs in at zitadel's provider, which has the address in userinfo alone, by its forms.
func TestSignInAtAnHonestIssuer(t *testing.T) {
	t.Parallel()
	t.Attr("case", "OI23")
	issuer := issuertest.Start(t, redirectURI,
		issuertest.User{ID: "id-1", Username: "ada", Email: "ada@example.com", EmailVerified: true},
		issuertest.User{ID: "id-2", Username: "bob", Email: "bob@example.com"})
	provider := oidc.Provider{Issuer: issuer, ClientID: issuertest.ClientID, ClientSecret: issuertest.ClientSecret}
	client := newClient(time.Now)
	if err := client.Check(t.Context(), provider); err != nil {
		t.Fatal(err)
	}
	signIn := func(username string) oidc.Answer {
		t.Helper()
		challenge := sha256.Sum256([]byte(verifier))
		address, err := client.AuthURL(t.Context(), provider, oidc.Start{
			RedirectURI: redirectURI, State: "state of " + username, Nonce: nonce,
			CodeChallenge: base64.RawURLEncoding.EncodeToString(challenge[:]),
		})
		if err != nil {
			t.Fatal(err)
		}
		back := issuertest.SignIn(t, address, redirectURI, username).Query()
		if back.Get("state") != "state of "+username || back.Get("code") == "" {
			t.Fatalf("the browser came back with %v", back)
		}
		answer := honestAnswer()
		answer.Code, answer.Iss = back.Get("code"), back.Get("iss")
		return answer
	}
	for username, want := range map[string]oidc.Identity{
		"ada": {Issuer: issuer, Subject: "id-1", Email: "ada@example.com", EmailVerified: true},
		"bob": {Issuer: issuer, Subject: "id-2", Email: "bob@example.com"},
	} {
		answer := signIn(username)
		got, err := client.Exchange(t.Context(), provider, answer)
		if err != nil || got != want {
			t.Fatalf("%s: %+v, %v", username, got, err)
		}
		_, err = client.Exchange(t.Context(), provider, answer)
		wantRefused(t, err, oidc.ReasonCode)
	}
	wrong := signIn("ada")
	wrong.CodeVerifier = "another verifier, which was never part of this"
	_, err := client.Exchange(t.Context(), provider, wrong)
	wantRefused(t, err, oidc.ReasonCode)
	other := signIn("ada")
	other.Nonce = "nonce of another sign-in"
	_, err = client.Exchange(t.Context(), provider, other)
	wantRefused(t, err, oidc.ReasonNonce)
}
