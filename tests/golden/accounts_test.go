package golden_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// accounts records the life of an account: register, log in, refresh, sessions, password, log out and deletion.
func (w *walk) accounts() {
	const auth = basePath + "/auth"
	email := "anna@example.com"
	first := w.post("register", auth+"/register", credentials(email, password))
	w.post("register the same e-mail", auth+"/register", credentials("Anna@Example.com", password))
	for title, body := range sortedBy(map[string]string{
		"short password":     credentials("short@example.com", "seven77"),
		"common password":    credentials("common@example.com", "password123"),
		"e-mail as password": credentials("myaddress@example.com", "myaddress@example.com"),
		"long password":      credentials("long@example.com", strings.Repeat("x", 1025)),
		"no e-mail":          credentials("not an address", password),
		"empty e-mail":       credentials("", password),
		"long e-mail":        credentials(strings.Repeat("a", 250)+"@example.com", password),
		"empty password":     credentials("empty@example.com", ""),
	}) {
		w.post("register with "+title, auth+"/register", body)
	}
	w.post("log in with a wrong password", auth+"/login", credentials(email, "wrong password"))
	w.post("log in with an unknown e-mail", auth+"/login", credentials("nobody@example.com", password))
	w.post("log in", auth+"/login", credentials("ANNA@example.com", password))

	anna := account{email, first.member("access_token"), first.member("refresh_token")}
	w.get("me", auth+"/me", anna)
	anna = w.refreshes(anna)
	w.sessions(anna)

	change := request{method: "PUT", path: auth + "/password", headers: anna.bearer()}
	change.body = fmt.Sprintf(`{"current_password":%q,"new_password":"short"}`, password)
	w.do("change to a short password", change)
	change.body = fmt.Sprintf(`{"current_password":%q,"new_password":%q}`, password, password)
	w.do("change to the same password", change)
	other := w.login(anna)
	change.body = fmt.Sprintf(`{"current_password":%q,"new_password":"staple battery horse"}`, password)
	w.do("change the password", change)
	w.get("the session used goes on", auth+"/me", anna)
	w.post("other sessions have ended", auth+"/refresh", refreshBody(other.refresh))
	w.post("log in with the old password", auth+"/login", credentials(email, password))
	w.post("log in with the new password", auth+"/login", credentials(email, "staple battery horse"))

	w.postAs(anna, "log out", auth+"/logout", "")
	w.postAs(anna, "log out again", auth+"/logout", "")
	w.post("refresh after log out", auth+"/refresh", refreshBody(anna.refresh))
	w.postAs(anna, "write after log out", basePath+"/billing/portal", "")
	w.deletion()
}

func refreshBody(token string) string { return fmt.Sprintf(`{"refresh_token":%q}`, token) }

// refreshes records rotation, a retry with its key, reuse and tokens that are none. It returns a session that lives.
func (w *walk) refreshes(a account) account {
	refresh := request{method: "POST", path: basePath + "/auth/refresh"}
	refresh.body = refreshBody(a.refresh)
	keyed := refresh.withHeaders(header{"Idempotency-Key": "key-1"})
	next := w.do("refresh", keyed)
	w.do("refresh again with the same key", keyed)
	w.do("refresh again with another key, which is reuse", refresh.withHeaders(header{"Idempotency-Key": "key-2"}))
	refresh.body = refreshBody(next.member("refresh_token"))
	w.do("refresh in a session that reuse ended", refresh)

	a = w.login(a)
	for title, token := range sortedBy(map[string]string{
		"garbage": "garbage", "another version": strings.Replace(a.refresh, "v1.", "v2.", 1),
		"a wrong signature": a.refresh[:len(a.refresh)-4] + "AAAA", "an access token": a.access,
		"a later counter": strings.Replace(a.refresh, ".1.", ".2.", 1), "spaces around": " " + a.refresh + " ",
	}) {
		refresh.body = refreshBody(token)
		w.do("refresh with "+title, refresh)
	}
	return a
}

// sessions records the list and how sessions are ended.
func (w *walk) sessions(a account) {
	const path = basePath + "/auth/sessions"
	other, stranger := w.login(a), w.register("stranger", "free")
	w.get("sessions", path, a)
	otherID := claim(w, other.access, "sid")
	w.del("end a stranger's session", path+"/"+otherID, stranger)
	w.del("end a session", path+"/"+otherID, a)
	w.del("end it again", path+"/"+otherID, a)
	w.post("refresh in the ended session", basePath+"/auth/refresh", refreshBody(other.refresh))
	w.get("sessions afterwards", path, a)
	w.get("sessions in pages", path+"?limit=1", a)
	w.get("no such page", path+"?limit=0", a)
	w.postAs(stranger, "log out everywhere", basePath+"/auth/logout?all=true", "")
	w.postAs(stranger, "log out everywhere again", basePath+"/auth/logout?all=true", "")
	w.del("sessions after that", path+"/"+unknownID, stranger)
}

