package httpapi

import (
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v5"

	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/ratelimit"
)

// bucket is one limit: so many requests in a window, counted under key.
type bucket struct {
	policy string // its name in the RateLimit headers
	key    string
	limit  int
	window time.Duration
}

// throttle counts the request: a user's by tier and seats, a stranger's by address. What fails through our own fault is
// not counted; what fails because the caller left is.
func (s *Server) throttle(o operation) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		if s.cfg.Limiter == nil {
			return next
		}
		return func(c *echo.Context) error {
			ctx := c.Request().Context()
			b := s.bucketOf(o, c.Request())
			d, err := s.cfg.Limiter.Take(ctx, b.key, b.limit, b.window)
			if err != nil {
				return err
			}
			announce(c.Response().Header(), b, d)
			if !d.Allowed {
				return errRateLimited.WithRetryAfter(max(d.Reset, time.Second))
			}
			err = next(c)
			if err != nil && ctx.Err() == nil && faultOf(err).Code.Status() >= http.StatusInternalServerError {
				s.cfg.Limiter.Refund(ctx, b.key, b.limit, b.window)
			}
			return err
		}
	}
}

func (s *Server) bucketOf(o operation, r *http.Request) bucket {
	if !o.public {
		u := identity.From(r.Context())
		return bucket{policy: string(u.Tier), key: "user:" + u.ID.String(), limit: u.Tier.RequestsPerMinute(u.Seats), window: time.Minute}
	}
	b := bucket{policy: o.id, key: o.id + ":" + s.clientIP(r), limit: 60, window: time.Minute}
	switch o.id {
	case "login":
		b.limit = 10
	case "register":
		b.limit, b.window = 5, time.Hour
	case "getHealth", "receiveStripeEvent": // probes and Stripe come from few addresses
		b.limit = 1200
	}
	return b
}

// The names of the headers as net/http stores them: others would be converted for each answer.
const (
	headerPolicy = "Ratelimit-Policy"
	headerLimit  = "Ratelimit"
)

// announce sets the headers of draft-ietf-httpapi-ratelimit-headers. Names of policies need no escaping.
func announce(h http.Header, b bucket, d ratelimit.Decision) {
	text := make([]byte, 0, 96)
	text = append(append(append(text, '"'), b.policy...), `";q=`...)
	text = append(strconv.AppendInt(text, int64(b.limit), 10), ";w="...)
	text = strconv.AppendInt(text, int64(b.window/time.Second), 10)
	policy := len(text)
	text = append(append(append(text, '"'), b.policy...), `";r=`...)
	text = append(strconv.AppendInt(text, int64(max(d.Remaining, 0)), 10), ";t="...)
	text = strconv.AppendInt(text, int64(math.Ceil(d.Reset.Seconds())), 10)
	both, values := string(text), make([]string, 2)
	values[0], values[1] = both[:policy], both[policy:]
	h[headerPolicy], h[headerLimit] = values[:1:1], values[1:]
}
