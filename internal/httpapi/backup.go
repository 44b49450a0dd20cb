package httpapi

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/adiuva/cloud-api/gen/api"
	"github.com/adiuva/cloud-api/internal/backup"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/identity"
)

var (
	errLength = fault.New(fault.LengthRequired, "Send Content-Length, or X-Backup-Size where the length is not known to the HTTP client.")
	errRange  = fault.New(fault.RangeNotSatisfiable, "The backup has no such range; Content-Range says its size.")
)

// defaultHistory is how many entries a history has when the caller does not say.
const defaultHistory = 50

// PutBackup stores a backup.
func (s *Server) PutBackup(ctx context.Context, r api.PutBackupRequestObject) (api.PutBackupResponseObject, error) {
	size, err := sizeOf(r.Params)
	if err != nil {
		return nil, err
	}
	up := backup.Upload{
		Version: r.Params.XBackupVersion, Timestamp: time.UnixMilli(r.Params.XBackupTimestamp), Size: size,
		Checksum: strings.ToLower(r.Params.XBackupChecksum), ChunkCount: 1,
	}
	if r.Params.XBackupChunkCount != nil {
		up.ChunkCount = *r.Params.XBackupChunkCount
	}
	if r.Params.IdempotencyKey != nil {
		up.IdempotencyKey = *r.Params.IdempotencyKey
	}
	receipt, err := s.cfg.Backups.Put(ctx, identity.From(ctx), up, r.Body)
	if err != nil {
		return nil, err
	}
	return stored{receipt, recordOf(ctx)}, nil
}

// sizeOf is the declared size of the blob.
func sizeOf(p api.PutBackupParams) (int64, error) {
	switch {
	case p.ContentLength == nil && p.XBackupSize == nil:
		return 0, errLength
	case p.ContentLength == nil:
		return *p.XBackupSize, nil
	case p.XBackupSize != nil && *p.XBackupSize != *p.ContentLength:
		return 0, fault.ErrValidation.WithDetails(fault.Detail{Pointer: "/header/X-Backup-Size", Message: "differs from Content-Length"})
	}
	return *p.ContentLength, nil
}

// stored answers an upload.
type stored struct {
	receipt backup.Receipt
	rec     *record
}

// VisitPutBackupResponse writes the receipt. Where the body was not asked for, the connection ends with the answer.
func (r stored) VisitPutBackupResponse(w http.ResponseWriter) error {
	if !r.rec.bodyRead {
		w.Header().Set("Connection", "close")
	}
	return api.PutBackup200JSONResponse{Body: api.BackupStored{Ok: true, ID: r.receipt.ID}}.VisitPutBackupResponse(w)
}

// GetLatestBackup answers the backup committed last.
func (s *Server) GetLatestBackup(ctx context.Context, r api.GetLatestBackupRequestObject) (api.GetLatestBackupResponseObject, error) {
	b, err := s.cfg.Backups.Latest(ctx, identity.From(ctx))
	if err != nil {
		return nil, err
	}
	return s.download(ctx, b, conditions{
		noneMatch: r.Params.IfNoneMatch, modifiedSince: r.Params.IfModifiedSince, rang: r.Params.Range, ifRange: r.Params.IfRange,
		latest: true,
	})
}

// HeadLatestBackup describes the backup committed last.
func (s *Server) HeadLatestBackup(ctx context.Context, r api.HeadLatestBackupRequestObject) (api.HeadLatestBackupResponseObject, error) {
	b, err := s.cfg.Backups.Latest(ctx, identity.From(ctx))
	if err != nil {
		return nil, err
	}
	return s.download(ctx, b, conditions{
		noneMatch: r.Params.IfNoneMatch, modifiedSince: r.Params.IfModifiedSince, latest: true, head: true,
	})
}

