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
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9/logging"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/adiuva/cloud-api/internal/app"
	"github.com/adiuva/cloud-api/internal/config"
	"github.com/adiuva/cloud-api/internal/httpapi"
	"github.com/adiuva/cloud-api/internal/listener"
)

// gcPercent is GOGC unless the environment sets it; GOMEMLIMIT has no default. At 60 a large upload to S3 needs 28 MiB
// of the 32 that it may take; at Go's default of 100 it needs 36 to 44 (TestSoakTransferMemoryIsBounded). 400 with a
// limit of twice the live heap saved a fifth of the CPU time of POST /chat beside 50, but a token at 300 streams took a
// quarter more than at 100: the stacks count against the limit.
const gcPercent = 60

// maxAdminConnections bounds the listener of ADMIN_ADDR: it has few clients.
const maxAdminConnections = 256

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

// serve runs the service until ctx ends, and then drains it.
func serve(ctx context.Context, env environment, cfg config.Config) error {
	log := slog.New(app.LogHandler(slog.NewJSONHandler(env.err, &slog.HandlerOptions{Level: cfg.LogLevel})))
	for _, warning := range cfg.Warnings() {
		log.Warn("the configuration is unsafe", slog.String("warning", warning))
	}
	silenceLibraries()
	signal.Ignore(syscall.SIGPIPE) // which ends a process whose log has lost its reader
	if env.getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	public, err := net.Listen("tcp", cfg.Addr)
	if err != nil {
		return fmt.Errorf("cannot listen on ADDR: %w", err)
	}
	embedded := cfg.Embedded()
	base := localURL(public.Addr())
	service, err := app.New(ctx, cfg, app.Options{
		Getenv: env.getenv,
		Log:    log, Version: version, BaseURL: base, Now: clock(env.getenv),
		Progress: func(step string) { fmt.Fprintln(env.out, step) },
	})
	if err != nil {
		return errors.Join(err, public.Close())
	}
	defer service.Close()
	admin, err := adminListener(cfg)
	if err != nil {
		return errors.Join(err, public.Close())
	}
	go debug.FreeOSMemory() // start-up leaves 30 MB that an idle process would keep
	banner{out: env.out, base: base, embedded: embedded, mailbox: service.MailboxURL}.print()
	return serveOn(ctx, cfg, service, public, admin, log)
}

// localURL returns the URL under which a browser on this machine reaches a listener.
func localURL(addr net.Addr) string {
	host, port, err := net.SplitHostPort(addr.String())
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsUnspecified() {
		return "http://" + addr.String()
	}
	return "http://" + net.JoinHostPort("127.0.0.1", port)
}

// serveOn serves on the listeners until ctx ends and everything is drained. admin may be nil.
func serveOn(
	ctx context.Context, cfg config.Config, service *app.App, public, admin net.Listener, log *slog.Logger,
) error {
	group, running := errgroup.WithContext(ctx)
	group.Go(func() error {
		service.Run(running)
		return nil
	})
	connections := service.API.Connections()
	api := connections.Server(service.API)
	open := connections.Listener(public)
	group.Go(func() error { return serveListener(api, open) })
	servers := []*http.Server{api}
	if admin != nil {
		connections := listener.New(listener.Config{Max: maxAdminConnections, Refuse: service.API.Refuse, Log: log})
		operators := connections.Server(adminHandler(cfg, service))
		group.Go(func() error { return serveListener(operators, connections.Listener(admin)) })
		servers = append(servers, operators)
	}
	group.Go(func() error {
		<-running.Done()
		return drain(context.WithoutCancel(running), cfg, service.API, open, servers, log)
	})
	return group.Wait()
}

// drain makes /readyz fail and keeps serving for SHUTDOWN_DELAY, so that load balancers stop sending requests before
// the listeners close. Running requests then have SHUTDOWN_GRACE to finish.
func drain(
	ctx context.Context, cfg config.Config, api *httpapi.Server, open *listener.Listener, servers []*http.Server,
	log *slog.Logger,
) error {
	api.Drain()
	log.Info("draining", slog.Int64("delay_ms", cfg.ShutdownDelay.Milliseconds()),
		slog.Int64("grace_ms", cfg.ShutdownGrace.Milliseconds()))
	<-time.After(cfg.ShutdownDelay)
	open.Stop()
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

// serveListener serves until the server is shut down, which is not an error.
func serveListener(server *http.Server, l net.Listener) error {
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving on %s: %w", l.Addr(), err)
	}
	return nil
}

// adminListener listens on ADMIN_ADDR. It returns nil if that is not set.
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

// silenceLibraries discards what libraries write to the standard log: net/http quotes bytes of upstreams there, and
// go-redis names hosts. The errors of both reach our log anyway.
func silenceLibraries() {
	stdlog.SetOutput(io.Discard)
	logging.Disable()
}
