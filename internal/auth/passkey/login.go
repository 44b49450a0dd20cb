package passkey

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/google/uuid"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/auth/handover"
	"github.com/adiuva/cloud-api/internal/postgres"
)

// StartLogin starts a sign-in, or returns validation_failed with the pointer /redirect_uri. base is where the request
// reached us.
func (s *Service) StartLogin(ctx context.Context, app handover.App, base string) (Started, error) {
	if err := app.Check("/redirect_uri"); err != nil {
		return Started{}, err
	}
	site, err := s.site(base)
	if err != nil {
		return Started{}, err
	}
	assertion, session, err := site.webauthn.BeginDiscoverableLogin(webauthn.WithLoginOrigin(site.origin))
	if err != nil {
		return Started{}, fmt.Errorf("begin a sign-in with a passkey: %w", err)
	}
	row := db.InsertCeremonyParams{
		Kind: string(Login), CodeChallenge: &app.CodeChallenge, RedirectUri: &app.RedirectURI,
	}
	if app.State != "" {
		row.State = &app.State
	}
	started, err := s.start(ctx, s.db.Pool, site, assertion.Response, session, row)
	return started, postgres.Translate(err)
}

// Checked is a sign-in whose answer was right. FinishLogin uses it.
type Checked struct {
	User      uuid.UUID // uuid.Nil where the passkey is unknown
	ticket    string
	passkey   uuid.UUID
	signCount uint32
	backedUp  bool
	app       handover.App // without the challenge
}

// CheckLogin compares an answer with the challenge of the ticket. It returns ErrTicket, or ErrRefused, which leaves the
// ticket good; copied is true where the passkey of the User is a copy.
func (s *Service) CheckLogin(
	ctx context.Context, ticket string, answer map[string]any,
) (c Checked, copied bool, err error) {
	row, session, err := s.ceremony(ctx, ticket, Login)
	if err != nil {
		return Checked{}, false, err
	}
	text, err := json.Marshal(answer)
	if err != nil {
		return Checked{}, false, ErrRefused.WithCause(err)
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(text)
	if err != nil {
		return Checked{}, false, ErrRefused.WithCause(err)
	}
	known, err := s.q.PasskeyByCredential(ctx, s.db.Pool, parsed.RawID)
	if err != nil {
		return Checked{}, false, postgres.NotFoundAs(err, ErrRefused)
	}
	c = Checked{User: known.UserID, ticket: ticket, passkey: known.ID}
	credential, err := verify(parsed, session, known)
	if err != nil {
		return c, false, ErrRefused.WithCause(err)
	}
	if credential.Authenticator.CloneWarning {
		return c, true, ErrRefused
	}
	c.signCount, c.backedUp = credential.Authenticator.SignCount, credential.Flags.BackupState
	if row.RedirectUri == nil {
		return c, false, ErrTicket
	}
	c.app.RedirectURI = *row.RedirectUri
	if row.State != nil {
		c.app.State = *row.State
	}
	return c, false, nil
}

// verify returns the credential as it is after the answer.
func verify(
	parsed *protocol.ParsedCredentialAssertionData, session webauthn.SessionData, known db.PasskeyByCredentialRow,
) (*webauthn.Credential, error) {
	if known.SignCount < 0 || known.SignCount > math.MaxUint32 {
		return nil, errors.New("the stored counter is out of range")
	}
	site, err := siteOf(session.Origin)
	if err != nil {
		return nil, err
	}
	stored := webauthn.Credential{
		ID: parsed.RawID, PublicKey: known.PublicKey,
		Flags:         webauthn.CredentialFlags{BackupEligible: known.BackupEligible, BackupState: known.BackedUp},
		Authenticator: webauthn.Authenticator{SignCount: uint32(known.SignCount)},
	}
	find := func(_, _ []byte) (webauthn.User, error) { // that the handle is this user's is compared by the library
		return owner{id: known.UserID, credentials: []webauthn.Credential{stored}}, nil
	}
	_, credential, err := site.webauthn.ValidatePasskeyLogin(find, session, parsed)
	return credential, err
}

// FinishLogin uses the ticket up and returns where the browser goes: to the app, with a code that is good for 60
// seconds and once. It returns ErrTicket where another answer was first, and ErrRefused where the passkey was removed
// or was used meanwhile with a higher counter.
func (s *Service) FinishLogin(ctx context.Context, tx db.DBTX, c Checked) (redirectTo string, err error) {
	now := s.now()
	used, err := s.q.UsePasskey(ctx, tx, db.UsePasskeyParams{
		ID: c.passkey, SignCount: int64(c.signCount), BackedUp: c.backedUp, Now: &now,
	})
	if err != nil {
		return "", err
	}
	if used == 0 {
		return "", ErrRefused
	}
	code, codeDigest := handover.NewCode()
	finished, err := s.q.FinishLogin(ctx, tx, db.FinishLoginParams{
		Digest: handover.Digest(c.ticket), Now: now, UserID: &c.User, PasskeyID: &c.passkey, CodeDigest: codeDigest,
		ExpiresAt: now.Add(handover.CodeFor),
	})
	if err != nil {
		return "", err
	}
	if finished == 0 {
		return "", ErrTicket
	}
	return c.app.URL("code", code), nil
}

// Proved returns whose sign-in the code is of, or ErrTicket, also where the verifier is not that of the app that
// started it. The code stays good until Spend.
func (s *Service) Proved(ctx context.Context, code, verifier string) (uuid.UUID, error) {
	row, err := s.q.LoginByCode(ctx, s.db.Pool, handover.Digest(code), s.now())
	if err != nil {
		return uuid.Nil, postgres.NotFoundAs(err, ErrTicket)
	}
	if row.UserID == nil || row.CodeChallenge == nil || !handover.IsProvedBy(verifier, *row.CodeChallenge) {
		return uuid.Nil, ErrTicket
	}
	return *row.UserID, nil
}

// Spend uses the code up, or returns ErrTicket where it was used, or its passkey was removed, since Proved.
func (s *Service) Spend(ctx context.Context, tx db.DBTX, code string) error {
	spent, err := s.q.SpendLogin(ctx, tx, handover.Digest(code), s.now())
	if err == nil && spent == 0 {
		return ErrTicket
	}
	return err
}
