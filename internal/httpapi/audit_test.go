package httpapi_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/adiuva/cloud-api/internal/audit"
	"github.com/adiuva/cloud-api/internal/httpapi"
	"github.com/adiuva/cloud-api/openapi"
)

const firefox = "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0 plantedAgent"

// event is an entry of GET /auth/events.
type event struct {
	Kind    string `json:"kind"`
	Network string `json:"network"`
	Device  string `json:"device"`
	Subject string `json:"subject_id"`
}

func TestOwnerSeesWhatHappenedToTheAccount(t *testing.T) {
	t.Attr("case", "K13")
	t.Parallel()
	var log *audit.Log
	a := start(t, nil, func(c *httpapi.Config) { log = c.Audit })
	from := header{"User-Agent": firefox}
	credentials := `{"email":"anna@example.com","password":"` + rightPassword + `"}`
	wrong := `{"email":"anna@example.com","password":"wrong password"}`
	register := a.Do("POST", "/api/v1/auth/register", credentials, from)
	owner := from.With("Authorization", "Bearer "+register.JSON(t)["access_token"].(string))
	key := createKey(t, a, owner, "chat")
	a.Do("POST", "/api/v1/auth/login", wrong, from)
	a.Do("POST", "/api/v1/auth/login", `{"email":"nobody@example.com","password":"wrong password"}`, from)
	login := a.Do("POST", "/api/v1/auth/login", credentials, from)
	second := from.With("Authorization", "Bearer "+login.JSON(t)["access_token"].(string))
	a.Do("POST", "/api/v1/auth/logout", "", second)
	a.Do("POST", "/api/v1/auth/logout", "", second)
	a.Do("DELETE", "/api/v1/keys/"+key.ID, "", owner)
	a.Do("PUT", "/api/v1/auth/password", `{"current_password":"`+rightPassword+`","new_password":"staple battery"}`,
		owner)
	check(t, log.Flush(t.Context()))
	got := a.Do("GET", "/api/v1/auth/events", "", owner)
	var events []event
	check(t, json.Unmarshal(got.Body, &events))
	var kinds []string
	for _, e := range events {
		kinds = append(kinds, e.Kind)
		if e.Network != "127.0.0.0/24" || e.Device != "Firefox on Windows" {
			t.Errorf("%+v", e)
		}
		if strings.HasPrefix(e.Kind, "key_") && e.Subject != key.ID {
			t.Errorf("%s is about %q, want %s", e.Kind, e.Subject, key.ID)
		}
	}
	slices.Sort(kinds)
	if want := []string{"key_created", "key_revoked", "password_changed", "registered", "sign_in_refused", "signed_in",
		"signed_out"}; !slices.Equal(kinds, want) {
		t.Errorf("events %v, want %v", kinds, want)
	}
	lines := 0
	for line := range strings.Lines(a.Logs.String()) {
		if strings.Contains(line, `"account event"`) {
			lines++
		}
		if strings.Contains(line, "plantedAgent") || strings.Contains(line, key.Key) {
			t.Errorf("log line %s", line)
		}
	}
	if lines != len(kinds) {
		t.Errorf("%d lines for operators, want %d", lines, len(kinds))
	}
	bob := a.Register("bob@example.com")
	if got := a.Do("GET", "/api/v1/auth/events", "", bob); strings.Contains(string(got.Body), key.ID) {
		t.Errorf("another account sees %s", got.Body)
	}
}

func TestSessionsSayWhereTheyWereOpened(t *testing.T) {
	t.Attr("case", "K25")
	t.Parallel()
	a := start(t, nil)
	got := a.Do("POST", "/api/v1/auth/register", `{"email":"anna@example.com","password":"`+rightPassword+`"}`,
		header{"User-Agent": firefox})
	owner := header{"Authorization": "Bearer " + got.JSON(t)["access_token"].(string)}
	list := a.Do("GET", "/api/v1/auth/sessions", "", owner)
	if !strings.Contains(string(list.Body), `"device":"Firefox on Windows"`) ||
		!strings.Contains(string(list.Body), `"network":"127.0.0.0/24"`) {
		t.Errorf("sessions %s", list.Body)
	}
}

func TestExportMatchesItsSchemaAndHasNoSecret(t *testing.T) {
	t.Attr("case", "K17")
	t.Parallel()
	a := start(t, nil)
	owner := a.Register("anna@example.com")
	key := createExpiringKey(t, a, owner, time.Now().Add(time.Hour), "chat", "plans")
	got := a.Do("GET", "/api/v1/auth/me/export", "", owner)
	if got.Status != http.StatusOK || got.Header.Get("Content-Type") != "application/json" ||
		got.Header.Get("RateLimit") != "" {
		t.Fatalf("%d %v %s", got.Status, got.Header, got.Body)
	}
	doc, err := openapi3.NewLoader().LoadFromData(openapi.Document)
	check(t, err)
	if err := doc.Components.Schemas["AccountExport"].Value.VisitJSON(any(got.JSON(t))); err != nil {
		t.Error(err)
	}
	token := strings.TrimPrefix(owner["Authorization"], "Bearer ")
	for _, secret := range []string{key.Key, token, rightPassword, "$2a$", "hash"} {
		if strings.Contains(string(got.Body), secret) {
			t.Errorf("the export has %q", secret)
		}
	}
	if !strings.Contains(string(got.Body), key.ID) || !strings.Contains(string(got.Body), "anna@example.com") {
		t.Errorf("export %s", got.Body)
	}
}
