// Package connection keeps the OpenID Connect providers that teams sign in with.
package connection

import (
	"github.com/google/uuid"

	"github.com/adiuva/cloud-api/internal/oidc"
)

// Connection is the provider that a team signs in with.
type Connection struct {
	Team     uuid.UUID
	Provider oidc.Provider
}
