// Package identity says who is asking. The edge puts the User into the request's context after checking the access
// token; handlers take it out once and pass it on as an argument. Nothing below the edge reads the context for data.
package identity

import (
	"context"

	"github.com/google/uuid"

	"github.com/adiuva/cloud-api/internal/tier"
)

// User is the authenticated caller. Tier and Seats were read from the database at most ten seconds ago; the token's own
// tier is never trusted.
type User struct {
	ID      uuid.UUID
	Email   string
	Tier    tier.Tier
	Seats   int
	Session uuid.UUID // the session (refresh family) the access token belongs to
}

type key struct{}

// ToContext returns a context that carries u.
func ToContext(ctx context.Context, u User) context.Context {
	return context.WithValue(ctx, key{}, u)
}

// From returns the caller, or the zero User on a public route.
func From(ctx context.Context) User {
	u, _ := ctx.Value(key{}).(User)
	return u
}
