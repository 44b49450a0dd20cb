package sso

import (
	"context"
	"crypto/rand"
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/audit"
	"github.com/adiuva/cloud-api/internal/auth"
	"github.com/adiuva/cloud-api/internal/auth/handover"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/mail"
	"github.com/adiuva/cloud-api/internal/postgres"
)

// hold exchanges the code for a ticket that waits for the owner of the account, and returns ErrLinkRequired with it.
func (s *Service) hold(ctx context.Context, a answer, user uuid.UUID) error {
	ticket := rand.Text()
	held, err := s.q.HoldSSOAnswer(ctx, s.db.Pool, db.HoldSSOAnswerParams{
		Ticket: handover.Digest(ticket), UserID: user, ExpiresAt: s.now().Add(ticketFor), Digest: a.digest,
		Now: s.now(),
	})
	switch {
	case err != nil:
		return postgres.Translate(err)
	case held == 0:
		return ErrCode
	}
	return ErrLinkRequired.WithExtra("ticket", ticket)
}

// Link is the ticket of ErrLinkRequired and what proves that the account is the person's own.
type Link struct {
	Ticket       string
	Password     string // or
	Code         string // of RequestLinkCode
	SecondFactor string // "" where there is none
}

// Link links the person to the account for good and signs in. It returns ErrCode for a ticket that is not accepted,
// validation_failed where there is not either a password or a code, the errors of auth.Service.LinkVouched, which leave
// the ticket good, and those of Redeem.
func (s *Service) Link(ctx context.Context, client identity.Client, in Link) (auth.Tokens, error) {
	if (in.Password == "") == (in.Code == "") {
		return auth.Tokens{}, fault.ErrValidation.WithDetails(fault.Detail{
			Pointer: "/password", Message: "Send either password or code.",
		})
	}
	a, err := s.readTicket(ctx, client, in.Ticket)
	if err != nil {
		return auth.Tokens{}, err
	}
	var events []audit.Event
	proof := auth.OwnerProof{
		User: *a.UserID, Password: in.Password, Code: in.Code, SecondFactor: in.SecondFactor,
	}
	tokens, err := s.cfg.Accounts.LinkVouched(ctx, proof, auth.Vouched{
		Client: client, Team: a.TeamID, Do: func(tx pgx.Tx, user uuid.UUID) (err error) {
			events, err = s.link(ctx, tx, a, user)
			return err
		},
	})
	if errors.Is(err, errOvertaken) { // somebody else's account was linked meanwhile
		err = ErrCode
	}
	s.announce(ctx, events, err)
	if err == nil {
		s.cfg.Accounts.Forget(*a.UserID) // its plan may be the team's now
	}
	return tokens, err
}

// readTicket returns the answer that waits for the ticket, or ErrCode.
func (s *Service) readTicket(ctx context.Context, client identity.Client, ticket string) (answer, error) {
	a, err := s.read(ctx, client, ticket)
	if err == nil && (a.UserID == nil || a.CodeChallenge != nil) { // it is a code
		err = ErrCode
	}
	return a, err
}

// link uses the ticket up and links the person to the account, which is locked and was proved to be theirs.
func (s *Service) link(ctx context.Context, tx pgx.Tx, a answer, user uuid.UUID) ([]audit.Event, error) {
	if err := s.spend(ctx, tx, a); err != nil {
		return nil, err
	}
	if err := s.checkDomain(ctx, tx, a); err != nil {
		return nil, err
	}
	account, err := s.q.UserByID(ctx, tx, user)
	if err != nil {
		return nil, postgres.NotFoundAs(err, ErrCode)
	}
	if account.Email != a.Email || account.EmailVerifiedAt == nil { // it has moved to another address meanwhile
		return nil, ErrCode
	}
	events, err := s.attach(ctx, tx, a, user)
	if err != nil {
		return nil, err
	}
	linked := audit.Event{User: user, Kind: audit.SSOLinked, Client: a.client}
	if err := s.cfg.Audit.Record(ctx, tx, linked); err != nil {
		return nil, err
	}
	return append(events, linked), s.outbox.Notify(ctx, tx, user, mail.SSOLinked)
}

// RequestLinkCode mails a code to the account of the ticket. It returns ErrCode, or mailcode.ErrTooMany with the time
// to wait.
func (s *Service) RequestLinkCode(
	ctx context.Context, client identity.Client, ticket string, lang mail.Language,
) error {
	a, err := s.readTicket(ctx, client, ticket)
	if err != nil {
		return err
	}
	return s.cfg.Accounts.RequestLinkCode(ctx, *a.UserID, client, lang)
}
