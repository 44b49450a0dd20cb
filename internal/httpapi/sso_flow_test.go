package httpapi_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/testing/apitest"
)

const failedPage = "/sso/failed"

func TestAStateIsGoodOnceAndForTenMinutes(t *testing.T) {
	t.Attr("case", "SSO02")
	t.Parallel()
	s := startSSO(t)
	started := s.begin(nil)
	answer := s.google.authorize(t, started.issuer, ada)
	s.appCode(s.back(started.cookie, answer))
	if got := s.back(started.cookie, answer); got != failedPage {
		t.Errorf("the second callback goes to %s", got)
	}
	late := s.begin(nil)
	answer = s.google.authorize(t, late.issuer, ada)
	s.clock.Advance(10 * time.Minute)
	if got := s.back(late.cookie, answer); got != failedPage {
		t.Errorf("the callback after ten minutes goes to %s", got)
	}
	for name, parameters := range map[string]url.Values{
		"unknown": {"state": {strings.Repeat("A", 26)}, "code": {"x"}}, "none": {"code": {"x"}}, "nothing": {},
		"an error": {"error": {"access_denied"}},
	} {
		if got := s.back(started.cookie, parameters); got != failedPage {
			t.Errorf("%s: the callback goes to %s", name, got)
		}
	}
	if page := s.Do("GET", failedPage, "", nil); page.Status != http.StatusOK {
		t.Errorf("the page: %d", page.Status)
	}
}

func TestAStateIsGoodInItsBrowserOnly(t *testing.T) {
	t.Attr("case", "SSO03")
	t.Parallel()
	s := startSSO(t)
	started, other := s.begin(nil), s.begin(nil)
	answer := s.google.authorize(t, started.issuer, ada)
	for name, cookie := range map[string]string{
		"none": "", "of another sign-in": other.cookie,
		"without the prefix": strings.TrimPrefix(started.cookie, "__Host-"),
	} {
		if got := s.back(cookie, answer); got != failedPage {
			t.Errorf("with the cookie %s the callback goes to %s", name, got)
		}
	}
	s.appCode(s.back(started.cookie, answer)) // strangers did not use it up
}

func TestOfTwoCallbacksAtOnceOneGetsACode(t *testing.T) {
	t.Attr("case", "SSO04")
	t.Parallel()
	s := startSSO(t)
	replicas := []*ssoSite{s, s.another()}
	started := s.begin(nil)
	answer := s.google.authorize(t, started.issuer, ada)
	var running sync.WaitGroup
	targets := make([]string, 8)
	for i := range targets {
		running.Go(func() { targets[i] = replicas[i%2].back(started.cookie, answer) })
	}
	running.Wait()
	codes := 0
	for _, target := range targets {
		if target != failedPage {
			s.appCode(target)
			codes++
		}
	}
	if codes != 1 {
		t.Errorf("%d of 8 callbacks got a code", codes)
	}
}

func TestACodeIsGoodOnceAndForItsVerifier(t *testing.T) {
	t.Attr("case", "SSO05")
	t.Parallel()
	s := startSSO(t)
	code := s.arrive(ada)
	for _, verifier := range []string{strings.Repeat("a", 43), appVerifier + "a", appVerifier[:42] + "l"} {
		wantRefusal(t, s.redeemWith(code, verifier), http.StatusUnprocessableEntity, "code_invalid")
	}
	bearer(t, s.redeem(code))
	wantRefusal(t, s.redeem(code), http.StatusUnprocessableEntity, "code_invalid")
	late := s.arrive(ada)
	s.clock.Advance(time.Minute)
	wantRefusal(t, s.redeem(late), http.StatusUnprocessableEntity, "code_invalid")
	wantRefusal(t, s.redeem("unknown"), http.StatusUnprocessableEntity, "code_invalid")
}

func TestOneCodeOpensOneSession(t *testing.T) {
	t.Attr("case", "SSO06")
	t.Parallel()
	s := startSSO(t)
	replicas := []*ssoSite{s, s.another()}
	for _, who := range []person{ada, ada} { // new, known
		code := s.arrive(who)
		var running sync.WaitGroup
		got := make([]apitest.Response, 8)
		for i := range got {
			running.Go(func() { got[i] = replicas[i%2].redeem(code) })
		}
		running.Wait()
		sessions := 0
		for _, g := range got {
			if g.Status == http.StatusOK {
				sessions++
			} else if g.Code() != "code_invalid" {
				t.Errorf("%d %s", g.Status, g.Body)
			}
		}
		if sessions != 1 {
			t.Errorf("%d of 8 exchanges got a session", sessions)
		}
	}
}

