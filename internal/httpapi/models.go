package httpapi

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/adiuva/cloud-api/gen/api"
	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/identity"
)

// ListModels lists every model and what it is to the caller's tier.
func (s *Server) ListModels(ctx context.Context, _ api.ListModelsRequestObject) (api.ListModelsResponseObject, error) {
	list := api.ModelList{}
	for _, m := range s.cfg.Models.Models(identity.From(ctx).Tier) {
		list = append(list, api.Model{Provider: m.Provider, Model: m.Name, Default: m.Default, Available: m.Available,
			Vision: m.Vision})
	}
	return api.ListModels200JSONResponse{Body: list}, nil
}

// fromAPIModel returns the zero choice for nil.
func fromAPIModel(in *api.ModelChoice) agent.ModelChoice {
	if in == nil {
		return agent.ModelChoice{}
	}
	return agent.ModelChoice{Provider: zeroIfNil(in.Provider), Name: zeroIfNil(in.Name),
		Key: agent.NewKey(zeroIfNil(in.APIKey))}
}

// takesKey reports whether the body of the operation, or an item of it, may have a key of a model provider.
func (o operation) takesKey() bool {
	return o.schema != nil && (o.schema.Properties["model"] != nil || o.policy.Items != "")
}

// refuseMisplacedKey returns a fault if the request has a key of a model provider in its URL or in a header, where
// proxies and logs would see it. Names are compared without letter case, hyphens and underscores.
func refuseMisplacedKey(r *http.Request) error {
	refuse := func(where, name string) error {
		return fault.ErrValidation.WithDetails(fault.Detail{Pointer: "/" + where + "/" + name,
			Message: "is no place for a key: send it as model.api_key in the body, and treat this one as leaked"})
	}
	for name := range r.Header {
		if key := foldName(name); slices.Contains(keyHeaders(), key) {
			return refuse("header", name)
		}
	}
	for part := range strings.FieldsFuncSeq(r.URL.RawQuery, func(c rune) bool { return c == '&' || c == ';' }) {
		name, _, _ := strings.Cut(part, "=")
		if unescaped, err := url.QueryUnescape(name); err == nil {
			name = unescaped
		}
		if folded := foldName(name); slices.Contains(keyParameters(), folded) {
			return refuse("query", folded)
		}
	}
	return nil
}

// keyHeaders are the headers in which providers and gateways take keys, as foldName writes them.
func keyHeaders() []string {
	return []string{"apikey", "xapikey", "openaiapikey", "xopenaiapikey", "xopenaikey", "anthropicapikey",
		"xanthropicapikey", "xgoogapikey", "xmodelapikey", "xllmapikey", "xproviderapikey", "modelapikey", "xbyok",
		"xbyokkey"}
}

// keyParameters are the same for the URL.
func keyParameters() []string { return append(keyHeaders(), "key", "model.apikey", "model[apikey]") }

// foldName returns a name in lower case without hyphens and underscores.
func foldName(name string) string {
	return strings.Map(func(c rune) rune {
		if c == '-' || c == '_' {
			return -1
		}
		return unicode.ToLower(c)
	}, name)
}
