package oidc

import (
	"context"
	"errors"
	"net"

	goidc "github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/adiuva/cloud-api/internal/publicdial"
)

// Refused is the error for everything an issuer does that is not accepted. It is for the log: the person and the app
// are told that the sign-in failed, and no more.
type Refused struct {
	Reason string // one of the constants below; never the issuer's words
}

func (r Refused) Error() string { return "the issuer's answer is refused: " + r.Reason }

// The reasons of a Refused.
const (
	ReasonUnreachable = "unreachable"        // no connection, or one that broke
	ReasonTimeout     = "timeout"            // nothing, or not all, within five seconds
	ReasonAddress     = "address_not_public" // a name or URL leads into our network
	ReasonRedirect    = "redirected"
	ReasonTooLarge    = "answer_too_large"

	ReasonDiscovery       = "discovery"        // no discovery document, or none that can be read
	ReasonDiscoveryIssuer = "discovery_issuer" // the document is of another issuer
	ReasonEndpoint        = "endpoint"         // an endpoint is missing, or is no https URL

	ReasonMixedUp   = "response_issuer" // the browser came back from another issuer (RFC 9207)
	ReasonCode      = "code_refused"    // invalid_grant: the code, its verifier, or the redirect URI
	ReasonClient    = "client_refused"  // invalid_client: the client id or its secret
	ReasonToken     = "token_answer"    // any other answer of the token endpoint that is none
	ReasonNoIDToken = "no_id_token"

	ReasonMalformed  = "token_malformed"
	ReasonAlgorithm  = "token_algorithm"
	ReasonKeys       = "keys"        // no key set, or none that can be read or has a key for us
	ReasonUnknownKey = "unknown_key" // the key set has no such key
	ReasonSignature  = "token_signature"
	ReasonIssuer     = "token_issuer"
	ReasonAudience   = "token_audience"
	ReasonParty      = "token_party" // azp is another client, or is missing beside several audiences
	ReasonNonce      = "token_nonce"
	ReasonExpired    = "token_expired"
	ReasonIssuedAt   = "token_issued_at" // in the future, or missing
	ReasonSubject    = "token_subject"   // missing, too long, or not ASCII
	ReasonEmail      = "email"           // longer than an address can be

	ReasonUserInfo        = "userinfo"
	ReasonUserInfoSubject = "userinfo_subject" // the answer is about somebody else
)

// refusedBecause returns ctx's error where the caller has left, and else what refusedAs returns.
func refusedBecause(ctx context.Context, err error, otherwise string) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return refusedAs(err, otherwise)
}

// refusedAs returns the Refused that err is or stands for: otherwise, where it says nothing more exact.
func refusedAs(err error, otherwise string) error {
	if refused, ok := errors.AsType[Refused](err); ok {
		return refused
	}
	if _, ok := errors.AsType[*goidc.IssuerMismatchError](err); ok {
		return Refused{ReasonDiscoveryIssuer}
	}
	network, isNetwork := errors.AsType[net.Error](err)
	switch {
	case errors.Is(err, publicdial.ErrNotPublic):
		return Refused{ReasonAddress}
	case errors.Is(err, context.DeadlineExceeded), isNetwork && network.Timeout():
		return Refused{ReasonTimeout}
	case isNetwork:
		return Refused{ReasonUnreachable}
	}
	return Refused{otherwise}
}

// tokenRefused tells the refusals of a token endpoint apart.
func tokenRefused(err error) error {
	answer, ok := errors.AsType[*oauth2.RetrieveError](err)
	if !ok {
		return refusedAs(err, ReasonToken)
	}
	switch answer.ErrorCode {
	case "invalid_grant":
		return Refused{ReasonCode}
	case "invalid_client", "unauthorized_client":
		return Refused{ReasonClient}
	}
	return Refused{ReasonToken}
}
