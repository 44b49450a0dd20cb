package main

import (
	"net/http"
	"net/http/pprof"

	"github.com/adiuva/cloud-api/internal/app"
	"github.com/adiuva/cloud-api/internal/config"
)

// adminHandler serves what operators look at: metrics, Go's profiles, and the configuration without its secrets. A
// profile may hold what people write, as it is in memory; the listener must not be reachable for others.
func adminHandler(cfg config.Config, service *app.App) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", service.Metrics.Handler())
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	mux.HandleFunc("GET /debug/config", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_ = cfg.Print(w) // fails if the client is gone
	})
	return mux
}
