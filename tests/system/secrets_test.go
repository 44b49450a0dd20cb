package system_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/auth"
	"github.com/adiuva/cloud-api/internal/httpapi"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
)

// TestSecretsReachNoResponseOrLog causes failures whose errors tend to quote secrets, and looks for the secrets
// everywhere.
func TestSecretsReachNoResponseOrLog(t *testing.T) {
	t.Attr("case", "C136")
	t.Parallel()
	markers := []string{"MARK-jwt-", "MARK-pepper", "MARKdsnpassword", "MARKdsnuser", "MARKdatabase", "MARK-panic",
		"MARK-password", "mark@example.com"}
	db, err := postgres.Open(t.Context(), "postgres://MARKdsnuser:MARKdsnpassword@127.0.0.1:1/MARKdatabase")
	check(t, err)
	t.Cleanup(db.Close)
	var away option = func(c *httpapi.Config) {
		accounts, err := auth.New(auth.Config{SecretsKeys: []string{strings.Repeat("k", 32)},
			DB: db, Secret: "MARK-jwt-" + strings.Repeat("s", 32),
			Pepper: "MARK-pepper", BcryptCost: 4, Log: c.Log})
		check(t, err)
		c.Auth, c.Ready = accounts, db.Ping
	}
	a := start(t, nil, away)
	answers := ""
	for _, path := range []string{"register", "login"} {
		got := a.Do("POST", "/api/v1/auth/"+path, `{"email":"mark@example.com","password":"MARK-password of mine"}`,
			nil)
		if got.Code() != "db_unavailable" {
			t.Errorf("%s: %d %s", path, got.Status, got.Body)
		}
		answers += fmt.Sprint(got.Header, string(got.Body))
	}
	answers += string(a.Do("GET", "/readyz", "", nil).Body)
	panics := start(t, llmtest.NewModelFunc(func(context.Context, agent.ModelCall, agent.Emit) (agent.Answer, error) {
		panic("MARK-panic")
	}))
	me := panics.Register("user@example.com")
	got := panics.Do("POST", "/api/v1/chat", `{"message":"list my open tasks"}`, me)
	if got.Status != http.StatusInternalServerError || got.Code() != "internal" {
		t.Errorf("panic: %d %s", got.Status, got.Body)
	}
	token := strings.TrimPrefix(me["Authorization"], "Bearer ")
	everything := answers + a.Logs.String() + panics.Logs.String() + fmt.Sprint(got.Header, string(got.Body))
	for _, m := range append(markers, token, password, "user@example.com") {
		if strings.Contains(everything, m) {
			t.Errorf("%q is in a response or in the log", m)
		}
	}
	if !strings.Contains(panics.Logs.String(), "panic of type string") ||
		!strings.Contains(a.Logs.String(), "db_unavailable") {
		t.Error("the failures were not logged")
	}
}
