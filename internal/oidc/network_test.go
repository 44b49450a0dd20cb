package oidc_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/adiuva/cloud-api/internal/oidc"
	"github.com/adiuva/cloud-api/internal/publicdial"
	"github.com/adiuva/cloud-api/internal/testing/dnstest"
)

func TestADiscoveryDocumentMustBeTheIssuers(t *testing.T) {
	t.Parallel()
	t.Attr("case", "OI13")
	for name, c := range map[string]struct {
		member string
		value  any
		reason string
	}{
		"NoUserInfo":       {"userinfo_endpoint", nil, ""},
		"OtherIssuer":      {"issuer", "https://accounts.google.com", oidc.ReasonDiscoveryIssuer},
		"NoIssuer":         {"issuer", nil, oidc.ReasonDiscoveryIssuer},
		"NoToken":          {"token_endpoint", nil, oidc.ReasonEndpoint},
		"NoAuthorization":  {"authorization_endpoint", nil, oidc.ReasonEndpoint},
		"NoKeys":           {"jwks_uri", nil, oidc.ReasonEndpoint},
		"Plain":            {"token_endpoint", "http://idp.example.com/token", oidc.ReasonEndpoint},
		"Script":           {"authorization_endpoint", "javascript:alert(1)//a.test", oidc.ReasonEndpoint},
		"File":             {"jwks_uri", "file:///etc/passwd", oidc.ReasonEndpoint},
		"Relative":         {"jwks_uri", "/keys", oidc.ReasonEndpoint},
		"Password":         {"jwks_uri", "https://a:b@idp.example.com/keys", oidc.ReasonEndpoint},
		"Long":             {"jwks_uri", "https://a.test/" + strings.Repeat("a", 2048), oidc.ReasonEndpoint},
		"PrivateToken":     {"token_endpoint", "https://10.0.0.1/token", oidc.ReasonAddress},
		"PrivateKeys":      {"jwks_uri", "https://169.254.169.254/keys", oidc.ReasonAddress},
		"PrivateUserInfo":  {"userinfo_endpoint", "https://[fd00:ec2::254]/", oidc.ReasonAddress},
		"MappedLoopback":   {"jwks_uri", "https://[::ffff:10.0.0.1]/", oidc.ReasonAddress},
		"PrivateBrowser":   {"authorization_endpoint", "https://192.168.0.1/", oidc.ReasonAddress},
		"EndpointAsNumber": {"token_endpoint", 5, oidc.ReasonDiscovery},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLiar(t)
			l.metadata[c.member] = c.value
			client := newClient(time.Now)
			errs := map[string]error{"Check": client.Check(t.Context(), l.provider())}
			_, errs["AuthURL"] = client.AuthURL(t.Context(), l.provider(), oidc.Start{})
			_, errs["Exchange"] = client.Exchange(t.Context(), l.provider(), honestAnswer())
			for method, err := range errs {
				if c.reason == "" && err != nil && method != "Exchange" {
					t.Errorf("%s: %v", method, err)
				}
				if c.reason != "" {
					wantRefused(t, err, c.reason)
				}
			}
			if c.reason != "" && l.tokens.Load() != 0 {
				t.Error("the code was sent")
			}
		})
	}
}

func TestAnIssuerMustBeAPublicURL(t *testing.T) {
	t.Parallel()
	t.Attr("case", "OI13")
	production := oidc.New(oidc.Config{Dial: publicdial.Dialer{}.DialContext, Now: time.Now})
	for issuer, reason := range map[string]string{
		"":                          oidc.ReasonEndpoint,
		"idp.example.com":           oidc.ReasonEndpoint,
		"http://idp.example.com":    oidc.ReasonEndpoint,
		"http://127.0.0.1:1":        oidc.ReasonEndpoint,
		"http://localhost:1":        oidc.ReasonEndpoint,
		"https://127.0.0.1:1":       oidc.ReasonAddress,
		"https://localhost:1":       oidc.ReasonAddress,
		"https://[::1]":             oidc.ReasonAddress,
		"https://10.1.2.3":          oidc.ReasonAddress,
		"https://0x7f000001":        "",
		"https://2130706433":        "",
		"https://a@b@10.0.0.1":      oidc.ReasonEndpoint,
		"https://idp.test\\@[::1]/": oidc.ReasonEndpoint,
		"ftp://idp.example.com":     oidc.ReasonEndpoint,
	} {
		err := production.Check(t.Context(), oidc.Provider{Issuer: issuer})
		if reason == "" { // a resolver may know numbers as addresses
			if _, ok := errors.AsType[oidc.Refused](err); !ok {
				t.Errorf("%s: %v", issuer, err)
			}
			continue
		}
		wantRefused(t, err, reason)
	}
}

