package lockout

import (
	"context"
	"net/netip"
	"time"

	"github.com/google/uuid"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/network"
	"github.com/adiuva/cloud-api/internal/postgres"
)

const (
	knownFor     = 90 * 24 * time.Hour
	rewriteAfter = 24 * time.Hour
	maxKnown     = 32 // networks of an account
	pruneBatch   = 1000
)

// Remember notes that the user signed in from this address. The network is known to the account for 90 days; an account
// has at most 32, of which the one unused for longest goes first.
func (g *Guard) Remember(ctx context.Context, user uuid.UUID, from netip.Addr) error {
	if g.limit <= 0 {
		return nil
	}
	now := g.now()
	err := g.q.RememberNetwork(ctx, g.db.Pool, db.RememberNetworkParams{
		UserID: user, Network: networkKey(g.secrets[0], user, from), Now: now, RewriteBefore: now.Add(-rewriteAfter),
	})
	if err != nil {
		return postgres.Translate(err)
	}
	return postgres.Translate(g.q.ForgetOldestNetworks(ctx, g.db.Pool, user, maxKnown))
}

// IsKnown reports whether the user signed in from this network within 90 days. Where nothing is counted, no network is
// known. The query is the same for uuid.Nil.
func (g *Guard) IsKnown(ctx context.Context, user uuid.UUID, from netip.Addr) (bool, error) {
	known, err := g.isKnown(ctx, Attempt{User: user, From: from})
	return known, postgres.Translate(err)
}

func (g *Guard) isKnown(ctx context.Context, a Attempt) (bool, error) {
	keys := make([][]byte, len(g.secrets))
	for i, secret := range g.secrets {
		keys[i] = networkKey(secret, a.User, a.From)
	}
	return g.q.IsKnownNetwork(ctx, g.db.Pool, db.IsKnownNetworkParams{
		UserID: a.User, Networks: keys, SeenAfter: g.now().Add(-knownFor),
	})
}

// networkKey holds the user's id, so that the table does not tell who shares a network.
func networkKey(secret string, user uuid.UUID, from netip.Addr) []byte {
	return keyed(secret, "known", user[:], text(network.Of(from)))
}

// Prune deletes counts whose window has ended and networks that are no longer known, in batches, until none is left or
// ctx ends.
func (g *Guard) Prune(ctx context.Context) error {
	now := g.now()
	err := postgres.InBatches(func() (int64, error) {
		return g.q.PrunePasswordAttempts(ctx, g.db.Pool, now, pruneBatch)
	})
	if err != nil {
		return err
	}
	return postgres.InBatches(func() (int64, error) {
		return g.q.PruneKnownNetworks(ctx, g.db.Pool, now.Add(-knownFor), pruneBatch)
	})
}
