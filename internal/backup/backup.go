// Package backup keeps end-to-end encrypted backups: the rows that say what exists in PostgreSQL, the bytes in a Store.
// An upload reserves its room, streams, is verified, and is committed in one statement together with its move in the
// quota counter; until then nothing of it counts. Whatever dies in between is ended by Sweep: a lease tells a dead upload
// from a slow one, and every removal is a tombstone first, so that no row ever claims an object that is not there.
package backup

import (
	"context"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/tier"
)

// MaxBytes bounds one backup: what a store takes in 10,000 parts of 8 MB.
const MaxBytes = 80 * tier.GB

const (
	maxAhead       = 24 * time.Hour // of a client's clock
	defaultLease   = time.Minute
	defaultUploads = 2
)

// The faults of this package.
var (
	ErrTierRequired = fault.ErrTierRequired.WithMessage("Your plan does not include backups. Upgrade to use them.").
			WithExtra("required", []tier.Tier{tier.Pro, tier.Power, tier.Team})
	ErrQuota         = fault.New(fault.QuotaExceeded, "This backup does not fit into your quota. Delete older backups or upgrade.")
	ErrTooLarge      = fault.New(fault.BodyTooLarge, "One backup may have at most 80 GB.")
	ErrUploads       = fault.New(fault.RateLimited, "You have as many uploads in progress as are allowed at a time. Wait for one to end.")
	ErrChecksum      = fault.New(fault.ChecksumMismatch, "The bytes that arrived do not have the SHA-256 of X-Backup-Checksum. Nothing was kept; send them again.")
	ErrAhead         = fault.New(fault.TimestampInFuture, "X-Backup-Timestamp is more than 24 hours ahead. Check the device's clock.")
	ErrSize          = fault.ErrValidation.WithMessage("The body does not have the size that was declared. Nothing was kept.")
	ErrOtherBackup   = fault.New(fault.IdempotencyConflict, "This Idempotency-Key belongs to a backup with other bytes. Use a new key.")
	ErrInProgress    = fault.New(fault.BackupConflict, "An upload with this Idempotency-Key is in progress. Wait for it, or try again in a minute.")
	ErrExpired       = fault.New(fault.UploadExpired, "The upload was given up before it was complete. Nothing was kept; send it again.")
	ErrStorage       = fault.New(fault.StorageUnavailable, "The blob store is unreachable at the moment. Stored backups are untouched; try again shortly.")
	ErrInconsistent  = fault.New(fault.StorageInconsistent, "This backup is on record, and its bytes cannot be found. Please report the request_id.")
	errUserIsLeaving = fault.ErrNotFound.WithMessage("This account is being deleted.")
)

// Config is what a Service needs. Members without a remark are required.
type Config struct {
	DB         *postgres.DB
	Store      Store
	Links      Linker           // where downloads may go instead of through us; nil means nowhere
	MaxUploads int              // live uploads a user may have; 0 means 2
	Lease      time.Duration    // how long an upload may be silent before it is taken for dead; 0 means a minute
	Now        func() time.Time // nil means time.Now
	Log        *slog.Logger
	// Sleep waits between retries and returns an error when ctx ends first; nil means a timer.
	Sleep func(ctx context.Context, d time.Duration) error
}

// Service stores, finds and removes backups. It is safe for concurrent use, and several may share a database and a store.
type Service struct {
	cfg  Config
	db   *postgres.DB
	q    *db.Queries
	log  *slog.Logger
	wake chan struct{} // something was tombstoned
}

// New returns a Service.
func New(cfg Config) *Service {
	if cfg.MaxUploads <= 0 {
		cfg.MaxUploads = defaultUploads
	}
	if cfg.Lease <= 0 {
		cfg.Lease = defaultLease
	}
	if cfg.Sleep == nil {
		cfg.Sleep = sleep
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Service{cfg: cfg, db: cfg.DB, q: db.New(), log: cfg.Log, wake: make(chan struct{}, 1)}
}

// Backup is a committed backup, without its bytes.
type Backup struct {
	ID          uuid.UUID
	UserID      uuid.UUID
	Version     int32     // of the client's format
	Timestamp   time.Time // the client's clock
	Checksum    string    // SHA-256 in 64 lower-case hexadecimal digits
	Size        int64     // bytes
	ChunkCount  int32     // as the client told
	CommittedAt time.Time
	key         string
}

// Upload describes a backup that is about to be sent.
type Upload struct {
	Version        int32
	Timestamp      time.Time
	Checksum       string // SHA-256 in 64 lower-case hexadecimal digits
	Size           int64  // bytes
	ChunkCount     int32
	IdempotencyKey string // "" for none
}

// Receipt says under which id a backup was stored. Replayed is set when an earlier call with the same idempotency key
// had stored it, and the body was not read.
type Receipt struct {
	ID       uuid.UUID
	Replayed bool
}

// now has the database's precision, so that what is written and what is compared are the same.
func (s *Service) now() time.Time { return s.cfg.Now().UTC().Truncate(time.Microsecond) }

func backupOf(row db.BackupByIDRow) Backup {
	b := Backup{
		ID: row.ID, UserID: row.UserID, Version: row.Version, Timestamp: time.UnixMilli(row.Timestamp).UTC(),
		Checksum: row.Checksum, Size: row.SizeBytes, ChunkCount: row.ChunkCount, key: row.S3Key,
	}
	if row.CommittedAt != nil {
		b.CommittedAt = *row.CommittedAt
	}
	return b
}
