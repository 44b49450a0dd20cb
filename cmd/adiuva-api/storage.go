package main

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"

	"github.com/adiuva/cloud-api/internal/auth"
	"github.com/adiuva/cloud-api/internal/backup"
	"github.com/adiuva/cloud-api/internal/billing"
	"github.com/adiuva/cloud-api/internal/config"
	"github.com/adiuva/cloud-api/internal/dev/diskblob"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/s3blob"
)

// buildBackups returns the backups, in S3 where S3_BUCKET names a bucket and else on disk, and what closes them.
func buildBackups(ctx context.Context, cfg config.Config, db *postgres.DB, log *slog.Logger) (*backup.Service, func(), error) {
	made := backup.Config{DB: db, Log: log}
	if cfg.S3Bucket != "" {
		store, err := openBucket(ctx, cfg)
		if err != nil {
			return nil, nil, err
		}
		if made.Store = store; cfg.BackupRedirect {
			made.Presigner = store
		}
		return backup.New(made), func() {}, nil
	}
	store, err := diskblob.New(filepath.Join(cfg.DataDir, "blobs"))
	if err != nil {
		return nil, nil, fmt.Errorf("backups on disk: %w", err)
	}
	made.Store = store
	return backup.New(made), func() {
		if err := store.Close(); err != nil {
			log.Warn("closing the backup folder", slog.Any("error", err))
		}
	}, nil
}

// openBucket refuses to start on a bucket that cannot be used: a wrong name or key would else be found by the first user.
func openBucket(ctx context.Context, cfg config.Config) (*s3blob.Store, error) {
	store, err := s3blob.New(ctx, s3blob.Config{
		Bucket: cfg.S3Bucket, Region: cfg.S3Region, Endpoint: cfg.S3Endpoint,
		AccessKey: cfg.AWSAccessKeyID.Reveal(), SecretKey: cfg.AWSSecretAccessKey.Reveal(),
	})
	if err == nil {
		err = store.CheckBucket(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("backups in S3: %w: check S3_BUCKET, S3_REGION, S3_ENDPOINT, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY", err)
	}
	return store, nil
}

// deletionSteps are what account deletion has to finish elsewhere before the account's rows go.
func deletionSteps(backups *backup.Service, bills *billing.Service) []auth.DeletionStep {
	return []auth.DeletionStep{{Name: "backups", Run: backups.PurgeUser}, {Name: "billing", Run: bills.PurgeUser}}
}
