package oidc_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/oidc"
)

func writeFile(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestProvidersAreReadInTheirOrder(t *testing.T) {
	t.Parallel()
	t.Attr("case", "OI22")
	folder := t.TempDir()
	writeFile(t, filepath.Join(folder, "microsoft.secret"), "from a file\n")
	path := writeFile(t, filepath.Join(folder, "providers.yaml"), `
providers:
  - name: microsoft
    issuer: https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0
    client_id: 11111111-2222
    client_secret_file: microsoft.secret
  - {name: google, issuer: "https://accounts.google.com", client_id: 1234, client_secret: " in line "}
  - {name: local, issuer: "http://localhost:9556/", client_id: web, client_secret: secret}
`)
	got, err := oidc.ReadProviders(path, true)
	want := []oidc.Named{
		{Name: "microsoft", Provider: oidc.Provider{
			Issuer:   "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0",
			ClientID: "11111111-2222", ClientSecret: "from a file"}},
		{Name: "google", Provider: oidc.Provider{
			Issuer: "https://accounts.google.com", ClientID: "1234", ClientSecret: "in line"}},
		{Name: "local", Provider: oidc.Provider{
			Issuer: "http://localhost:9556/", ClientID: "web", ClientSecret: "secret"}},
	}
	if err != nil || !slices.Equal(got, want) {
		t.Fatalf("%+v, %v", got, err)
	}
	if _, err := oidc.ReadProviders(path, false); err == nil || !strings.Contains(err.Error(), "providers[2].issuer") {
		t.Errorf("a provider on this machine, in production: %v", err)
	}
}

func TestEveryMistakeInTheProvidersFileIsTold(t *testing.T) {
	t.Parallel()
	t.Attr("case", "OI22")
	folder := t.TempDir()
	writeFile(t, filepath.Join(folder, "empty.secret"), " \n")
	path := writeFile(t, filepath.Join(folder, "providers.yaml"), `providers:
  - {name: Google, issuer: accounts.google.com, client_id: "", client_secret: hidden-1}
  - {name: okta, issuer: "https://okta.test?x=1", client_id: a, client_secret: hidden-2, client_secret_file: b}
  - {name: okta, issuer: "http://okta.test", client_id: [a], scope: openid}
  - {name: entra, issuer: "https://10.0.0.1/", client_id: a, client_secret_file: missing.secret}
  - {name: last, issuer: "https://last.test", client_id: a, client_secret_file: empty.secret}
  - just text
  - {name: last-2, issuer: "https://last.test", client_id: ~, client_secret: hidden-3, client_secret: hidden-4}
`)
	providers, err := oidc.ReadProviders(path, true)
	if providers != nil || err == nil {
		t.Fatalf("%+v, %v", providers, err)
	}
	text := err.Error()
	for _, want := range []string{
		"line 2: providers[0].name: must be", "line 2: providers[0].issuer: must be", "providers[0].client_id: must be",
		"line 3: providers[1].issuer", "line 3: providers[1].client_secret_file: is there beside",
		`line 4: providers[2].name: "okta" is the name of providers[1] too`, "providers[2].issuer",
		"providers[2].client_id: must be", "providers[2].client_secret: is missing", "providers[2].scope: is no member",
		"line 5: providers[3].issuer", "providers[3].client_secret_file: open ",
		"providers[4].client_secret_file: " + folder, "line 7: providers[5].name: is missing",
		"providers[6].client_id: must be", "providers[6].client_secret: is there twice",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the error does not say %q", want)
		}
	}
	if lines := strings.Count(text, "\n") + 1; lines != 16 {
		t.Errorf("%d lines:\n%s", lines, text)
	}
	if strings.Contains(text, "hidden-") {
		t.Errorf("the error shows a secret:\n%s", text)
	}
}

func TestAFileWithoutProvidersIsRefused(t *testing.T) {
	t.Parallel()
	t.Attr("case", "OI22")
	for name, text := range map[string]string{
		"Empty": "", "NoList": "providers: {}", "EmptyList": "providers: []", "Other": "issuers: []",
		"NoYAML": "providers: [hidden", "Many": "providers: [" + strings.Repeat("{},", 51) + "]",
		"Large": strings.Repeat("#", 1<<20) + "\n#",
	} {
		path := writeFile(t, filepath.Join(t.TempDir(), "providers.yaml"), text)
		_, err := oidc.ReadProviders(path, true)
		if err == nil || !strings.HasPrefix(err.Error(), path+": ") || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := oidc.ReadProviders(filepath.Join(t.TempDir(), "none.yaml"), true); err == nil {
		t.Error("a missing file is no error")
	}
}
