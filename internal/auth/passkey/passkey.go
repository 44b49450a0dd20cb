// Package passkey registers and checks passkeys (WebAuthn), with the tickets and codes by which a page of ours does it
// for an app.
//
//	StartRegistration, StartLogin ──► a ticket; the app opens the page with it
//	Options                       ──► the page asks for what the browser is to do
//	FinishRegistration            ──► in the caller's transaction: the passkey
//	CheckLogin, FinishLogin       ──► where the page sends the browser, with a code for the app
//	Proved, Spend                 ──► the code and the app's verifier (PKCE), once: whose sign-in it is
//
// An answer of an authenticator is good for one challenge, for our origin, and with verification of the person. Of
// tickets and codes only hashes are kept. A passkey whose counter does not grow is a copy and is refused.
package passkey

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/auth/handover"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/postgres"
)

// Faults of this package.
var (
	// ErrTicket is returned for every ticket and code that is not accepted, whatever the reason.
	ErrTicket = fault.New(fault.CodeInvalid,
		"The ticket or the code is not valid: it was used, or is too old. Start again in the app.")
	// ErrRefused is returned for every answer of an authenticator that is not accepted, whatever the reason.
	ErrRefused = fault.New(fault.PasskeyRefused,
		"This passkey was not accepted. Use another one, or sign in with the password.")
	ErrTooMany = fault.New(fault.TooManyPasskeys, "The account has 20 passkeys. Remove one first.")
)

// Kind says what a ticket is for.
type Kind string

// The kinds. The table's check lists them too.
const (
	Registration Kind = "registration"
	Login        Kind = "login"
)

const (
	displayName = "Adiuva" // shown by the browser
	ticketFor   = 5 * time.Minute
	maxPasskeys = 20
	maxIDBytes  = 1023 // of a credential (WebAuthn, 5.8.3)
	maxKeyBytes = 4096 // of its public key; RSA with 16384 bits has half of it
	pruneBatch  = 1000
)

// Config configures a Service. DB and Now are required.
type Config struct {
	DB        *postgres.DB
	PublicURL string // where browsers reach the page; "" means where the request reached us, which is for development
	Now       func() time.Time
}

// Service keeps passkeys. It is safe for concurrent use, and replicas share the database.
type Service struct {
	db        *postgres.DB
	q         *db.Queries
	publicURL string
	now       func() time.Time
}

// New returns a Service. Where the host of the public URL is an address, no passkey can be made.
func New(cfg Config) *Service {
	return &Service{db: cfg.DB, q: db.New(), publicURL: cfg.PublicURL, now: cfg.Now}
}

// Passkey is a passkey as its owner sees it.
type Passkey struct {
	ID         uuid.UUID
	Name       string
	CreatedAt  time.Time
	LastUsedAt *time.Time // nil if it was not used
	Synced     bool       // the authenticator keeps it on other devices as well
}

// Started is a registration or a sign-in that the browser is to carry out.
type Started struct {
	Ticket    string
	URL       string         // of the page, with the ticket in its fragment
	Options   map[string]any // the "publicKey" of navigator.credentials, as JSON
	ExpiresAt time.Time
}

// Owner is who registers a passkey.
type Owner struct {
	User    uuid.UUID
	Session uuid.UUID
	Email   string
}

// owner is an Owner as the library wants it.
type owner struct {
	id          uuid.UUID
	email       string
	credentials []webauthn.Credential
}

func (o owner) WebAuthnID() []byte                         { return o.id[:] }
func (o owner) WebAuthnName() string                       { return o.email }
func (o owner) WebAuthnDisplayName() string                { return o.email }
func (o owner) WebAuthnCredentials() []webauthn.Credential { return o.credentials }