func TestASignInIsSentToAnAppsOwnAddressOnly(t *testing.T) {
	t.Attr("case", "SSO07")
	t.Parallel()
	s := startSSO(t)
	for _, uri := range []string{
		"https://evil.example/", "http://evil.example:80/", "http://127.0.0.1/", "http://127.0.0.1:80@evil.example:80/",
		"http://localhost:51004/", "http://127.0.0.2:51004/", "http://[::2]:51004/", "https://127.0.0.1:51004/",
		"//evil.example:80/", `http://127.0.0.1:51004\@evil.example/`, "http://127.0.0.1:51004/?next=x",
		"http://127.0.0.1:51004/#x", "http://127.0.0.1.evil.example:80/", "adiuva://evil", "adiuva://auth/x",
		"adiuva://auth?x", "javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", " http://127.0.0.1:51004/",
		"http://127.0.0.1:51004/\r\nSet-Cookie: a=b", "HTTP://evil.example:1/", "http://0x7f000001:51004/",
		"http://2130706433:51004/", "http://[::ffff:127.0.0.1]:51004/", "http://user@127.0.0.1:51004/",
	} {
		for _, provider := range []string{"google", "unknown"} {
			got := s.Do("GET", startQuery(map[string]string{"redirect_uri": uri, "provider": provider}), "", nil)
			if got.Status != http.StatusUnprocessableEntity || got.Header.Get("Location") != "" {
				t.Errorf("%q: %d to %q", uri, got.Status, got.Header.Get("Location"))
			}
		}
	}
	for _, uri := range []string{"adiuva://auth", "http://127.0.0.1:1/", "http://[::1]:51004/x/y", appRedirect} {
		if started := s.begin(map[string]string{"redirect_uri": uri}); started.cookie == "" {
			t.Errorf("%q is refused", uri)
		}
	}
}

func TestWhatFailsAtTheStartReachesTheApp(t *testing.T) {
	t.Attr("case", "SSO08")
	t.Parallel()
	s := startSSO(t)
	want := func(started flow, code string) {
		t.Helper()
		want := appRedirect + "?error=" + code + "&state=" + appState
		if started.issuer != want || started.cookie != "" {
			t.Errorf("the browser goes to %s with the cookie %q, want %s", started.issuer, started.cookie, want)
		}
	}
	want(s.begin(map[string]string{"provider": "facebook"}), "not_found")
	want(s.begin(map[string]string{"provider": "", "email": "ada@nobody.example"}), "not_found")
	want(s.begin(map[string]string{"provider": "", "email": "no address"}), "not_found")
	s.google.setDown(true)
	want(s.begin(nil), "sso_failed")
	s.google.setDown(false)
	for _, change := range []map[string]string{{"provider": ""}, {"email": "ada@example.com"},
		{"code_challenge_method": "plain"}, {"code_challenge": "short"}, {"code_challenge": ""}} {
		if got := s.Do("GET", startQuery(change), "", nil); got.Code() != "validation_failed" {
			t.Errorf("%v: %d %s", change, got.Status, got.Body)
		}
	}
}

func TestWhatAProviderDoesWrongIsOneErrorAndAReasonInTheLog(t *testing.T) {
	t.Attr("case", "SSO09")
	t.Parallel()
	s := startSSO(t)
	failed := appRedirect + "?error=sso_failed&state=" + appState
	for _, c := range []struct {
		reason string
		change func(started *flow, answer url.Values)
	}{
		{"error_of_provider", func(_ *flow, answer url.Values) {
			answer.Del("code")
			answer.Set("error", "access_denied")
		}},
		{"error_of_provider", func(_ *flow, answer url.Values) { answer.Set("error", "server_error") }},
		{"code_refused", func(_ *flow, answer url.Values) { answer.Set("code", "of somebody else") }},
		{"response_issuer", func(_ *flow, answer url.Values) { answer.Set("iss", s.microsoft.URL) }},
		{"token_nonce", func(started *flow, answer url.Values) { // a code of another sign-in of the attacker's
			u, err := url.Parse(started.issuer)
			check(t, err)
			query := u.Query()
			query.Set("nonce", "of another sign-in")
			u.RawQuery = query.Encode()
			answer.Set("code", s.google.authorize(t, u.String(), ada).Get("code"))
		}},
	} {
		started := s.begin(nil)
		answer := s.google.authorize(t, started.issuer, ada)
		c.change(&started, answer)
		before := len(s.Logs.String())
		if got := s.back(started.cookie, answer); got != failed {
			t.Errorf("%s: the browser goes to %s", c.reason, got)
		}
		if logged := s.Logs.String()[before:]; !strings.Contains(logged, `"reason":"`+c.reason+`"`) ||
			!strings.Contains(logged, `"provider":"google"`) || !strings.Contains(logged, `"request_id"`) {
			t.Errorf("%s: the log has %s", c.reason, logged)
		}
		if got := s.back(started.cookie, answer); got != failedPage {
			t.Errorf("%s: the state is good again", c.reason)
		}
	}
	started := s.begin(nil)
	answer := s.google.authorize(t, started.issuer, ada)
	s.google.setDown(true)
	if got := s.back(started.cookie, answer); got != failed {
		t.Errorf("with the issuer down the browser goes to %s", got)
	}
}

