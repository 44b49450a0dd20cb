// Package audit records what happens to accounts: sign-ins, refusals, and changes of sessions, passwords and keys. The
// owner reads the events; operators read a log line for each.
//
//	a change    ──► Record, in the change's transaction ──► commit ──► Announce: the log line
//	a refusal   ──► Note: a queue in memory ──► Maintain writes it, so that no sign-in waits for it
//	the owner   ──► Events, newest first
//	after 90 days Maintain deletes the event
//
// It keeps neither addresses nor User-Agents, only coarse networks and the names of common programs.
package audit

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/postgres"
)

// Kind says what happened. The contract's AuthEvent lists the kinds.
type Kind string

// The kinds.
const (
	Registered          Kind = "registered"
	SignedIn            Kind = "signed_in"
	SignInRefused       Kind = "sign_in_refused"
	SignInBlocked       Kind = "sign_in_blocked"
	SignedOut           Kind = "signed_out"
	SignedOutEverywhere Kind = "signed_out_everywhere"
	SessionEnded        Kind = "session_ended"
	SessionReused       Kind = "session_reused"
	PasswordChanged     Kind = "password_changed"
	PasswordReset       Kind = "password_reset"
	EmailChanged        Kind = "email_changed"
	PasswordRefused     Kind = "password_refused"
	SecondFactorAsked   Kind = "second_factor_asked" // the password was right
	SecondFactorRefused Kind = "second_factor_refused"
	SecondFactorAdded   Kind = "second_factor_added"
	SecondFactorRemoved Kind = "second_factor_removed"
	SecondFactorReset   Kind = "second_factor_reset"
	RecoveryCodeUsed    Kind = "recovery_code_used"
	PasskeyAdded        Kind = "passkey_added"
	PasskeyRemoved      Kind = "passkey_removed"
	PasskeyRefused      Kind = "passkey_refused"
	KeyCreated          Kind = "key_created"
	KeyRevoked          Kind = "key_revoked"
	KeysRevoked         Kind = "keys_revoked"
	SessionsRevoked     Kind = "sessions_revoked"
	DeletionRequested   Kind = "deletion_requested"

	TeamInvited           Kind = "team_invited"
	TeamInvitationRevoked Kind = "team_invitation_revoked"
	TeamJoined            Kind = "team_joined"
	TeamLeft              Kind = "team_left"
	TeamMemberRemoved     Kind = "team_member_removed" // by the account
	TeamRemoved           Kind = "team_removed"        // the account, by somebody else
	TeamRoleChanged       Kind = "team_role_changed"
	TeamHandedOver        Kind = "team_handed_over"
	TeamOwned             Kind = "team_owned" // the account became the owner
	TeamEnded             Kind = "team_ended"
	TeamSSOChanged        Kind = "team_sso_changed" // by the account
	TeamSSORemoved        Kind = "team_sso_removed" // by the account

	SSOLinked  Kind = "sso_linked"
	SSORefused Kind = "sso_refused"
)

const (
	retention       = 90 * 24 * time.Hour
	refusalsPerHour = 20 // of one kind and account that are kept: guesses must not fill the table
	queueSize       = 4096
	pruneEvery      = time.Hour
	batch           = 1000
	settlingIn      = 24 * time.Hour  // after an account was created, in which people set up their devices
	flushTimeout    = 3 * time.Second // for what is in the queue when Maintain ends
)

// Event is something that happened to the account of User.
type Event struct {
	ID      uuid.UUID // set by Events
	At      time.Time // set by Events
	User    uuid.UUID
	Kind    Kind
	Client  identity.Client // zero where an operator or the service did it; not set by Events
	Network string          // set by Events
	Device  string          // set by Events
	Subject uuid.UUID       // the session, key, team, invitation or account that it is about; uuid.Nil for none
}

// Config configures a Log. DB is required. Now nil means time.Now, Log nil discards.
type Config struct {
	DB  *postgres.DB
	Now func() time.Time
	Log *slog.Logger
}

// Log records events. It is safe for concurrent use, and replicas may share one database.
type Log struct {
	db    *postgres.DB
	q     *db.Queries
	clock func() time.Time
	log   *slog.Logger
	queue chan refusal
}

// refusal is a noted event, at the time when it was noted.
type refusal struct {
	Event
	at time.Time
}

// New returns a Log.
func New(cfg Config) *Log {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Log{db: cfg.DB, q: db.New(), clock: cfg.Now, log: cfg.Log, queue: make(chan refusal, queueSize)}
}

func (l *Log) now() time.Time { return l.clock().UTC().Truncate(time.Microsecond) }

// Record writes the event in the caller's transaction. Call Announce once that is committed.
func (l *Log) Record(ctx context.Context, tx db.DBTX, e Event) error {
	now := l.now()
	id, err := idAt(now)
	if err != nil {
		return err
	}
	var subject *uuid.UUID
	if e.Subject != uuid.Nil {
		subject = &e.Subject
	}
	return l.q.InsertEvent(ctx, tx, db.InsertEventParams{
		ID: id, UserID: e.User, Now: now, Kind: string(e.Kind), Network: Network(e.Client.Addr),
		Device: Device(e.Client.UserAgent), SubjectID: subject,
	})
}

