// Package mailcode issues and checks the codes of 8 digits that are mailed to prove an address. A code belongs to one
// purpose and account, is good for 10 minutes after it was mailed, for 5 tries and once.
//
//	Issue    ──► a row without a code, and a mail in the outbox
//	Activate ──► called when the mail is sent: makes the code, keeps its digest, voids the older one
//	Check    ──► counts a try and compares
//	Spend    ──► in the transaction with the effect
//
// Codes are derived from the row's id with a key that is not in the database, so a mail that has to be sent again
// carries the same code. The table keeps a digest under another key, and no code is good before its mail is under way.
package mailcode

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/network"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/seal"
)

// ErrInvalid is returned for every code that is not accepted, whatever the reason.
var ErrInvalid = fault.New(fault.CodeInvalid,
	"The code is not valid. Type in the code of the newest mail, or ask for a new one.")

// ErrTooMany is the fault of a request beyond the limit, for callers who are told.
var ErrTooMany = fault.New(fault.RateLimited, "Too many codes were mailed to this address. Wait before the next one.")

// ErrTooManyOfAccount is the fault of an account that has codes mailed to one address after the other.
var ErrTooManyOfAccount = fault.New(fault.RateLimited,
	"Too many codes were mailed for this account. Wait before the next one.")

// Purpose is what a code proves.
type Purpose string

// The purposes. The table's check lists them too.
const (
	Verification Purpose = "verification" // the account's address belongs to its owner
	Reset        Purpose = "reset"        // a new password
	Address      Purpose = "address"      // a new address
	Link         Purpose = "link"         // an account is the person's own who signs in with a provider
)

const (
	lifetime   = 10 * time.Minute // from the mail on
	maxTries   = 5
	maxMails   = 3  // with codes, to one address in an hour
	maxChanges = 10 // codes for new addresses that one account asks for in an hour
	countFor   = time.Hour
	keepFor    = 24 * time.Hour // rows; an unsent code is lost then
	codeSpace  = 100_000_000    // 8 digits
	pruneBatch = 1000
)

// Config configures Codes. All members but Unlimited are required.
type Config struct {
	DB        *postgres.DB
	Secrets   []string // the first makes codes, all are accepted
	Unlimited bool     // lifts the limit of mails an hour
	Now       func() time.Time
}

// Codes issues and checks codes. It is safe for concurrent use, and replicas share the database.
type Codes struct {
	db        *postgres.DB
	q         *db.Queries
	mac       *seal.MAC
	unlimited bool
	now       func() time.Time
}

// New returns Codes. It fails without a secret.
func New(cfg Config) (*Codes, error) {
	mac, err := seal.NewMAC("mailed codes", cfg.Secrets...)
	if err != nil {
		return nil, fmt.Errorf("keys of mailed codes: %w", err)
	}
	return &Codes{db: cfg.DB, q: db.New(), mac: mac, unlimited: cfg.Unlimited, now: cfg.Now}, nil
}

// Request asks for a code.
type Request struct {
	Purpose Purpose
	User    uuid.UUID // uuid.Nil where no account has the address; such a code never becomes valid
	To      string    // the normalized address that the mail goes to
	From    netip.Addr
	// OwnNetwork says that From is known to a verified account. Its mails are counted apart from those that others
	// ask for.
	OwnNetwork bool
}

// Issued is a code that is to be mailed.
type Issued struct {
	ID     uuid.UUID     // uuid.Nil where the limit is reached: nothing is to be mailed
	Handle string        // of a reset, random, also where nothing is mailed
	Wait   time.Duration // where the limit is reached, until the next code
}

