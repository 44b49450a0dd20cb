package budget

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/postgres"
)

// endTimeout limits how long the end of a request waits for the database.
const endTimeout = 2500 * time.Millisecond

// reservation is what a running request holds. Its requests are counted on the day on which the first one began.
type reservation struct {
	s       *Service
	user    identity.User
	day     time.Time
	id      uuid.UUID // of the row; Nil when there is none
	since   time.Time // when the row was made
	held    int64     // tokens of the row
	used    int64     // tokens used and not yet counted
	counted bool      // the request is counted
	failed  bool      // the database did not answer
}

var _ agent.Held = (*reservation)(nil)

// reservationOf returns the request's reservation. Other calls of the request share it.
func (s *Service) reservationOf(request *agent.ModelRequest) *reservation {
	if r, ok := request.Held.(*reservation); ok {
		return r
	}
	r := &reservation{s: s, user: request.User, day: s.today()}
	request.Held = r
	return r
}

// cover makes the reservation cover needed tokens beyond those that the request has used, and reserves wanted ones if
// it does not yet, or if half of its lease is over. Of a day with less left it reserves that. It returns ErrExceeded
// or ErrReserved if there is not enough left.
func (r *reservation) cover(ctx context.Context, needed, wanted int64) error {
	limit := r.s.Limit(r.user)
	lasts := r.s.cfg.Now().Sub(r.since) <= r.s.cfg.Lease/2 // so that the lease outlives the call
	if limit == Unlimited || r.held-r.used >= needed && lasts {
		return nil
	}
	row, err := r.move(ctx, limit, wanted)
	if err != nil || row.Granted > 0 {
		return err
	}
	if row.Used+min(wanted, minimum) <= limit { // what is missing is reserved, perhaps by a replica that died
		ended, err := r.s.q.EndExpiredReservations(ctx, r.s.db.Pool, rowsPerBatch)
		if err != nil {
			return postgres.Translate(err)
		}
		if ended > 0 {
			if row, err = r.move(ctx, limit, wanted); err != nil || row.Granted > 0 {
				return err
			}
		}
	}
	if row.Used+min(wanted, minimum) <= limit {
		return ErrReserved.WithRetryAfter(busyWait)
	}
	return ErrExceeded.WithRetryAfter(max(r.day.AddDate(0, 0, 1).Sub(r.s.cfg.Now()), time.Second))
}

// move counts what was used, ends the row and makes one of wanted tokens, or of less. Nothing is lost if it fails: the
// row then ends with its lease.
func (r *reservation) move(ctx context.Context, limit, wanted int64) (db.MoveReservationRow, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return db.MoveReservationRow{}, err
	}
	requests := int32(1)
	if r.counted {
		requests = 0
	}
	row, err := r.s.q.MoveReservation(ctx, r.s.db.Pool, db.MoveReservationParams{
		Used: r.used, Wanted: wanted, Minimum: minimum, LimitTokens: max(limit, 0), Previous: r.id, UserID: r.user.ID,
		Day: r.day, Requests: requests, ID: id, LeaseSeconds: r.s.cfg.Lease.Seconds(),
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return row, errAccountDeleted
	}
	if err != nil {
		r.failed = true
		return row, postgres.Translate(err)
	}
	r.id, r.since, r.held, r.used, r.counted = id, r.s.cfg.Now(), row.Granted, 0, true
	if row.Granted == 0 {
		r.id = uuid.Nil
	}
	return row, nil
}

// End counts what the request has used and returns the rest. A failure is logged: the row ends with its lease.
func (r *reservation) End(ctx context.Context) {
	if (r.counted || r.failed) && r.used == 0 && r.id == uuid.Nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, endTimeout)
	defer cancel()
	if _, err := r.move(ctx, 0, 0); err != nil && !errors.Is(err, errAccountDeleted) {
		r.s.cfg.Log.WarnContext(ctx, "tokens of a request were not counted", slog.Int64("tokens", r.used),
			slog.Any("error", err))
	}
}