// StartRegistration starts adding a passkey, or returns ErrTooMany. base is where the request reached us. The caller
// holds a lock on the user's row.
func (s *Service) StartRegistration(
	ctx context.Context, tx db.DBTX, o Owner, name, base string,
) (Started, error) {
	site, err := s.site(base)
	if err != nil {
		return Started{}, err
	}
	known, err := s.q.PasskeysOf(ctx, tx, o.User, maxPasskeys)
	if err != nil {
		return Started{}, err
	}
	if len(known) >= maxPasskeys {
		return Started{}, ErrTooMany
	}
	var excluded []protocol.CredentialDescriptor // a browser does not make a second passkey in the same authenticator
	for _, row := range known {
		excluded = append(excluded, protocol.CredentialDescriptor{
			Type: protocol.PublicKeyCredentialType, CredentialID: row.CredentialID,
			Transport: transports(row.Transports),
		})
	}
	creation, session, err := site.webauthn.BeginRegistration(owner{id: o.User, email: o.Email},
		webauthn.WithExclusions(excluded), webauthn.WithRegistrationOrigin(site.origin))
	if err != nil {
		return Started{}, fmt.Errorf("begin the registration of a passkey: %w", err)
	}
	return s.start(ctx, tx, site, creation.Response, session, db.InsertCeremonyParams{
		Kind: string(Registration), UserID: &o.User, SessionID: &o.Session, Name: &name,
	})
}

// start keeps a ceremony and returns its ticket.
func (s *Service) start(
	ctx context.Context, tx db.DBTX, site site, options any, session *webauthn.SessionData, row db.InsertCeremonyParams,
) (Started, error) {
	started := Started{Ticket: rand.Text(), ExpiresAt: s.now().Add(ticketFor)}
	started.URL = site.origin + "/passkeys#" + started.Ticket
	var err error
	if row.Options, err = json.Marshal(options); err != nil {
		return Started{}, fmt.Errorf("options of a passkey: %w", err)
	}
	if err := json.Unmarshal(row.Options, &started.Options); err != nil {
		return Started{}, fmt.Errorf("options of a passkey: %w", err)
	}
	if row.Challenge, err = json.Marshal(session); err != nil {
		return Started{}, fmt.Errorf("challenge of a passkey: %w", err)
	}
	row.Digest, row.ExpiresAt = handover.Digest(started.Ticket), started.ExpiresAt
	return started, s.q.InsertCeremony(ctx, tx, row)
}

// Options returns what a ticket is for and what the browser takes, or ErrTicket.
func (s *Service) Options(ctx context.Context, ticket string) (Kind, map[string]any, error) {
	row, err := s.q.Ceremony(ctx, s.db.Pool, handover.Digest(ticket), s.now())
	if err != nil {
		return "", nil, postgres.NotFoundAs(err, ErrTicket)
	}
	var options map[string]any
	if err := json.Unmarshal(row.Options, &options); err != nil {
		return "", nil, fmt.Errorf("options of a passkey: %w", err)
	}
	return Kind(row.Kind), options, nil
}

// Asked is a registration that waits for the authenticator's answer.
type Asked struct {
	Owner
	name      string
	ticket    string
	challenge webauthn.SessionData
}

// Asked returns the registration of a ticket, or ErrTicket.
func (s *Service) Asked(ctx context.Context, ticket string) (Asked, error) {
	row, session, err := s.ceremony(ctx, ticket, Registration)
	if err != nil {
		return Asked{}, err
	}
	if row.UserID == nil || row.SessionID == nil || row.Name == nil {
		return Asked{}, ErrTicket
	}
	return Asked{
		Owner: Owner{User: *row.UserID, Session: *row.SessionID}, name: *row.Name, ticket: ticket, challenge: session,
	}, nil
}