// deletion records how an account is deleted and what is left of it.
func (w *walk) deletion() {
	a := w.register("leaving", "pro")
	remove := request{method: "POST", path: basePath + "/auth/me/deletion", headers: a.bearer()}
	remove.body = `{"password":"wrong password"}`
	w.do("delete the account with a wrong password", remove)
	remove.body = fmt.Sprintf(`{"password":%q}`, password)
	w.do("delete the account", remove)
	w.do("delete it again", remove)
	w.post("log in to the deleted account", basePath+"/auth/login", credentials(a.email, password))
	w.post("refresh in the deleted account", basePath+"/auth/refresh", refreshBody(a.refresh))
}

// tokens records access tokens that are forged, expired or altered.
func (w *walk) tokens() {
	a := w.register("tokens", "free")
	parts := strings.Split(a.access, ".")
	claims := claimsOf(w.t, a.access)
	altered := func(name string, value any) string {
		text := map[string]any{}
		for key, old := range claims {
			text[key] = old
		}
		if text[name] = value; value == nil {
			delete(text, name)
		}
		payload, err := json.Marshal(text)
		check(w.t, err)
		return w.s.signToken(parts[0], payload)
	}
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"JWT"}`))
	for title, token := range sortedBy(map[string]string{
		"signed anew":           altered("tier", claims["tier"]),
		"expired":               altered("exp", time.Now().Add(-time.Hour).Unix()),
		"of another issuer":     altered("iss", "someone-else"),
		"without subject":       altered("sub", nil),
		"of an unknown account": altered("sub", unknownID),
		"of an unknown session": altered("sid", unknownID),
		"with another version":  altered("tv", 99),
		"with an extra claim":   altered("admin", true),
		"without signature":     none + "." + parts[1] + ".",
		"cut":                   parts[0] + "." + parts[1],
		"with a wrong signature": parts[0] + "." + parts[1] + "." +
			base64.RawURLEncoding.EncodeToString(make([]byte, sha256.Size)),
	}) {
		w.get("access token "+title, basePath+"/auth/me", account{access: token})
	}
	for title, value := range sortedBy(map[string]string{
		"lower-case scheme": "bearer " + a.access, "two spaces": "Bearer  " + a.access, "no scheme": a.access,
	}) {
		w.do("authorization with "+title, request{method: "GET", path: basePath + "/auth/me",
			headers: header{"Authorization": value}})
	}
	w.do("token in the query", request{method: "GET", path: basePath + "/auth/me?access_token=" + a.access})
}

// signToken signs a payload with the secret that serve made for dev.
func (s *service) signToken(head string, payload []byte) string {
	text := head + "." + base64.RawURLEncoding.EncodeToString(payload)
	mac := hmac.New(sha256.New, []byte(s.secrets.JWT))
	mac.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// claim returns a claim of an access token.
func claim(w *walk, token, name string) string {
	w.t.Helper()
	text, _ := claimsOf(w.t, token)[name].(string)
	return text
}

func claimsOf(t *testing.T, token string) (claims map[string]any) {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	check(t, err)
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	check(t, decoder.Decode(&claims))
	return claims
}

// rateLimits records the responses to a caller who asks too often.
func (w *walk) rateLimits() {
	address := w.newAddress()
	for i := range 7 {
		body := credentials(fmt.Sprintf("limit%d@example.com", i), password)
		w.do(fmt.Sprintf("rate limit: registration %d from one address", i+1), request{method: "POST",
			path: basePath + "/auth/register", body: body, address: address, rateLimits: true})
	}
	address = w.newAddress()
	for i := range 12 {
		body := credentials(fmt.Sprintf("nobody%d@example.com", i), password)
		w.do(fmt.Sprintf("rate limit: log-in %d from one address", i+1), request{method: "POST",
			path: basePath + "/auth/login", body: body, address: address, rateLimits: true})
	}
	victim := w.register("victim", "free")
	for i := range 12 {
		title := fmt.Sprintf("rate limit: failed log-in %d to one account, each from its own address", i+1)
		w.do(title, request{method: "POST",
			path: basePath + "/auth/login", body: credentials(victim.email, "wrong password"), rateLimits: true})
	}
	w.do("rate limit: the owner logs in meanwhile", request{method: "POST",
		path: basePath + "/auth/login", body: credentials(victim.email, password), rateLimits: true})
	busy := w.register("busy", "free")
	for i := range 22 {
		w.do(fmt.Sprintf("rate limit: request %d on the free plan", i+1), request{method: "GET",
			path: basePath + "/auth/me", headers: busy.bearer(), rateLimits: true})
	}
	w.do("rate limit: the socket shares it", request{method: "GET", path: basePath + "/chat/stream",
		headers: busy.bearer(), rateLimits: true})
	w.do("rate limit: pages have none", request{method: "GET", path: "/livez", rateLimits: true})
}

func hexHMAC(secret, text string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}
