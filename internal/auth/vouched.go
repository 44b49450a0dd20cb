package auth

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/audit"
	"github.com/adiuva/cloud-api/internal/auth/lockout"
	"github.com/adiuva/cloud-api/internal/auth/mailcode"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/mail"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/tier"
)

// ErrSecondFactorNeeded is returned by LinkVouched where a second factor guards the account and no code of it came.
var ErrSecondFactorNeeded = fault.New(fault.SecondFactorRequired,
	"A second factor guards this account. Send its code as second_factor, with the same ticket.")

// Vouched is a sign-in of somebody for whom a provider vouches. Package sso has checked it.
type Vouched struct {
	Client identity.Client
	Team   *uuid.UUID // whose provider it is; nil for one of the operator
	// Do runs in the transaction of the sign-in, with the account's row locked, before there is a session. It may
	// refuse.
	Do func(tx pgx.Tx, user uuid.UUID) error
}

// Newcomer is somebody who is to have an account without a password.
type Newcomer struct {
	Email    string // normalized
	Verified bool   // whether the provider's word proves the address; otherwise a code is mailed, as by Register
	Language mail.Language
}

// RegisterVouched creates an account without a password, and its first session. It returns ErrEmailTaken, or the error
// of Do.
func (s *Service) RegisterVouched(ctx context.Context, n Newcomer, v Vouched) (tokens Tokens, err error) {
	event := audit.Event{Kind: audit.Registered, Client: v.Client}
	account := newAccount{grant: tier.Free, language: n.Language}
	err = s.insertAccount(ctx, account, n.Email, "", func(tx pgx.Tx, row db.InsertUserParams) error {
		event.User = row.ID
		if n.Verified {
			if _, err := s.q.VerifyEmail(ctx, tx, row.Now, row.ID); err != nil {
				return err
			}
		} else if _, err := s.issueCode(ctx, tx, mailcode.Request{
			Purpose: mailcode.Verification, User: row.ID, To: row.Email, From: v.Client.Addr,
		}, mail.VerifyAddress, n.Language); err != nil {
			return err
		}
		if err := v.Do(tx, row.ID); err != nil {
			return err
		}
		tokens, err = s.createSessionThrough(ctx, tx, event, row.Now, v.Team)
		return err
	})
	return s.signedIn(ctx, event, tokens, err)
}

// SignInVouched creates a session for an account, and asks for neither password nor second factor. It returns
// ErrInvalidCredentials for an account that is gone, or the error of Do.
func (s *Service) SignInVouched(ctx context.Context, user uuid.UUID, v Vouched) (tokens Tokens, err error) {
	event := audit.Event{User: user, Kind: audit.SignedIn, Client: v.Client}
	err = s.db.Tx(ctx, func(tx pgx.Tx) error {
		locked, err := s.q.LockUser(ctx, tx, user)
		if err != nil {
			return postgres.NotFoundAs(err, ErrInvalidCredentials)
		}
		if err := v.Do(tx, user); err != nil {
			return err
		}
		tokens, err = s.createSessionThrough(ctx, tx, event, locked.PasswordChangedAt, v.Team)
		return err
	})
	return s.signedIn(ctx, event, tokens, err)
}

// signedIn announces a sign-in that was committed, which is so where err is nil.
func (s *Service) signedIn(ctx context.Context, event audit.Event, tokens Tokens, err error) (Tokens, error) {
	if err != nil {
		return Tokens{}, postgres.Translate(err)
	}
	s.audit.Announce(ctx, event)
	s.mailAdded()
	s.rememberNetwork(ctx, event.User, event.Client.Addr)
	return tokens, s.endIdleSessions(ctx, event.User)
}

// OwnerProof is what proves that an account is somebody's own: its password, or a code of RequestLinkCode, and a code
// of the second factor where there is one.
type OwnerProof struct {
	User         uuid.UUID
	Password     string
	Code         string // "" where it is the password
	SecondFactor string // a recovery code works too
}

