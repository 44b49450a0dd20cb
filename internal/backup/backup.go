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
	"github.com/adiuva/cloud-api/internal/worker"
)

// MaxBytes is the size of the largest backup: 10,000 parts, the limit of S3, of 8 MB each.
const MaxBytes = 80 * tier.GB

const (
	maxClockSkew      = 24 * time.Hour // how far a client's clock may be ahead
	defaultLease      = time.Minute
	defaultMaxUploads = 2
)

// Errors that reach clients.
var (
	ErrTierRequired = fault.ErrTierRequired.
			WithMessage("Your plan does not include backups. Upgrade to use them.").
			WithExtra("required", []tier.Tier{tier.Pro, tier.Power, tier.Team})
	ErrQuota = fault.New(fault.QuotaExceeded,
		"This backup does not fit into your quota. Delete older backups or upgrade.")
	ErrTooLarge = fault.New(fault.BodyTooLarge,
		"One backup may have at most 80 GB.")
	ErrTooManyUploads = fault.New(fault.RateLimited,
		"You have as many uploads in progress as are allowed at a time. Wait for one to end.")
	ErrChecksum = fault.New(fault.ChecksumMismatch,
		"The bytes that arrived do not have the SHA-256 of X-Backup-Checksum. Nothing was kept; send them again.")
	ErrTimestampInFuture = fault.New(fault.TimestampInFuture,
		"X-Backup-Timestamp is more than 24 hours ahead. Check the device's clock.")
	ErrSizeMismatch = fault.ErrValidation.
			WithMessage("The body does not have the size that was declared. Nothing was kept.")
	ErrKeyReused = fault.New(fault.IdempotencyConflict,
		"This Idempotency-Key belongs to a backup with other bytes. Use a new key.")
	ErrInProgress = fault.New(fault.BackupConflict,
		"An upload with this Idempotency-Key is in progress. Wait for it, or try again in a minute.")
	ErrExpired = fault.New(fault.UploadExpired,
		"The upload was given up before it was complete. Nothing was kept; send it again.")
	ErrStorage = fault.New(fault.StorageUnavailable,
		"The blob store is unreachable at the moment. Stored backups are untouched; try again shortly.")
	ErrInconsistent = fault.New(fault.StorageInconsistent,
		"This backup is on record, and its bytes cannot be found. Please report the request_id.")

	errAccountDeleted = fault.ErrNotFound.WithMessage("This account is being deleted.")
)

// Config configures a Service. DB, Store and Log are required.
type Config struct {
	DB         *postgres.DB
	Store      Store
	Presigner  Presigner        // signs URLs for downloads from the store itself; nil serves every download here
	MaxUploads int              // concurrent uploads of one user; 0 means 2
	Lease      time.Duration    // an upload is dead once its lease has not been renewed for so long; 0 means a minute
	Now        func() time.Time // nil means time.Now
	Log        *slog.Logger
	// QuotaDrift, when not nil, is told after each comparison of the counters by how many bytes they were wrong.
	QuotaDrift func(bytes int64)
	// Sleep waits between retries and returns an error when ctx ends first; nil waits on a timer.
	Sleep func(ctx context.Context, d time.Duration) error
}

// Service stores, finds and deletes backups. It is safe for concurrent use, and several replicas may share a
// database and a store.
type Service struct {
	cfg    Config
	db     *postgres.DB
	q      *db.Queries
	log    *slog.Logger
	worker *worker.Worker
}

// New returns a Service with the defaults filled in. Background work starts with Maintain.
func New(cfg Config) *Service {
	if cfg.MaxUploads <= 0 {
		cfg.MaxUploads = defaultMaxUploads
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
	s := &Service{cfg: cfg, db: cfg.DB, q: db.New(), log: cfg.Log}
	s.worker = s.newWorker()
	return s
}

// Backup describes a committed backup. Open returns its bytes.
type Backup struct {
	ID          uuid.UUID
	UserID      uuid.UUID
	Version     int32     // of the client's backup format
	Timestamp   time.Time // by the client's clock
	Checksum    string    // SHA-256 in 64 lower-case hexadecimal digits
	Size        int64     // bytes
	ChunkCount  int32     // as the client declared it
	CommittedAt time.Time
	key         string
}

// Upload is what a client declares about a backup before sending it.
type Upload struct {
	Version        int32
	Timestamp      time.Time
	Checksum       string // SHA-256 in 64 lower-case hexadecimal digits
	Size           int64  // bytes
	ChunkCount     int32
	IdempotencyKey string // "" for none
	Precondition          // of the latest backup, which the upload replaces
}

// Receipt is the result of an upload. Replayed means that an earlier call with the same idempotency key had stored the
// backup already and that the body was not read.
type Receipt struct {
	ID       uuid.UUID
	Replayed bool
}

// now returns the time in the precision of the database, so that times written and times compared are equal.
func (s *Service) now() time.Time { return s.cfg.Now().UTC().Truncate(time.Microsecond) }

func fromRow(row db.BackupByIDRow) Backup {
	b := Backup{
		ID:         row.ID,
		UserID:     row.UserID,
		Version:    row.Version,
		Timestamp:  time.UnixMilli(row.Timestamp).UTC(),
		Checksum:   row.Checksum,
		Size:       row.SizeBytes,
		ChunkCount: row.ChunkCount,
		key:        row.S3Key,
	}
	if row.CommittedAt != nil {
		b.CommittedAt = *row.CommittedAt
	}
	return b
}
