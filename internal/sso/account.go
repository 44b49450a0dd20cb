package sso

import (
	"context"
	"errors"
	"fmt"

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
	"github.com/adiuva/cloud-api/internal/team"
)

// errOvertaken is returned where another sign-in of the same person, or another account, came first.
var errOvertaken = errors.New("another sign-in came first")

// answer is what a provider has said of a person, waiting for a code or a ticket.
type answer struct {
	db.SSOAnswerRow
	digest []byte // of the code or the ticket
	client identity.Client
}

func (a answer) source() source { return source{team: a.TeamID} }

// scope returns what the issuer's names of people are kept apart by.
func (a answer) scope() uuid.UUID {
	if a.TeamID == nil {
		return uuid.Nil
	}
	return *a.TeamID
}

// read returns the answer that waits for the code or the ticket, or ErrCode.
func (s *Service) read(ctx context.Context, client identity.Client, text string) (answer, error) {
	digest := handover.Digest(text)
	row, err := s.q.SSOAnswer(ctx, s.db.Pool, digest, s.now())
	if err != nil {
		return answer{}, postgres.NotFoundAs(err, ErrCode)
	}
	return answer{SSOAnswerRow: row, digest: digest, client: client}, nil
}

// Redeem exchanges the code that the app got, and the verifier of its challenge, for a session. Whatever is wrong with
// them is ErrCode. Somebody new gets an account; where there is one with the address, it returns ErrLinkRequired, or
// ErrEmailTaken where the provider or we have not verified it. It returns ErrFailed for somebody whom the team's
// provider may not sign in, and the errors of Teams.Admit. lang is of mails to somebody new.
func (s *Service) Redeem(
	ctx context.Context, client identity.Client, code, verifier string, lang mail.Language,
) (auth.Tokens, error) {
	a, err := s.read(ctx, client, code)
	if err != nil {
		return auth.Tokens{}, err
	}
	if a.CodeChallenge == nil || !handover.IsProvedBy(verifier, *a.CodeChallenge) {
		return auth.Tokens{}, ErrCode
	}
	tokens, err := s.signIn(ctx, a, lang)
	if errors.Is(err, errOvertaken) { // what it has written is there now
		tokens, err = s.signIn(ctx, a, lang)
	}
	if errors.Is(err, errOvertaken) {
		err = fault.ErrDatabase.WithCause(err)
	}
	return tokens, err
}

func (s *Service) signIn(ctx context.Context, a answer, lang mail.Language) (auth.Tokens, error) {
	if err := s.checkDomain(ctx, s.db.Pool, a); err != nil {
		return auth.Tokens{}, err
	}
	known, err := s.q.IdentityOwner(ctx, s.db.Pool, db.IdentityOwnerParams{
		Issuer: a.Issuer, Subject: a.Subject, Scope: a.scope(),
	})
	if err == nil {
		return s.signInKnown(ctx, a, known)
	}
	if !errors.Is(err, pgx.ErrNoRows) {
		return auth.Tokens{}, postgres.Translate(err)
	}
	if a.Email == "" {
		return auth.Tokens{}, s.failed(ctx, a.source(), reasonAddress)
	}
	account, err := s.q.UserByEmail(ctx, s.db.Pool, a.Email)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return s.register(ctx, a, lang)
	case err != nil:
		return auth.Tokens{}, postgres.Translate(err)
	case account.EmailVerifiedAt == nil || !a.vouchesForAddress():
		return auth.Tokens{}, ErrEmailTaken
	}
	return auth.Tokens{}, s.hold(ctx, a, account.ID)
}

// vouchesForAddress reports whether the address is certainly the person's. A team's provider decides about addresses of
// its domains, which were checked.
func (a answer) vouchesForAddress() bool { return a.TeamID != nil || a.EmailVerified }

// checkDomain returns ErrFailed where a team's provider does not speak for the address.
func (s *Service) checkDomain(ctx context.Context, tx db.DBTX, a answer) error {
	if a.TeamID == nil {
		return nil
	}
	speaks := false
	if a.Email != "" {
		var err error
		if speaks, err = s.q.HasProvedDomain(ctx, tx, *a.TeamID, domainOf(a.Email)); err != nil {
			return postgres.Translate(err)
		}
	}
	if !speaks {
		return s.failed(ctx, a.source(), reasonDomain)
	}
	return nil
}

