package httpapi

import (
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/network"
	"github.com/adiuva/cloud-api/internal/ratelimit"
	"github.com/adiuva/cloud-api/openapi"
)

// limit is a number of requests per window, counted under key.
type limit struct {
	policy   string // its name in the RateLimit headers
	key      string
	requests int
	window   time.Duration
}

// accountLimit is the limit of a user's tier and seats. All operations share it.
func accountLimit(u identity.User) limit {
	return limit{
		policy:   string(u.Tier),
		key:      "user:" + u.ID.String(),
		requests: u.Tier.RequestsPerMinute(u.Seats),
		window:   time.Minute,
	}
}

// limitOf is the limit that applies to a request for an operation: the account's, or the address's own for the
// operation.
func (s *Server) limitOf(o operation, r *http.Request) limit {
	if o.policy.Rate.By == openapi.ByAccount {
		return accountLimit(identity.From(r.Context()))
	}
	caller := network.Of(requestInfoFrom(r.Context()).client)
	return limit{
		policy: o.id, key: o.id + ":" + caller.String(), requests: o.policy.Rate.Requests,
		window: time.Duration(o.policy.Rate.Window) * time.Second,
	}
}

// The names of the headers as net/http stores them: others would be converted for each answer.
const (
	headerPolicy = "Ratelimit-Policy"
	headerLimit  = "Ratelimit"
)

// setRateLimitHeaders sets the headers of draft-ietf-httpapi-ratelimit-headers. Names of policies need no escaping.
func setRateLimitHeaders(h http.Header, l limit, d ratelimit.Decision) {
	text := make([]byte, 0, 96)
	text = append(append(append(text, '"'), l.policy...), `";q=`...)
	text = append(strconv.AppendInt(text, int64(l.requests), 10), ";w="...)
	text = strconv.AppendInt(text, int64(l.window/time.Second), 10)
	policyLength := len(text)
	text = append(append(append(text, '"'), l.policy...), `";r=`...)
	text = append(strconv.AppendInt(text, int64(max(d.Remaining, 0)), 10), ";t="...)
	text = strconv.AppendInt(text, int64(math.Ceil(d.Reset.Seconds())), 10)
	both, values := string(text), make([]string, 2) // one string and one slice serve both headers
	values[0], values[1] = both[:policyLength], both[policyLength:]
	h[headerPolicy], h[headerLimit] = values[:1:1], values[1:]
}
