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
	errLengthRequired = fault.New(fault.LengthRequired,
		"Send Content-Length, or X-Backup-Size where the length is not known to the HTTP client.")
	errRangeNotSatisfiable = fault.New(fault.RangeNotSatisfiable,
		"The range is malformed or lies outside of the backup; Content-Range says its size.")
)

// defaultHistoryLimit is the number of entries in a history when the caller does not set a limit.
const defaultHistoryLimit = 50

// PutBackup stores a backup.
func (s *Server) PutBackup(ctx context.Context, r api.PutBackupRequestObject) (api.PutBackupResponseObject, error) {
	size, err := declaredSize(r.Params)
	if err != nil {
		return nil, err
	}
	up := backup.Upload{
		Version:    r.Params.XBackupVersion,
		Timestamp:  time.UnixMilli(r.Params.XBackupTimestamp),
		Checksum:   strings.ToLower(r.Params.XBackupChecksum),
		Size:       size,
		ChunkCount: 1,
	}
	if r.Params.XBackupChunkCount != nil {
		up.ChunkCount = *r.Params.XBackupChunkCount
	}
	up.IdempotencyKey = headerValue(r.Params.IdempotencyKey)
	up.Precondition = precondition(headerValue(r.Params.IfMatch), headerValue(r.Params.IfNoneMatch),
		headerValue(r.Params.IfUnmodifiedSince))
	receipt, err := s.cfg.Backups.Put(ctx, identity.From(ctx), up, r.Body)
	if err != nil {
		return nil, err
	}
	return putBackupResponse{receipt, requestInfoFrom(ctx)}, nil
}

// declaredSize returns the size of the body by Content-Length or X-Backup-Size, which have to agree.
func declaredSize(p api.PutBackupParams) (int64, error) {
	switch {
	case p.ContentLength == nil && p.XBackupSize == nil:
		return 0, errLengthRequired
	case p.ContentLength == nil:
		return *p.XBackupSize, nil
	case p.XBackupSize != nil && *p.XBackupSize != *p.ContentLength:
		return 0, fault.ErrValidation.WithDetails(
			fault.Detail{Pointer: "/header/X-Backup-Size", Message: "differs from Content-Length"})
	}
	return *p.ContentLength, nil
}

// putBackupResponse is the response to an upload.
type putBackupResponse struct {
	receipt backup.Receipt
	info    *requestInfo
}

// VisitPutBackupResponse writes the receipt. When the body was not read, it also closes the connection.
func (r putBackupResponse) VisitPutBackupResponse(w http.ResponseWriter) error {
	if !r.info.bodyRead {
		w.Header().Set("Connection", "close")
	}
	return api.PutBackup200JSONResponse{Body: api.BackupStored{Ok: true, ID: r.receipt.ID}}.VisitPutBackupResponse(w)
}

// GetLatestBackup sends the backup that was committed last.
func (s *Server) GetLatestBackup(
	ctx context.Context, r api.GetLatestBackupRequestObject,
) (api.GetLatestBackupResponseObject, error) {
	b, err := s.cfg.Backups.Latest(ctx, identity.From(ctx))
	if err != nil {
		return nil, err
	}
	c := getConditions(api.GetBackupParams(r.Params))
	c.latest = true
	return s.download(ctx, b, c)
}

// HeadLatestBackup sends the headers of the backup that was committed last.
func (s *Server) HeadLatestBackup(
	ctx context.Context, r api.HeadLatestBackupRequestObject,
) (api.HeadLatestBackupResponseObject, error) {
	b, err := s.cfg.Backups.Latest(ctx, identity.From(ctx))
	if err != nil {
		return nil, err
	}
	c := headConditions(api.HeadBackupParams(r.Params))
	c.latest = true
	return s.download(ctx, b, c)
}

// GetBackup sends one backup.
func (s *Server) GetBackup(ctx context.Context, r api.GetBackupRequestObject) (api.GetBackupResponseObject, error) {
	b, err := s.cfg.Backups.Find(ctx, identity.From(ctx), r.BackupID)
	if err != nil {
		return nil, err
	}
	return s.download(ctx, b, getConditions(r.Params))
}

// HeadBackup sends the headers of one backup.
func (s *Server) HeadBackup(ctx context.Context, r api.HeadBackupRequestObject) (api.HeadBackupResponseObject, error) {
	b, err := s.cfg.Backups.Find(ctx, identity.From(ctx), r.BackupID)
	if err != nil {
		return nil, err
	}
	return s.download(ctx, b, headConditions(r.Params))
}

