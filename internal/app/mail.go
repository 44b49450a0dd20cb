package app

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"

	"github.com/adiuva/cloud-api/internal/config"
	"github.com/adiuva/cloud-api/internal/dev/mailbox"
	"github.com/adiuva/cloud-api/internal/listener"
	"github.com/adiuva/cloud-api/internal/mail"
	"github.com/adiuva/cloud-api/internal/smtpmail"
)

// wireMail connects the outbox to the mail server, or to the mailbox where none is set.
func (a *App) wireMail(cfg config.Config, opts Options) error {
	sender, err := a.openSender(cfg, opts)
	if err != nil {
		return err
	}
	a.Mail, err = mail.NewWorker(mail.WorkerConfig{
		DB: a.DB, Sender: sender, Activate: a.Auth.ActivateCode, AppURL: cfg.AppURL, Now: opts.Now, Log: opts.Log,
	})
	return err
}

func (a *App) openSender(cfg config.Config, opts Options) (mail.Sender, error) {
	if !cfg.SMTPURL.IsSet() {
		return a.startMailbox(cfg, opts)
	}
	sender, err := smtpmail.New(smtpmail.Config{
		URL: cfg.SMTPURL.Reveal(), From: cfg.MailFrom, AllowPlain: !cfg.IsProd(),
	})
	if err != nil {
		return nil, ConfigError{fmt.Errorf("SMTP_URL or MAIL_FROM is wrong: %w", err)}
	}
	return sender, nil
}

// startMailbox starts the mailbox with its page.
func (a *App) startMailbox(cfg config.Config, opts Options) (mail.Sender, error) {
	box, err := mailbox.New(opts.Now)
	if err != nil {
		return nil, err
	}
	socket, err := net.Listen("tcp", cmp.Or(cfg.DevMailAddr, "127.0.0.1:0"))
	if err != nil {
		return nil, err
	}
	connections := listener.New(listener.Config{Log: opts.Log})
	server := connections.Server(box)
	go func() {
		if err := server.Serve(connections.Listener(socket)); !errors.Is(err, http.ErrServerClosed) {
			opts.Log.Error("the mailbox ended", slog.Any("error", err))
		}
	}()
	a.closers = append(a.closers, func() { _ = server.Close() }) // nothing of it is worth waiting for
	a.Mailbox, a.MailboxURL = box, "http://"+socket.Addr().String()
	return box, nil
}
