// Package smtpmail sends mails over SMTP, with go-mail. Connections use TLS: from the start for smtps URLs, by STARTTLS
// for smtp URLs. Only a development server on this machine may do without. Errors say which stage failed and the reply
// code, and never what the server said, which may repeat addresses.
package smtpmail

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/adiuva/cloud-api/internal/mail"
)

const timeout = 20 * time.Second // of a connection, and of a command

// Config configures a Sender.
type Config struct {
	URL  string // smtp://user:password@host:587 or smtps://user:password@host:465
	From string // an address, with or without a name
	// AllowPlain accepts servers on this machine that offer no STARTTLS, for development.
	AllowPlain bool
}

// Sender sends mails. It opens a connection for each.
type Sender struct {
	cfg    Config
	host   string
	domain string // of message ids
	opts   []gomail.Option
}

// New returns a Sender, or an error that shows neither the password nor the user.
func New(cfg Config) (*Sender, error) {
	u, err := url.Parse(cfg.URL)
	if err != nil || u.Hostname() == "" || u.Scheme != "smtp" && u.Scheme != "smtps" {
		return nil, errors.New("the URL of the mail server must be smtp://host:port or smtps://host:port")
	}
	s := &Sender{cfg: cfg, host: u.Hostname(), opts: []gomail.Option{gomail.WithTimeout(timeout)}}
	port := 587
	if u.Scheme == "smtps" {
		port = 465
		s.opts = append(s.opts, gomail.WithSSL())
	} else {
		policy := gomail.TLSMandatory
		if cfg.AllowPlain && isLoopback(s.host) {
			policy = gomail.TLSOpportunistic
		}
		s.opts = append(s.opts, gomail.WithTLSPolicy(policy))
	}
	if u.Port() != "" {
		if port, err = strconv.Atoi(u.Port()); err != nil {
			return nil, errors.New("the URL of the mail server has no valid port")
		}
	}
	s.opts = append(s.opts, gomail.WithPort(port))
	if u.User != nil {
		password, _ := u.User.Password()
		s.opts = append(s.opts, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover),
			gomail.WithUsername(u.User.Username()), gomail.WithPassword(password))
	}
	from := gomail.NewMsg()
	if err := from.From(cfg.From); err != nil {
		return nil, errors.New("the sender of mails is no address")
	}
	address := from.GetFrom()[0].Address
	s.domain = address[strings.LastIndexByte(address, '@')+1:]
	return s, nil
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// Send delivers the mail to the server. It wraps mail.ErrRefused where the server answers 5xx.
func (s *Sender) Send(ctx context.Context, m mail.Message) error {
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	if err := msg.From(s.cfg.From); err != nil {
		return errors.New("the sender of mails is no address")
	}
	if err := msg.To(m.To); err != nil {
		return fmt.Errorf("the recipient is no address for SMTP: %w", mail.ErrRefused)
	}
	msg.Subject(m.Subject)
	msg.SetMessageIDWithValue(m.ID.String() + "@" + s.domain)
	msg.SetDate()
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	client, err := gomail.NewClient(s.host, s.opts...)
	if err != nil {
		return errors.New("the options of the mail server are not valid")
	}
	if err := client.DialAndSendWithContext(ctx, msg); err != nil {
		return cleaned(err)
	}
	return nil
}

// cleaned returns an error without the server's words.
func cleaned(err error) error {
	var refused *gomail.SendError
	if !errors.As(err, &refused) {
		return errors.New("no session with the mail server: it is unreachable, has no TLS, or refuses the user")
	}
	code := refused.ErrorCode()
	stage := refused.Reason.String()
	switch {
	case code >= 500:
		return fmt.Errorf("%s: reply code %d: %w", stage, code, mail.ErrRefused)
	case refused.Reason == gomail.ErrSMTPDataClose && code == 0:
		return fmt.Errorf("%s: no reply", stage)
	default:
		return fmt.Errorf("%s: reply code %d", stage, code)
	}
}
