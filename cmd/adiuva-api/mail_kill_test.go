package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-smtp"

	"github.com/adiuva/cloud-api/internal/testing/pgtest"
	"github.com/adiuva/cloud-api/internal/testing/soak"
)

// mailServer keeps the codes of the mails that it accepts. While stall is set, recipients wait for it.
type mailServer struct {
	mu      sync.Mutex
	codes   []string
	stall   chan struct{}
	stalled chan struct{}
}

func (m *mailServer) NewSession(*smtp.Conn) (smtp.Session, error) { return mailSession{m}, nil }

type mailSession struct{ m *mailServer }

func (s mailSession) Mail(string, *smtp.MailOptions) error { return nil }
func (s mailSession) Reset()                               {}
func (s mailSession) Logout() error                        { return nil }

func (s mailSession) Rcpt(string, *smtp.RcptOptions) error {
	s.m.mu.Lock()
	stall := s.m.stall
	s.m.mu.Unlock()
	if stall != nil {
		s.m.stalled <- struct{}{}
		<-stall
	}
	return nil
}

func (s mailSession) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	s.m.codes = append(s.m.codes, regexp.MustCompile(`\d{4} \d{4}`).FindString(string(text)))
	return err
}

// hold makes recipients wait, or lets them go on.
func (m *mailServer) hold(on bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.stall != nil {
		close(m.stall)
	}
	if m.stall = nil; on {
		m.stall = make(chan struct{})
	}
}

// take returns the codes since the last call.
func (m *mailServer) take() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	codes := m.codes
	m.codes = nil
	return codes
}

func (m *mailServer) waiting() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.codes)
}

// mailKill is a point between the request for a code and the end of its mail at which serve is killed.
type mailKill struct {
	name      string
	committed bool // the request was, and its client has the handle
	mails     int  // with the code, in all
	arrange   func(s *harness, m *mailServer) (reached, release func())
}

func mailKills() []mailKill {
	type arrange = func(*harness, *mailServer) (reached, release func())
	at := func(breakOn func(*pgtest.Proxy, string) *pgtest.Breakpoint, statement string) arrange {
		return func(s *harness, _ *mailServer) (reached, release func()) {
			b := breakOn(s.proxy, "name: "+statement+" ")
			return func() { <-b.Reached }, b.Drop
		}
	}
	return []mailKill{
		{"before the request is committed", false, 0, at((*pgtest.Proxy).BreakOn, "InsertMail")},
		{"before the code is good", true, 1, at((*pgtest.Proxy).BreakOn, "ActivateCode")},
		{"while the mail is sent", true, 1, func(_ *harness, m *mailServer) (reached, release func()) {
			m.hold(true)
			return func() { <-m.stalled }, func() { m.hold(false) }
		}},
		{"after the mail is sent", true, 2, at((*pgtest.Proxy).BreakOn, "DeleteMail")},
		{"after the mail left the outbox", true, 1, at((*pgtest.Proxy).BreakOnReply, "DeleteMail")},
	}
}

// TestKillDuringMailLosesNoCode kills serve at each point between the request for a code and the end of its
// mail. A request that was acknowledged gets its mail from the next replica, within the lease of a mail, with one code
// however often it is sent, and that code is good. One that was not leaves nothing behind.
func TestKillDuringMailLosesNoCode(t *testing.T) {
	t.Attr("case", "MC40")
	t.Parallel()
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m := &mailServer{stalled: make(chan struct{}, 10)}
	server := smtp.NewServer(m)
	go func() { _ = server.Serve(socket) }()
	t.Cleanup(func() { _ = server.Close() })
	s := newHarness(t, nil, map[string]string{
		"SMTP_URL": "smtp://" + socket.Addr().String(), "MAIL_FROM": "adiuva@example.com",
	})
	rounds := 1
	if soak.Enabled {
		rounds = 10
	}
	for round := range rounds {
		for i, p := range mailKills() {
			s.killMail(p, m, fmt.Sprintf("staple battery horse %d-%d", round, i))
		}
	}
}

// killMail kills serve at the point, starts it again, and sets the password with the code that was mailed.
func (s *harness) killMail(p mailKill, m *mailServer, password string) {
	s.t.Helper()
	reached, release := p.arrange(s, m)
	handles := make(chan string, 1)
	go func() { handles <- s.askReset() }()
	var handle string
	if p.committed {
		handle = <-handles
	}
	reached()
	if err := s.live.cmd.Process.Kill(); err != nil {
		s.t.Fatal(err)
	}
	<-s.live.exited
	release()
	if !p.committed {
		handle = <-handles
	}
	if (handle != "") != p.committed {
		s.t.Fatalf("%s: the client has the handle %q", p.name, handle)
	}
	s.exec("UPDATE mail_outbox SET next_try_at = now()") // as if the lease had passed
	s.live = startReplica(s.t, s.vars)
	eventually(s.t, "the end of the outbox after "+p.name, func() bool {
		return queryOne[int](s, "SELECT count(*) FROM mail_outbox") == 0 && m.waiting() >= p.mails
	})
	codes := m.take()
	if len(codes) != p.mails || len(slices.Compact(slices.Clone(codes))) > 1 {
		s.t.Fatalf("%s: mails with the codes %v, want %d mails with one code", p.name, codes, p.mails)
	}
	if p.committed {
		s.confirmReset(p.name, handle, codes[0], password)
		s.drainNotice(m)
	} else if n := queryOne[int](s, "SELECT count(*) FROM mail_codes WHERE ended_at IS NULL"); n != 0 {
		s.t.Fatalf("%s: %d codes are left", p.name, n)
	}
}

// askReset asks for a reset and returns the handle, "" where serve did not answer.
func (s *harness) askReset() string {
	resp, err := http.Post(s.live.base+"/api/v1/auth/password/reset", "application/json",
		strings.NewReader(`{"email":"up@example.com"}`))
	if err != nil {
		return ""
	}
	defer resp.Body.Close()
	var started struct{ Handle string }
	_ = json.NewDecoder(resp.Body).Decode(&started) // without a handle the kill is before the answer
	return started.Handle
}

func (s *harness) confirmReset(when, handle, code, password string) {
	s.t.Helper()
	body := fmt.Sprintf(`{"handle":%q,"code":%q,"new_password":%q}`, handle, code, password)
	resp, err := http.Post(s.live.base+"/api/v1/auth/password/reset/confirm", "application/json",
		strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(resp.Body)
		s.t.Fatalf("%s: %d %s", when, resp.StatusCode, text)
	}
}

// drainNotice waits for the notice of the changed password, which has no code.
func (s *harness) drainNotice(m *mailServer) {
	s.t.Helper()
	eventually(s.t, "the notice", func() bool { return m.waiting() == 1 })
	if codes := m.take(); codes[0] != "" {
		s.t.Fatalf("the notice has the code %s", codes[0])
	}
	eventually(s.t, "the end of the notice", func() bool {
		return queryOne[int](s, "SELECT count(*) FROM mail_outbox") == 0
	})
}