// FinishRegistration adds the passkey of the answer and uses the ticket up. It returns ErrRefused, which leaves the
// ticket good, ErrTicket, or ErrTooMany. The caller holds a lock on the user's row.
func (s *Service) FinishRegistration(
	ctx context.Context, tx db.DBTX, a Asked, answer map[string]any,
) (Passkey, error) {
	credential, err := checkCreation(a, answer)
	if err != nil {
		return Passkey{}, ErrRefused.WithCause(err)
	}
	ended, err := s.q.EndCeremony(ctx, tx, handover.Digest(a.ticket), s.now())
	if err != nil {
		return Passkey{}, err
	}
	if ended == 0 {
		return Passkey{}, ErrTicket
	}
	have, err := s.q.CountPasskeys(ctx, tx, a.User)
	if err != nil {
		return Passkey{}, err
	}
	if have >= maxPasskeys {
		return Passkey{}, ErrTooMany
	}
	id, err := uuid.NewV7()
	if err != nil {
		return Passkey{}, fmt.Errorf("make a passkey's id: %w", err)
	}
	p := Passkey{ID: id, Name: a.name, CreatedAt: s.now(), Synced: credential.Flags.BackupState}
	params := db.InsertPasskeyParams{
		ID: id, UserID: a.User, Name: a.name, CredentialID: credential.ID, PublicKey: credential.PublicKey,
		SignCount: int64(credential.Authenticator.SignCount), BackupEligible: credential.Flags.BackupEligible,
		BackedUp: credential.Flags.BackupState, Transports: []string{}, Now: p.CreatedAt,
	}
	for _, transport := range knownTransports() {
		if slices.Contains(credential.Transport, transport) {
			params.Transports = append(params.Transports, string(transport))
		}
	}
	err = s.q.InsertPasskey(ctx, tx, params)
	if constraint, ok := postgres.UniqueViolation(err); ok && constraint == "passkeys_credential_key" {
		return Passkey{}, ErrRefused.WithCause(err)
	}
	return p, err
}

// checkCreation returns the credential of an authenticator's answer to the challenge.
func checkCreation(a Asked, answer map[string]any) (*webauthn.Credential, error) {
	text, err := json.Marshal(answer)
	if err != nil {
		return nil, err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(text)
	if err != nil {
		return nil, err
	}
	site, err := siteOf(a.challenge.Origin)
	if err != nil {
		return nil, err
	}
	credential, err := site.webauthn.CreateCredential(owner{id: a.User}, a.challenge, parsed)
	if err == nil && (len(credential.ID) > maxIDBytes || len(credential.PublicKey) > maxKeyBytes) {
		return nil, errors.New("the credential is too large")
	}
	return credential, err
}

// ceremony returns the ceremony of a ticket with its challenge, or ErrTicket.
func (s *Service) ceremony(
	ctx context.Context, ticket string, want Kind,
) (row db.CeremonyRow, session webauthn.SessionData, err error) {
	row, err = s.q.Ceremony(ctx, s.db.Pool, handover.Digest(ticket), s.now())
	if err != nil {
		return row, session, postgres.NotFoundAs(err, ErrTicket)
	}
	if Kind(row.Kind) != want {
		return row, session, ErrTicket
	}
	if err := json.Unmarshal(row.Challenge, &session); err != nil {
		return row, session, fmt.Errorf("challenge of a passkey: %w", err)
	}
	return row, session, nil
}

// List returns the user's passkeys, newest first.
func (s *Service) List(ctx context.Context, user uuid.UUID) ([]Passkey, error) {
	rows, err := s.q.PasskeysOf(ctx, s.db.Pool, user, maxPasskeys)
	if err != nil {
		return nil, postgres.Translate(err)
	}
	list := make([]Passkey, len(rows))
	for i, row := range rows {
		list[i] = Passkey{
			ID: row.ID, Name: row.Name, CreatedAt: row.CreatedAt, LastUsedAt: row.LastUsedAt, Synced: row.BackedUp,
		}
	}
	return list, nil
}

// Remove removes a passkey of the user, or returns fault.ErrNotFound.
func (s *Service) Remove(ctx context.Context, tx pgx.Tx, user, id uuid.UUID) error {
	removed, err := s.q.DeletePasskey(ctx, tx, id, user)
	if err == nil && removed == 0 {
		return fault.ErrNotFound
	}
	return err
}

// RemoveAll removes every passkey of the user and what is under way. removed is false where there was no passkey.
func (s *Service) RemoveAll(ctx context.Context, tx pgx.Tx, user uuid.UUID) (removed bool, err error) {
	if err := s.q.DeleteCeremoniesOf(ctx, tx, &user); err != nil {
		return false, err
	}
	rows, err := s.q.DeletePasskeysOf(ctx, tx, user)
	return rows > 0, err
}

// Prune deletes what is under way and too old, in batches.
func (s *Service) Prune(ctx context.Context) error {
	now := s.now()
	return postgres.InBatches(func() (int64, error) { return s.q.PruneCeremonies(ctx, s.db.Pool, now, pruneBatch) })
}
