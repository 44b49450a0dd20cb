package config

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// devSecretsFile lies in the data directory.
const devSecretsFile = "dev-secrets.json"

// Secrets are the ones that dev makes for itself.
type Secrets struct {
	JWT           Secret
	Pepper        Secret
	StripeWebhook Secret
}

// savedSecrets is the file's form; Secret itself never marshals its value.
type savedSecrets struct {
	JWT           string `json:"jwt_secret"`
	Pepper        string `json:"password_pepper"`
	StripeWebhook string `json:"stripe_webhook_secret"`
}

// DevSecrets returns the secrets kept in dir, which are made at the first call (folder 0700, file 0600) and stay the
// same ever after, also when several processes ask at once. A damaged file is an error, never overwritten: password
// hashes depend on it.
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
	return Secrets{NewSecret(saved.JWT), NewSecret(saved.Pepper), NewSecret(saved.StripeWebhook)}, nil
}

// WithDevSecrets returns a copy in which missing secrets are filled from the data directory. In production, and when
// nothing is missing, it changes nothing and touches no file.
func (c Config) WithDevSecrets() (Config, error) {
	if c.IsProd() || c.JWTSecret.IsSet() && c.PasswordPepper.IsSet() && len(c.StripeWebhookSecrets) > 0 {
		return c, nil
	}
	kept, err := DevSecrets(c.DataDir)
	if err != nil {
		return Config{}, err
	}
	if !c.JWTSecret.IsSet() {
		c.JWTSecret = kept.JWT
	}
	if !c.PasswordPepper.IsSet() {
		c.PasswordPepper = kept.Pepper
	}
	if len(c.StripeWebhookSecrets) == 0 {
		c.StripeWebhookSecrets = []Secret{kept.StripeWebhook}
	}
	return c, nil
}

func readSecrets(path string) (savedSecrets, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return savedSecrets{}, err
	}
	var saved savedSecrets
	if err := json.Unmarshal(raw, &saved); err != nil || saved.JWT == "" || saved.Pepper == "" || saved.StripeWebhook == "" {
		return savedSecrets{}, fmt.Errorf("%s is damaged: restore it, or remove it and the accounts made with it", path)
	}
	return saved, nil
}

// writeSecrets writes the file whole or not at all; when another process was first, its file stays.
func writeSecrets(dir, path string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(dir, devSecretsFile+".*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	err = json.NewEncoder(tmp).Encode(savedSecrets{JWT: rand.Text() + rand.Text(), Pepper: rand.Text() + rand.Text(), StripeWebhook: "whsec_" + rand.Text() + rand.Text()})
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	if err = os.Link(tmp.Name(), path); errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}
