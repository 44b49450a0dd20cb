package token

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/lestrrat-go/jwx/v3/jws"

	"github.com/adiuva/cloud-api/internal/strictjson"
	"github.com/adiuva/cloud-api/internal/tier"
)

// Issuer is the iss and aud claim: the service issues its tokens to itself.
const Issuer = "adiuva-cloud-api"

// Leeway is how far the clocks of replicas may differ: iat may be that far in the future. exp gets no leeway.
const Leeway = 30 * time.Second

const (
	accessType     = "at+jwt" // RFC 9068
	maxAccessBytes = 4096
	maxTime        = 1 << 40 // in seconds; beyond it time.Unix may overflow
)

// Access is the content of an access token. Tier is a hint for the client that the service does not trust. Version
// is the account's token version, which is incremented to revoke every token.
type Access struct {
	User     uuid.UUID
	Session  uuid.UUID
	Version  int32
	Tier     tier.Tier
	IssuedAt time.Time
	Expires  time.Time
}

type claims struct {
	Issuer   string    `json:"iss"`
	Audience string    `json:"aud"`
	Subject  uuid.UUID `json:"sub"`
	Session  uuid.UUID `json:"sid"`
	Version  int32     `json:"tv"`
	Tier     tier.Tier `json:"tier,omitempty"`
	IssuedAt int64     `json:"iat"`
	Expires  int64     `json:"exp"`
}

// SignAccess returns the token for a and its expiry, in whole seconds. It ignores a.Expires.
func (k *Keys) SignAccess(a Access) (string, time.Time, error) {
	expires := a.IssuedAt.Add(k.accessTTL).Truncate(time.Second)
	payload, err := json.Marshal(claims{
		Issuer: Issuer, Audience: Issuer, Subject: a.User, Session: a.Session, Version: a.Version, Tier: a.Tier,
		IssuedAt: a.IssuedAt.Unix(), Expires: expires.Unix(),
	})
	if err != nil {
		return "", time.Time{}, fmt.Errorf("encode an access token: %w", err)
	}
	head := jws.NewHeaders()
	if err := head.Set(jws.TypeKey, accessType); err != nil {
		return "", time.Time{}, fmt.Errorf("type an access token: %w", err)
	}
	signed, err := jws.Sign(payload, jws.WithKey(k.algorithm, k.access[0], jws.WithProtectedHeaders(head)))
	if err != nil {
		return "", time.Time{}, fmt.Errorf("sign an access token: %w", err)
	}
	return string(signed), expires, nil
}

// VerifyAccess returns the content of an access token that this service signed with the current or a previous
// secret and that is valid now. It returns ErrMissing for "", ErrExpired for an authentic token that has expired,
// and ErrInvalid for anything else: another algorithm or type, any further header, another issuer, a lifetime
// beyond the configured one, an encoding that is not canonical.
func (k *Keys) VerifyAccess(token string) (Access, error) {
	if token == "" {
		return Access{}, ErrMissing
	}
	if len(token) > maxAccessBytes || !k.hasCanonicalForm(token) {
		return Access{}, ErrInvalid
	}
	payload, err := k.verifySignature(token)
	if err != nil {
		return Access{}, ErrInvalid.WithCause(err)
	}
	a, err := parseClaims(payload)
	if err != nil {
		return Access{}, ErrInvalid.WithCause(err)
	}
	now := k.now()
	if a.IssuedAt.After(now.Add(Leeway)) || a.Expires.After(now.Add(k.accessTTL+Leeway)) {
		return Access{}, ErrInvalid
	}
	return a, a.ValidAt(now)
}

// ValidAt returns ErrExpired when the token has expired at now.
func (a Access) ValidAt(now time.Time) error {
	if !now.Before(a.Expires) {
		return ErrExpired
	}
	return nil
}

// hasCanonicalForm reports whether the token has three segments in canonical base64 and exactly the header that
// SignAccess writes. It runs before any key is used, so that a header with crit, jwk, jku, x5u, kid or another alg
// never reaches jws.
func (k *Keys) hasCanonicalForm(token string) bool {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return false
	}
	var header []byte
	for i, part := range parts {
		raw, err := base64.RawURLEncoding.DecodeString(part)
		if err != nil || len(raw) == 0 || base64.RawURLEncoding.EncodeToString(raw) != part {
			return false
		}
		if i == 0 {
			header = raw
		}
	}
	if _, err := strictjson.Decode(header); err != nil { // encoding/json would take the last of two members
		return false
	}
	var members map[string]string
	if json.Unmarshal(header, &members) != nil || len(members) != 2 {
		return false
	}
	return members["alg"] == k.algorithm.String() && members["typ"] == accessType
}

func (k *Keys) verifySignature(token string) ([]byte, error) {
	var last error
	for _, key := range k.access {
		payload, err := jws.Verify([]byte(token), jws.WithKey(k.algorithm, key))
		if err == nil {
			return payload, nil
		}
		last = err
	}
	return nil, last
}

// parseClaims decodes the claims strictly: all but tier are required, unknown ones and duplicates are refused, and
// times are JSON integers.
func parseClaims(payload []byte) (Access, error) {
	if _, err := strictjson.Decode(payload); err != nil {
		return Access{}, err
	}
	var present map[string]json.RawMessage
	if err := json.Unmarshal(payload, &present); err != nil {
		return Access{}, err
	}
	for _, name := range []string{"iss", "aud", "sub", "sid", "tv", "iat", "exp"} {
		if len(present[name]) == 0 || bytes.Equal(present[name], []byte("null")) {
			return Access{}, fmt.Errorf("claim %s is missing", name)
		}
	}
	var c claims
	strict := json.NewDecoder(bytes.NewReader(payload))
	strict.DisallowUnknownFields()
	if err := strict.Decode(&c); err != nil {
		return Access{}, err
	}
	if c.Issuer != Issuer || c.Audience != Issuer {
		return Access{}, fmt.Errorf("issued by or for another service")
	}
	if c.IssuedAt < 0 || c.Expires < 0 || c.IssuedAt > maxTime || c.Expires > maxTime {
		return Access{}, fmt.Errorf("a time is out of range")
	}
	return Access{
		User: c.Subject, Session: c.Session, Version: c.Version, Tier: c.Tier,
		IssuedAt: time.Unix(c.IssuedAt, 0), Expires: time.Unix(c.Expires, 0),
	}, nil
}
