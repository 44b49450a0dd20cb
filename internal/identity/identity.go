// Package identity defines the authenticated caller. Package httpapi puts the User into the request's context after
// it has verified the access token; handlers take it out and pass it on as an argument. Nothing below httpapi reads
// it from a context.
package identity

import (
	"context"

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
	Session uuid.UUID // the session (refresh family) the access token belongs to
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
