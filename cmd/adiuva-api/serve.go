package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	stdlog "log"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/redis/go-redis/v9/logging"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/adiuva/cloud-api/internal/config"
	"github.com/adiuva/cloud-api/internal/httpapi"
)

// gcPercent lets garbage grow to half of what is alive: an upload's buffers then cost less than the 32 MiB that one may, and
// were 43 at Go's own 100.
const gcPercent = 50

func serveCommand(env environment) *cobra.Command {
	return &cobra.Command{
		Use: "serve", Short: "Serve the API until SIGTERM", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := env.load()
			if err != nil {
				return err
			}
			return serve(cmd.Context(), env, cfg)
		},
	}
}

// serve runs the service until ctx ends, then drains it: running answers get SHUTDOWN_GRACE.
func serve(ctx context.Context, env environment, cfg config.Config) error {
	log := slog.New(slog.NewJSONHandler(env.err, &slog.HandlerOptions{Level: cfg.LogLevel}))
	silenceLibraries()
	if env.getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	listener, err := net.Listen("tcp", cfg.Addr)
	if err != nil {
		return fmt.Errorf("cannot listen on ADDR: %w", err)
	}
	embedded := cfg.Embedded()
	self := reachable(listener.Addr())
	app, err := build(ctx, env, cfg, self, log)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer app.close()
	admin, err := adminListener(cfg)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	banner{out: env.out, base: self, embedded: embedded}.print()
	return run(ctx, cfg, app, listener, admin, log)
}

// reachable is the address of a listener as a browser on this machine has to call it.
func reachable(addr net.Addr) string {
	host, port, err := net.SplitHostPort(addr.String())
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsUnspecified() {
		return "http://" + addr.String()
	}
	return "http://" + net.JoinHostPort("127.0.0.1", port)
}

// run serves on the listeners until ctx ends and all is drained.
func run(ctx context.Context, cfg config.Config, app *app, listener, admin net.Listener, log *slog.Logger) error {
	group, running := errgroup.WithContext(ctx)
	group.Go(func() error {
		app.auth.Maintain(running)
		return nil
	})
	group.Go(func() error {
		app.backups.Maintain(running)
		return nil
	})
	group.Go(func() error {
		app.billing.Maintain(running)
		return nil
	})
	if app.stripe != nil {
		group.Go(func() error {
			app.stripe.Maintain(running)
			return nil
		})
	}
	api := httpapi.NewHTTPServer(cfg.Addr, app.api, log)
	group.Go(func() error { return serveOn(api, listener) })
	servers := []*http.Server{api}
	if admin != nil {
		mux := http.NewServeMux()
		mux.Handle("GET /metrics", promhttp.Handler())
		metrics := httpapi.NewHTTPServer(cfg.AdminAddr, mux, log)
		group.Go(func() error { return serveOn(metrics, admin) })
		servers = append(servers, metrics)
	}
	group.Go(func() error {
		<-running.Done()
		return drain(context.WithoutCancel(running), cfg, app.api, servers, log)
	})
	return group.Wait()
}

// drain says that it is draining, goes on answering for SHUTDOWN_DELAY so that balancers turn away before the listener
// closes, and then gives what runs SHUTDOWN_GRACE to end.
func drain(ctx context.Context, cfg config.Config, api *httpapi.Server, servers []*http.Server, log *slog.Logger) error {
	api.Drain()
	log.Info("draining", slog.Duration("delay", cfg.ShutdownDelay), slog.Duration("grace", cfg.ShutdownGrace))
	<-time.After(cfg.ShutdownDelay)
	grace, cancel := context.WithTimeout(ctx, cfg.ShutdownGrace)
	defer cancel()
	sockets := make(chan error, 1)
	go func() { sockets <- api.Shutdown(grace) }()
	for _, server := range servers {
		if err := server.Shutdown(grace); err != nil {
			log.Warn("some requests did not end in time and were cut")
			if err := server.Close(); err != nil {
				return fmt.Errorf("closing the listener: %w", err)
			}
		}
	}
	if err := <-sockets; err != nil {
		log.Warn("some sockets did not end in time and were cut")
	}
	return nil
}

func serveOn(server *http.Server, l net.Listener) error {
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving on %s: %w", l.Addr(), err)
	}
	return nil
}

// adminListener opens ADMIN_ADDR, or returns nil where there is none.
func adminListener(cfg config.Config) (net.Listener, error) {
	if cfg.AdminAddr == "" {
		return nil, nil
	}
	l, err := net.Listen("tcp", cfg.AdminAddr)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on ADMIN_ADDR: %w", err)
	}
	return l, nil
}

// silenceLibraries stops libraries that print to the process's own log: net/http quotes bytes of an upstream there, and
// go-redis names hosts. What matters of both reaches our log as errors.
func silenceLibraries() {
	stdlog.SetOutput(io.Discard)
	logging.Disable()
}
