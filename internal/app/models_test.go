package app_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/app"
	"github.com/adiuva/cloud-api/internal/config"
)

// TestProductionSendsNoKeyInTheClear shows that a public server needs HTTPS in production, and another one does not.
func TestProductionSendsNoKeyInTheClear(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "providers.yaml")
	text := `providers:
  - {name: inside, kind: openai, base_url: "http://10.0.0.7/v1", models: {agent: m}}
  - {name: public, kind: openai, base_url: "http://models.example.com/v1", models: {agent: m}}
`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	list, err := app.LoadProviders(config.Config{Env: config.Dev, LLMProvidersFile: path}, nil)
	if err != nil || len(list) != 2 {
		t.Errorf("dev: %d providers, error %v", len(list), err)
	}
	_, err = app.LoadProviders(config.Config{Env: config.Prod, LLMProvidersFile: path}, nil)
	var wrong app.ConfigError
	if !errors.As(err, &wrong) || strings.Count(err.Error(), "unencrypted") != 1 ||
		!strings.Contains(err.Error(), path+":3: base_url sends the key") {
		t.Errorf("prod: error %v", err)
	}
}
