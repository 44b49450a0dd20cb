package httpapi

import (
	"context"
	"net/http"

	"github.com/google/uuid"

	"github.com/adiuva/cloud-api/gen/api"
	"github.com/adiuva/cloud-api/internal/audit"
	"github.com/adiuva/cloud-api/internal/export"
	"github.com/adiuva/cloud-api/internal/identity"
)

// defaultEventLimit is the number of events in a page when the caller does not set a limit.
const defaultEventLimit = 50

// ListAuthEvents lists a page of what happened to the caller's account.
func (s *Server) ListAuthEvents(
	ctx context.Context, r api.ListAuthEventsRequestObject,
) (api.ListAuthEventsResponseObject, error) {
	limit := defaultEventLimit
	if r.Params.Limit != nil {
		limit = int(*r.Params.Limit)
	}
	events, err := s.cfg.Audit.Events(ctx, identity.From(ctx).ID, limit, zeroIfNil(r.Params.Before))
	if err != nil {
		return nil, err
	}
	list := make(api.AuthEventList, 0, len(events))
	for _, e := range events {
		list = append(list, toAPIEvent(e))
	}
	return api.ListAuthEvents200JSONResponse{Body: list}, nil
}

func toAPIEvent(e audit.Event) api.AuthEvent {
	event := api.AuthEvent{
		ID: e.ID, At: e.At.UnixMilli(), Kind: string(e.Kind), Network: e.Network, Device: e.Device,
	}
	if e.Subject != uuid.Nil {
		event.SubjectID = &e.Subject
	}
	return event
}

// ExportAccount streams everything that is kept of the caller's account.
func (s *Server) ExportAccount(
	ctx context.Context, _ api.ExportAccountRequestObject,
) (api.ExportAccountResponseObject, error) {
	document, err := s.cfg.Export.Open(ctx, identity.From(ctx).ID)
	if err != nil {
		return nil, err
	}
	return exportReply{ctx, document}, nil
}

// exportReply writes the document while it is read from the database.
type exportReply struct {
	ctx      context.Context
	document *export.Document
}

// VisitExportAccountResponse implements api.ExportAccountResponseObject. Its error cuts the connection, so that what
// was sent does not look whole.
func (e exportReply) VisitExportAccountResponse(w http.ResponseWriter) error {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Disposition", `attachment; filename="adiuva-account.json"`)
	w.WriteHeader(http.StatusOK)
	return e.document.WriteTo(e.ctx, w)
}
