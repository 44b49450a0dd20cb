// Command fakeopenai serves the scripted OpenAI-compatible server of package llmtest on its own, for trying the service
// against an upstream without a key: set OPENAI_BASE_URL to http://ADDR/v1 and OPENAI_API_KEY to anything.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/adiuva/cloud-api/internal/testing/llmtest"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:4010", "loopback address to listen on; port 0 takes a free one")
	flag.Parse()
	if err := serve(*addr); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// serve answers until SIGINT or SIGTERM.
func serve(addr string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	fmt.Printf("OPENAI_BASE_URL=http://%s/v1\n", listener.Addr())
	server := &http.Server{Handler: llmtest.NewHandler(), ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
