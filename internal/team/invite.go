package team

import (
	"context"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/audit"
	"github.com/adiuva/cloud-api/internal/auth"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/mail"
	"github.com/adiuva/cloud-api/internal/postgres"
)

const (
	lifetime       = 7 * 24 * time.Hour
	keepFor        = 24 * time.Hour // after the end of the lifetime
	mailsPerHour   = 3              // with invitations, to one address
	mailsPerDay    = 100            // with invitations, of one team, and two for each seat
	codeLength     = 12
	maxInvitations = 100 // of one address that a code is compared with, the newest
)

// alphabet has the letters and digits of codes, without those that look alike.
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// Invitation is an open invitation, without its code.
type Invitation struct {
	ID        uuid.UUID
	Email     string
	CreatedAt time.Time
	ExpiresAt time.Time
}

// Invite mails a code to the address in the language. An open invitation of the address is replaced. It returns
// validation_failed with the pointer /email, ErrNoTeam, role_required for a member, ErrUnverified, ErrPlanEnded,
// ErrSeats, ErrMember, or ErrTooManyMails and ErrTooManyInvitations with the time to wait.
func (s *Service) Invite(
	ctx context.Context, user identity.User, email string, lang mail.Language,
) (Invitation, error) {
	normal, err := auth.NormalizeEmail(email)
	if err != nil {
		return Invitation{}, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return Invitation{}, fmt.Errorf("make an invitation's id: %w", err)
	}
	now := s.now()
	in := Invitation{ID: id, Email: normal, CreatedAt: now, ExpiresAt: now.Add(lifetime)}
	event := audit.Event{User: user.ID, Kind: audit.TeamInvited, Client: user.Client, Subject: id}
	_, err = s.change(ctx, user, func(tx pgx.Tx, t Team) error {
		if err := s.mayInvite(ctx, tx, user, t, in); err != nil {
			return err
		}
		if err := s.takeSeat(ctx, tx, t, in); err != nil {
			return err
		}
		err := s.q.InsertTeamInvitation(ctx, tx, db.InsertTeamInvitationParams{
			ID: id, TeamID: t.ID, Email: normal, Now: now, ExpiresAt: in.ExpiresAt,
		})
		if err != nil {
			return err
		}
		err = s.outbox.SendCode(ctx, tx, mail.CodeMail{
			Kind: mail.TeamInvitation, Code: id, Address: normal, Language: lang,
		})
		if err != nil {
			return err
		}
		return s.cfg.Audit.Record(ctx, tx, event)
	})
	if err != nil {
		return Invitation{}, err
	}
	s.cfg.Audit.Announce(ctx, event)
	s.cfg.MailAdded()
	return in, nil
}

// mayInvite checks everything but the seats.
func (s *Service) mayInvite(ctx context.Context, tx pgx.Tx, user identity.User, t Team, in Invitation) error {
	if err := t.Require(Owner, Admin); err != nil {
		return err
	}
	account, err := s.q.TeamAccount(ctx, tx, user.ID)
	switch {
	case err != nil:
		return postgres.NotFoundAs(err, ErrNoTeam)
	case account.EmailVerifiedAt == nil:
		return ErrUnverified
	case t.Seats == 0:
		return ErrPlanEnded
	}
	member, err := s.q.HasTeamMember(ctx, tx, in.Email, t.ID)
	switch {
	case err != nil:
		return err
	case member:
		return ErrMember
	case s.cfg.Unlimited:
		return nil
	}
	return s.limitMails(ctx, tx, t, in)
}

// limitMails counts the invitations of the address over all teams, and those of the team.
func (s *Service) limitMails(ctx context.Context, tx pgx.Tx, t Team, in Invitation) error {
	lock := binary.BigEndian.Uint64(s.mac.Sum("count", in.Email))
	if err := s.q.LockCodeCount(ctx, tx, int64(lock)); err != nil {
		return err
	}
	times, err := s.q.InvitationTimes(ctx, tx, db.InvitationTimesParams{
		Email: in.Email, CreatedAfter: in.CreatedAt.Add(-time.Hour), PageSize: mailsPerHour,
	})
	if err != nil {
		return err
	}
	if len(times) == mailsPerHour {
		wait := times[mailsPerHour-1].Add(time.Hour).Sub(in.CreatedAt)
		return ErrTooManyMails.WithRetryAfter(max(wait, time.Second))
	}
	allowed := mailsPerDay + 2*t.Seats
	sent, err := s.q.CountInvitationsOf(ctx, tx, db.CountInvitationsOfParams{
		TeamID: t.ID, CreatedAfter: in.CreatedAt.Add(-24 * time.Hour), Keep: int32(min(allowed, 1<<30)),
	})
	if err == nil && sent >= int64(allowed) {
		return ErrTooManyInvitations.WithRetryAfter(time.Hour)
	}
	return err
}

