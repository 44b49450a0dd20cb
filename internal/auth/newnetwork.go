package auth

import (
	"context"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/audit"
	"github.com/adiuva/cloud-api/internal/mail"
)

// notifyNewNetwork adds a notice to the account when it signs in from a coarse network for the first time in 90 days.
// Registering is no sign-in. Call it before the event is recorded, after which the network is known.
func (s *Service) notifyNewNetwork(ctx context.Context, tx db.DBTX, event audit.Event) error {
	if event.Kind != audit.SignedIn {
		return nil
	}
	isNew, err := s.audit.IsNewNetwork(ctx, tx, event)
	if err != nil || !isNew {
		return err
	}
	return s.outbox.Notify(ctx, tx, event.User, mail.NewSignIn)
}
