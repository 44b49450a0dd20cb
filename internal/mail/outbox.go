package mail

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/adiuva/cloud-api/gen/db"
)

// Kind says what a mail is about. Each has a text in every language.
type Kind string

// The mails with a code.
const (
	VerifyAddress Kind = "verify_address"
	ResetPassword Kind = "reset_password"
	NewAddress    Kind = "new_address"
	LinkAccount   Kind = "link_account"

	TeamInvitation Kind = "team_invitation"
)

// The notices.
const (
	AddressTaken        Kind = "address_taken" // somebody wanted to move an account to this account's address
	AddressChanged      Kind = "address_changed"
	PasswordChanged     Kind = "password_changed"
	TooManyPasswords    Kind = "too_many_passwords"
	TooManyCodes        Kind = "too_many_codes" // of the second factor, after the right password
	NewAPIKey           Kind = "new_api_key"
	NewSignIn           Kind = "new_sign_in" // from a network that the account does not know
	SecondFactorChanged Kind = "second_factor_changed"
	SSOLinked           Kind = "sso_linked" // a provider's sign-in, to the account
	PaymentFailed       Kind = "payment_failed"

	TeamJoined  Kind = "team_joined" // somebody, the account's team
	TeamRemoved Kind = "team_removed"
	TeamOwner   Kind = "team_owner" // the account is the owner now
	TeamEnded   Kind = "team_ended"
)

// Kinds returns every kind.
func Kinds() []Kind {
	return []Kind{VerifyAddress, ResetPassword, NewAddress, LinkAccount, SSOLinked, AddressTaken, AddressChanged,
		PasswordChanged, TooManyPasswords, TooManyCodes, NewAPIKey, NewSignIn, SecondFactorChanged, PaymentFailed,
		TeamInvitation, TeamJoined, TeamRemoved, TeamOwner, TeamEnded}
}

// Outbox takes mails to send. Its methods only insert rows; call the Worker's Notify after the transaction to have them
// sent at once rather than within two seconds.
type Outbox struct {
	q   *db.Queries
	now func() time.Time
}

// NewOutbox returns an Outbox. A nil now means time.Now.
func NewOutbox(now func() time.Time) *Outbox {
	if now == nil {
		now = time.Now
	}
	return &Outbox{q: db.New(), now: now}
}

// CodeMail is a mail with a code.
type CodeMail struct {
	Kind     Kind
	Code     uuid.UUID // its row, of which the code is made
	User     uuid.UUID // whose address it goes to; uuid.Nil where there is no account, and nothing is sent
	Address  string    // where the recipient is not the account's present address; "" where it is
	Language Language
}

// SendCode adds a mail with a code.
func (o *Outbox) SendCode(ctx context.Context, tx db.DBTX, m CodeMail) error {
	id, err := uuid.NewV7()
	if err != nil {
		return fmt.Errorf("make a mail's id: %w", err)
	}
	params := db.InsertMailParams{
		ID: id, Kind: string(m.Kind), CodeID: &m.Code, Language: string(m.Language), Now: o.now(),
	}
	if m.User != uuid.Nil {
		params.UserID = &m.User
	}
	if m.Address != "" {
		params.Address = &m.Address
	}
	return o.q.InsertMail(ctx, tx, params)
}

// Notify adds a notice to an account, in the account's language. For an unknown account it does nothing.
func (o *Outbox) Notify(ctx context.Context, tx db.DBTX, user uuid.UUID, kind Kind) error {
	return o.notify(ctx, tx, user, nil, kind)
}

// NotifyAt is Notify with another address than the account's present one.
func (o *Outbox) NotifyAt(ctx context.Context, tx db.DBTX, user uuid.UUID, address string, kind Kind) error {
	return o.notify(ctx, tx, user, &address, kind)
}

func (o *Outbox) notify(ctx context.Context, tx db.DBTX, user uuid.UUID, address *string, kind Kind) error {
	id, err := uuid.NewV7()
	if err != nil {
		return fmt.Errorf("make a mail's id: %w", err)
	}
	return o.q.InsertMailInOwnLanguage(ctx, tx, db.InsertMailInOwnLanguageParams{
		ID: id, Kind: string(kind), UserID: user, Address: address, Now: o.now(),
	})
}
