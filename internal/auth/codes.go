package auth

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/audit"
	"github.com/adiuva/cloud-api/internal/auth/mailcode"
	"github.com/adiuva/cloud-api/internal/auth/password"
	"github.com/adiuva/cloud-api/internal/auth/secondfactor"
	"github.com/adiuva/cloud-api/internal/auth/token"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/mail"
	"github.com/adiuva/cloud-api/internal/postgres"
)

// ActivateCode makes a mailed code valid when its mail is sent; see mailcode.Codes.Activate.
func (s *Service) ActivateCode(ctx context.Context, tx db.DBTX, id uuid.UUID) (code string, ok bool, err error) {
	return s.codes.Activate(ctx, tx, id)
}

// issueCode adds a code and its mail in the transaction. Beyond the limit it adds neither.
func (s *Service) issueCode(
	ctx context.Context, tx db.DBTX, r mailcode.Request, kind mail.Kind, lang mail.Language,
) (mailcode.Issued, error) {
	issued, err := s.codes.Issue(ctx, tx, r)
	if err != nil || issued.ID == uuid.Nil {
		return issued, err
	}
	m := mail.CodeMail{Kind: kind, Code: issued.ID, User: r.User, Language: lang}
	if r.Purpose == mailcode.Address {
		m.Address = r.To
	}
	return issued, s.outbox.SendCode(ctx, tx, m)
}

// RequestPasswordReset mails a code to the account of the address, if there is one, and returns the handle to
// confirm it with. Unknown addresses take the same statements. What is no address at all is validation_failed.
func (s *Service) RequestPasswordReset(
	ctx context.Context, email string, from netip.Addr, lang mail.Language,
) (handle string, err error) {
	normal, err := NormalizeEmail(email)
	if err != nil {
		return "", err
	}
	defer waitForGrid(ctx, time.Now())
	known, err := s.q.CredentialsByEmail(ctx, s.db.Pool, normal)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return "", postgres.Translate(err)
	}
	familiar, err := s.lockout.IsKnown(ctx, known.ID, from)
	if err != nil {
		return "", err
	}
	var issued mailcode.Issued
	err = s.db.Tx(ctx, func(tx pgx.Tx) error {
		var err error
		issued, err = s.issueCode(ctx, tx, mailcode.Request{
			Purpose: mailcode.Reset, User: known.ID, To: normal, From: from,
			// The networks of an account that nobody verified may be those of whoever took the address.
			OwnNetwork: familiar && known.EmailVerifiedAt != nil,
		}, mail.ResetPassword, lang)
		return err
	})
	s.mailAdded()
	return issued.Handle, postgres.Translate(err)
}

// ConfirmPasswordReset sets a new password with a mailed code, ends every session, voids every code and verifies the
// address. Where the address was not verified before, it also ends what somebody else may have set up. Where it was and
// a second factor guards the account, it uses up the code and returns ErrSecondFactorRequired: the password changes
// with the ticket. Other errors are validation_failed with the pointer /new_password and ErrSSORequired, which leave
// the code good, mailcode.ErrInvalid and auth_busy.
func (s *Service) ConfirmPasswordReset(
	ctx context.Context, client identity.Client, handle, code, next string,
) error {
	if violation := s.policy.Violation(next); violation != "" {
		return fault.ErrValidation.WithDetails(fault.Detail{Pointer: "/new_password", Message: violation})
	}
	proof, err := s.codes.CheckReset(ctx, handle, code)
	if err != nil {
		return err
	}
	hash, err := s.hash(ctx, next)
	if err != nil {
		return err
	}
	event := audit.Event{User: proof.User, Kind: audit.PasswordReset, Client: client}
	forgetKeys := func() {}
	var required error // returned after the transaction, so that the ticket is kept
	err = s.db.Tx(ctx, func(tx pgx.Tx) error {
		locked, err := s.q.LockUser(ctx, tx, proof.User)
		if err != nil {
			return postgres.NotFoundAs(err, mailcode.ErrInvalid)
		}
		if err := s.checkRequiredProvider(ctx, tx, proof.User, nil); err != nil {
			return err
		}
		if _, err := s.codes.Spend(ctx, tx, proof); err != nil {
			return err
		}
		if locked.EmailVerifiedAt != nil {
			required, err = s.requireSecondFactor(ctx, tx, secondfactor.Ticket{
				User: proof.User, VerifiedAt: locked.PasswordChangedAt, PasswordHash: hash,
			}, client)
			if err != nil || required != nil {
				return err
			}
		}
		if forgetKeys, err = s.resetPassword(ctx, tx, proof.User, hash); err != nil {
			return err
		}
		return s.audit.Record(ctx, tx, event)
	})
	if err == nil && required != nil {
		event.Kind = audit.SecondFactorAsked
		s.audit.Announce(ctx, event)
		return required
	}
	s.sessions.InvalidateUser(proof.User)
	if err == nil {
		forgetKeys()
		s.audit.Announce(ctx, event)
		s.mailAdded()
	}
	return postgres.Translate(err)
}

