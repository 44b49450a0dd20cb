// Package secondfactor keeps the second factor of accounts: the secret of an authenticator app (TOTP, RFC 6238) with
// its recovery codes, and the tickets that a right password waits with for a code.
//
//	Create  ──► a secret and 10 recovery codes, which guard nothing yet
//	Confirm ──► the first code of the app: from now on IsGuarded is true
//	IssueTicket, after a right password ──► the client asks its user for a code
//	Try     ──► counts a try of the ticket
//	Spend, Use ──► in the transaction with the effect: neither the ticket nor the code counts twice
//
// Secrets are sealed with SECRETS_KEY and bound to their account; Reseal moves them to its newest value. Of recovery
// codes and tickets only hashes are kept. A code of the app is good once, on all replicas: using it moves the account's
// last step forward, and only one of several requests does that.
package secondfactor

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/seal"
)

// Faults of this package.
var (
	// ErrInvalid is returned for every code and ticket that is not accepted, whatever the reason.
	ErrInvalid = fault.New(fault.CodeInvalid,
		"The code is not valid. Wait for the app's next code, or start again if the ticket is older than 5 minutes.")
	ErrActive = fault.New(fault.SecondFactorActive,
		"A second factor guards the account already. Remove it first with DELETE /auth/totp.")
	ErrNone = fault.ErrNotFound.WithMessage("No second factor guards the account.")
)

const (
	unconfirmedFor = time.Hour // how long a secret waits for its first code
	ticketFor      = 5 * time.Minute
	maxTries       = 5 // of one ticket
	recoveryCodes  = 10
	pruneBatch     = 1000
	keyIDBytes     = 8
)

// Config configures Factors. All members are required.
type Config struct {
	DB      *postgres.DB
	Secrets []string // the first seals, all of them open
	Now     func() time.Time
}

// Factors keeps second factors. It is safe for concurrent use, and replicas share the database.
type Factors struct {
	db    *postgres.DB
	q     *db.Queries
	keys  *seal.Keys
	keyID []byte // of the key that seals
	now   func() time.Time
}

// New returns Factors. It fails without a secret.
func New(cfg Config) (*Factors, error) {
	const purpose = "totp"
	keys, err := seal.New(purpose, cfg.Secrets...)
	if err != nil {
		return nil, fmt.Errorf("keys of second factors: %w", err)
	}
	names, err := seal.NewMAC(purpose, cfg.Secrets...)
	if err != nil {
		return nil, fmt.Errorf("keys of second factors: %w", err)
	}
	return &Factors{
		db: cfg.DB, q: db.New(), keys: keys, keyID: names.Sum("key id")[:keyIDBytes], now: cfg.Now,
	}, nil
}

// Created is a second factor that waits for its first code.
type Created struct {
	Secret        string // base32
	URI           string // otpauth://, for a QR code
	RecoveryCodes []string
}

// Create makes a secret with recovery codes for the account, in place of one that was never confirmed, or returns
// ErrActive. email names the account in the app. The caller holds a lock on the user's row.
func (f *Factors) Create(ctx context.Context, tx db.DBTX, user uuid.UUID, email string) (Created, error) {
	created, err := newSecret(email)
	if err != nil {
		return Created{}, err
	}
	saved, err := f.q.SaveSecret(ctx, tx, db.SaveSecretParams{
		UserID: user, Secret: f.keys.Seal([]byte(created.Secret), user[:]), KeyID: f.keyID, Now: f.now(),
	})
	if err != nil {
		return Created{}, err
	}
	if saved == 0 {
		return Created{}, ErrActive
	}
	if err := f.q.DeleteRecoveryCodes(ctx, tx, user); err != nil {
		return Created{}, err
	}
	var digests [][]byte
	for range recoveryCodes {
		code := newRecoveryCode()
		created.RecoveryCodes = append(created.RecoveryCodes, code)
		digests = append(digests, recoveryDigest(user, normalize(code)))
	}
	return created, f.q.InsertRecoveryCodes(ctx, tx, digests, user)
}

// Confirm makes the account's secret guard it from now on, or returns ErrInvalid where the code is not the app's or no
// secret waits. The code is used up. The caller holds a lock on the user's row.
func (f *Factors) Confirm(ctx context.Context, tx db.DBTX, user uuid.UUID, code string) error {
	row, err := f.q.LockSecret(ctx, tx, user)
	if err != nil {
		return postgres.NotFoundAs(err, ErrInvalid)
	}
	now := f.now()
	if row.ConfirmedAt != nil || !now.Before(row.CreatedAt.Add(unconfirmedFor)) {
		return ErrInvalid
	}
	secret, err := f.open(row.Secret, user)
	if err != nil {
		return err
	}
	step, ok := matchingStep(secret, normalize(code), now, row.LastStep)
	if !ok {
		return ErrInvalid
	}
	confirmed, err := f.q.ConfirmSecret(ctx, tx, db.ConfirmSecretParams{
		UserID: user, Secret: row.Secret, Step: step, Now: &now,
	})
	if err == nil && confirmed == 0 {
		return ErrInvalid
	}
	return err
}

