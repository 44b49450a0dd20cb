package app

import (
	"fmt"

	"github.com/adiuva/cloud-api/internal/config"
	"github.com/adiuva/cloud-api/internal/continuation"
)

// openContinuations returns what seals answers that wait for results of the app's tools, with SECRETS_KEY and its
// previous ones. It comes after the accounts, which say when a password was changed.
func (a *App) openContinuations(cfg config.Config, opts Options) (*continuation.Sealer, error) {
	secrets := []string{cfg.SecretsKey.Reveal()}
	for _, s := range cfg.SecretsPreviousKeys {
		secrets = append(secrets, s.Reveal())
	}
	sealer, err := continuation.New(continuation.Config{Secrets: secrets, PasswordChanged: a.Auth.PasswordChanged,
		Now: opts.Now})
	if err != nil {
		return nil, fmt.Errorf("continuations: %w", err)
	}
	return sealer, nil
}
