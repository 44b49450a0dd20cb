package secondfactor

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/google/uuid"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/postgres"
)

// Ticket is what was proved already and waits for a code.
type Ticket struct {
	User         uuid.UUID
	VerifiedAt   time.Time // when the account's password was last changed then; another one makes the ticket worthless
	Device       uuid.UUID // the session whose refresh token came with the log-in; uuid.Nil for none
	PasswordHash string    // of a reset: the new password's; "" for a log-in
}

// IssueTicket returns a random ticket, good for 5 minutes, 5 tries and once.
func (f *Factors) IssueTicket(ctx context.Context, tx db.DBTX, t Ticket) (string, error) {
	text := rand.Text()
	params := db.InsertTicketParams{
		Digest: digest(text), UserID: t.User, VerifiedAt: t.VerifiedAt, ExpiresAt: f.now().Add(ticketFor),
	}
	if t.Device != uuid.Nil {
		params.DeviceID = &t.Device
	}
	if t.PasswordHash != "" {
		params.PasswordHash = &t.PasswordHash
	}
	return text, f.q.InsertTicket(ctx, tx, params)
}

// Try counts a try of the ticket and returns what it stands for, or ErrInvalid.
func (f *Factors) Try(ctx context.Context, ticket string) (Ticket, error) {
	row, err := f.q.TryTicket(ctx, f.db.Pool, db.TryTicketParams{
		Digest: digest(ticket), Now: f.now(), MaxTries: maxTries,
	})
	if err != nil {
		return Ticket{}, postgres.NotFoundAs(err, ErrInvalid)
	}
	t := Ticket{User: row.UserID, VerifiedAt: row.VerifiedAt}
	if row.DeviceID != nil {
		t.Device = *row.DeviceID
	}
	if row.PasswordHash != nil {
		t.PasswordHash = *row.PasswordHash
	}
	return t, nil
}

// ReturnTry takes a try back whose code was not compared.
func (f *Factors) ReturnTry(ctx context.Context, ticket string) error {
	return postgres.Translate(f.q.ReturnTicketTry(context.WithoutCancel(ctx), f.db.Pool, digest(ticket)))
}

// Spend uses the ticket up, or returns ErrInvalid where it was used or has expired since.
func (f *Factors) Spend(ctx context.Context, tx db.DBTX, ticket string) error {
	spent, err := f.q.SpendTicket(ctx, tx, digest(ticket), f.now())
	if err == nil && spent == 0 {
		return ErrInvalid
	}
	return err
}

// VoidTickets makes the tickets of the account worthless.
func (f *Factors) VoidTickets(ctx context.Context, tx db.DBTX, user uuid.UUID) error {
	return f.q.DeleteTickets(ctx, tx, user)
}