// Announce writes the operators' line of an event.
func (l *Log) Announce(ctx context.Context, e Event) {
	l.log.InfoContext(ctx, "account event", slog.String("kind", string(e.Kind)),
		slog.String("user_id", e.User.String()), slog.String("network", Network(e.Client.Addr)),
		slog.String("device", Device(e.Client.UserAgent)))
}

// Note records a refusal without waiting for the database: it takes the same time whether the account exists or not. It
// is lost if the process dies within a moment, or if more refusals are waiting than memory is set aside for.
func (l *Log) Note(ctx context.Context, e Event) {
	if e.User == uuid.Nil {
		return
	}
	select {
	case l.queue <- refusal{e, l.now()}:
		l.Announce(ctx, e)
	default:
		l.log.WarnContext(ctx, "account event dropped: too many are waiting", slog.String("kind", string(e.Kind)))
	}
}

// Events returns at most limit events of the account, newest first, those older than the one with the id before. With
// uuid.Nil it starts at the newest. Events older than 90 days are left out.
func (l *Log) Events(ctx context.Context, userID uuid.UUID, limit int, before uuid.UUID) ([]Event, error) {
	if before == uuid.Nil {
		before = uuid.Max
	}
	rows, err := l.q.EventsBefore(ctx, l.db.Pool, db.EventsBeforeParams{
		UserID: userID, Before: before, Since: firstIDAt(l.now().Add(-retention)), PageSize: int32(limit),
	})
	if err != nil {
		return nil, postgres.Translate(err)
	}
	events := make([]Event, len(rows))
	for i, row := range rows {
		events[i] = Event{ID: row.ID, At: row.At, User: userID, Kind: Kind(row.Kind), Network: row.Network,
			Device: row.Device}
		if row.SubjectID != nil {
			events[i].Subject = *row.SubjectID
		}
	}
	return events, nil
}

// Maintain writes what was noted and deletes old events every hour, until ctx ends. Then it writes what is left.
func (l *Log) Maintain(ctx context.Context) {
	prune := time.NewTicker(pruneEvery)
	defer prune.Stop()
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTimeout)
			defer cancel()
			l.report(last, l.Flush(last))
			return
		case r := <-l.queue:
			l.report(ctx, l.write(ctx, r))
		case <-prune.C:
			l.report(ctx, l.Prune(ctx))
		}
	}
}

// Flush writes what was noted so far.
func (l *Log) Flush(ctx context.Context) error {
	var failures []error
	for range len(l.queue) {
		select {
		case r := <-l.queue:
			failures = append(failures, l.write(ctx, r))
		default: // Maintain was faster
		}
	}
	return errors.Join(failures...)
}

// write writes a refusal. The event is lost where the database does not answer.
func (l *Log) write(ctx context.Context, r refusal) error {
	id, err := idAt(r.at)
	if err != nil {
		return err
	}
	return postgres.Translate(l.q.InsertRefusal(ctx, l.db.Pool, db.InsertRefusalParams{
		ID: id, UserID: r.User, Now: r.at, Kind: string(r.Kind), Network: Network(r.Client.Addr),
		Device: Device(r.Client.UserAgent), First: firstIDAt(r.at.Add(-time.Hour)), Keep: refusalsPerHour,
	}))
}

func (l *Log) report(ctx context.Context, err error) {
	if err != nil && ctx.Err() == nil {
		l.log.WarnContext(ctx, "account events not written or not pruned", slog.Any("error", err))
	}
}

// Prune deletes events that are older than 90 days, in batches.
func (l *Log) Prune(ctx context.Context) error {
	before := firstIDAt(l.now().Add(-retention))
	return postgres.InBatches(func() (int64, error) { return l.q.PruneAuditEvents(ctx, l.db.Pool, before, batch) })
}

// PurgeUser deletes the events of an account, in batches.
func (l *Log) PurgeUser(ctx context.Context, userID uuid.UUID) error {
	return postgres.InBatches(func() (int64, error) { return l.q.DeleteEventsOf(ctx, l.db.Pool, userID, batch) })
}

// idAt returns a new UUIDv7 of the time.
func idAt(at time.Time) (uuid.UUID, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return uuid.Nil, fmt.Errorf("make the id of an event: %w", err)
	}
	setTime(&id, at)
	return id, nil
}

// firstIDAt returns the smallest id that an event of the time may have.
func firstIDAt(at time.Time) uuid.UUID {
	var id uuid.UUID
	setTime(&id, at)
	return id
}

// setTime sets the 48 bits of a UUIDv7 that are its time in milliseconds.
func setTime(id *uuid.UUID, at time.Time) {
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(max(at.UnixMilli(), 0)))
	copy(id[:6], ms[2:])
}
