// Package issuertest provides tests with an honest OpenID Connect issuer: the example provider of zitadel/oidc, in its
// own process, built from tools/peers at the first use.
package issuertest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/html"
)

const (
	timeout  = 30 * time.Second
	maxPages = 10 // of a sign-in
)

// What every issuer knows us by, and the password of all its users.
const (
	ClientID     = "web"
	ClientSecret = "secret"
	Password     = "the password at the issuer"
)

// User is one of an issuer's, with Password.
type User struct {
	ID, Username, Email string
	EmailVerified       bool
}

// Start returns the name of a running issuer that sends browsers back to redirectURI. It ends with the test. Where it
// can't be built the test is skipped, or fails where the environment variable CI is set.
func Start(t testing.TB, redirectURI string, users ...User) (issuer string) {
	t.Helper()
	program, err := build()
	if err != nil {
		if os.Getenv("CI") == "" {
			t.Skipf("issuertest: %v", err)
		}
		t.Fatalf("issuertest: %v", err)
	}
	port := freePort(t)
	var log bytes.Buffer
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), "PORT="+port, "REDIRECT_URI="+redirectURI, "USERS_FILE="+usersFile(t, users))
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if cmd.Process.Kill() == nil {
			_ = cmd.Wait() // always fails: the process was killed
		}
		if t.Failed() {
			t.Logf("issuer: %s", &log)
		}
	})
	issuer = "http://localhost:" + port + "/"
	waitFor(t, issuer+".well-known/openid-configuration")
	return issuer
}

var build = sync.OnceValues(func() (string, error) {
	mod, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return "", err
	}
	peers := filepath.Join(filepath.Dir(strings.TrimSpace(string(mod))), "tools", "peers", "go.mod")
	path, err := exec.Command("go", "tool", "-modfile="+peers, "-n", "server").Output()
	return strings.TrimSpace(string(path)), err
})

func usersFile(t testing.TB, users []User) string {
	t.Helper()
	byID := map[string]any{}
	for _, u := range users {
		byID[u.ID] = struct {
			User
			Password, PreferredLanguage string
		}{u, Password, "en"}
	}
	text, err := json.Marshal(byID)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "users.json")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func freePort(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return fmt.Sprint(listener.Addr().(*net.TCPAddr).Port)
}

func waitFor(t testing.TB, address string) {
	t.Helper()
	deadline, tick := time.After(timeout), time.NewTicker(10*time.Millisecond)
	defer tick.Stop()
	for {
		resp, err := http.Get(address)
		if err == nil {
			_ = resp.Body.Close()
			return
		}
		select {
		case <-deadline:
			t.Fatalf("issuertest: no answer: %v", err)
		case <-tick.C:
		}
	}
}

// SignIn does what a person does in a browser: it opens start, fills in the forms that come, and returns the URL below
// until that the browser is sent to in the end, which it does not open.
func SignIn(t testing.TB, start, until, username string) *url.URL {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar, Timeout: timeout}
	client.CheckRedirect = func(req *http.Request, via []*http.Request) error {
		if strings.HasPrefix(req.URL.String(), until) || len(via) > maxPages {
			return http.ErrUseLastResponse
		}
		return nil
	}
	resp, err := client.Get(start)
	for range maxPages {
		if err != nil {
			t.Fatal(err)
		}
		if target, err := resp.Location(); err == nil && resp.StatusCode/100 == 3 {
			_ = resp.Body.Close()
			return target
		}
		action, values, found := form(resp, username)
		_ = resp.Body.Close()
		if !found {
			t.Fatalf("issuertest: %s answers %d without a form", resp.Request.URL.Path, resp.StatusCode)
		}
		resp, err = client.PostForm(action, values)
	}
	t.Fatalf("issuertest: the sign-in has more than %d pages", maxPages)
	return nil
}

// form returns where the first form of a page goes, with its fields filled in.
func form(resp *http.Response, username string) (action string, values url.Values, found bool) {
	page, err := html.Parse(resp.Body)
	if err != nil {
		return "", nil, false
	}
	values = url.Values{}
	for node := range page.Descendants() {
		name := attribute(node, "name")
		switch {
		case node.Type != html.ElementNode:
		case node.Data == "form" && !found:
			target, err := resp.Request.URL.Parse(attribute(node, "action"))
			if err != nil {
				return "", nil, false
			}
			action, found = target.String(), true
		case node.Data != "input" || name == "":
		case attribute(node, "type") == "password":
			values.Set(name, Password)
		case attribute(node, "type") == "hidden":
			values.Set(name, attribute(node, "value"))
		default:
			values.Set(name, username)
		}
	}
	return action, values, found
}

func attribute(node *html.Node, name string) string {
	for _, a := range node.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
