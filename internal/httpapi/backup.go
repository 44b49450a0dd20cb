package httpapi

import (
	"context"

	"github.com/adiuva/cloud-api/gen/api"
)

// PutBackup stores a backup.
func (s *Server) PutBackup(context.Context, api.PutBackupRequestObject) (api.PutBackupResponseObject, error) {
	return nil, notYet()
}

// GetLatestBackup answers the backup committed last.
func (s *Server) GetLatestBackup(context.Context, api.GetLatestBackupRequestObject) (api.GetLatestBackupResponseObject, error) {
	return nil, notYet()
}

// HeadLatestBackup describes the backup committed last.
func (s *Server) HeadLatestBackup(context.Context, api.HeadLatestBackupRequestObject) (api.HeadLatestBackupResponseObject, error) {
	return nil, notYet()
}

// GetBackup answers one backup.
func (s *Server) GetBackup(context.Context, api.GetBackupRequestObject) (api.GetBackupResponseObject, error) {
	return nil, notYet()
}

// HeadBackup describes one backup.
func (s *Server) HeadBackup(context.Context, api.HeadBackupRequestObject) (api.HeadBackupResponseObject, error) {
	return nil, notYet()
}

// ListBackupHistory lists the caller's backups.
func (s *Server) ListBackupHistory(
	context.Context, api.ListBackupHistoryRequestObject,
) (api.ListBackupHistoryResponseObject, error) {
	return nil, notYet()
}

// DeleteBackup deletes one backup.
func (s *Server) DeleteBackup(context.Context, api.DeleteBackupRequestObject) (api.DeleteBackupResponseObject, error) {
	return nil, notYet()
}
