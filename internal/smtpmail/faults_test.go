package smtpmail_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/mail"
	"github.com/adiuva/cloud-api/internal/smtpmail"
)

// The points of a dialogue at which a server may misbehave: a command, or one of these.
const (
	greeting = "greeting"
	body     = "body" // after the mail was received, in place of the acceptance
)

// badServer is a mail server that misbehaves at one point of every dialogue.
type badServer struct {
	at     string
	answer string // in place of the good one; "" closes the connection, silent sends nothing
	cert   *tls.Certificate
	// implicit has TLS from the start; otherwise STARTTLS is offered where there is a certificate.
	implicit bool

	accepted atomic.Int32 // mails
	closed   chan struct{}
}

const silent = "silent"

// run serves until the test ends and returns the address.
func (b *badServer) run(t *testing.T) string {
	t.Helper()
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = socket.Close() })
	b.closed = make(chan struct{}, 100)
	go func() {
		for {
			conn, err := socket.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = conn.Close() })
			go func() {
				b.talk(conn)
				_ = conn.Close()
				b.closed <- struct{}{}
			}()
		}
	}()
	return socket.Addr().String()
}

// talk speaks SMTP as far as one mail needs it.
func (b *badServer) talk(conn net.Conn) {
	config := &tls.Config{}
	if b.cert != nil {
		config.Certificates = []tls.Certificate{*b.cert}
	}
	secure := b.implicit
	if secure {
		conn = tls.Server(conn, config)
	}
	in := bufio.NewReader(conn)
	if !b.reply(conn, greeting, "220 mail.example.com") {
		return
	}
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		command, _, _ := strings.Cut(strings.ToUpper(strings.TrimSpace(line)), " ")
		good := "250 fine"
		switch command {
		case "EHLO":
			if good = "250-mail.example.com\r\n250 8BITMIME"; b.cert != nil && !secure {
				good = "250-mail.example.com\r\n250-8BITMIME\r\n250 STARTTLS"
			}
		case "STARTTLS":
			good = "220 go on"
		case "DATA":
			good = "354 go on"
		case "QUIT":
			good = "221 bye"
		}
		if !b.reply(conn, command, good) {
			return
		}
		switch {
		case command == "STARTTLS":
			secure, conn = true, tls.Server(conn, config)
			in = bufio.NewReader(conn)
		case command == "DATA" && (b.at != "DATA" || b.answer == ""):
			for end := ""; end != ".\r\n"; {
				if end, err = in.ReadString('\n'); err != nil {
					return
				}
				if b.at == "middle of the body" {
					return
				}
			}
			b.accepted.Add(1)
			if !b.reply(conn, body, "250 accepted") {
				return
			}
		}
	}
}

// reply reports whether the dialogue goes on.
func (b *badServer) reply(conn net.Conn, at, good string) bool {
	if b.at == at {
		switch good = b.answer; good {
		case "":
			return false
		case silent:
			_, _ = conn.Read(make([]byte, 1)) // until the client has had enough
			return false
		}
	}
	_, err := conn.Write([]byte(good + "\r\n"))
	return err == nil
}

func TestRefusalsAtEveryPoint(t *testing.T) {
	t.Attr("case", "MC30")
	t.Parallel()
	for _, c := range []struct {
		at, answer string
		forGood    bool
	}{
		{greeting, "421 secret words", false}, {greeting, "554 secret words", false},
		{"EHLO", "", false}, {greeting, "", false}, {greeting, "nonsense secret", false},
		{"MAIL", "451 secret words", false}, {"MAIL", "550 secret words", true}, {"MAIL", "", false},
		{"RCPT", "450 secret words", false}, {"RCPT", "553 secret words", true}, {"RCPT", "", false},
		{"DATA", "421 secret words", false}, {"DATA", "554 secret words", true}, {"DATA", "", false},
		{body, "452 secret words", false}, {body, "552-secret\r\n552 words", true}, {body, "", false},
		{"middle of the body", "", false},
	} {
		b := &badServer{at: c.at, answer: c.answer}
		err := newSender(t, b.run(t), true).Send(t.Context(), message())
		if err == nil || errors.Is(err, mail.ErrRefused) != c.forGood {
			t.Errorf("%s, %q: %v, want a refusal for good: %t", c.at, c.answer, err, c.forGood)
			continue
		}
		for _, word := range []string{"secret", "anna", "words", "the text"} {
			if strings.Contains(err.Error(), word) {
				t.Errorf("%s, %q: the error repeats the server or the mail: %v", c.at, c.answer, err)
			}
		}
	}
}