// hash returns the hash of a password whose owner has proved something already.
func (s *Service) hash(ctx context.Context, secret string) (string, error) {
	slot, err := s.hasher.Slot(ctx, password.Known)
	if err != nil {
		return "", err
	}
	defer slot.Release()
	return slot.Hash(secret)
}

// resetPassword is what every reset does, however it was proved. It returns what to call once that is committed.
func (s *Service) resetPassword(
	ctx context.Context, tx pgx.Tx, user uuid.UUID, hash string,
) (committed func(), err error) {
	committed = func() {}
	now := s.now()
	verified, err := s.q.ResetPassword(ctx, tx, db.ResetPasswordParams{ID: user, PasswordHash: hash, Now: now})
	if errors.Is(err, pgx.ErrNoRows) { // deleted in the meantime
		return nil, mailcode.ErrInvalid
	}
	if err != nil {
		return nil, err
	}
	if err := s.revokeAll(ctx, tx, user, reasonPassword); err != nil {
		return nil, err
	}
	if err := s.voidCodes(ctx, tx, user); err != nil {
		return nil, err
	}
	if !verified {
		if committed, err = s.reclaim(ctx, tx, user); err != nil {
			return nil, err
		}
	}
	return committed, s.outbox.Notify(ctx, tx, user, mail.PasswordChanged)
}

// reclaim ends what somebody else may have set up while the address was not verified.
func (s *Service) reclaim(ctx context.Context, tx pgx.Tx, user uuid.UUID) (committed func(), err error) {
	if err := s.q.ForgetNetworks(ctx, tx, user); err != nil {
		return nil, err
	}
	if _, err := s.removeFactors(ctx, tx, user); err != nil {
		return nil, err
	}
	if err := s.endLinks(ctx, tx, user); err != nil {
		return nil, err
	}
	_, committed, err = s.apiKeys.RevokeAll(ctx, tx, user)
	if err == nil && s.reclaimed != nil {
		err = s.reclaimed(ctx, tx, user)
	}
	return committed, err
}

// voidCodes makes the codes that were mailed to the user invalid, and the tickets that wait for a second factor or for
// a proof that the account is the user's.
func (s *Service) voidCodes(ctx context.Context, tx db.DBTX, user uuid.UUID) error {
	if err := s.factors.VoidTickets(ctx, tx, user); err != nil {
		return err
	}
	if err := s.q.DeleteSSOAnswersOf(ctx, tx, user); err != nil {
		return err
	}
	return s.codes.Void(ctx, tx, user, mailcode.Verification, mailcode.Reset, mailcode.Address, mailcode.Link)
}

// RequestVerification mails a code to the user's address, unless it is verified already. It returns mailcode.ErrTooMany
// with the time to wait when the address had its mails of the hour.
func (s *Service) RequestVerification(
	ctx context.Context, user identity.User, from netip.Addr, lang mail.Language,
) error {
	row, err := s.q.UserByID(ctx, s.db.Pool, user.ID)
	if err != nil {
		return postgres.NotFoundAs(err, token.ErrInvalid)
	}
	if row.EmailVerifiedAt != nil {
		return nil
	}
	var issued mailcode.Issued
	err = s.db.Tx(ctx, func(tx pgx.Tx) error {
		var err error
		issued, err = s.issueCode(ctx, tx, mailcode.Request{
			Purpose: mailcode.Verification, User: user.ID, To: row.Email, From: from,
		}, mail.VerifyAddress, lang)
		return err
	})
	if err == nil && issued.ID == uuid.Nil {
		return mailcode.ErrTooMany.WithRetryAfter(issued.Wait)
	}
	s.mailAdded()
	return postgres.Translate(err)
}