// takeSeat ends the address's invitation of before and checks that there is a seat for the new one.
func (s *Service) takeSeat(ctx context.Context, tx pgx.Tx, t Team, in Invitation) error {
	replaced, err := s.q.ReplaceTeamInvitations(ctx, tx, db.ReplaceTeamInvitationsParams{
		Now: in.CreatedAt, TeamID: t.ID, Email: in.Email,
	})
	if err == nil && t.Members+t.Invitations-int(replaced) >= t.Seats {
		return ErrSeats
	}
	return err
}

// Invitations returns at most limit open invitations of the user's team, newest first, those made before the one with
// the id before. With uuid.Nil it starts at the newest. It returns ErrNoTeam, or role_required for a member.
func (s *Service) Invitations(
	ctx context.Context, user identity.User, limit int, before uuid.UUID,
) ([]Invitation, error) {
	t, err := s.Get(ctx, user)
	if err != nil {
		return nil, err
	}
	if err := t.Require(Owner, Admin); err != nil {
		return nil, err
	}
	if before == uuid.Nil {
		before = uuid.Max
	}
	rows, err := s.q.TeamInvitations(ctx, s.db.Pool, db.TeamInvitationsParams{
		TeamID: t.ID, Now: s.now(), Before: before, PageSize: int32(limit),
	})
	if err != nil {
		return nil, postgres.Translate(err)
	}
	list := make([]Invitation, len(rows))
	for i, row := range rows {
		list[i] = Invitation(row)
	}
	return list, nil
}

// Revoke ends an invitation. Repeating it succeeds for a day after the invitation would have expired. It returns
// ErrNoTeam, role_required for a member, or ErrNoInvite.
func (s *Service) Revoke(ctx context.Context, user identity.User, id uuid.UUID) error {
	event := audit.Event{User: user.ID, Kind: audit.TeamInvitationRevoked, Client: user.Client, Subject: id}
	now, first := s.now(), false
	_, err := s.change(ctx, user, func(tx pgx.Tx, t Team) error {
		if err := t.Require(Owner, Admin); err != nil {
			return err
		}
		ended, err := s.q.EndTeamInvitation(ctx, tx, db.EndTeamInvitationParams{Now: &now, ID: id, TeamID: t.ID})
		if err != nil {
			return postgres.NotFoundAs(err, ErrNoInvite)
		}
		if first = ended.Equal(now); !first {
			return nil
		}
		return s.cfg.Audit.Record(ctx, tx, event)
	})
	if err == nil && first {
		s.cfg.Audit.Announce(ctx, event)
	}
	return err
}

// Activate makes the code of an invitation and returns it, in the transaction that claims its mail. ok is false where
// there is nothing to mail: the invitation has ended or expired. Called again, it returns the same code.
func (s *Service) Activate(ctx context.Context, tx db.DBTX, id uuid.UUID) (code string, ok bool, err error) {
	if _, err := s.q.LockTeamInvitation(ctx, tx, id, s.now()); err != nil {
		if errors.Is(err, pgx.ErrNoRows) {
			err = nil
		}
		return "", false, err
	}
	code = base32.NewEncoding(alphabet).EncodeToString(s.mac.Sum("code", id.String()))[:codeLength]
	err = s.q.ActivateTeamInvitation(ctx, tx, s.mac.Sum("digest", id.String(), code), id)
	return code, err == nil, err
}

// normalizeCode returns a code as Activate makes them, or false for what cannot be one.
func normalizeCode(typed string) (string, bool) {
	code := strings.NewReplacer(" ", "", "-", "", "O", "0", "I", "1", "L", "1").Replace(strings.ToUpper(typed))
	return code, len(code) == codeLength && strings.Trim(code, alphabet) == ""
}

// Prune deletes invitations a day after they expired, in batches.
func (s *Service) Prune(ctx context.Context) error {
	before := s.now().Add(-keepFor)
	return postgres.InBatches(func() (int64, error) {
		return s.q.PruneTeamInvitations(ctx, s.db.Pool, before, pruneBatch)
	})
}
