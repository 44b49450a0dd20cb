// Package identity defines the authenticated caller. Package httpapi puts the User into the request's context after
// it has verified the access token; handlers take it out and pass it on as an argument. Nothing below httpapi reads
// it from a context.
package identity

import (
	"context"
	"net/netip"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/adiuva/cloud-api/internal/tier"
)

// User is the authenticated caller. Tier and Seats come from the database and are at most ten seconds old; the tier
// in the token is not used.
type User struct {
	ID      uuid.UUID
	Email   string
	Tier    tier.Tier
	Seats   int
	Session uuid.UUID // the session (refresh family) the access token belongs to; uuid.Nil for an API key
	Key     uuid.UUID // the API key that the request came with; uuid.Nil for an access token
	Scopes  Scopes    // of the API key
	Client  Client    // where the request comes from; set by the edge
}

// Scopes are the scopes of an API key, separated by spaces.
type Scopes string

// Has reports whether scope is among the scopes.
func (s Scopes) Has(scope string) bool { return slices.Contains(strings.Fields(string(s)), scope) }

// Client is where a request comes from.
type Client struct {
	Addr      netip.Addr // not valid if unknown
	UserAgent string     // as the client sent it; never stored or logged as it is
}

type key struct{}

// ToContext returns a context with the caller u.
func ToContext(ctx context.Context, u User) context.Context {
	return context.WithValue(ctx, key{}, u)
}

// From returns the caller, or the zero User on a public route.
func From(ctx context.Context) User {
	u, _ := ctx.Value(key{}).(User)
	return u
}
