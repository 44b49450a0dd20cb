package chatstream

import (
	"errors"

	"github.com/google/uuid"

	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/identity"
)

var (
	errTokenInURL = fault.New(fault.TokenInURL,
		"Never send a token in the URL. Use the Authorization header or the sub-protocol.")
	errNoTokenOffered = fault.New(fault.TokenMissing, "Offer the access token as a sub-protocol.")
	errVersionQuery   = fault.ErrValidation.WithDetails(fault.Detail{Pointer: "/query/v", Message: "must be 1 or 2"})
	errVersionsDiffer = fault.ErrValidation.WithDetails(fault.Detail{Pointer: "/query/v",
		Message: "must not be 2 beside the sub-protocol adiuva.chat.v1; offer adiuva.chat.v2"})
	errBusy = fault.New(fault.Busy,
		"An answer is still running. Wait for its done event, or cancel it.")
	errNoSuchCall     = fault.New(fault.ToolResultUnexpected, "No call with this id waits for a result.")
	errTooManyRefused = fault.New(fault.RateLimited,
		"Too many frames came while an answer was running.")
	errManyTokensOffered = fault.New(fault.TokenInvalid, "Offer exactly one sub-protocol bearer.<access token>.")
	errSessionEnded      = fault.New(fault.TokenInvalid, "The session has ended. Log in again.")
	errKeyEnded          = fault.New(fault.TokenInvalid, "The API key has expired or was revoked. Use another one.")
	errTooManySockets    = fault.New(fault.RateLimited,
		"This account has 5 sockets open. Close one before you connect again.")
	errNoUpgrade = fault.New(fault.UpgradeRequired,
		"This path is a WebSocket, and the request has no Upgrade: websocket with Connection: Upgrade. "+
			"If your client sent them, a proxy in between dropped them.")
	errVersion          = fault.New(fault.UpgradeRequired, "Only version 13 of the WebSocket protocol is known here.")
	errNoQuestion       = fault.New(fault.UploadTooSlow, "No whole question arrived within 10 seconds.")
	errQuestionTooLarge = fault.New(fault.BodyTooLarge, "A question may have 1 MiB.")
	errBinaryFrame      = fault.New(fault.UnsupportedMediaType, "Send questions as text frames.")
	errQuestionTooEarly = fault.ErrValidation.WithMessage(
		"Wait for the last frame of an answer before you ask again.")
)

// ErrCancelled is the cause of the end of an answer that the client cancelled.
var ErrCancelled = errors.New("the client cancelled the answer")

// ended returns why the socket of a user whose session or API key has ended is closed.
func ended(user identity.User) error {
	if user.Key != uuid.Nil {
		return errKeyEnded
	}
	return errSessionEnded
}

// errClientGone ends a socket whose client is away, so that nothing can be sent to it.
var errClientGone = errors.New("the client is gone")

var errSocketsRemain = errors.New("some sockets did not close in time")
