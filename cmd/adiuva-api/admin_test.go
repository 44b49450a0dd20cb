package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/app"
	"github.com/adiuva/cloud-api/internal/config"
	"github.com/adiuva/cloud-api/internal/metrics"
)

// TestAdminListenerShowsNoSecrets asks for all pages of the listener of operators.
func TestAdminListenerShowsNoSecrets(t *testing.T) {
	t.Parallel()
	cfg := config.Config{Addr: ":8080", JWTSecret: config.NewSecret("MARKjwt"),
		DatabaseURL: config.NewSecret("postgres://u:MARKpassword@db/x")}
	handler := adminHandler(cfg, &app.App{Metrics: metrics.New("test")})
	for path, want := range map[string]string{
		"/metrics": "adiuva_build_info", "/debug/config": "JWT_SECRET=[set]", "/debug/pprof/": "goroutine",
		"/debug/pprof/heap?debug=1": "heap profile",
	} {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, http.NoBody))
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %d %.300s", path, w.Code, w.Body)
		}
		if strings.Contains(w.Body.String(), "MARK") {
			t.Errorf("%s has a secret", path)
		}
	}
}
