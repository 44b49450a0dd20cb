package export

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/adiuva/cloud-api/gen/db"
)

// sections returns the lists of the document in their order. Each is read once.
func (d *Document) sections() []section {
	q, pool := d.service.q, d.service.db.Pool
	return []section{
		{"sessions", byID(func(ctx context.Context, after uuid.UUID) ([]db.ExportSessionsRow, error) {
			return q.ExportSessions(ctx, pool,
				db.ExportSessionsParams{UserID: d.userID, After: after, PageSize: pageSize})
		}, func(r db.ExportSessionsRow) (uuid.UUID, []byte) { return r.ID, r.Row })},
		{"keys", byID(func(ctx context.Context, after uuid.UUID) ([]db.ExportKeysRow, error) {
			return q.ExportKeys(ctx, pool, db.ExportKeysParams{UserID: d.userID, After: after, PageSize: pageSize})
		}, func(r db.ExportKeysRow) (uuid.UUID, []byte) { return r.ID, r.Row })},
		{"second_factors", once(func(ctx context.Context) ([][]byte, error) {
			return q.ExportSecondFactor(ctx, pool, d.userID)
		})},
		{"passkeys", byID(func(ctx context.Context, after uuid.UUID) ([]db.ExportPasskeysRow, error) {
			return q.ExportPasskeys(ctx, pool,
				db.ExportPasskeysParams{UserID: d.userID, After: after, PageSize: pageSize})
		}, func(r db.ExportPasskeysRow) (uuid.UUID, []byte) { return r.ID, r.Row })},
		{"events", byID(func(ctx context.Context, after uuid.UUID) ([]db.ExportEventsRow, error) {
			return q.ExportEvents(ctx, pool, db.ExportEventsParams{UserID: d.userID, After: after, PageSize: pageSize})
		}, func(r db.ExportEventsRow) (uuid.UUID, []byte) { return r.ID, r.Row })},
		{"known_networks", once(func(ctx context.Context) ([][]byte, error) {
			return q.ExportNetworks(ctx, pool, d.userID, pageSize)
		})},
		{"subscriptions", byID(func(ctx context.Context, after uuid.UUID) ([]db.ExportSubscriptionsRow, error) {
			return q.ExportSubscriptions(ctx, pool,
				db.ExportSubscriptionsParams{UserID: d.userID, After: after, PageSize: pageSize})
		}, func(r db.ExportSubscriptionsRow) (uuid.UUID, []byte) { return r.ID, r.Row })},
		{"memberships", once(func(ctx context.Context) ([][]byte, error) {
			return q.ExportMemberships(ctx, pool, d.userID, pageSize)
		})},
		{"invitations", byID(func(ctx context.Context, after uuid.UUID) ([]db.ExportInvitationsRow, error) {
			return q.ExportInvitations(ctx, pool,
				db.ExportInvitationsParams{UserID: d.userID, After: after, PageSize: pageSize})
		}, func(r db.ExportInvitationsRow) (uuid.UUID, []byte) { return r.ID, r.Row })},
		{"sso_links", byID(func(ctx context.Context, after uuid.UUID) ([]db.ExportSSOLinksRow, error) {
			return q.ExportSSOLinks(ctx, pool,
				db.ExportSSOLinksParams{UserID: d.userID, After: after, PageSize: pageSize})
		}, func(r db.ExportSSOLinksRow) (uuid.UUID, []byte) { return r.ID, r.Row })},
		{"backups", d.backups()},
		{"backup_usage", once(func(ctx context.Context) ([][]byte, error) {
			return q.ExportBackupUsage(ctx, pool, d.userID)
		})},
		{"token_usage", d.tokenUsage()},
	}
}

// byID reads a list that is in order of ids.
func byID[R any](
	read func(ctx context.Context, after uuid.UUID) ([]R, error), split func(R) (uuid.UUID, []byte),
) func(ctx context.Context) (page, error) {
	after := uuid.Nil
	return func(ctx context.Context) (page, error) {
		rows, err := read(ctx, after)
		list := make(page, len(rows))
		for i, row := range rows {
			after, list[i] = split(row)
		}
		return list, err
	}
}

// once reads a list that has one page at most.
func once(read func(ctx context.Context) ([][]byte, error)) func(ctx context.Context) (page, error) {
	done := false
	return func(ctx context.Context) (page, error) {
		if done {
			return nil, nil
		}
		done = true
		return read(ctx)
	}
}

func (d *Document) backups() func(ctx context.Context) (page, error) {
	next := db.ExportBackupsParams{UserID: d.userID, PageSize: pageSize}
	return func(ctx context.Context) (page, error) {
		rows, err := d.service.q.ExportBackups(ctx, d.service.db.Pool, next)
		list := make(page, len(rows))
		for i, row := range rows {
			list[i], next.AfterState, next.After = row.Row, row.State, row.ID
		}
		return list, err
	}
}

func (d *Document) tokenUsage() func(ctx context.Context) (page, error) {
	next := db.ExportTokenUsageParams{UserID: d.userID, AfterDay: time.Unix(0, 0).UTC(), PageSize: pageSize}
	return func(ctx context.Context) (page, error) {
		rows, err := d.service.q.ExportTokenUsage(ctx, d.service.db.Pool, next)
		list := make(page, len(rows))
		for i, row := range rows {
			list[i], next.AfterDay = row.Row, row.Day
		}
		return list, err
	}
}
