package httpapi

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/google/uuid"
	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/adiuva/cloud-api/internal/apikey"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/ratelimit"
)

// maxRefusals is how many access tokens per minute may turn out wrong from one network. Each may cost a question to the
// database. Tokens that have merely expired do not count.
const maxRefusals = 300

// knownSessions is how many sessions and API keys are remembered as good.
const knownSessions = 10_000

// refusals limits wrong access tokens by network, before they are looked up. Forged ones hold up no authentic token:
// only tokens of ended sessions do, and not one of a session known to be good. It is safe for concurrent use.
type refusals struct {
	limiter *ratelimit.Limiter // nil switches it off
	// verify checks a token's signature and expiry alone.
	verify func(token string) (identity.User, error)
	// good are sessions and API keys whose tokens were issued or accepted here. They go on while others of their
	// network send wrong ones.
	good *lru.Cache[uuid.UUID, struct{}]
}

func newRefusals(limiter *ratelimit.Limiter, verify func(token string) (identity.User, error)) (*refusals, error) {
	good, err := lru.New[uuid.UUID, struct{}](knownSessions)
	return &refusals{limiter: limiter, verify: verify, good: good}, err
}

// check returns rate_limited if too many tokens from the client's network were wrong and this one may be another. It
// asks only what this replica knows, so that requests pay no round trip.
func (r *refusals) check(ctx context.Context, token string) error {
	if r.limiter == nil {
		return nil
	}
	d, err := r.limiter.Check(refusalBuckets(ctx, allRefused)...)
	if err != nil || d.Allowed {
		return err
	}
	if apikey.HasPrefix(token) { // anybody can make up a key with the right checksum
		if r.good.Contains(apikey.CacheID(token)) {
			return nil
		}
	} else if user, err := r.verify(token); err == nil {
		if r.good.Contains(user.Session) {
			return nil
		}
		if d, err = r.limiter.Check(refusalBuckets(ctx, endedRefused)...); err != nil || d.Allowed {
			return err
		}
	}
	return errTokensRefused.WithRetryAfter(max(d.Reset, time.Second))
}

// note remembers whether a token was accepted: user is its user, or err says why it was refused.
func (r *refusals) note(ctx context.Context, token string, user identity.User, err error) {
	var f *fault.Error
	switch {
	case r.limiter == nil:
	case err == nil && user.Key != uuid.Nil:
		r.good.Add(apikey.CacheID(token), struct{}{})
	case err == nil:
		r.good.Add(user.Session, struct{}{})
	case errors.As(err, &f) && f.Code.Status() == http.StatusUnauthorized && f.Code != fault.TokenExpired &&
		f.Code != fault.KeyExpired:
		_, _ = r.limiter.TakeAll(ctx, refusalBuckets(ctx, allRefused)...) // fails only for wrong limits
		if apikey.HasPrefix(token) {
			r.good.Remove(apikey.CacheID(token))
			return
		}
		if ended, err := r.verify(token); err == nil {
			r.good.Remove(ended.Session)
			_, _ = r.limiter.TakeAll(ctx, refusalBuckets(ctx, endedRefused)...)
		}
	}
}

// issued remembers the session of a token that was just issued as good.
func (r *refusals) issued(token string) {
	if user, err := r.verify(token); err == nil {
		r.good.Add(user.Session, struct{}{})
	}
}

// What refused tokens are counted in.
const (
	allRefused   = "token"
	endedRefused = "ended"
)

func refusalBuckets(ctx context.Context, name string) []ratelimit.Bucket {
	return networkBuckets(name, requestInfoFrom(ctx), maxRefusals, time.Minute)
}
