package app

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"

	"github.com/adiuva/cloud-api/internal/backup"
	"github.com/adiuva/cloud-api/internal/config"
	"github.com/adiuva/cloud-api/internal/dev/diskblob"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/s3blob"
)

// OpenBackups returns the backups for commands that read them, in S3 where S3_BUCKET names a bucket and otherwise on
// disk, and a function that closes them. New opens those of the service.
func OpenBackups(
	ctx context.Context,
	cfg config.Config,
	db *postgres.DB,
	log *slog.Logger,
) (*backup.Service, func(), error) {
	same := func(store backup.Store) backup.Store { return store }
	return openBackups(ctx, cfg, backup.Config{DB: db, Log: log}, same, (*s3blob.Store).CheckBucket)
}

// openBackups opens the backups with settings, in a store that wrap returns. It calls check with the bucket, so that a
// wrong name or key, or a server that lacks something, shows at the start and not to the first user.
func openBackups(
	ctx context.Context,
	cfg config.Config,
	settings backup.Config,
	wrap func(backup.Store) backup.Store,
	check func(*s3blob.Store, context.Context) error,
) (*backup.Service, func(), error) {
	if cfg.S3Bucket != "" {
		store, err := openBucket(ctx, cfg)
		if err == nil {
			err = check(store, ctx)
		}
		if err != nil {
			return nil, nil, fmt.Errorf("backups in S3: %w", err)
		}
		settings.Store = wrap(store)
		if cfg.BackupRedirect {
			settings.Presigner = store
		}
		return backup.New(settings), func() {}, nil
	}
	store, err := diskblob.New(filepath.Join(cfg.DataDir, "blobs"))
	if err != nil {
		return nil, nil, fmt.Errorf("backups on disk: %w", err)
	}
	settings.Store = wrap(store)
	return backup.New(settings), func() {
		if err := store.Close(); err != nil {
			settings.Log.Warn("closing the backup folder", slog.Any("error", err))
		}
	}, nil
}

func openBucket(ctx context.Context, cfg config.Config) (*s3blob.Store, error) {
	return s3blob.New(ctx, s3blob.Config{
		Bucket: cfg.S3Bucket, Region: cfg.S3Region, Endpoint: cfg.S3Endpoint,
		AccessKey: cfg.AWSAccessKeyID.Reveal(), SecretKey: cfg.AWSSecretAccessKey.Reveal(),
		RequestChecksums: cfg.AWSRequestChecksums, ResponseChecksums: cfg.AWSResponseChecksums,
	})
}
