package mail

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/worker"
)

const (
	poll        = 2 * time.Second
	sendTimeout = 30 * time.Second // of one mail
	lease       = time.Minute      // longer than sendTimeout; after it another replica may claim the mail
	lanes       = 4                // mails at a time, so that a slow one does not hold up the others
	maxRefusals = 3
	maxAge      = 24 * time.Hour
)

var pauses = worker.Backoff{First: 15 * time.Second, Max: 15 * time.Minute}

// ErrRefused is wrapped by a Sender's error where the mail server refuses the mail for good (5xx).
var ErrRefused = errors.New("the mail server refuses the mail")

// Message is a rendered mail. It is never logged or kept.
type Message struct {
	ID      uuid.UUID // the same when the mail is sent again
	To      string
	Subject string
	Text    string
	HTML    string
}

// Sender delivers mails to a server. Its errors hold no word of the server or of the mail.
type Sender interface {
	Send(ctx context.Context, m Message) error
}

// WorkerConfig configures a Worker. All members but AppURL and Now are required.
type WorkerConfig struct {
	DB     *postgres.DB
	Sender Sender
	// Activate makes a code valid and returns it, or false where it is not to be mailed any more.
	Activate func(ctx context.Context, tx db.DBTX, id uuid.UUID) (code string, ok bool, err error)
	AppURL   string // the link below each mail; "" for none
	Now      func() time.Time
	Log      *slog.Logger
}

// Worker sends the mails of the outbox. Replicas may run one each.
type Worker struct {
	cfg       WorkerConfig
	q         *db.Queries
	templates *templates
	worker    *worker.Worker
}

// NewWorker returns a Worker, which does nothing until Maintain or SendDue is called.
func NewWorker(cfg WorkerConfig) (*Worker, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	t, err := loadTemplates()
	if err != nil {
		return nil, err
	}
	w := &Worker{cfg: cfg, q: db.New(), templates: t}
	w.worker = worker.New(worker.Config{Now: cfg.Now, Log: cfg.Log}, worker.Job{
		Every: poll, OnNotify: true, FailureMessage: "mails will be tried again", Run: w.SendDue,
	})
	return w, nil
}

// Maintain sends mails as they fall due, until ctx ends.
func (w *Worker) Maintain(ctx context.Context) { w.worker.Run(ctx) }

// Notify has the outbox looked at now. It never blocks.
func (w *Worker) Notify() { w.worker.Notify() }

// SendDue sends every mail that is due, a few at a time. Mails that fail are due again later. Its errors are those of
// the database.
func (w *Worker) SendDue(ctx context.Context) error {
	var running sync.WaitGroup
	failures := make([]error, lanes)
	for i := range lanes {
		running.Go(func() {
			for more := true; more && failures[i] == nil && ctx.Err() == nil; {
				more, failures[i] = w.sendNext(ctx)
			}
		})
	}
	running.Wait()
	return errors.Join(failures...)
}

// sendNext sends one mail, or reports false where none is due.
func (w *Worker) sendNext(ctx context.Context) (bool, error) {
	row, code, ok, err := w.claim(ctx)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, postgres.Translate(err)
	}
	var to string
	if ok {
		to, err = w.recipient(ctx, row)
	}
	switch {
	case err != nil:
		return false, err
	case to == "" || w.cfg.Now().Sub(row.CreatedAt) > maxAge:
		return true, w.drop(ctx, row.ID)
	}
	m, err := w.templates.render(Kind(row.Kind), Language(row.Language), content{Code: code, AppURL: w.cfg.AppURL})
	if err != nil {
		return false, err
	}
	m.ID, m.To = row.ID, to
	limited, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	return true, w.settle(ctx, row, w.cfg.Sender.Send(limited, m))
}

// claim takes a mail that is due and, in the same transaction, makes its code valid. ok is false where it is not to be
// sent any more.
func (w *Worker) claim(ctx context.Context) (row db.ClaimMailRow, code string, ok bool, err error) {
	err = w.cfg.DB.Tx(ctx, func(tx pgx.Tx) error {
		now := w.cfg.Now()
		if row, err = w.q.ClaimMail(ctx, tx, now.Add(lease), now); err != nil {
			return err
		}
		ok = true
		if row.CodeID != nil {
			code, ok, err = w.cfg.Activate(ctx, tx, *row.CodeID)
		}
		return err
	})
	return row, code, ok, err
}

// recipient returns the address, or "" where the account is gone.
func (w *Worker) recipient(ctx context.Context, row db.ClaimMailRow) (string, error) {
	switch {
	case row.Address != nil:
		return *row.Address, nil
	case row.UserID == nil:
		return "", nil
	}
	to, err := w.q.MailAddress(ctx, w.cfg.DB.Pool, *row.UserID)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	return to, postgres.Translate(err)
}

// settle ends the mail's row or postpones it. It runs to its end at shutdown, so that what was sent is not sent twice.
func (w *Worker) settle(ctx context.Context, row db.ClaimMailRow, sendErr error) error {
	ctx = context.WithoutCancel(ctx)
	attrs := []any{slog.String("mail", row.ID.String()), slog.String("kind", row.Kind),
		slog.Int("attempts", int(row.Attempts))}
	if sendErr == nil {
		w.cfg.Log.InfoContext(ctx, "mail sent", attrs...)
		return w.drop(ctx, row.ID)
	}
	attrs = append(attrs, slog.Any("error", sendErr))
	refusals := row.Refusals
	if errors.Is(sendErr, ErrRefused) {
		refusals++
	}
	if refusals >= maxRefusals {
		w.cfg.Log.WarnContext(ctx, "mail given up: the mail server refuses it", attrs...)
		return w.drop(ctx, row.ID)
	}
	w.cfg.Log.WarnContext(ctx, "mail will be tried again", attrs...)
	return postgres.Translate(w.q.PostponeMail(ctx, w.cfg.DB.Pool, db.PostponeMailParams{
		ID: row.ID, Attempts: row.Attempts, Refusals: refusals,
		NextTryAt: w.cfg.Now().Add(pauses.After(int(row.Attempts))),
	}))
}

func (w *Worker) drop(ctx context.Context, id uuid.UUID) error {
	if err := w.q.DeleteMail(ctx, w.cfg.DB.Pool, id); err != nil {
		return fmt.Errorf("remove a mail from the outbox: %w", postgres.Translate(err))
	}
	return nil
}
