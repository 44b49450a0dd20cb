package oidc

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"slices"
	"unicode/utf8"

	goidc "github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
)

// algorithms are those a token may be signed with: all of them with a key pair. HS256 and its like would make our
// client secret, or a published key, the key that signs.
var algorithms = [...]jose.SignatureAlgorithm{
	jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512,
	jose.ES256, jose.ES384, jose.ES512, jose.EdDSA,
}

// claims are what we read of an ID token beyond what go-oidc does, and of the answer of a userinfo endpoint.
type claims struct {
	Subject       string          `json:"sub"`
	Party         string          `json:"azp"`
	NotBefore     float64         `json:"nbf"`
	Email         string          `json:"email"`
	EmailVerified json.RawMessage `json:"email_verified"`
}

// verified reports whether the issuer said the boolean true. Some say "true", or "false", as text: that proves nothing.
func (c claims) verified() bool {
	return c.Email != "" && string(c.EmailVerified) == "true"
}

func (c claims) check() error {
	if len(c.Email) > maxEmail || !utf8.ValidString(c.Email) {
		return Refused{ReasonEmail}
	}
	for _, b := range []byte(c.Subject) {
		if b < ' ' || b > '~' {
			return Refused{ReasonSubject}
		}
	}
	if c.Subject == "" || len(c.Subject) > maxSubject {
		return Refused{ReasonSubject}
	}
	return nil
}

// verify returns the claims of an ID token that the issuer signed now, for us and for this sign-in.
func (c *Client) verify(ctx context.Context, issuer *metadata, clientID, nonce, raw string) (claims, error) {
	if _, err := jose.ParseSignedCompact(raw, algorithms[:]); err != nil {
		if _, ok := errors.AsType[*jose.ErrUnexpectedSignatureAlgorithm](err); ok {
			return claims{}, Refused{ReasonAlgorithm}
		}
		return claims{}, Refused{ReasonMalformed}
	}
	keys := &signingKeys{client: c, url: issuer.jwksURL}
	// go-oidc checks the signature here. It would check the rest too, but not say what was wrong, and knows no leeway.
	config := &goidc.Config{SkipIssuerCheck: true, SkipClientIDCheck: true, SkipExpiryCheck: true}
	for _, algorithm := range algorithms {
		config.SupportedSigningAlgs = append(config.SupportedSigningAlgs, string(algorithm))
	}
	token, err := goidc.NewVerifier("", keys, config).Verify(ctx, raw)
	if err != nil {
		if keys.err != nil {
			return claims{}, keys.err
		}
		return claims{}, Refused{ReasonMalformed}
	}
	var said claims
	if err := token.Claims(&said); err != nil {
		return claims{}, Refused{ReasonMalformed}
	}
	return said, c.checkToken(token, said, issuer.issuer, clientID, nonce)
}

// checkToken is OpenID Connect Core, 3.1.3.7.
func (c *Client) checkToken(token *goidc.IDToken, said claims, issuer, clientID, nonce string) error {
	now := c.now()
	switch {
	case token.Issuer != issuer:
		return Refused{ReasonIssuer}
	case !slices.Contains(token.Audience, clientID):
		return Refused{ReasonAudience}
	case said.Party == "" && len(token.Audience) > 1, said.Party != "" && said.Party != clientID:
		return Refused{ReasonParty}
	case !token.Expiry.Add(leeway).After(now):
		return Refused{ReasonExpired}
	case token.IssuedAt.IsZero(), token.IssuedAt.After(now.Add(leeway)),
		said.NotBefore > float64(now.Add(leeway).Unix()):
		return Refused{ReasonIssuedAt}
	case nonce == "" || subtle.ConstantTimeCompare([]byte(token.Nonce), []byte(nonce)) != 1:
		return Refused{ReasonNonce}
	}
	return said.check()
}
