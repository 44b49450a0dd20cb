package smtpmail_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-smtp"
	"github.com/google/uuid"

	"github.com/adiuva/cloud-api/internal/mail"
	"github.com/adiuva/cloud-api/internal/smtpmail"
)

// catcher is a mail server that keeps what it gets, or answers with refuse.
type catcher struct {
	mu     sync.Mutex
	data   bytes.Buffer
	refuse *smtp.SMTPError
}

func (c *catcher) NewSession(*smtp.Conn) (smtp.Session, error) { return session{c}, nil }

type session struct{ c *catcher }

func (s session) Mail(string, *smtp.MailOptions) error { return nil }

func (s session) Rcpt(string, *smtp.RcptOptions) error {
	if s.c.refuse != nil {
		return s.c.refuse
	}
	return nil
}

func (s session) Data(r io.Reader) error {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	_, err := io.Copy(&s.c.data, r)
	return err
}

func (s session) Reset()        {}
func (s session) Logout() error { return nil }

// start returns a sender to the catcher.
func start(t *testing.T, c *catcher, allowPlain bool) *smtpmail.Sender {
	t.Helper()
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := smtp.NewServer(c)
	go func() { _ = server.Serve(socket) }()
	t.Cleanup(func() { _ = server.Close() })
	return newSender(t, socket.Addr().String(), allowPlain)
}

func newSender(t *testing.T, address string, allowPlain bool) *smtpmail.Sender {
	t.Helper()
	s, err := smtpmail.New(smtpmail.Config{
		URL: "smtp://" + address, From: "Adiuva <a@example.com>", AllowPlain: allowPlain,
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func message() mail.Message {
	return mail.Message{
		ID: uuid.MustParse("0199a3f2-7c1e-7b41-9d55-5f0f2c6b8a10"), To: "anna@example.com", Subject: "Grüße",
		Text: "the text", HTML: "<p>the html</p>",
	}
}

func TestMailHasBothTextsAndAnIdOfItsOwn(t *testing.T) {
	t.Parallel()
	c := &catcher{}
	if err := start(t, c, true).Send(t.Context(), message()); err != nil {
		t.Fatal(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, want := range []string{"the text", "the html", "0199a3f2-7c1e-7b41-9d55-5f0f2c6b8a10@example.com",
		"Auto-Submitted: auto-generated", "=?UTF-8?q?Gr=C3=BC=C3=9Fe?="} {
		if !strings.Contains(c.data.String(), want) {
			t.Errorf("the mail lacks %q:\n%s", want, c.data.String())
		}
	}
}

func TestRefusalsForGoodAreToldApartAndRepeatNoWords(t *testing.T) {
	t.Parallel()
	for code, forGood := range map[int]bool{451: false, 550: true} {
		c := &catcher{refuse: &smtp.SMTPError{Code: code, Message: "secret words about anna@example.com"}}
		err := start(t, c, true).Send(t.Context(), message())
		if err == nil || errors.Is(err, mail.ErrRefused) != forGood {
			t.Errorf("%d: %v, want a refusal for good: %t", code, err, forGood)
		}
		if err != nil && (strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "anna")) {
			t.Errorf("%d: the error repeats the server: %v", code, err)
		}
	}
}

func TestPlainServersAreRefusedInProduction(t *testing.T) {
	t.Parallel()
	c := &catcher{}
	if err := start(t, c, false).Send(t.Context(), message()); err == nil || errors.Is(err, mail.ErrRefused) {
		t.Errorf("%v, want an error that is tried again", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.data.Len() > 0 {
		t.Error("the mail was sent without TLS")
	}
}

func TestServerThatIsDownIsTriedAgain(t *testing.T) {
	t.Parallel()
	err := newSender(t, "127.0.0.1:1", true).Send(t.Context(), message())
	if err == nil || errors.Is(err, mail.ErrRefused) {
		t.Errorf("%v, want an error that is tried again", err)
	}
}