// Use uses up a code of the app or a recovery code of the account, or returns ErrInvalid. recovery says that it was a
// recovery code.
func (f *Factors) Use(ctx context.Context, tx db.DBTX, user uuid.UUID, code string) (recovery bool, err error) {
	row, err := f.q.LockSecret(ctx, tx, user)
	if err != nil {
		return false, postgres.NotFoundAs(err, ErrInvalid)
	}
	if row.ConfirmedAt == nil {
		return false, ErrInvalid
	}
	code = normalize(code)
	now := f.now()
	var used int64
	if isAppCode(code) {
		secret, err := f.open(row.Secret, user)
		if err != nil {
			return false, err
		}
		step, ok := matchingStep(secret, code, now, row.LastStep)
		if !ok {
			return false, ErrInvalid
		}
		used, err = f.q.UseStep(ctx, tx, step, user)
		if err != nil {
			return false, err
		}
	} else {
		recovery = true
		used, err = f.q.UseRecoveryCode(ctx, tx, db.UseRecoveryCodeParams{
			Digest: recoveryDigest(user, code), UserID: user, Now: &now,
		})
		if err != nil {
			return false, err
		}
	}
	if used == 0 {
		return false, ErrInvalid
	}
	return recovery, nil
}

// IsGuarded reports whether a confirmed second factor guards the account.
func (f *Factors) IsGuarded(ctx context.Context, tx db.DBTX, user uuid.UUID) (bool, error) {
	return f.q.IsGuarded(ctx, tx, user)
}

// State is what an account's owner sees of the second factor.
type State struct {
	ConfirmedAt       time.Time // zero where none guards the account
	RecoveryCodesLeft int
}

// State returns the account's state.
func (f *Factors) State(ctx context.Context, user uuid.UUID) (State, error) {
	row, err := f.q.SecondFactorOf(ctx, f.db.Pool, user)
	if errors.Is(err, pgx.ErrNoRows) {
		return State{}, nil
	}
	if err != nil || row.ConfirmedAt == nil {
		return State{}, postgres.Translate(err)
	}
	return State{ConfirmedAt: *row.ConfirmedAt, RecoveryCodesLeft: int(row.CodesLeft)}, nil
}

// Remove removes the account's second factor, confirmed or not, with its recovery codes and tickets. removed is false
// where there was none.
func (f *Factors) Remove(ctx context.Context, tx db.DBTX, user uuid.UUID) (removed bool, err error) {
	if err := f.VoidTickets(ctx, tx, user); err != nil {
		return false, err
	}
	rows, err := f.q.DeleteSecret(ctx, tx, user)
	return rows > 0, err
}

// Prune deletes tickets that have expired and secrets that were never confirmed, in batches.
func (f *Factors) Prune(ctx context.Context) error {
	now := f.now()
	err := postgres.InBatches(func() (int64, error) { return f.q.PruneTickets(ctx, f.db.Pool, now, pruneBatch) })
	if err != nil {
		return err
	}
	return postgres.InBatches(func() (int64, error) {
		return f.q.PruneSecrets(ctx, f.db.Pool, now.Add(-unconfirmedFor), pruneBatch)
	})
}

// Reseal seals the secrets again that a previous key sealed. A secret that no key opens is left as it is and is part of
// the error.
func (f *Factors) Reseal(ctx context.Context) error {
	for {
		rows, err := f.q.SecretsOfOtherKeys(ctx, f.db.Pool, f.keyID, pruneBatch)
		if err != nil {
			return postgres.Translate(err)
		}
		resealed, unreadable := int64(0), 0
		for _, row := range rows {
			secret, err := f.open(row.Secret, row.UserID)
			if err != nil {
				unreadable++
				continue
			}
			changed, err := f.q.ResealSecret(ctx, f.db.Pool, db.ResealSecretParams{
				UserID: row.UserID, OldSecret: row.Secret, Secret: f.keys.Seal([]byte(secret), row.UserID[:]),
				KeyID: f.keyID,
			})
			if err != nil {
				return postgres.Translate(err)
			}
			resealed += changed
		}
		if resealed > 0 {
			continue
		}
		if unreadable > 0 {
			return fmt.Errorf("%d or more secrets of second factors open with no key: add the one that sealed them to "+
				"SECRETS_PREVIOUS_KEYS", unreadable)
		}
		return nil
	}
}

// open returns the secret of the account. A secret that no key opens is an internal error.
func (f *Factors) open(sealed []byte, user uuid.UUID) (string, error) {
	secret, err := f.keys.Open(sealed, user[:])
	if err != nil {
		return "", fmt.Errorf("open the secret of a second factor: %w", err)
	}
	return string(secret), nil
}

func digest(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}
