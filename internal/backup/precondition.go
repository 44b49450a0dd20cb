package backup

import (
	"context"
	"time"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/postgres"
)

// ErrPrecondition is returned when a backup does not meet the caller's Precondition.
var ErrPrecondition = fault.New(fault.PreconditionFailed,
	"The backup is not the one that the request's If- headers name. Get the current one, then decide again.")

// Precondition is what must hold of a backup for a request to be carried out (RFC 9110, section 13). Its zero value
// always holds. Members are evaluated in the order of section 13.2.2: UnmodifiedSince only without Match.
type Precondition struct {
	// Match and NoneMatch are If-Match and If-None-Match, nil when they were not sent. They report whether the
	// condition holds for the backup, or for none when it is nil.
	Match, NoneMatch func(*Backup) bool
	UnmodifiedSince  *time.Time // If-Unmodified-Since
}

func (p Precondition) empty() bool {
	return p.Match == nil && p.NoneMatch == nil && p.UnmodifiedSince == nil
}

// checkPrecondition returns ErrPrecondition unless b, which is nil when there is no backup, meets p. latest says that b
// was addressed as the latest backup.
func (s *Service) checkPrecondition(ctx context.Context, on db.DBTX, p Precondition, b *Backup, latest bool) error {
	holds := true
	switch {
	case p.Match != nil:
		holds = p.Match(b)
	case p.UnmodifiedSince != nil && b != nil: // without a backup there is no date to compare
		var err error
		if holds, err = s.unmodifiedSince(ctx, on, *b, *p.UnmodifiedSince, latest); err != nil {
			return err
		}
	}
	if !holds || p.NoneMatch != nil && !p.NoneMatch(b) {
		return ErrPrecondition
	}
	return nil
}

// CheckPrecondition returns ErrPrecondition unless b meets If-Match, or without it If-Unmodified-Since; what
// If-None-Match means for a download is not an error. latest says that b was requested as the latest backup.
func (s *Service) CheckPrecondition(ctx context.Context, p Precondition, b Backup, latest bool) error {
	p.NoneMatch = nil
	return s.checkPrecondition(ctx, s.db.Pool, p, &b, latest)
}

// unmodifiedSince reports whether b was committed at that time or before, in whole seconds as HTTP has them. When b was
// addressed as the latest, it also has to be the only one with that date or a later one: two backups may share a
// second, and the clocks of two replicas may differ.
func (s *Service) unmodifiedSince(
	ctx context.Context, on db.DBTX, b Backup, date time.Time, latest bool,
) (bool, error) {
	if b.CommittedAt.Truncate(time.Second).After(date) {
		return false, nil
	}
	if !latest {
		return true, nil // a backup never changes under its id
	}
	others, err := s.q.CommittedOthers(ctx, on, db.CommittedOthersParams{
		UserID: b.UserID, ID: b.ID, Since: date.Truncate(time.Second), Until: endOfTime(date)})
	return !others, postgres.Translate(err)
}

// endOfTime is later than every backup's date, and within what PostgreSQL can store for any date of HTTP.
func endOfTime(date time.Time) time.Time { return date.AddDate(1000, 0, 0) }
