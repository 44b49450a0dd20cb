package provider_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/provider"
	"github.com/adiuva/cloud-api/internal/tier"
)

// load writes the text to a file and loads it. The variable KEY has a key.
func load(t *testing.T, text string) ([]provider.Provider, string, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "providers.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(filepath.Dir(path), "key"), []byte("sk-of-a-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	list, err := provider.Load(path, provider.Source{ReadFile: os.ReadFile, Getenv: func(name string) string {
		return map[string]string{"KEY": "sk-of-a-variable", "SPACED": "sk of a variable"}[name]
	}})
	return list, path, err
}

func TestLoadReadsEveryMember(t *testing.T) {
	t.Parallel()
	list, _, err := load(t, `
providers:
  - name: main
    kind: openai
    api_key: sk-in-the-file
    models: {agent: gpt-5, router: gpt-5-mini}
    context_tokens: 200_000
    max_output_tokens: 8000
    tier: pro
    vision: true
    strict_schemas: true
  - name: eu
    kind: azure
    base_url: https://x.openai.azure.com/openai/deployments/y?api-version=2024-10-21
    api_key_file: key
    models: {agent: y}
  - {name: claude, kind: anthropic, api_key_env: KEY, models: {agent: claude-sonnet-5}}
  - {name: gemini, kind: googleai, api_key_env: KEY, models: {agent: gemini-3-flash}}
  - {name: mistral, kind: mistral, api_key_env: KEY, models: {agent: mistral-small}}
  - {name: local, kind: ollama, models: {agent: "llama3.1:8b"}, context_tokens: 4096}
`)
	if err != nil {
		t.Fatal(err)
	}
	first, second, third, last := list[0], list[1], list[2], list[5]
	if first.Name != "main" || first.Kind != provider.OpenAI || first.BaseURL != "https://api.openai.com/v1" ||
		first.APIKey.Reveal() != "sk-in-the-file" || first.Agent != "gpt-5" || first.Router != "gpt-5-mini" ||
		first.ContextTokens != 200_000 || first.MaxOutputTokens != 8000 || first.Tier != tier.Pro || !first.Vision ||
		!first.StrictSchemas || first.Line != 3 {
		t.Errorf("the first provider is %+v", first)
	}
	if second.APIKey.Reveal() != "sk-of-a-file" || second.Router != "y" || second.Tier != tier.Free ||
		second.ContextTokens != provider.DefaultContextTokens ||
		second.MaxOutputTokens != provider.DefaultMaxOutputTokens || second.Line != 12 {
		t.Errorf("the second provider is %+v", second)
	}
	if third.APIKey.Reveal() != "sk-of-a-variable" || third.BaseURL != "https://api.anthropic.com/v1" {
		t.Errorf("the third provider is %+v", third)
	}
	if list[3].BaseURL != "https://generativelanguage.googleapis.com/v1beta/openai" ||
		list[4].BaseURL != "https://api.mistral.ai/v1" {
		t.Errorf("base URLs %s and %s", list[3].BaseURL, list[4].BaseURL)
	}
	if last.BaseURL != "http://127.0.0.1:11434" || last.MaxOutputTokens != 2048 || last.APIKey.IsSet() {
		t.Errorf("the last provider is %+v", last)
	}
}

// TestLoadReportsAllFaultsWithTheirLines has a fault or more in almost every line.
func TestLoadReportsAllFaultsWithTheirLines(t *testing.T) {
	t.Attr("case", "L04")
	t.Parallel()
	_, path, err := load(t, `providers:
  - name: a
    kind: openai
    base_url: ftp://x
    api_key: sk-secret-one
    api_key_env: KEY
    models: {agent: m, bogus: 1}
    tier: gold
  - name: a
    kind: llama
    context_tokens: many
    max_output_tokens: 0
    vision: perhaps
    models: m
  - kind: anthropic
    api_key_file: none
    models: {router: r}
    surprise: sk-secret-two
  - name: Big One
    kind: azure
    api_key_env: MISSING
    models: {agent: ""}
  - name: d
    kind: openai
    base_url: https://user:sk-secret-three@h/v1
    models: {agent: m}
    name: d
  - name: e
    kind: bedrock
    models: {agent: m}
  - name: f
    kind: anthropic
    base_url: https://h?x=1
    api_key: "sk secret"
    models: {agent: m}
  - name: g
    kind: openai
    models: {agent: m}
    context_tokens: 100
    max_output_tokens: 100
  - just a text
`)
	if err == nil {
		t.Fatal("no error")
	}
	text := err.Error()
	for _, want := range []string{
		"4: base_url must be an absolute", "6: a provider has api_key and api_key_env", "7: models has a member",
		"8: tier must be", "9: name is that of the provider in line 2", "10: kind is not known: it must be openai",
		"11: context_tokens must be", "12: max_output_tokens must be", "13: vision must be", "14: models must have",
		"15: a provider has no name", "16: api_key_file cannot be read", "17: models has no agent",
		"18: a provider has a member that is not known", "19: name must be lower-case",
		"19: a provider of kind azure needs",
		"21: the key of api_key_env is empty", "22: models.agent must be a text", "25: base_url must be an absolute",
		"27: a provider has name twice",
		"29: kind is not known: it must be openai (any server that speaks its protocol, gateways of Bedrock",
		"33: base_url must have no query", "34: the key of api_key", "36: a provider has no key",
		"40: max_output_tokens (100) leaves no room", "41: a provider must have members",
	} {
		if !strings.Contains(text, path+":"+want) {
			t.Errorf("no fault %q", want)
		}
	}
	if strings.Contains(text, "secret") {
		t.Errorf("a key is quoted: %s", text)
	}
	if t.Failed() {
		t.Log(text)
	}
}

func TestLoadRefusesWhatIsNoList(t *testing.T) {
	t.Attr("case", "L04")
	t.Parallel()
	for text, want := range map[string]string{
		"":                                 "1: is empty",
		"providers: []":                    "1: providers must be a list",
		"providers: x":                     "1: providers must be a list",
		"- a":                              "1: the file must have members (providers)",
		"other: 1":                         "1: the file has a member that is not known",
		"providers:\n  - {name: *sk-x":     "is not valid YAML",
		"providers:\n  - name: [\n":        "is not valid YAML",
		"x: &a [1]\nproviders: *a":         "2: providers must not be an alias",
		strings.Repeat("# long\n", 200000): "is larger than 1 MiB",
	} {
		_, _, err := load(t, text)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "sk-x") {
			t.Errorf("%.40q: error %v, want %q", text, err, want)
		}
	}
	_, err := provider.Load("none.yaml", provider.Source{ReadFile: func(string) ([]byte, error) {
		return nil, errors.New("x")
	}})
	if err == nil || err.Error() != "none.yaml: cannot be read: check the path and its permissions" {
		t.Errorf("error %v", err)
	}
}
