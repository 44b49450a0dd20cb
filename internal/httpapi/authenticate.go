package httpapi

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v5"

	"github.com/adiuva/cloud-api/internal/identity"
)

// authenticate puts the caller into the context, or ends the request. It looks at nothing but the Authorization header:
// a token in the query is no token.
func (s *Server) authenticate(o operation) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		if o.public {
			return next
		}
		return func(c *echo.Context) error {
			r := c.Request()
			token, err := bearer(r)
			if err != nil {
				return err
			}
			user, err := s.identify(r, o, token)
			if err != nil {
				return err
			}
			recordOf(r.Context()).user = user.ID
			c.SetRequest(r.WithContext(identity.ToContext(r.Context(), user)))
			return next(c)
		}
	}
}

func (s *Server) identify(r *http.Request, o operation, token string) (identity.User, error) {
	switch {
	case o.id == "logout": // answers ok again and again, also once the session is over
		return s.cfg.Auth.AuthenticateEnded(token)
	case o.fresh:
		return s.cfg.Auth.AuthenticateFresh(r.Context(), token)
	default:
		return s.cfg.Auth.Authenticate(r.Context(), token)
	}
}

// bearer returns the one bearer token of the request (RFC 6750, the scheme in any case).
func bearer(r *http.Request) (string, error) {
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
