package http1_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/http1"
)

// BenchmarkCall makes a call of 16 KiB over a socket that is answered at once, with each transport. A call's
// goroutine, and the server's, are all that runs with ours.
func BenchmarkCall(b *testing.B) {
	answer := sized(strings.Repeat("x", 500), "Content-Type: application/json", "Date: Mon, 05 Jan 2026 00:00:00 GMT")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go answerAll(conn, answer)
		}
	}()
	body := strings.Repeat("question", 2<<10)
	for name, transportOf := range map[string]func(*http.Transport) transport{
		"http1":    func(base *http.Transport) transport { return http1.New(base) },
		"net_http": func(base *http.Transport) transport { return base },
	} {
		b.Run(name, func(b *testing.B) {
			rt := transportOf(&http.Transport{DisableCompression: true, WriteBufferSize: 16 << 10})
			defer rt.CloseIdleConnections()
			url := "http://" + l.Addr().String() + "/v1/chat/completions"
			b.ReportAllocs()
			for b.Loop() {
				req, err := http.NewRequestWithContext(b.Context(), http.MethodPost, url, strings.NewReader(body))
				if err != nil {
					b.Fatal(err)
				}
				req.Header.Set("Authorization", "Bearer k")
				req.Header.Set("Content-Type", "application/json")
				resp, err := rt.RoundTrip(req)
				if err != nil {
					b.Fatal(err)
				}
				if n, err := io.Copy(io.Discard, resp.Body); n != 500 || err != nil {
					b.Fatal(n, err)
				}
				_ = resp.Body.Close()
			}
		})
	}
}

// answerAll answers every request with the same bytes.
func answerAll(conn net.Conn, answer string) {
	defer conn.Close()
	in := bufio.NewReaderSize(conn, 32<<10)
	for {
		req, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		if _, err := io.Copy(io.Discard, req.Body); err != nil {
			return
		}
		if _, err := io.WriteString(conn, answer); err != nil {
			return
		}
	}
}