// LinkVouched is SignInVouched for an account whose owner has not been there with this provider before, and proves now
// that it is theirs. It returns ErrInvalidCredentials for a wrong password, mailcode.ErrInvalid for a wrong code, or
// where the account has changed meanwhile, ErrSecondFactorNeeded, which leaves the code good, secondfactor.ErrInvalid,
// lockout.ErrTooMany, auth_busy, or the error of Do.
func (s *Service) LinkVouched(ctx context.Context, p OwnerProof, v Vouched) (Tokens, error) {
	known, err := s.q.CredentialsByID(ctx, s.db.Pool, p.User)
	if err != nil {
		return Tokens{}, postgres.NotFoundAs(err, mailcode.ErrInvalid)
	}
	mailed, err := s.proveOwner(ctx, known, p, v.Client)
	if err != nil {
		return Tokens{}, err
	}
	guarded, err := s.factors.IsGuarded(ctx, s.db.Pool, p.User)
	if err != nil {
		return Tokens{}, postgres.Translate(err)
	}
	if guarded && p.SecondFactor == "" {
		s.audit.Note(ctx, audit.Event{User: p.User, Kind: audit.SecondFactorAsked, Client: v.Client})
		return Tokens{}, ErrSecondFactorNeeded
	}
	link := linking{proof: p, vouched: v, guarded: guarded, mailed: mailed, passwordChangedAt: known.PasswordChangedAt}
	if guarded {
		err = s.checkCode(ctx, codeCheck{
			attempt: lockout.Attempt{User: p.User, From: v.Client.Addr},
			refused: audit.Event{User: p.User, Kind: audit.SecondFactorRefused, Client: v.Client},
		}, func(tx pgx.Tx) error { return s.link(ctx, tx, &link) })
	} else {
		err = s.db.Tx(ctx, func(tx pgx.Tx) error { return s.link(ctx, tx, &link) })
	}
	if err == nil {
		s.announce(ctx, link.events)
	}
	return s.signedIn(ctx, audit.Event{User: p.User, Kind: audit.SignedIn, Client: v.Client}, link.tokens, err)
}

// proveOwner checks the password, or the mailed code, which it returns to be used up.
func (s *Service) proveOwner(
	ctx context.Context, known db.CredentialsByIDRow, p OwnerProof, client identity.Client,
) (mailed *mailcode.Proof, err error) {
	if p.Code != "" {
		proof, err := s.codes.Check(ctx, p.User, mailcode.Link, p.Code)
		return &proof, err
	}
	return nil, s.checkPassword(ctx, check{
		attempt: lockout.Attempt{Account: known.Email, User: p.User, From: client.Addr},
		hash:    known.PasswordHash, secret: p.Password, wrong: ErrInvalidCredentials,
		refused: audit.Event{User: p.User, Kind: audit.SignInRefused, Client: client},
	}, nil)
}

// linking is a LinkVouched after the first proof.
type linking struct {
	proof             OwnerProof
	vouched           Vouched
	guarded           bool
	mailed            *mailcode.Proof
	passwordChangedAt time.Time

	tokens Tokens
	events []audit.Event // to announce beside the sign-in
}

func (s *Service) link(ctx context.Context, tx pgx.Tx, l *linking) error {
	user := l.proof.User
	locked, err := s.q.LockUser(ctx, tx, user)
	if err != nil {
		return postgres.NotFoundAs(err, mailcode.ErrInvalid)
	}
	guarded, err := s.factors.IsGuarded(ctx, tx, user)
	switch {
	case err != nil:
		return err
	case guarded != l.guarded, !locked.PasswordChangedAt.Equal(l.passwordChangedAt):
		return mailcode.ErrInvalid
	}
	if guarded {
		recovery, err := s.factors.Use(ctx, tx, user, l.proof.SecondFactor)
		if err != nil {
			return err
		}
		if recovery {
			l.events = []audit.Event{{User: user, Kind: audit.RecoveryCodeUsed, Client: l.vouched.Client}}
		}
	}
	if l.mailed != nil {
		if _, err := s.codes.Spend(ctx, tx, *l.mailed); err != nil {
			return err
		}
	}
	if err := s.record(ctx, tx, l.events); err != nil {
		return err
	}
	if err := l.vouched.Do(tx, user); err != nil {
		return err
	}
	signIn := audit.Event{User: user, Kind: audit.SignedIn, Client: l.vouched.Client}
	l.tokens, err = s.createSessionThrough(ctx, tx, signIn, locked.PasswordChangedAt, l.vouched.Team)
	return err
}

// RequestLinkCode mails a code to the account for LinkVouched. It returns mailcode.ErrTooMany with the time to wait
// when the address had its mails of the hour, and mailcode.ErrInvalid for an account that is gone.
func (s *Service) RequestLinkCode(
	ctx context.Context, user uuid.UUID, client identity.Client, lang mail.Language,
) error {
	known, err := s.q.CredentialsByID(ctx, s.db.Pool, user)
	if err != nil {
		return postgres.NotFoundAs(err, mailcode.ErrInvalid)
	}
	var issued mailcode.Issued
	err = s.db.Tx(ctx, func(tx pgx.Tx) (err error) {
		issued, err = s.issueCode(ctx, tx, mailcode.Request{
			Purpose: mailcode.Link, User: user, To: known.Email, From: client.Addr,
		}, mail.LinkAccount, lang)
		return err
	})
	if err != nil {
		return postgres.Translate(err)
	}
	if issued.ID == uuid.Nil {
		return mailcode.ErrTooMany.WithRetryAfter(issued.Wait)
	}
	s.mailAdded()
	return nil
}

// endLinks ends the account's sign-ins through providers.
func (s *Service) endLinks(ctx context.Context, tx pgx.Tx, user uuid.UUID) error {
	if _, err := s.q.DeleteIdentitiesOf(ctx, tx, user); err != nil {
		return err
	}
	return s.q.DeleteSSOAnswersOf(ctx, tx, user)
}
