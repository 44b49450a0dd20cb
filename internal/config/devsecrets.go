package config

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// devSecretsFile is the name of the file in the data directory.
const devSecretsFile = "dev-secrets.json"

// Secrets are the secrets generated for development.
type Secrets struct {
	JWT           Secret
	Pepper        Secret
	StripeWebhook Secret
	SecretsKey    Secret // derived from JWT, so that files written before there was one have it too
}

// savedSecrets is the format of the file; a Secret never marshals its value.
type savedSecrets struct {
	JWT           string `json:"jwt_secret"`
	Pepper        string `json:"password_pepper"`
	StripeWebhook string `json:"stripe_webhook_secret"`
}

// DevSecrets returns the secrets stored in dir. The first call generates them (folder 0700, file 0600); later calls,
// and concurrent ones from other processes, return the same. A damaged file is an error and is never overwritten,
// because password hashes depend on it.
func DevSecrets(dir string) (Secrets, error) {
	path := filepath.Join(dir, devSecretsFile)
	saved, err := readSecrets(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err = writeSecrets(dir, path); err == nil {
			saved, err = readSecrets(path)
		}
	}
	if err != nil {
		return Secrets{}, fmt.Errorf("development secrets: %w", err)
	}
	key, err := hkdf.Key(sha256.New, []byte(saved.JWT), nil, "adiuva development secrets key", sha256.Size)
	if err != nil {
		return Secrets{}, fmt.Errorf("development secrets: %w", err)
	}
	return Secrets{NewSecret(saved.JWT), NewSecret(saved.Pepper), NewSecret(saved.StripeWebhook),
		NewSecret(hex.EncodeToString(key))}, nil
}

// WithDevSecrets returns a copy in which missing secrets are taken from DevSecrets. In production, and when none is
// missing, it returns c and touches no file.
func (c Config) WithDevSecrets() (Config, error) {
	if c.IsProd() || c.JWTSecret.IsSet() && c.PasswordPepper.IsSet() && len(c.StripeWebhookSecrets) > 0 &&
		c.SecretsKey.IsSet() {
		return c, nil
	}
	secrets, err := DevSecrets(c.DataDir)
	if err != nil {
		return Config{}, err
	}
	if !c.JWTSecret.IsSet() {
		c.JWTSecret = secrets.JWT
	}
	if !c.PasswordPepper.IsSet() {
		c.PasswordPepper = secrets.Pepper
	}
	if !c.SecretsKey.IsSet() {
		c.SecretsKey = secrets.SecretsKey
	}
	if len(c.StripeWebhookSecrets) == 0 {
		c.StripeWebhookSecrets = []Secret{secrets.StripeWebhook}
	}
	return c, nil
}

func readSecrets(path string) (savedSecrets, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return savedSecrets{}, err
	}
	var saved savedSecrets
	err = json.Unmarshal(raw, &saved)
	if err != nil || saved.JWT == "" || saved.Pepper == "" || saved.StripeWebhook == "" {
		return savedSecrets{}, fmt.Errorf("%s is damaged: restore it, or remove it and the accounts made with it", path)
	}
	return saved, nil
}

// writeSecrets creates the file atomically. If another process has created it first, that file stays.
func writeSecrets(dir, path string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(dir, devSecretsFile+".*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	err = json.NewEncoder(tmp).Encode(savedSecrets{
		JWT:           rand.Text() + rand.Text(),
		Pepper:        rand.Text() + rand.Text(),
		StripeWebhook: "whsec_" + rand.Text() + rand.Text(),
	})
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	if err = os.Link(tmp.Name(), path); errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}