func TestRedirectsOfAnIssuerAreRefused(t *testing.T) {
	t.Parallel()
	t.Attr("case", "OI14")
	var inside atomic.Int32
	internal := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { inside.Add(1) }))
	defer internal.Close()
	for _, path := range []string{"/.well-known/openid-configuration", "/keys", "/token", "/userinfo"} {
		for _, status := range []int{301, 302, 303, 307, 308, 304} {
			l := newLiar(t)
			l.claims = map[string]any{"email": nil}
			l.handlers[path] = func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", internal.URL+"/admin")
				w.WriteHeader(status)
			}
			_, err := newClient(time.Now).Exchange(t.Context(), l.provider(), honestAnswer())
			wantRefused(t, err, oidc.ReasonRedirect)
		}
	}
	if inside.Load() != 0 {
		t.Errorf("%d requests reached the other server", inside.Load())
	}
}

func TestAnswersOfAnIssuerAreBounded(t *testing.T) {
	t.Parallel()
	t.Attr("case", "OI15")
	const size = 50 << 20
	for _, path := range []string{"/.well-known/openid-configuration", "/keys", "/token", "/userinfo"} {
		for name, announced := range map[string]bool{"Announced": true, "Chunked": false} {
			t.Run(name+path, func(t *testing.T) {
				t.Parallel()
				l := newLiar(t)
				l.claims = map[string]any{"email": nil}
				var sent atomic.Int64
				l.handlers[path] = func(w http.ResponseWriter, _ *http.Request) {
					if announced {
						w.Header().Set("Content-Length", fmt.Sprint(size))
					}
					for chunk := bytes.Repeat([]byte(" "), 64<<10); sent.Load() < size; {
						n, err := w.Write(chunk)
						sent.Add(int64(n))
						if err != nil {
							return
						}
					}
				}
				_, err := newClient(time.Now).Exchange(t.Context(), l.provider(), honestAnswer())
				wantRefused(t, err, oidc.ReasonTooLarge)
				l.Close() // waits for the handler
				if sent.Load() >= size {
					t.Error("all of it was read")
				}
			})
		}
	}
}

