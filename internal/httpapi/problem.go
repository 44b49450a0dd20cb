package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/labstack/echo/v5"

	"github.com/adiuva/cloud-api/internal/fault"
)

// Faults that only the edge can see.
var (
	errNoRoute         = fault.New(fault.NotFound, "There is nothing at this path. The paths are listed under /docs.")
	errMethod          = fault.New(fault.MethodNotAllowed, "This path does not know this method; see the Allow header.")
	errTooLarge        = fault.New(fault.BodyTooLarge, "The body is larger than this operation takes.")
	errContentEncoding = fault.New(fault.UnsupportedMediaType,
		"Send the body without a Content-Encoding: this server does not decompress.")
	errHeaderTooLarge = fault.New(fault.HeaderTooLarge, "The request's headers exceed 32 KiB.")
	errTooSlow        = fault.New(fault.UploadTooSlow, "The body arrived too slowly. Send it again.")
	errOrigin         = fault.New(fault.OriginForbidden, "Pages of this origin may not call this API.")
	errRateLimited    = fault.New(fault.RateLimited, "Too many requests.").
				WithRetryHint("Wait as long as Retry-After says.")
	errTokensRefused = fault.New(fault.RateLimited, "Too many access tokens from this network were wrong.").
				WithRetryHint("Log in again, and wait as long as Retry-After says.")
	errTokenMissing = fault.New(fault.TokenMissing, "Send an access token or an API key as Authorization: Bearer.")
	errKeyInURL     = fault.New(fault.TokenInURL,
		"Never send an API key in the URL: URLs end up in logs. Revoke this key, and send the next one as "+
			"Authorization: Bearer.")
	errTokenInvalid = fault.New(fault.TokenInvalid, "Send exactly one Authorization header with one bearer token.")
)

// fail is where every error of a handler or of the chain ends.
func (s *Server) fail(c *echo.Context, err error) {
	ctx, f := c.Request().Context(), toFault(err)
	info := requestInfoFrom(ctx)
	// A body that is too slow ends the context as well, and its client is there.
	info.clientGone = errors.Is(ctx.Err(), context.Canceled) && f.Code != fault.UploadTooSlow
	r, _ := echo.UnwrapResponse(c.Response())
	if r != nil && r.Committed || info.clientGone && f.Code.Status() >= http.StatusInternalServerError {
		info.cause = err
		panic(http.ErrAbortHandler) // cuts the connection: a truncated response must not look complete
	}
	if f.Code == fault.MethodNotAllowed {
		if allow, ok := c.Get(echo.ContextKeyHeaderAllow).(string); ok && allow != "" {
			c.Response().Header().Set("Allow", allow)
		}
	}
	s.problem(c.Response(), c.Request(), f)
}

// toFault returns the fault in err. Errors of the router and of net/http become faults of ours.
func toFault(err error) *fault.Error {
	var known *fault.Error
	if errors.As(err, &known) {
		return known
	}
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return errTooLarge.WithCause(err)
	}
	switch echo.StatusCode(err) {
	case http.StatusNotFound:
		return errNoRoute
	case http.StatusMethodNotAllowed:
		return errMethod
	case http.StatusBadRequest:
		return fault.ErrValidation.WithCause(err)
	}
	return fault.From(err)
}

// retryAfter is how long a caller waits when the fault does not say.
const retryAfter = 5 * time.Second

// problem writes f as RFC 9457 problem details.
func (s *Server) problem(w http.ResponseWriter, r *http.Request, f *fault.Error) {
	info := requestInfoFrom(r.Context())
	info.code, info.cause = f.Code, f
	body := problemBody(f, baseURL(r), r.URL.EscapedPath(), info.id)
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	setRetryHeaders(h, f)
	if r.ContentLength != 0 && !info.bodyRead {
		h.Set("Connection", "close") // else the library would wait for the rest of a body that nobody wants
	}
	w.WriteHeader(f.Code.Status())
	if r.Method != http.MethodHead {
		if _, err := w.Write(body); err != nil {
			info.cause = err
		}
	}
}

// problemBody returns the problem document of f. instance is the path of the request.
func problemBody(f *fault.Error, base, instance, requestID string) []byte {
	status := f.Code.Status()
	doc := map[string]any{}
	maps.Copy(doc, f.Extra)
	maps.Copy(doc, map[string]any{
		"type":  base + "/docs/errors/" + string(f.Code),
		"title": http.StatusText(status), "status": status, "detail": detail(f),
		"instance": instance, "code": f.Code, "request_id": requestID,
	})
	if len(f.Details) > 0 {
		list := make([]map[string]string, 0, len(f.Details))
		for _, d := range f.Details {
			list = append(list, map[string]string{"pointer": d.Pointer, "message": d.Message})
		}
		doc["errors"] = list
	}
	body, err := json.Marshal(doc)
	if err != nil {
		return []byte(`{"code":"internal"}`)
	}
	return body
}

// detail is the fault's message and, where it has one, its hint at the Retry-After header.
func detail(f *fault.Error) string {
	if f.RetryHint == "" {
		return f.Message
	}
	return f.Message + " " + f.RetryHint
}

// setRetryHeaders sets the headers that say how or when to try again.
func setRetryHeaders(h http.Header, f *fault.Error) {
	switch f.Code.Status() {
	case http.StatusUnauthorized:
		challenge := "Bearer"
		switch f.Code {
		case fault.TokenInvalid, fault.TokenExpired, fault.KeyExpired: // not a wrong password (RFC 6750, 3.1)
			challenge = `Bearer error="invalid_token"`
		}
		h.Set("WWW-Authenticate", challenge)
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		h.Set("Retry-After", strconv.Itoa(retrySeconds(f)))
	}
}

// retrySeconds returns the value of Retry-After, or 0 for a status that has none.
func retrySeconds(f *fault.Error) int {
	if status := f.Code.Status(); status != http.StatusTooManyRequests && status != http.StatusServiceUnavailable {
		return 0
	}
	wait := f.RetryAfter
	if wait <= 0 {
		wait = retryAfter
	}
	return int(math.Ceil(wait.Seconds()))
}

// baseURL is this server's origin as the caller reached it.
func baseURL(r *http.Request) string {
	scheme := "http"
	if requestInfoFrom(r.Context()).https {
		scheme = "https"
	}
	u := url.URL{Scheme: scheme, Host: r.Host}
	if _, err := url.Parse(u.String()); err != nil || r.Host == "" {
		return scheme + "://localhost"
	}
	return u.String()
}