// GetBackup answers one backup.
func (s *Server) GetBackup(ctx context.Context, r api.GetBackupRequestObject) (api.GetBackupResponseObject, error) {
	b, err := s.cfg.Backups.Find(ctx, identity.From(ctx), r.BackupID)
	if err != nil {
		return nil, err
	}
	return s.download(ctx, b, conditions{
		noneMatch: r.Params.IfNoneMatch, modifiedSince: r.Params.IfModifiedSince, rang: r.Params.Range, ifRange: r.Params.IfRange,
	})
}

// HeadBackup describes one backup.
func (s *Server) HeadBackup(ctx context.Context, r api.HeadBackupRequestObject) (api.HeadBackupResponseObject, error) {
	b, err := s.cfg.Backups.Find(ctx, identity.From(ctx), r.BackupID)
	if err != nil {
		return nil, err
	}
	return s.download(ctx, b, conditions{noneMatch: r.Params.IfNoneMatch, modifiedSince: r.Params.IfModifiedSince, head: true})
}

// ListBackupHistory lists the caller's backups.
func (s *Server) ListBackupHistory(
	ctx context.Context, r api.ListBackupHistoryRequestObject,
) (api.ListBackupHistoryResponseObject, error) {
	limit, before := defaultHistory, uuid.Nil
	if r.Params.Limit != nil {
		limit = int(*r.Params.Limit)
	}
	if r.Params.Before != nil {
		before = *r.Params.Before
	}
	backups, err := s.cfg.Backups.History(ctx, identity.From(ctx), limit, before)
	if err != nil {
		return nil, err
	}
	list := make(api.BackupList, 0, len(backups))
	for _, b := range backups {
		list = append(list, api.BackupMetadata{
			ID: b.ID, Version: b.Version, Timestamp: b.Timestamp.UnixMilli(), Checksum: b.Checksum, ChunkCount: b.ChunkCount,
			SizeBytes: b.Size, CreatedAt: b.CommittedAt.UnixMilli(),
		})
	}
	return api.ListBackupHistory200JSONResponse{Body: list}, nil
}

// DeleteBackup deletes one backup.
func (s *Server) DeleteBackup(ctx context.Context, r api.DeleteBackupRequestObject) (api.DeleteBackupResponseObject, error) {
	if err := s.cfg.Backups.Delete(ctx, identity.From(ctx), r.BackupID); err != nil {
		return nil, err
	}
	return api.DeleteBackup200JSONResponse{Body: done}, nil
}

// download decides what a conditional or range request is answered with, and opens the bytes.
func (s *Server) download(ctx context.Context, b backup.Backup, c conditions) (blob, error) {
	answer := blob{backup: b, status: http.StatusOK, length: b.Size}
	dated, err := s.dated(ctx, b, c)
	if err != nil {
		return blob{}, err
	}
	if c.unchanged(b, dated) {
		answer.status = http.StatusNotModified
		return answer, nil
	}
	if c.head {
		return answer, s.cfg.Backups.CheckObject(ctx, b)
	}
	if c.ifRange == nil { // a condition on a range speaks of our ETag, which the store behind a link does not know
		link, err := s.cfg.Backups.DownloadURL(ctx, b)
		if err != nil || link != "" {
			answer.status, answer.link = http.StatusTemporaryRedirect, link
			return answer, err
		}
	}
	if c.wantsRange(b, dated) {
		switch first, length, ok := parseRange(*c.rang, b.Size); {
		case ok && length == 0:
			answer.status = http.StatusRequestedRangeNotSatisfiable
			return answer, nil
		case ok:
			answer.status, answer.first, answer.length = http.StatusPartialContent, first, length
		}
	}
	answer.body, err = s.cfg.Backups.Open(ctx, b, answer.first, answer.length)
	return answer, err
}

// dated reports whether the date of b can stand for it; it is asked for only where a date decides.
func (s *Server) dated(ctx context.Context, b backup.Backup, c conditions) (bool, error) {
	if !c.needsDate() {
		return false, nil
	}
	return s.cfg.Backups.DateIdentifies(ctx, b, c.latest)
}
