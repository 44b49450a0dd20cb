package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/uuid"

	"github.com/adiuva/cloud-api/internal/apikey"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/strictjson"
	"github.com/adiuva/cloud-api/openapi"
)

// The steps of the chain as plain functions. The REST middleware and the chat stream both call them, so that a
// question is authenticated, counted, decoded and guarded against panics in the same way on either path.

// bearerToken returns the one bearer token of the request (RFC 6750, the scheme in any case). It reads the
// Authorization header only: tokens in the query are ignored.
func bearerToken(r *http.Request) (string, error) {
	values := r.Header.Values("Authorization")
	if len(values) == 0 {
		return "", errTokenMissing
	}
	scheme, token, ok := strings.Cut(values[0], " ")
	if len(values) > 1 || !ok || !strings.EqualFold(scheme, "bearer") || strings.TrimSpace(token) == "" {
		return "", errTokenInvalid
	}
	return strings.TrimSpace(token), nil
}

// authenticate returns the user of an access token or an API key, and records the user for the request's log line. A
// key without the scope that the policy asks for is scope_required.
func (s *Server) authenticate(
	ctx context.Context, policy openapi.Policy, token string,
) (user identity.User, err error) {
	if policy.Session == openapi.SessionEnded && !apikey.HasPrefix(token) {
		user, err = s.cfg.Auth.AuthenticateEnded(token) // asks no database, so it needs no limit
	} else {
		user, err = s.lookUp(ctx, policy.Session, token)
	}
	if err != nil {
		return identity.User{}, err
	}
	info := requestInfoFrom(ctx)
	info.user, info.key = user.ID, user.Key
	if err := checkScope(user, policy.Scope); err != nil {
		return identity.User{}, err
	}
	user.Client = identity.Client{Addr: info.client, UserAgent: info.userAgent}
	return user, nil
}

var (
	errScope = fault.New(fault.ScopeRequired,
		"This API key does not have the scope that required_scope names. Use a key that has it.")
	errNoKeys = fault.New(fault.ScopeRequired,
		"API keys may not do this. Sign in, and send an access token.")
)

// checkScope returns scope_required for a user with an API key that lacks the scope.
func checkScope(user identity.User, scope string) error {
	switch {
	case user.Key == uuid.Nil || scope != openapi.ScopeNone && user.Scopes.Has(scope):
		return nil
	case scope == openapi.ScopeNone:
		return errNoKeys.WithExtra("required_scope", scope)
	}
	return errScope.WithExtra("required_scope", scope)
}

// lookUp returns the token's user if the session is live. It limits how many tokens of one network may be wrong.
func (s *Server) lookUp(
	ctx context.Context, session openapi.Session, token string,
) (user identity.User, err error) {
	if err := s.refusals.check(ctx, token); err != nil {
		return identity.User{}, err
	}
	if session == openapi.SessionChecked {
		user, err = s.cfg.Auth.AuthenticateFresh(ctx, token)
	} else {
		user, err = s.cfg.Auth.Authenticate(ctx, token)
	}
	s.refusals.note(ctx, token, user, err)
	return user, err
}

// charge counts one request and returns rate_limited when it exceeds the limit. Where h is not nil, the limit's headers
// are set on it. Call settle with the outcome of the request: it refunds the request after an error with status 5xx.
// Errors of the client and disconnects stay counted.
func (s *Server) charge(ctx context.Context, l limit, h http.Header) (settle func(error), err error) {
	limiter := s.cfg.Limiter
	if limiter == nil {
		return func(error) {}, nil
	}
	d, err := limiter.TakeAll(ctx, l.buckets...)
	if err != nil {
		return nil, err
	}
	s.cfg.Metrics.RateLimited(l.policy, !d.Allowed)
	if h != nil {
		setRateLimitHeaders(h, l, d)
	}
	if !d.Allowed {
		return nil, errRateLimited.WithRetryAfter(max(d.Reset, time.Second))
	}
	return s.refundOf(ctx, l), nil
}

// refundOf returns what takes the outcome of a counted request.
func (s *Server) refundOf(ctx context.Context, l limit) (settle func(error)) {
	return func(err error) {
		if err != nil && s.cfg.Limiter != nil && ctx.Err() == nil &&
			toFault(err).Code.Status() >= http.StatusInternalServerError {
			s.cfg.Limiter.RefundAll(context.WithoutCancel(ctx), l.buckets...)
		}
	}
}

// decode strictly decodes data and checks it against schema. U+0000 in a member that the schema's x-adiuva-drop-nul
// names is left out, and counted for the log line.
func decode(ctx context.Context, data []byte, schema *openapi3.Schema) (any, error) {
	value, dropped, err := strictjson.DecodeDroppingNUL(data, openapi.DropsNUL(schema)...)
	if err != nil {
		return nil, err
	}
	requestInfoFrom(ctx).droppedNUL += dropped
	if err := schema.VisitJSON(value, schemaOptions()...); err != nil {
		return nil, validationFault(err)
	}
	return value, nil
}

// safely returns what do returns, or an internal error with the stack where do panics. Only the type of the value is
// kept: its text may hold what a user said. http.ErrAbortHandler, which cuts the connection on purpose, is passed on.
func safely(do func() error) (err error) {
	defer func() {
		v := recover()
		if v == nil {
			return
		}
		if v == http.ErrAbortHandler {
			panic(v)
		}
		err = fault.ErrInternal.WithCause(fmt.Errorf("panic of type %T\n%s", v, debug.Stack()))
	}()
	return do()
}
