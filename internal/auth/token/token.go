// Package token signs and verifies the two tokens of a client: the access token, a short-lived JWT, and the refresh
// token, whose MAC is verified before the database is queried. It reads no database and knows nothing about users.
package token

import (
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"

	"github.com/adiuva/cloud-api/internal/fault"
)

// Faults of a token that is not accepted.
var (
	ErrMissing = fault.New(fault.TokenMissing,
		"This operation needs an access token in the Authorization header.")
	ErrInvalid = fault.New(fault.TokenInvalid,
		"The access token is not valid. Refresh it or log in again.")
	ErrExpired = fault.New(fault.TokenExpired,
		"The access token has expired. Refresh it.")
	ErrRefreshInvalid = fault.New(fault.RefreshInvalid,
		"The refresh token is not valid. Log in again.")
)

// accessKeyBytes suits the largest hash of the algorithms (RFC 7518, 3.2).
const accessKeyBytes = 64

// Config configures Keys. Secret signs; Secret and Previous verify.
type Config struct {
	Secret    string
	Previous  []string
	Algorithm string // HS256, HS384 or HS512
	AccessTTL time.Duration
	Now       func() time.Time
}

// Keys signs and verifies both kinds of token. It is safe for concurrent use.
type Keys struct {
	algorithm jwa.SignatureAlgorithm
	// access has the signing key first. The bytes of the secrets themselves still verify what they signed before keys
	// were derived.
	access    [][]byte
	refresh   [][]byte // the signing key first
	accessTTL time.Duration
	now       func() time.Time
}

// NewKeys returns the keys of cfg, or an error for an unknown algorithm or an empty secret.
func NewKeys(cfg Config) (*Keys, error) {
	k := &Keys{accessTTL: cfg.AccessTTL, now: cfg.Now}
	switch cfg.Algorithm {
	case "HS256":
		k.algorithm = jwa.HS256()
	case "HS384":
		k.algorithm = jwa.HS384()
	case "HS512":
		k.algorithm = jwa.HS512()
	default:
		return nil, fmt.Errorf("token algorithm %q is not one of HS256, HS384, HS512", cfg.Algorithm)
	}
	for _, secret := range append([]string{cfg.Secret}, cfg.Previous...) {
		if secret == "" {
			return nil, fmt.Errorf("an empty secret cannot sign tokens")
		}
		access, err := hkdf.Key(sha256.New, []byte(secret), nil, "adiuva access token v1", accessKeyBytes)
		if err != nil {
			return nil, fmt.Errorf("derive the access key: %w", err)
		}
		refresh, err := hkdf.Key(sha256.New, []byte(secret), nil, "adiuva refresh token v1", sha256.Size)
		if err != nil {
			return nil, fmt.Errorf("derive the refresh key: %w", err)
		}
		k.access = append(k.access, access, []byte(secret))
		k.refresh = append(k.refresh, refresh)
	}
	return k, nil
}
