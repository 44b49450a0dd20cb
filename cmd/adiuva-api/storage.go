package main

import (
	"fmt"
	"log/slog"
	"path/filepath"

	"github.com/adiuva/cloud-api/internal/auth"
	"github.com/adiuva/cloud-api/internal/backup"
	"github.com/adiuva/cloud-api/internal/config"
	"github.com/adiuva/cloud-api/internal/diskblob"
	"github.com/adiuva/cloud-api/internal/postgres"
)

// buildBackups returns the backups on disk and what closes them, or nil where S3_BUCKET asks for a store that is not
// built yet: the operations then answer 501.
func buildBackups(cfg config.Config, db *postgres.DB, log *slog.Logger) (*backup.Service, func(), error) {
	if cfg.S3Bucket != "" {
		log.Warn("backups in S3 are not built yet: the backup operations answer 501")
		return nil, func() {}, nil
	}
	store, err := diskblob.New(filepath.Join(cfg.DataDir, "blobs"))
	if err != nil {
		return nil, nil, fmt.Errorf("backups on disk: %w", err)
	}
	return backup.New(backup.Config{DB: db, Store: store, Log: log}), func() {
		if err := store.Close(); err != nil {
			log.Warn("closing the backup folder", slog.Any("error", err))
		}
	}, nil
}

// deletionSteps are what account deletion has to finish elsewhere before the account's rows go.
func deletionSteps(backups *backup.Service) []auth.DeletionStep {
	if backups == nil {
		return nil
	}
	return []auth.DeletionStep{{Name: "backups", Run: backups.PurgeUser}}
}