// Issue adds a code in the transaction, unless the address has had its mails of the hour. Requests for one address wait
// for each other until their transactions end. The statements are the same whether there is an account or not. It
// returns ErrTooManyOfAccount, with the time to wait, for the eleventh address that an account wants within an hour.
func (c *Codes) Issue(ctx context.Context, tx db.DBTX, r Request) (Issued, error) {
	now := c.now()
	counted := c.mac.Sum("count", r.To, "")
	if r.OwnNetwork {
		counted = c.mac.Sum("count", r.To, network.Of(r.From).String())
	}
	handle := rand.Text()
	scope := c.scope(r)
	if !c.unlimited {
		if err := c.checkAccount(ctx, tx, r.Purpose, scope, now); err != nil {
			return Issued{}, err
		}
		wait, err := c.wait(ctx, tx, counted, now)
		if err != nil {
			return Issued{}, err
		}
		if wait > 0 {
			return Issued{Handle: handle, Wait: wait}, nil
		}
	}
	id, err := uuid.NewV7()
	if err != nil {
		return Issued{}, fmt.Errorf("make a code's id: %w", err)
	}
	params := db.InsertCodeParams{
		ID: id, Purpose: string(r.Purpose), Scope: scope, CountedAs: counted, Now: now,
	}
	if r.User != uuid.Nil {
		params.UserID = &r.User
	}
	switch r.Purpose {
	case Reset:
		params.Handle = digestOf(handle)
	case Address:
		params.Address = &r.To
	}
	if err := c.q.EndUnmailedCodes(ctx, tx, &now, params.Scope); err != nil {
		return Issued{}, err
	}
	return Issued{ID: id, Handle: handle}, c.q.InsertCode(ctx, tx, params)
}

// wait returns how long it takes until one more mail fits into the limit, or 0.
func (c *Codes) wait(ctx context.Context, tx db.DBTX, counted []byte, now time.Time) (time.Duration, error) {
	if err := c.q.LockCodeCount(ctx, tx, int64(binary.BigEndian.Uint64(counted))); err != nil {
		return 0, err
	}
	times, err := c.q.CodeTimes(ctx, tx, db.CodeTimesParams{
		CountedAs: counted, CreatedAfter: now.Add(-countFor), PageSize: maxMails,
	})
	if err != nil || len(times) < maxMails {
		return 0, err
	}
	return untilFree(times[maxMails-1], now), nil
}

// untilFree returns how long it takes until what was mailed then is no longer counted.
func untilFree(mailed, now time.Time) time.Duration {
	return max(mailed.Add(countFor).Sub(now), time.Second)
}

// checkAccount returns ErrTooManyOfAccount where an account has had its codes for new addresses of the hour. Without
// it, an account could have mails sent to any number of strangers, and guess five times at each.
func (c *Codes) checkAccount(ctx context.Context, tx db.DBTX, p Purpose, scope []byte, now time.Time) error {
	if p != Address {
		return nil
	}
	if err := c.q.LockCodeCount(ctx, tx, int64(binary.BigEndian.Uint64(scope))); err != nil {
		return err
	}
	times, err := c.q.CodeTimesOfScope(ctx, tx, db.CodeTimesOfScopeParams{
		Scope: scope, CreatedAfter: now.Add(-countFor), PageSize: maxChanges,
	})
	if err != nil || len(times) < maxChanges {
		return err
	}
	return ErrTooManyOfAccount.WithRetryAfter(untilFree(times[maxChanges-1], now))
}

// scope has one valid code at a time: a later one of it voids the earlier. Resets are of the network that asks, so that
// a stranger does not void the owner's.
func (c *Codes) scope(r Request) []byte {
	if r.Purpose == Reset {
		return c.mac.Sum("scope", string(r.Purpose), r.To, network.Of(r.From).String())
	}
	return c.mac.Sum("scope", string(r.Purpose), r.User.String())
}

// Activate makes the code and makes it valid from now on, in the transaction that claims its mail. ok is false where
// there is nothing to mail: the code was voided or used, or the address has no account. Called again for the same code,
// it returns the same digits and renews the time.
func (c *Codes) Activate(ctx context.Context, tx db.DBTX, id uuid.UUID) (code string, ok bool, err error) {
	row, err := c.q.LockCode(ctx, tx, id)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && row.UserID == nil {
		return "", false, nil
	}
	if err != nil {
		return "", false, err
	}
	now := c.now()
	err = c.q.VoidOlderCodes(ctx, tx, db.VoidOlderCodesParams{Now: &now, Scope: row.Scope, ID: id})
	if err != nil {
		return "", false, err
	}
	sum := c.mac.Sum("code", id.String())
	code = fmt.Sprintf("%08d", binary.BigEndian.Uint64(sum)%codeSpace)
	expires := now.Add(lifetime)
	err = c.q.ActivateCode(ctx, tx, db.ActivateCodeParams{
		ID: id, ExpiresAt: &expires, Digest: c.mac.Sum(digested(Purpose(row.Purpose), *row.UserID, id, code)...),
	})
	return code, err == nil, err
}

