package listener_test

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/listener"
)

// queue is a listener whose clients have connected, and sent their requests, before anybody accepts them. It misses its
// deadline at the first look, as on a busy machine.
type queue struct {
	net.Listener
	mu      sync.Mutex
	looked  bool
	closed  bool
	waiting []net.Conn
	late    *sync.Cond // there is a deadline
	bounded bool
}

func (q *queue) Accept() (net.Conn, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for !q.bounded {
		q.late.Wait()
	}
	if !q.looked || len(q.waiting) == 0 {
		q.looked = true
		return nil, os.ErrDeadlineExceeded
	}
	next := q.waiting[0]
	q.waiting = q.waiting[1:]
	return next, nil
}

func (q *queue) SetDeadline(time.Time) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.bounded = true
	q.late.Broadcast()
	return nil
}

func (q *queue) Close() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	return q.Listener.Close()
}

func TestStoppedListenerServesWhoIsInTheQueue(t *testing.T) {
	t.Parallel()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	q := &queue{Listener: inner}
	q.late = sync.NewCond(&q.mu)
	const clients = 20
	answers := make(chan string, clients)
	for range clients {
		client, err := net.Dial("tcp", inner.Addr().String())
		check(t, err)
		t.Cleanup(func() { _ = client.Close() })
		_, err = io.WriteString(client, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
		check(t, err)
		server, err := inner.Accept()
		check(t, err)
		q.waiting = append(q.waiting, server)
		go func() {
			_ = client.SetReadDeadline(time.Now().Add(10 * time.Second))
			status := make([]byte, len("HTTP/1.1 200"))
			_, _ = io.ReadFull(client, status)
			answers <- string(status)
		}()
	}
	connections := listener.New(listener.Config{Log: slog.New(slog.DiscardHandler)})
	open := connections.Listener(q)
	server := connections.Server(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	served := make(chan error, 1)
	go func() { served <- server.Serve(open) }()
	open.Stop()
	open.Stop() // again is nothing
	if q.mu.Lock(); !q.closed {
		t.Error("the listener is open")
	}
	q.mu.Unlock()
	check(t, server.Shutdown(t.Context()))
	for range clients {
		if got := <-answers; got != "HTTP/1.1 200" {
			t.Errorf("a client in the queue got %q", got)
		}
	}
	if err := <-served; err != http.ErrServerClosed {
		t.Errorf("Serve returned %v", err)
	}
}

func TestStopClosesConnectionsBetweenRequests(t *testing.T) {
	t.Parallel()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	connections := listener.New(listener.Config{Log: slog.New(slog.DiscardHandler)})
	open := connections.Listener(inner)
	server := connections.Server(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	idle, changed := make(chan struct{}, 1), server.ConnState
	server.ConnState = func(c net.Conn, state http.ConnState) {
		changed(c, state)
		if state == http.StateIdle {
			idle <- struct{}{}
		}
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(open) }()
	client, err := net.Dial("tcp", inner.Addr().String())
	check(t, err)
	t.Cleanup(func() { _ = client.Close() })
	check(t, client.SetDeadline(time.Now().Add(10*time.Second)))
	resp, err := request(client)
	check(t, err)
	check(t, resp.Body.Close())
	<-idle
	open.Stop()
	expectClosed(t, client)
	check(t, server.Shutdown(t.Context()))
	if err := <-served; err != http.ErrServerClosed {
		t.Errorf("Serve returned %v", err)
	}
}

func TestStopEndsWhereNobodyAccepts(t *testing.T) {
	t.Parallel()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	open := listener.New(listener.Config{Log: slog.New(slog.DiscardHandler)}).Listener(inner)
	check(t, open.Close())
	open.Stop()
}
