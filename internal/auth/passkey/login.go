package passkey

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"net/url"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/google/uuid"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/postgres"
)

// appRedirect is where the desktop app waits for a sign-in.
const appRedirect = "adiuva://auth"

// App is who waits for a sign-in.
type App struct {
	RedirectURI   string
	CodeChallenge string // PKCE, S256
	State         string // returned with the code; "" for none
}

// StartLogin starts a sign-in, or returns validation_failed with the pointer /redirect_uri. base is where the request
// reached us.
func (s *Service) StartLogin(ctx context.Context, app App, base string) (Started, error) {
	if !isAppsOwn(app.RedirectURI) {
		return Started{}, fault.ErrValidation.WithDetails(fault.Detail{
			Pointer: "/redirect_uri", Message: "Use adiuva://auth, http://127.0.0.1:PORT/… or http://[::1]:PORT/….",
		})
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

// isAppsOwn reports whether only an app on the person's own device receives what is sent there (RFC 8252).
func isAppsOwn(uri string) bool {
	if uri == appRedirect {
		return true
	}
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "http" || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" ||
		u.Port() == "" {
		return false
	}
	address, err := netip.ParseAddr(u.Hostname())
	return err == nil && (address == netip.AddrFrom4([4]byte{127, 0, 0, 1}) || address == netip.IPv6Loopback())
}

// Checked is a sign-in whose answer was right. FinishLogin uses it.
type Checked struct {
	User       uuid.UUID // uuid.Nil where the passkey is unknown
	ticket     string
	passkey    uuid.UUID
	signCount  uint32
	backedUp   bool
	redirectTo url.URL
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
	return c, false, c.setRedirect(row)
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

// setRedirect sets where the browser goes, without the code.
func (c *Checked) setRedirect(row db.CeremonyRow) error {
	if row.RedirectUri == nil {
		return ErrTicket
	}
	u, err := url.Parse(*row.RedirectUri)
	if err != nil {
		return fmt.Errorf("redirect of a sign-in: %w", err)
	}
	query := url.Values{}
	if row.State != nil {
		query.Set("state", *row.State)
	}
	u.RawQuery = query.Encode()
	c.redirectTo = *u
	return nil
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
	code := rand.Text()
	finished, err := s.q.FinishLogin(ctx, tx, db.FinishLoginParams{
		Digest: digest(c.ticket), Now: now, UserID: &c.User, PasskeyID: &c.passkey, CodeDigest: digest(code),
		ExpiresAt: now.Add(codeFor),
	})
	if err != nil {
		return "", err
	}
	if finished == 0 {
		return "", ErrTicket
	}
	query := c.redirectTo.Query()
	query.Set("code", code)
	c.redirectTo.RawQuery = query.Encode()
	return c.redirectTo.String(), nil
}

// Proved returns whose sign-in the code is of, or ErrTicket, also where the verifier is not that of the app that
// started it. The code stays good until Spend.
func (s *Service) Proved(ctx context.Context, code, verifier string) (uuid.UUID, error) {
	row, err := s.q.LoginByCode(ctx, s.db.Pool, digest(code), s.now())
	if err != nil {
		return uuid.Nil, postgres.NotFoundAs(err, ErrTicket)
	}
	sum := sha256.Sum256([]byte(verifier))
	challenge := base64.RawURLEncoding.EncodeToString(sum[:])
	if row.UserID == nil || row.CodeChallenge == nil ||
		subtle.ConstantTimeCompare([]byte(challenge), []byte(*row.CodeChallenge)) != 1 {
		return uuid.Nil, ErrTicket
	}
	return *row.UserID, nil
}

// Spend uses the code up, or returns ErrTicket where it was used, or its passkey was removed, since Proved.
func (s *Service) Spend(ctx context.Context, tx db.DBTX, code string) error {
	spent, err := s.q.SpendLogin(ctx, tx, digest(code), s.now())
	if err == nil && spent == 0 {
		return ErrTicket
	}
	return err
}