// ListBackupHistory lists the caller's backups.
func (s *Server) ListBackupHistory(
	ctx context.Context, r api.ListBackupHistoryRequestObject,
) (api.ListBackupHistoryResponseObject, error) {
	limit, before := defaultHistoryLimit, uuid.Nil
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
			ID:         b.ID,
			Version:    b.Version,
			Timestamp:  b.Timestamp.UnixMilli(),
			Checksum:   b.Checksum,
			ChunkCount: b.ChunkCount,
			SizeBytes:  b.Size,
			CreatedAt:  b.CommittedAt.UnixMilli(),
		})
	}
	return api.ListBackupHistory200JSONResponse{Body: list}, nil
}

// DeleteBackup deletes one backup.
func (s *Server) DeleteBackup(
	ctx context.Context, r api.DeleteBackupRequestObject,
) (api.DeleteBackupResponseObject, error) {
	cond := precondition(headerValue(r.Params.IfMatch), headerValue(r.Params.IfNoneMatch),
		headerValue(r.Params.IfUnmodifiedSince))
	if err := s.cfg.Backups.Delete(ctx, identity.From(ctx), r.BackupID, cond); err != nil {
		return nil, err
	}
	return api.DeleteBackup200JSONResponse{Body: okBody}, nil
}

func getConditions(p api.GetBackupParams) conditions {
	return conditions{
		match: headerValue(p.IfMatch), unmodifiedSince: headerValue(p.IfUnmodifiedSince),
		noneMatch: headerValue(p.IfNoneMatch), modifiedSince: headerValue(p.IfModifiedSince),
		rangeHeader: headerValue(p.Range), ifRange: headerValue(p.IfRange),
	}
}

func headConditions(p api.HeadBackupParams) conditions {
	return conditions{
		match: headerValue(p.IfMatch), unmodifiedSince: headerValue(p.IfUnmodifiedSince),
		noneMatch: headerValue(p.IfNoneMatch), modifiedSince: headerValue(p.IfModifiedSince), head: true,
	}
}

// download decides about the response to a conditional or range request, in the order of RFC 9110 §13.2.2, and opens
// the bytes that it sends.
func (s *Server) download(ctx context.Context, b backup.Backup, c conditions) (downloadResponse, error) {
	response := downloadResponse{backup: b, status: http.StatusOK, length: b.Size}
	cond := precondition(c.match, "", c.unmodifiedSince)
	if err := s.cfg.Backups.CheckPrecondition(ctx, cond, b, c.latest); err != nil {
		return downloadResponse{}, err
	}
	dateUsable, err := s.lastModifiedUsable(ctx, b, c)
	if err != nil {
		return downloadResponse{}, err
	}
	if c.notModified(b, dateUsable) {
		response.status = http.StatusNotModified
		return response, nil
	}
	if c.head {
		return response, s.cfg.Backups.CheckObject(ctx, b)
	}
	// These compare our ETag and date, which the object store does not know. A client that follows the redirect sends
	// them again, and to the store's own date the backup could be an old one.
	if c.ifRange == "" && c.match == "" && c.unmodifiedSince == "" && c.modifiedSince == "" {
		url, err := s.cfg.Backups.DownloadURL(ctx, b)
		if err != nil || url != "" {
			response.status = http.StatusTemporaryRedirect
			response.location = url
			return response, err
		}
	}
	if c.rangeApplies(b, dateUsable) {
		switch kind, first, length := parseRange(c.rangeHeader, b.Size); kind {
		case noSuchRange:
			response.status = http.StatusRequestedRangeNotSatisfiable
			return response, nil
		case oneRange:
			response.status = http.StatusPartialContent
			response.first = first
			response.length = length
		}
	}
	response.body, err = s.cfg.Backups.Open(ctx, b, response.first, response.length)
	return response, err
}

// lastModifiedUsable reports whether Last-Modified identifies b. It asks the database only when a date decides.
func (s *Server) lastModifiedUsable(ctx context.Context, b backup.Backup, c conditions) (bool, error) {
	if !c.needsLastModified() {
		return false, nil
	}
	return s.cfg.Backups.LastModifiedUsable(ctx, b, c.latest)
}
