package postgres_test

import (
	"errors"
	"io"
	"net"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/testing/pgtest"
)

// TestAnswersThatCannotBeReadAreAnOutage replaces the server's answers by noise on a connection that is open already.
func TestAnswersThatCannotBeReadAreAnOutage(t *testing.T) {
	t.Parallel()
	for name, noise := range map[string]string{
		"unknown type":   "<\x00\x00\x00\x08noise",
		"bad length":     "Z\x00\x00\x00\x00noise",
		"huge length":    "D\xff\xff\xff\xffnoise",
		"bad body":       "Z\x00\x00\x00\x08noise",
		"another length": "E\x00\x00\x00\x01noise",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var garble atomic.Bool
			dsn := garbling(t, pgtest.New(t).Pool.Config().ConnString(), noise, &garble)
			db, err := pgtest.Open(t.Context(), dsn)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if err := db.Ping(t.Context()); err != nil {
				t.Fatal(err)
			}
			garble.Store(true)
			var n int
			err = postgres.Translate(db.Pool.QueryRow(t.Context(), "SELECT 1").Scan(&n))
			if !errors.Is(err, fault.ErrDatabase) {
				t.Errorf("%v, want an outage of the database", err)
			}
		})
	}
}

// garbling returns a DSN through a proxy that sends noise in place of answers once garble is true.
func garbling(t *testing.T, dsn, noise string, garble *atomic.Bool) string {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	server := u.Host
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return // the test is over
			}
			peer, err := net.Dial("tcp", server)
			if err != nil {
				_ = client.Close()
				continue
			}
			go func() { defer peer.Close(); _, _ = io.Copy(peer, client) }()
			go func() {
				defer client.Close()
				buf := make([]byte, 64<<10)
				for {
					n, err := peer.Read(buf)
					if err != nil {
						return
					}
					answer := buf[:n]
					if garble.Load() {
						answer = []byte(noise)
					}
					if _, err := client.Write(answer); err != nil || garble.Load() {
						return
					}
				}
			}()
		}
	}()
	u.Host = l.Addr().String()
	return u.String()
}
