package httpapi

import (
	"cmp"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/network"
	"github.com/adiuva/cloud-api/internal/ratelimit"
	"github.com/adiuva/cloud-api/internal/tier"
	"github.com/adiuva/cloud-api/openapi"
)

// limit is what a request is counted against, and the policy's name in the RateLimit headers. The first bucket is the
// caller's own; others are wider.
type limit struct {
	policy  string
	buckets []ratelimit.Bucket
}

// accountLimit is the limit of a user's tier and seats. All operations share it. Where the tier is not known, because
// the session has ended, it is that of Free. An API key has half of it as a limit of its own, so that a program that
// runs wild leaves the other half to the person's app.
func accountLimit(u identity.User) limit {
	l := limit{policy: string(cmp.Or(u.Tier, tier.Free)), buckets: []ratelimit.Bucket{{
		Key: "user:" + u.ID.String(), Limit: u.Tier.RequestsPerMinute(u.Seats), Window: time.Minute,
	}}}
	if u.Key == uuid.Nil {
		return l
	}
	own := ratelimit.Bucket{Key: "key:" + u.Key.String(), Limit: (l.buckets[0].Limit + 1) / 2, Window: time.Minute}
	return limit{policy: "key", buckets: []ratelimit.Bucket{own, l.buckets[0]}}
}

// limitOf is the limit that applies to a request for an operation: the account's, or the network's own for the
// operation.
func (s *Server) limitOf(o operation, r *http.Request) limit {
	if o.policy.Rate.By == openapi.ByAccount {
		return accountLimit(identity.From(r.Context()))
	}
	window := time.Duration(o.policy.Rate.Window) * time.Second
	return limit{policy: o.id, buckets: networkBuckets(o.id, requestInfoFrom(r.Context()),
		o.policy.Rate.Requests, window)}
}

// widest is how many times the limit of one caller the widest network around it has.
const widest = 4

// networkBuckets returns the bucket of the client's network and those of the wider networks around it, of which each
// has twice the limit of the one inside. Clients that a proxy hides have a bucket each, inside that of the proxy.
func networkBuckets(name string, from *requestInfo, requests int, window time.Duration) []ratelimit.Bucket {
	own := name + ":" + network.Of(from.client).String()
	if from.hidden != "" {
		return []ratelimit.Bucket{
			{Key: own + ":" + from.hidden, Limit: requests, Window: window},
			{Key: own, Limit: widest * requests, Window: window},
		}
	}
	buckets := []ratelimit.Bucket{{Key: own, Limit: requests, Window: window}}
	for _, around := range network.Around(from.client) {
		requests *= 2
		buckets = append(buckets, ratelimit.Bucket{Key: name + ":" + around.String(), Limit: requests, Window: window})
	}
	return buckets
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
	text = append(strconv.AppendInt(text, int64(l.buckets[0].Limit), 10), ";w="...)
	text = strconv.AppendInt(text, int64(l.buckets[0].Window/time.Second), 10)
	policyLength := len(text)
	text = append(append(append(text, '"'), l.policy...), `";r=`...)
	text = append(strconv.AppendInt(text, int64(max(d.Remaining, 0)), 10), ";t="...)
	text = strconv.AppendInt(text, int64(math.Ceil(d.Reset.Seconds())), 10)
	both, values := string(text), make([]string, 2) // one string and one slice serve both headers
	values[0], values[1] = both[:policyLength], both[policyLength:]
	h[headerPolicy], h[headerLimit] = values[:1:1], values[1:]
}
