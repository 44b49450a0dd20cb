// Package continuation seals the state of an answer that waits for results of the app's tools, so that the client can
// hold it and any replica can go on with it. Nothing is stored on the server.
//
// A continuation is a version byte and an AEAD ciphertext, in base64. It is bound to the account, its tier, the API key
// in use and the time of the last change of the password: for any other it is invalid, and ten minutes after it was
// made. Inside are the person's message, the definitions of the app's tools, what the models answered and what the
// app returned. There are no prompts and no rows: calls of the server's own tools are kept as calls and computed again
// on the context that the client sends again, and so are the proposals. The leak filter reads the whole text again,
// which is more than the sums that it would otherwise carry over. Whether texts of others were read needs no mark
// either: runs with tools of the app count as having read some from their start.
//
// It keeps no list of what was used: the same continuation runs twice when it is sent twice.
package continuation

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/seal"
)

// Limits of a continuation.
const (
	Lifetime = 10 * time.Minute
	MaxBytes = 512 << 10 // before base64
)

const (
	version     = 1
	purpose     = "continuation"
	overhead    = 29          // bytes of the version and of sealing
	maxSkew     = time.Minute // between the clocks of replicas
	leastResult = 2 << 10     // a shortened result keeps so many bytes
)

// ErrInvalid is returned for what is no continuation, or not one for this caller and this time.
var ErrInvalid = fault.New(fault.ContinuationInvalid,
	"This continuation is older than 10 minutes or not valid for this account. Ask the question again.")

// ErrTooLarge is returned by Seal for a state that does not fit even with shortened results.
var ErrTooLarge = errors.New("the state of the answer is too large for a continuation")

// State is what an answer needs to go on.
type State struct {
	Message  string
	Agents   []string // that the router chose
	Upgrade  string   // the agent that the person's tier lacks, or ""
	Tools    []agent.AppTool
	Record   agent.Record
	Waiting  []string  // ids of the calls that need a result
	Now      time.Time // the time of the request that began the answer
	Shown    int       // bytes of the answer's text that the client has
	Provider string    // the caller's choice of a model
	Model    string
	OwnKey   bool // the caller's own key of the provider was used; it is not in here
}

// Config is what a Sealer needs.
type Config struct {
	// Secrets derive the keys: SECRETS_KEY and then its previous ones.
	Secrets []string
	// PasswordChanged returns when the user's password was last changed.
	PasswordChanged func(ctx context.Context, u identity.User) (time.Time, error)
	Now             func() time.Time // nil means time.Now
}

// Sealer makes and opens continuations. It is safe for concurrent use.
type Sealer struct {
	cfg  Config
	keys *seal.Keys
}

// New returns a Sealer. It fails without a secret.
func New(cfg Config) (*Sealer, error) {
	keys, err := seal.New(purpose, cfg.Secrets...)
	if err != nil {
		return nil, err
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Sealer{cfg: cfg, keys: keys}, nil
}

// sealed is the content of a continuation.
type sealed struct {
	Issued int64 // milliseconds since the epoch
	State
}

// Seal returns the state as a continuation for the user. Results of the app that have no room are shortened; the
// error is ErrTooLarge where that is not enough, or that of PasswordChanged.
func (s *Sealer) Seal(ctx context.Context, u identity.User, state State) (string, error) {
	bound, err := s.bound(ctx, u)
	if err != nil {
		return "", err
	}
	content := sealed{Issued: s.cfg.Now().UnixMilli(), State: state}
	plain, err := encode(content)
	for limit := agent.MaxAppResult / 2; err == nil && len(plain)+overhead > MaxBytes; limit /= 2 {
		if limit < leastResult {
			return "", ErrTooLarge
		}
		content.Record.Results = slices.Clone(state.Record.Results)
		for i, result := range content.Record.Results {
			content.Record.Results[i] = result.Shortened(limit)
		}
		plain, err = encode(content)
	}
	if err != nil {
		return "", err
	}
	text := append([]byte{version}, s.keys.Seal(plain, bound)...)
	return base64.RawURLEncoding.EncodeToString(text), nil
}

// Open returns the state of a continuation. The error is ErrInvalid, or that of PasswordChanged.
func (s *Sealer) Open(ctx context.Context, u identity.User, text string) (State, error) {
	if len(text) > base64.RawURLEncoding.EncodedLen(MaxBytes) {
		return State{}, ErrInvalid
	}
	data, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(data) == 0 || data[0] != version {
		return State{}, ErrInvalid
	}
	bound, err := s.bound(ctx, u)
	if err != nil {
		return State{}, err
	}
	plain, err := s.keys.Open(data[1:], bound)
	if err != nil {
		return State{}, ErrInvalid.WithCause(err)
	}
	var content sealed
	if err := json.Unmarshal(plain, &content); err != nil {
		return State{}, ErrInvalid.WithCause(fmt.Errorf("content of a continuation: %T", err))
	}
	age := s.cfg.Now().Sub(time.UnixMilli(content.Issued))
	if age >= Lifetime || age < -maxSkew {
		return State{}, ErrInvalid
	}
	return content.State, nil
}

// bound returns what a continuation is bound to.
func (s *Sealer) bound(ctx context.Context, u identity.User) ([]byte, error) {
	changed, err := s.cfg.PasswordChanged(ctx, u)
	if err != nil {
		return nil, err
	}
	return fmt.Appendf(nil, "%d %s %s %s %d", version, u.ID, u.Tier, u.Key, changed.UnixMicro()), nil
}

// encode returns the content as JSON in which texts are no longer than they have to be.
func encode(content sealed) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(content)
	return b.Bytes(), err
}
