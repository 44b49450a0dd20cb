package audit

import (
	"context"
	"encoding/binary"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/postgres"
)

// IsNewNetwork reports whether the sign-in comes from a coarse network that no sign-in of the account within 90 days
// came from, nor its registration. It is false for a sign-in without an address, and for the first of an account within
// a day of its creation. Call it in the transaction that records the sign-in: of concurrent ones from one network the
// first is new, and the others wait for it.
func (l *Log) IsNewNetwork(ctx context.Context, tx db.DBTX, e Event) (bool, error) {
	network := Network(e.Client.Addr)
	if network == "" {
		return false, nil
	}
	now := l.now()
	since := firstIDAt(now.Add(-retention))
	query := db.SignedInFromParams{UserID: e.User, Network: network, Since: since}
	if known, err := l.q.SignedInFrom(ctx, tx, query); err != nil || known {
		return false, postgres.Translate(err)
	}
	if err := l.q.LockSignIns(ctx, tx, int64(binary.BigEndian.Uint64(e.User[8:]))); err != nil {
		return false, postgres.Translate(err)
	}
	if known, err := l.q.SignedInFrom(ctx, tx, query); err != nil || known {
		return false, postgres.Translate(err)
	}
	account, err := l.q.SignedInBefore(ctx, tx, since, e.User)
	if err != nil {
		return false, postgres.Translate(err)
	}
	return account.SignedIn || now.Sub(account.CreatedAt) > settlingIn, nil
}