// digested returns what the digest of a code is of, so that it means nothing for another purpose, account or row.
func digested(p Purpose, user, id uuid.UUID, code string) []string {
	return []string{"digest", string(p), user.String(), id.String(), code}
}

// Proof is a code that was right when it was checked. Spend uses it.
type Proof struct {
	User    uuid.UUID
	id      uuid.UUID
	purpose Purpose
	digest  []byte
}

// CheckReset compares the code with the one of the handle, which counts a try. It returns ErrInvalid.
func (c *Codes) CheckReset(ctx context.Context, handle, code string) (Proof, error) {
	id, err := c.q.CodeByHandle(ctx, c.db.Pool, digestOf(handle))
	if err != nil {
		return Proof{}, postgres.NotFoundAs(err, ErrInvalid)
	}
	return c.check(ctx, id, Reset, code)
}

// Check compares the code with the newest that was mailed to the user for this purpose, which counts a try. It returns
// ErrInvalid.
func (c *Codes) Check(ctx context.Context, user uuid.UUID, p Purpose, code string) (Proof, error) {
	id, err := c.q.CodeOfUser(ctx, c.db.Pool, &user, string(p))
	if err != nil {
		return Proof{}, postgres.NotFoundAs(err, ErrInvalid)
	}
	return c.check(ctx, id, p, code)
}

func (c *Codes) check(ctx context.Context, id uuid.UUID, p Purpose, code string) (Proof, error) {
	now := c.now()
	row, err := c.q.TryCode(ctx, c.db.Pool, db.TryCodeParams{ID: id, Now: &now, MaxTries: maxTries})
	if err != nil {
		return Proof{}, postgres.NotFoundAs(err, ErrInvalid)
	}
	code = strings.Join(strings.Fields(code), "")
	if row.UserID == nil || Purpose(row.Purpose) != p ||
		!c.mac.Matches(row.Digest, digested(p, *row.UserID, id, code)...) {
		return Proof{}, ErrInvalid
	}
	// What fails from here on, such as a busy server, is no guess.
	if err := c.q.ReturnTry(context.WithoutCancel(ctx), c.db.Pool, id); err != nil {
		return Proof{}, postgres.Translate(err)
	}
	return Proof{User: *row.UserID, id: id, purpose: p, digest: row.Digest}, nil
}

// Spend uses the code up in the transaction. It returns the address that a code of the purpose Address was mailed to,
// "" for others, and ErrInvalid where the code was used, voided or has expired since it was checked.
func (c *Codes) Spend(ctx context.Context, tx db.DBTX, p Proof) (address string, err error) {
	now := c.now()
	row, err := c.q.SpendCode(ctx, tx, db.SpendCodeParams{
		ID: p.id, UserID: &p.User, Purpose: string(p.purpose), Digest: p.digest, Now: &now,
	})
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return "", ErrInvalid
	case err != nil || row == nil:
		return "", err
	}
	return *row, nil
}

// Void makes the user's codes of these purposes invalid, mailed or not.
func (c *Codes) Void(ctx context.Context, tx db.DBTX, user uuid.UUID, purposes ...Purpose) error {
	now := c.now()
	params := db.VoidCodesParams{Now: &now, UserID: &user}
	for _, p := range purposes {
		params.Purposes = append(params.Purposes, string(p))
	}
	return c.q.VoidCodes(ctx, tx, params)
}

// PurgeUser removes from the codes of a deleted account whose they were, in batches. The rows count for the limit of
// mails until they are pruned.
func (c *Codes) PurgeUser(ctx context.Context, user uuid.UUID) error {
	return postgres.InBatches(func() (int64, error) { return c.q.AnonymizeCodesOf(ctx, c.db.Pool, &user, pruneBatch) })
}

// Prune deletes codes that are older than a day, in batches.
func (c *Codes) Prune(ctx context.Context) error {
	before := c.now().Add(-keepFor)
	return postgres.InBatches(func() (int64, error) { return c.q.PruneCodes(ctx, c.db.Pool, before, pruneBatch) })
}

func digestOf(handle string) []byte {
	sum := sha256.Sum256([]byte(handle))
	return sum[:]
}
