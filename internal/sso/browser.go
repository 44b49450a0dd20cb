package sso

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/auth"
	"github.com/adiuva/cloud-api/internal/auth/handover"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/oidc"
	"github.com/adiuva/cloud-api/internal/postgres"
)

// Start is what an app asks for in the person's browser.
type Start struct {
	Provider string // one of Providers; or
	Email    string // an address whose domain a team has proved
	App      handover.App
	Callback string // where the provider sends the browser back to
}

// Started is where the browser goes.
type Started struct {
	URL    string
	Cookie string // for the browser to keep for CookieFor; "" where it goes back to the app, with an error
}

// CookieFor is how long the browser keeps the cookie, and how long a sign-in may take.
const CookieFor = startFor

// Start starts a sign-in. What fails goes to the app, as the error of a code. Start itself returns validation_failed
// for a redirect URI that is not an app's own, and where it is not either a provider or an address.
func (s *Service) Start(ctx context.Context, in Start) (Started, error) {
	if err := in.App.Check("/query/redirect_uri"); err != nil {
		return Started{}, err
	}
	if (in.Provider == "") == (in.Email == "") {
		return Started{}, fault.ErrValidation.WithDetails(fault.Detail{
			Pointer: "/query/provider", Message: "Say either provider or email.",
		})
	}
	from, ok := s.named(in.Provider)
	if in.Email != "" {
		var err error
		if from, ok, err = s.ofAddress(ctx, in.Email); err != nil {
			return Started{}, err
		}
	}
	if !ok {
		return Started{URL: in.App.URL("error", string(fault.NotFound))}, nil
	}
	started, err := s.start(ctx, in, from)
	if errors.Is(err, ErrFailed) {
		return Started{URL: in.App.URL("error", string(fault.SSOFailed))}, nil
	}
	return started, err
}

func (s *Service) start(ctx context.Context, in Start, from source) (Started, error) {
	state, browser := rand.Text(), rand.Text()
	verifier := sha256.Sum256([]byte(derive(browser, "verifier", state)))
	address, err := s.cfg.Issuers.AuthURL(ctx, from.Provider, oidc.Start{
		RedirectURI: in.Callback, State: state, Nonce: derive(browser, "nonce", state),
		CodeChallenge: base64.RawURLEncoding.EncodeToString(verifier[:]), LoginHint: in.Email,
	})
	if err != nil {
		return Started{}, s.refused(ctx, from, err)
	}
	row := db.InsertSSOStartParams{
		Digest: handover.Digest(state), Browser: handover.Digest(browser), TeamID: from.team,
		CodeChallenge: in.App.CodeChallenge, RedirectUri: in.App.RedirectURI, State: in.App.State,
		ExpiresAt: s.now().Add(startFor),
	}
	if from.team == nil {
		row.Provider = &from.name
	}
	if err := s.q.InsertSSOStart(ctx, s.db.Pool, row); err != nil {
		return Started{}, s.unwritten(ctx, from, err)
	}
	return Started{URL: address, Cookie: browser}, nil
}

// derive returns a secret of the sign-in that whoever has the browser's cookie and the state can make again, and nobody
// else.
func derive(browser, purpose, state string) string {
	mac := hmac.New(sha256.New, []byte(browser))
	mac.Write([]byte(purpose + "\x00" + state))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// Returned is what a browser comes back with from a provider.
type Returned struct {
	State, Code, Iss, Error string // parameters; "" where they are absent
	Cookie                  string // of Started
	Callback                string // as it was in Start
}

// Finish asks the provider whose sign-in it was, and returns where the browser goes: to the app, with a code for Redeem
// or an error. It returns "" for a sign-in that is not known, is too old, has come back before, or was started in
// another browser: nothing may be sent to an app then.
func (s *Service) Finish(ctx context.Context, in Returned) (redirectTo string, err error) {
	row, err := s.q.TakeSSOStart(ctx, s.db.Pool, db.TakeSSOStartParams{
		Digest: handover.Digest(in.State), Browser: handover.Digest(in.Cookie), Now: s.now(),
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", postgres.Translate(err)
	}
	app := handover.App{RedirectURI: row.RedirectUri, CodeChallenge: row.CodeChallenge, State: row.State}
	code, err := s.ask(ctx, in, row)
	if errors.Is(err, ErrFailed) {
		return app.URL("error", string(fault.SSOFailed)), nil
	}
	if err != nil {
		return "", err
	}
	return app.URL("code", code), nil
}

// ask exchanges the provider's code for what it says of the person, keeps that, and returns the code for the app.
func (s *Service) ask(ctx context.Context, in Returned, row db.TakeSSOStartRow) (code string, err error) {
	from, ok, err := s.again(ctx, row.Provider, row.TeamID)
	if err != nil {
		return "", err
	}
	if !ok {
		return "", s.failed(ctx, source{name: zeroIfNil(row.Provider), team: row.TeamID}, reasonProvider)
	}
	if in.Error != "" || in.Code == "" {
		return "", s.failed(ctx, from, reasonError)
	}
	person, err := s.cfg.Issuers.Exchange(ctx, from.Provider, oidc.Answer{
		RedirectURI: in.Callback, Code: in.Code, CodeVerifier: derive(in.Cookie, "verifier", in.State),
		Nonce: derive(in.Cookie, "nonce", in.State), Iss: in.Iss,
	})
	if err != nil {
		return "", s.refused(ctx, from, err)
	}
	email, err := auth.NormalizeEmail(person.Email)
	if err != nil { // somebody known needs none
		email = ""
	}
	code, digest := handover.NewCode()
	err = s.q.InsertSSOAnswer(ctx, s.db.Pool, db.InsertSSOAnswerParams{
		Digest: digest, TeamID: from.team, CodeChallenge: row.CodeChallenge, Issuer: person.Issuer,
		Subject: person.Subject, Email: email, EmailVerified: person.EmailVerified,
		ExpiresAt: s.now().Add(handover.CodeFor),
	})
	if err != nil {
		return "", s.unwritten(ctx, from, err)
	}
	return code, nil
}

// unwritten is what comes of a row that could not be written: ErrFailed where the team's provider was removed while it
// was asked.
func (s *Service) unwritten(ctx context.Context, from source, err error) error {
	if postgres.MissingReference(err) {
		return s.failed(ctx, from, reasonProvider)
	}
	return postgres.Translate(err)
}

func zeroIfNil(text *string) string {
	var none string
	return *cmp.Or(text, &none)
}