func TestAcceptedMailIsNotSentAgain(t *testing.T) {
	t.Attr("case", "MC31")
	t.Parallel()
	for _, c := range [][2]string{{"QUIT", ""}, {"QUIT", "500 no"}, {"RSET", ""}, {"RSET", "421 no"}} {
		b := &badServer{at: c[0], answer: c[1]}
		if err := newSender(t, b.run(t), true).Send(t.Context(), message()); err != nil {
			t.Errorf("%v: %v after the mail was accepted", c, err)
		}
		if n := b.accepted.Load(); n != 1 {
			t.Errorf("%v: %d mails", c, n)
		}
	}
}

func TestServerThatNeverAnswersIsLeftWhenTheContextEnds(t *testing.T) {
	t.Attr("case", "MC32")
	t.Parallel()
	for _, at := range []string{greeting, "EHLO", "MAIL", "DATA", body} {
		b := &badServer{at: at, answer: silent}
		sender := newSender(t, b.run(t), true)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		start := time.Now()
		err := sender.Send(ctx, message())
		cancel()
		if took := time.Since(start); err == nil || errors.Is(err, mail.ErrRefused) || took > 5*time.Second {
			t.Errorf("%s: %v after %v", at, err, took)
		}
		select {
		case <-b.closed:
		case <-time.After(10 * time.Second):
			t.Errorf("%s: the connection is still open", at)
		}
	}
}

func TestCertificatesAreVerified(t *testing.T) {
	t.Attr("case", "MC33")
	t.Parallel()
	web := httptest.NewUnstartedServer(nil) // for its certificate, of 127.0.0.1 and example.com
	web.StartTLS()
	t.Cleanup(web.Close)
	trusted := x509.NewCertPool()
	trusted.AddCert(web.Certificate())
	for _, implicit := range []bool{false, true} {
		for _, c := range []struct {
			name, host string
			roots      *x509.CertPool
			good       bool
		}{
			{"unknown authority", "127.0.0.1", nil, false}, {"another host", "localhost", trusted, false},
			{"good", "127.0.0.1", trusted, true},
		} {
			b := &badServer{cert: &web.TLS.Certificates[0], implicit: implicit}
			_, port, _ := net.SplitHostPort(b.run(t))
			scheme := map[bool]string{false: "smtp://", true: "smtps://"}[implicit]
			sender, err := smtpmail.New(smtpmail.Config{
				URL: scheme + c.host + ":" + port, From: "a@example.com", RootCAs: c.roots, AllowPlain: true,
			})
			if err != nil {
				t.Fatal(err)
			}
			err = sender.Send(t.Context(), message())
			if (err == nil) != c.good || errors.Is(err, mail.ErrRefused) || (b.accepted.Load() == 1) != c.good {
				t.Errorf("%s%s, %s: %v, %d mails", scheme, c.host, c.name, err, b.accepted.Load())
			}
		}
	}
}

func TestPasswordGoesToNoServerWithoutTLS(t *testing.T) {
	t.Attr("case", "MC33")
	t.Parallel()
	b := &badServer{at: "EHLO", answer: "250-mail.example.com\r\n250 AUTH PLAIN LOGIN"}
	for _, plain := range []bool{false, true} { // true as in development
		s, err := smtpmail.New(smtpmail.Config{
			URL: "smtp://user:password@" + b.run(t), From: "a@example.com", AllowPlain: plain,
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Send(t.Context(), message()); err == nil || b.accepted.Load() != 0 {
			t.Errorf("allow plain %t: %v", plain, err)
		}
	}
}