// TestACodeOfOneProviderIsNotSentToAnother is the mix-up attack, with a provider that does not name itself.
func TestACodeOfOneProviderIsNotSentToAnother(t *testing.T) {
	t.Attr("case", "SSO10")
	t.Parallel()
	s := startSSO(t)
	google, microsoft := s.begin(nil), s.begin(map[string]string{"provider": "microsoft"})
	answer := s.google.authorize(t, google.issuer, ada)
	other := s.microsoft.authorize(t, microsoft.issuer, ada)
	answer.Set("state", other.Get("state"))
	if got := s.back(microsoft.cookie, answer); !strings.Contains(got, "error=sso_failed") {
		t.Errorf("the browser goes to %s", got)
	}
}

func TestASignInMayChangeTheReplicaAtEachStep(t *testing.T) {
	t.Attr("case", "SSO11")
	t.Parallel()
	one := startSSO(t)
	two, three := one.another(), one.another()
	started := one.begin(nil)
	code := two.appCode(two.back(started.cookie, one.google.authorize(t, started.issuer, ada)))
	if me := one.me(bearer(t, three.redeem(code))); me["email"] != "ada@example.com" {
		t.Errorf("profile %v", me)
	}
}

func TestNeitherLogNorDatabaseHasWhatASignInIsProvedWith(t *testing.T) {
	t.Attr("case", "SSO12")
	t.Parallel()
	s := startSSO(t)
	started := s.begin(nil)
	answer := s.google.authorize(t, started.issuer, ada)
	abandoned := s.begin(nil)
	code := s.appCode(s.back(started.cookie, answer))
	_, cookie, _ := strings.Cut(started.cookie, "=")
	_, left, _ := strings.Cut(abandoned.cookie, "=")
	asked, err := url.Parse(abandoned.issuer)
	check(t, err)
	secrets := []string{code, cookie, left, answer.Get("state"), answer.Get("code"), asked.Query().Get("state"),
		asked.Query().Get("nonce"), asked.Query().Get("code_challenge"), "ada@example.com", appState, "s3cret"}
	kept := ""
	for _, table := range []string{"sso_starts", "sso_answers"} {
		var rows string
		check(t, s.DB.Pool.QueryRow(t.Context(), "SELECT json_agg(x)::text FROM "+table+" x").Scan(&rows))
		kept += rows
	}
	bearer(t, s.redeem(code))
	for _, secret := range secrets {
		if strings.Contains(s.Logs.String(), secret) {
			t.Errorf("the log has %q", secret)
		}
		if strings.Contains(kept, secret) && secret != "ada@example.com" && secret != appState { // to be returned
			t.Errorf("the database has %q", secret)
		}
	}
}

func TestProvidersAreListed(t *testing.T) {
	t.Attr("case", "SSO13")
	t.Parallel()
	got := startSSO(t).Do("GET", "/api/v1/auth/sso/providers", "", nil)
	if body := string(got.Body); got.Status != http.StatusOK || strings.Count(body, `"name"`) != 2 ||
		!strings.Contains(body, "google") || strings.Contains(body, "s3cret") {
		t.Errorf("%d %s", got.Status, body)
	}
	none := apitest.Start(t, nil).Do("GET", "/api/v1/auth/sso/providers", "", nil)
	if strings.TrimSpace(string(none.Body)) != "[]" {
		t.Errorf("without providers: %d %s", none.Status, none.Body)
	}
}