// signInKnown signs in somebody who was here before.
func (s *Service) signInKnown(ctx context.Context, a answer, known db.IdentityOwnerRow) (auth.Tokens, error) {
	tokens, err := s.cfg.Accounts.SignInVouched(ctx, known.UserID, auth.Vouched{
		Client: a.client, Team: a.TeamID,
		Do: func(tx pgx.Tx, user uuid.UUID) error {
			now, err := s.q.IdentityOwner(ctx, tx, db.IdentityOwnerParams{
				Issuer: a.Issuer, Subject: a.Subject, Scope: a.scope(),
			})
			if errors.Is(err, pgx.ErrNoRows) || err == nil && now != known {
				return errOvertaken
			}
			if err != nil {
				return err
			}
			if err := s.checkMember(ctx, tx, a, user); err != nil {
				return err
			}
			if err := s.spend(ctx, tx, a); err != nil {
				return err
			}
			return s.q.UseIdentity(ctx, tx, s.now(), known.ID)
		},
	})
	if errors.Is(err, ErrFailed) || errors.Is(err, team.ErrInTeam) {
		s.cfg.Audit.Note(ctx, audit.Event{User: known.UserID, Kind: audit.SSORefused, Client: a.client})
	}
	return tokens, err
}

// checkMember returns ErrFailed for somebody whom the team has removed, and team.ErrInTeam for who is in another now.
func (s *Service) checkMember(ctx context.Context, tx db.DBTX, a answer, user uuid.UUID) error {
	if a.TeamID == nil {
		return nil
	}
	present, err := s.q.TeamOf(ctx, tx, s.now(), user)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return s.failed(ctx, a.source(), reasonRemoved)
	case err == nil && present.ID != *a.TeamID:
		return team.ErrInTeam
	}
	return err
}

// spend uses up the code or the ticket.
func (s *Service) spend(ctx context.Context, tx db.DBTX, a answer) error {
	spent, err := s.q.SpendSSOAnswer(ctx, tx, a.digest, s.now())
	if err == nil && spent == 0 {
		return ErrCode
	}
	return err
}

// register makes an account for somebody new.
func (s *Service) register(ctx context.Context, a answer, lang mail.Language) (auth.Tokens, error) {
	var events []audit.Event
	tokens, err := s.cfg.Accounts.RegisterVouched(ctx,
		auth.Newcomer{Email: a.Email, Verified: a.vouchesForAddress(), Language: lang},
		auth.Vouched{Client: a.client, Team: a.TeamID, Do: func(tx pgx.Tx, user uuid.UUID) (err error) {
			if err := s.spend(ctx, tx, a); err != nil {
				return err
			}
			events, err = s.attach(ctx, tx, a, user)
			return err
		}})
	if errors.Is(err, auth.ErrEmailTaken) {
		return tokens, errOvertaken
	}
	s.announce(ctx, events, err)
	return tokens, err
}

// attach links the person to the account, which is locked, and makes it a member of the team. It returns what happened,
// to announce.
func (s *Service) attach(ctx context.Context, tx pgx.Tx, a answer, user uuid.UUID) ([]audit.Event, error) {
	var events []audit.Event
	if a.TeamID != nil {
		joined, err := s.cfg.Teams.Admit(ctx, tx, user, *a.TeamID)
		if err != nil {
			return nil, err
		}
		if joined {
			event := audit.Event{User: user, Kind: audit.TeamJoined, Client: a.client, Subject: *a.TeamID}
			events = append(events, event)
		}
	}
	id, err := uuid.NewV7()
	if err != nil {
		return nil, fmt.Errorf("make an identity's id: %w", err)
	}
	if err := s.q.ForgetOldestIdentities(ctx, tx, user, maxIdentities-1); err != nil {
		return nil, err
	}
	err = s.q.InsertIdentity(ctx, tx, db.InsertIdentityParams{
		ID: id, UserID: user, TeamID: a.TeamID, Issuer: a.Issuer, Subject: a.Subject, Email: a.Email, Now: s.now(),
	})
	if constraint, ok := postgres.UniqueViolation(err); ok && constraint == "sso_identities_subject_key" {
		return nil, errOvertaken
	}
	if err != nil {
		return nil, err
	}
	for _, event := range events {
		if err := s.cfg.Audit.Record(ctx, tx, event); err != nil {
			return nil, err
		}
	}
	return events, nil
}

// announce announces events that were committed, which is so where err is nil.
func (s *Service) announce(ctx context.Context, events []audit.Event, err error) {
	for _, event := range events {
		if err == nil {
			s.cfg.Audit.Announce(ctx, event)
		}
	}
}
