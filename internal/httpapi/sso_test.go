package httpapi_test

import (
	"net/http"
	"strings"
	"testing"
)

// TestASignInWithAProviderMakesAnAccountWithoutAPassword is the whole way, and the next sign-in of the same person.
func TestASignInWithAProviderMakesAnAccountWithoutAPassword(t *testing.T) {
	t.Attr("case", "SSO01")
	t.Parallel()
	s := startSSO(t)
	got := s.Do("GET", startQuery(nil), "", nil)
	set := got.Header.Get("Set-Cookie")
	for _, part := range []string{
		"__Host-adiuva-sso=", "Path=/", "Max-Age=600", "HttpOnly", "Secure", "SameSite=Lax",
	} {
		if !strings.Contains(set, part) {
			t.Errorf("the cookie %q has no %s", set, part)
		}
	}
	ada := person{ada.subject, "Ada@Example.com", true}
	first := s.me(s.signIn(ada))
	if first["email"] != "ada@example.com" || first["email_verified"] != true {
		t.Errorf("profile %v", first)
	}
	if again := s.me(s.signIn(ada)); again["id"] != first["id"] {
		t.Errorf("the second sign-in is of %v", again)
	}
	for _, password := range []string{"correct horse battery", " "} {
		got := s.Do("POST", "/api/v1/auth/login", `{"email":"ada@example.com","password":"`+password+`"}`, nil)
		wantRefusal(t, got, http.StatusUnauthorized, "invalid_credentials")
	}
}