func TestAnIssuerThatSaysNothingIsLeftAfterFiveSeconds(t *testing.T) {
	t.Parallel()
	t.Attr("case", "OI15")
	synctest.Test(t, func(t *testing.T) {
		client := oidc.New(oidc.Config{Now: time.Now, Dial: silentDial, AllowLoopback: true})
		provider := oidc.Provider{Issuer: "https://idp.example.com"}
		start := time.Now()
		_, err := client.Exchange(t.Context(), provider, honestAnswer())
		wantRefused(t, err, oidc.ReasonTimeout)
		if took := time.Since(start); took != 5*time.Second {
			t.Errorf("it took %v", took)
		}
		_, err = client.AuthURL(t.Context(), provider, oidc.Start{})
		wantRefused(t, err, oidc.ReasonTimeout)
		if took := time.Since(start); took != 5*time.Second {
			t.Errorf("the next one waited again: %v", took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := client.Check(ctx, provider); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a caller that left got %v", err)
		}
		if took := time.Since(start); took != 6*time.Second {
			t.Errorf("a caller that left after a second was held: %v", took)
		}
		time.Sleep(5 * time.Second) // of the bubble: the last dial ends
	})
}

func TestAnIssuerThatStopsInTheMiddleIsLeft(t *testing.T) {
	t.Parallel()
	t.Attr("case", "OI15")
	for _, path := range []string{"/.well-known/openid-configuration", "/keys", "/token", "/userinfo"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			l := newLiar(t)
			l.claims = map[string]any{"email": nil}
			reached := make(chan struct{})
			l.handlers[path] = func(w http.ResponseWriter, r *http.Request) {
				_, _ = w.Write([]byte("{"))
				_ = http.NewResponseController(w).Flush()
				close(reached)
				<-r.Context().Done() // until the client hangs up
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			go func() {
				<-reached
				cancel()
			}()
			_, err := newClient(time.Now).Exchange(ctx, l.provider(), honestAnswer())
			if !errors.Is(err, context.Canceled) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestKeysThatRollInMidFlowAreFetchedAgain(t *testing.T) {
	t.Parallel()
	t.Attr("case", "OI16")
	clock := newClock()
	l := newLiar(t)
	l.now = clock.Now
	client := newClient(clock.Now)
	exchange := func() error {
		_, err := client.Exchange(t.Context(), l.provider(), honestAnswer())
		return err
	}
	if err := exchange(); err != nil {
		t.Fatal(err)
	}
	clock.Add(time.Minute)
	l.roll("two")
	if err := exchange(); err != nil {
		t.Fatalf("after the keys rolled: %v", err)
	}
	if n := l.keyFetches.Load(); n != 2 {
		t.Fatalf("the keys were fetched %d times", n)
	}
	l.set(func() { l.keyID = "never-published" })
	for range 50 {
		wantRefused(t, exchange(), oidc.ReasonUnknownKey)
	}
	if n := l.keyFetches.Load(); n != 2 {
		t.Errorf("50 tokens with an unknown key within the pause made %d fetches", n-2)
	}
	clock.Add(11 * time.Second)
	for range 50 {
		wantRefused(t, exchange(), oidc.ReasonUnknownKey)
	}
	if n := l.keyFetches.Load(); n != 3 {
		t.Errorf("50 tokens with an unknown key after the pause made %d fetches", n-2)
	}
}

func TestAWithdrawnKeyIsTrustedForAnHourAtMost(t *testing.T) {
	t.Parallel()
	t.Attr("case", "OI16")
	clock := newClock()
	l := newLiar(t)
	l.now = clock.Now
	client := newClient(clock.Now)
	if _, err := client.Exchange(t.Context(), l.provider(), honestAnswer()); err != nil {
		t.Fatal(err)
	}
	l.set(func() { l.published = nil })
	clock.Add(time.Hour)
	_, err := client.Exchange(t.Context(), l.provider(), honestAnswer())
	wantRefused(t, err, oidc.ReasonUnknownKey)
}

func TestKeysStayGoodWhileTheirIssuerFails(t *testing.T) {
	t.Parallel()
	t.Attr("case", "OI16")
	clock := newClock()
	l := newLiar(t)
	l.now = clock.Now
	client := newClient(clock.Now)
	exchange := func() error {
		_, err := client.Exchange(t.Context(), l.provider(), honestAnswer())
		return err
	}
	if err := exchange(); err != nil {
		t.Fatal(err)
	}
	l.set(func() {
		l.handlers["/keys"] = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }
		l.keyID = "unknown"
	})
	clock.Add(11 * time.Second)
	wantRefused(t, exchange(), oidc.ReasonKeys)
	l.set(func() { l.keyID = "one" })
	if err := exchange(); err != nil {
		t.Errorf("with the known key: %v", err)
	}
}

func TestSignInsAtOnceFetchOnce(t *testing.T) {
	t.Parallel()
	t.Attr("case", "OI16")
	l := newLiar(t)
	client := newClient(time.Now)
	var group sync.WaitGroup
	for range 40 {
		group.Go(func() {
			if _, err := client.Exchange(t.Context(), l.provider(), honestAnswer()); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if discoveries, keys := l.discoveries.Load(), l.keyFetches.Load(); discoveries != 1 || keys != 1 {
		t.Errorf("40 sign-ins made %d discoveries and %d fetches of keys", discoveries, keys)
	}
}

func TestANameThatTurnsToAPrivateAddressIsRefused(t *testing.T) {
	t.Parallel()
	t.Attr("case", "OI18")
	names := dnstest.New(t)
	names.Set("example.com", "127.0.0.1") // the name that httptest's certificate has
	dialer := publicdial.Dialer{Resolver: names.Resolver(), AllowLoopback: true}
	var server *httptest.Server
	server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/.well-known/openid-configuration" {
			t.Errorf("%s was reached", r.URL.Path)
		}
		names.Set("example.com", "10.0.0.1") // from the second look-up on
		w.Header().Set("Connection", "close")
		base := "https://example.com:" + portOf(t, server.URL)
		answer(w, map[string]any{"issuer": base, "authorization_endpoint": base + "/a", "token_endpoint": base + "/t",
			"jwks_uri": base + "/k"})
	}))
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	client := oidc.New(oidc.Config{Dial: dialer.DialContext, Now: time.Now, RootCAs: roots})
	provider := oidc.Provider{Issuer: "https://example.com:" + portOf(t, server.URL)}
	if _, err := client.AuthURL(t.Context(), provider, oidc.Start{}); err != nil {
		t.Fatalf("first look-up: %v", err)
	}
	_, err := client.Exchange(t.Context(), provider, honestAnswer())
	wantRefused(t, err, oidc.ReasonAddress)
	wantRefused(t, client.Check(t.Context(), provider), oidc.ReasonAddress)
}

func TestCodesAreGoodForTheirVerifierAndClientOnly(t *testing.T) {
	t.Parallel()
	t.Attr("case", "OI19")
	for name, c := range map[string]struct {
		change func(p *oidc.Provider, a *oidc.Answer)
		reason string
	}{
		"Code":     {func(_ *oidc.Provider, a *oidc.Answer) { a.Code = "another" }, oidc.ReasonCode},
		"Verifier": {func(_ *oidc.Provider, a *oidc.Answer) { a.CodeVerifier = "another" }, oidc.ReasonCode},
		"Redirect": {func(_ *oidc.Provider, a *oidc.Answer) { a.RedirectURI += "/x" }, oidc.ReasonCode},
		"Client":   {func(p *oidc.Provider, _ *oidc.Answer) { p.ClientID = "another" }, oidc.ReasonClient},
		"Secret":   {func(p *oidc.Provider, _ *oidc.Answer) { p.ClientSecret = "another" }, oidc.ReasonClient},
	} {
		for _, method := range []string{"client_secret_basic", "client_secret_post"} {
			t.Run(name+method, func(t *testing.T) {
				t.Parallel()
				l := newLiar(t)
				l.metadata["token_endpoint_auth_methods_supported"] = []string{method}
				provider, answer := l.provider(), honestAnswer()
				c.change(&provider, &answer)
				_, err := newClient(time.Now).Exchange(t.Context(), provider, answer)
				wantRefused(t, err, c.reason)
				if strings.Contains(fmt.Sprint(err), "words of the issuer") {
					t.Error("the error repeats the issuer")
				}
				if n := l.tokens.Load(); n != 1 || l.authBasic != (method == "client_secret_basic") {
					t.Errorf("%d requests, secret in the header: %t", n, l.authBasic)
				}
			})
		}
	}
}

func TestAnAnswerFromAnotherIssuerIsRefused(t *testing.T) {
	t.Parallel()
	t.Attr("case", "OI20")
	for _, c := range []struct {
		names    bool
		iss      string
		accepted bool
	}{{false, "", true}, {false, "own", true}, {false, "https://other.test", false},
		{true, "", false}, {true, "own", true}, {true, "https://other.test", false}} {
		l := newLiar(t)
		l.metadata["authorization_response_iss_parameter_supported"] = c.names
		answer := honestAnswer()
		if answer.Iss = c.iss; c.iss == "own" {
			answer.Iss = l.URL
		}
		_, err := newClient(time.Now).Exchange(t.Context(), l.provider(), answer)
		if !c.accepted {
			wantRefused(t, err, oidc.ReasonMixedUp)
			if l.tokens.Load() != 0 {
				t.Error("the code was sent")
			}
		} else if err != nil {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestTheBrowserIsSentWithEverythingThatBindsTheFlow(t *testing.T) {
	t.Parallel()
	t.Attr("case", "OI20")
	l := newLiar(t)
	l.metadata["authorization_endpoint"] = l.URL + "/authorize?tenant=7"
	start := oidc.Start{RedirectURI: redirectURI, State: "a&b=c", Nonce: nonce, CodeChallenge: "challenge",
		LoginHint: "ada+1@example.com"}
	sent, err := newClient(time.Now).AuthURL(t.Context(), l.provider(), start)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(sent)
	if err != nil || !strings.HasPrefix(sent, l.URL+"/authorize?") {
		t.Fatalf("%s, %v", sent, err)
	}
	want := url.Values{"tenant": {"7"}, "client_id": {clientID}, "redirect_uri": {redirectURI},
		"response_type": {"code"}, "scope": {"openid email"}, "state": {"a&b=c"}, "nonce": {nonce},
		"code_challenge": {"challenge"}, "code_challenge_method": {"S256"}, "login_hint": {"ada+1@example.com"}}
	if got := u.Query(); got.Encode() != want.Encode() {
		t.Errorf("query %v, want %v", got, want)
	}
}

func TestTokenEndpointsThatTalkNonsenseAreRefused(t *testing.T) {
	t.Parallel()
	t.Attr("case", "OI21")
	for body, reason := range map[string]string{
		"":                                oidc.ReasonToken,
		"{}":                              oidc.ReasonToken,
		"<html>words of the issuer":       oidc.ReasonToken,
		`[]`:                              oidc.ReasonToken,
		`{"error":"words of the issuer"}`: oidc.ReasonToken,
		`{"access_token":"a"}`:            oidc.ReasonNoIDToken,
		`{"access_token":{},"id_token":"words of the issuer"}`: oidc.ReasonToken,
	} {
		for _, status := range []int{200, 204, 400, 500} {
			l := newLiar(t)
			l.handlers["/token"] = func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(status)
				if status != 204 {
					_, _ = w.Write([]byte(body))
				}
			}
			_, err := newClient(time.Now).Exchange(t.Context(), l.provider(), honestAnswer())
			if want := reason; status != 200 {
				wantRefused(t, err, oidc.ReasonToken)
			} else {
				wantRefused(t, err, want)
			}
			if strings.Contains(fmt.Sprint(err), "words of the issuer") {
				t.Errorf("the error repeats the issuer: %v", err)
			}
		}
	}
}