// ConfirmVerification marks the user's address as verified, or returns mailcode.ErrInvalid.
func (s *Service) ConfirmVerification(ctx context.Context, user identity.User, code string) error {
	proof, err := s.codes.Check(ctx, user.ID, mailcode.Verification, code)
	if err != nil {
		return err
	}
	err = s.db.Tx(ctx, func(tx pgx.Tx) error {
		if _, err := s.codes.Spend(ctx, tx, proof); err != nil {
			return err
		}
		now := s.now()
		changed, err := s.q.VerifyEmail(ctx, tx, now, user.ID)
		if err == nil && changed == 0 {
			return token.ErrInvalid
		}
		return err
	})
	s.sessions.InvalidateUser(user.ID)
	return postgres.Translate(err)
}

// RequestEmailChange mails a code to the new address. If that has an account, its owner gets a notice instead and the
// caller learns nothing. It returns validation_failed with the pointer /email, ErrPasswordWrong, ErrSignInTooOld,
// lockout.ErrTooMany, mailcode.ErrTooManyOfAccount, or auth_busy.
func (s *Service) RequestEmailChange(
	ctx context.Context, user identity.User, from netip.Addr, email, secret string, lang mail.Language,
) error {
	normal, err := NormalizeEmail(email)
	if err != nil {
		return err
	}
	if err := s.confirmOwner(ctx, user, from, secret, nil); err != nil {
		return err
	}
	defer waitForGrid(ctx, time.Now())
	owner, err := s.q.CredentialsByEmail(ctx, s.db.Pool, normal)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return postgres.Translate(err)
	}
	if owner.ID == user.ID {
		return emailFault("The account has this address already.")
	}
	err = s.db.Tx(ctx, func(tx pgx.Tx) error {
		request := mailcode.Request{Purpose: mailcode.Address, User: user.ID, To: normal, From: from}
		if owner.ID == uuid.Nil {
			_, err := s.issueCode(ctx, tx, request, mail.NewAddress, lang)
			return err
		}
		// Counted like a code, so that nobody is flooded with notices; without a mail the code never becomes valid.
		issued, err := s.codes.Issue(ctx, tx, request)
		if err != nil || issued.ID == uuid.Nil {
			return err
		}
		return s.outbox.Notify(ctx, tx, owner.ID, mail.AddressTaken)
	})
	s.mailAdded()
	return postgres.Translate(err)
}

// ConfirmEmailChange gives the account the address that the code was mailed to, voids its other codes and tells the
// old address. It returns mailcode.ErrInvalid, or ErrEmailTaken when another account got the address first.
func (s *Service) ConfirmEmailChange(ctx context.Context, user identity.User, code string) error {
	proof, err := s.codes.Check(ctx, user.ID, mailcode.Address, code)
	if err != nil {
		return err
	}
	event := audit.Event{User: user.ID, Kind: audit.EmailChanged, Client: user.Client, Subject: user.Session}
	err = s.db.Tx(ctx, func(tx pgx.Tx) error {
		address, err := s.codes.Spend(ctx, tx, proof)
		if err != nil {
			return err
		}
		now := s.now()
		old, err := s.q.ChangeEmail(ctx, tx, db.ChangeEmailParams{ID: user.ID, Email: address, Now: &now})
		if err != nil {
			return postgres.NotFoundAs(err, token.ErrInvalid)
		}
		if err := s.voidCodes(ctx, tx, user.ID); err != nil {
			return err
		}
		if s.emailChanged != nil {
			if err := s.emailChanged(ctx, tx, user.ID); err != nil {
				return err
			}
		}
		if err := s.outbox.NotifyAt(ctx, tx, user.ID, old, mail.AddressChanged); err != nil {
			return err
		}
		return s.audit.Record(ctx, tx, event)
	})
	if constraint, ok := postgres.UniqueViolation(err); ok && constraint == "users_email_key" {
		return ErrEmailTaken
	}
	s.sessions.InvalidateUser(user.ID)
	if err == nil {
		s.audit.Announce(ctx, event)
	}
	s.mailAdded()
	return postgres.Translate(err)
}
