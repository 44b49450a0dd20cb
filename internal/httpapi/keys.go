package httpapi

import (
	"context"
	"time"

	"github.com/adiuva/cloud-api/gen/api"
	"github.com/adiuva/cloud-api/internal/apikey"
	"github.com/adiuva/cloud-api/internal/identity"
)

// CreateKey creates an API key. No other answer contains it.
func (s *Server) CreateKey(ctx context.Context, r api.CreateKeyRequestObject) (api.CreateKeyResponseObject, error) {
	in := apikey.Request{Name: r.Body.Name}
	for _, scope := range r.Body.Scopes {
		in.Scopes = append(in.Scopes, string(scope))
	}
	if r.Body.ExpiresAt != nil {
		in.ExpiresAt = time.UnixMilli(*r.Body.ExpiresAt)
	}
	key, secret, err := s.cfg.Keys.Create(ctx, identity.From(ctx), in)
	if err != nil {
		return nil, err
	}
	k := toAPIKey(key)
	return api.CreateKey201JSONResponse{Body: api.CreatedKey{
		ID: k.ID, Key: secret, Name: k.Name, Prefix: k.Prefix, Scopes: k.Scopes, CreatedAt: k.CreatedAt,
		ExpiresAt: k.ExpiresAt,
	}}, nil
}

// ListKeys lists the caller's keys.
func (s *Server) ListKeys(ctx context.Context, _ api.ListKeysRequestObject) (api.ListKeysResponseObject, error) {
	keys, err := s.cfg.Keys.List(ctx, identity.From(ctx).ID)
	if err != nil {
		return nil, err
	}
	list := make(api.KeyList, 0, len(keys))
	for _, key := range keys {
		list = append(list, toAPIKey(key))
	}
	return api.ListKeys200JSONResponse{Body: list}, nil
}

// DeleteKey revokes one key of the caller.
func (s *Server) DeleteKey(ctx context.Context, r api.DeleteKeyRequestObject) (api.DeleteKeyResponseObject, error) {
	if err := s.cfg.Keys.Revoke(ctx, identity.From(ctx), r.ID); err != nil {
		return nil, err
	}
	return api.DeleteKey200JSONResponse{Body: okBody}, nil
}

func toAPIKey(k apikey.Key) api.Key {
	key := api.Key{
		ID: k.ID, Name: k.Name, Prefix: k.Prefix, CreatedAt: k.CreatedAt.UnixMilli(),
		ExpiresAt: milliseconds(k.ExpiresAt), LastUsedAt: milliseconds(k.LastUsedAt),
	}
	for _, scope := range k.Scopes {
		key.Scopes = append(key.Scopes, api.KeyScope(scope))
	}
	return key
}

// milliseconds returns a time since the Unix epoch, or nil for no time.
func milliseconds(t *time.Time) *int64 {
	if t == nil {
		return nil
	}
	ms := t.UnixMilli()
	return &ms
}
