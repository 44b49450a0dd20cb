package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/testing/llmtest"
)

// writeProviders writes a providers file and returns its path.
func writeProviders(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "providers.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestModelsCheckSaysWhatWorks asks a provider that can do everything, one that does little, and one that refuses.
func TestModelsCheckSaysWhatWorks(t *testing.T) {
	t.Parallel()
	good, poor, refusing := llmtest.NewServer(t), llmtest.NewServer(t), llmtest.NewServer(t)
	add := llmtest.Call("c1", "add_numbers", `{"a":17,"b":25}`)
	good.Script(llmtest.Say("one ", "two ", "three"), llmtest.CallTools(add), llmtest.Say("calendar_agent"),
		llmtest.Say(`{"sum":42}`))
	poor.Script(llmtest.WholeForStream("one two three"), llmtest.Say("It is 42."), llmtest.Say("Gladly!"),
		llmtest.Say("The sum is 42."))
	refusing.Script(llmtest.Refuse(401))
	path := writeProviders(t, fmt.Sprintf(`providers:
  - {name: good, kind: openai, base_url: "%s", api_key_env: THE_KEY, models: {agent: big}}
  - {name: poor, kind: openai, base_url: "%s", models: {agent: tiny}, strict_schemas: true}
  - {name: refusing, kind: openai, base_url: "%s", api_key: sk-wrong, models: {agent: big}}
`, good.URL, poor.URL, refusing.URL))
	env, out, errs := testEnvironment(map[string]string{"LLM_PROVIDERS_FILE": path, "THE_KEY": "sk-of-a-variable"})
	if code := execute(t.Context(), env, []string{"models", "check"}); code != exitFailed {
		t.Errorf("exit code %d: %s", code, errs)
	}
	var rows []string
	for _, line := range strings.Split(out.String(), "\n")[:4] {
		columns := regexp.MustCompile(` {2,}`).Split(line, -1)
		rows = append(rows, strings.Join(append(columns[:6:6], columns[6], columns[8]), " "))
	}
	want := []string{"PROVIDER KIND MODEL CHAT STREAM TOOLS JSON SCHEMA ROUTER", "good openai big yes yes yes yes yes",
		"poor openai tiny yes no no no no", "refusing openai big no no no no no"}
	for i := range want {
		if rows[i] != want[i] {
			t.Errorf("row %q, want %q", rows[i], want[i])
		}
	}
	for _, advice := range []string{"good: JSON schemas work: set strict_schemas: true", "poor: Answers come whole",
		"poor: The model did not call the tool", "poor: models.router (tiny) does not follow",
		"poor: JSON schemas do not work: set strict_schemas: false", "refusing: The key is refused (status 401)"} {
		if !strings.Contains(out.String(), advice) {
			t.Errorf("no advice %q in %s", advice, out)
		}
	}
	for _, progress := range []string{"Asking good (openai, big) ...", "Asking refusing"} {
		if !strings.Contains(errs.String(), progress) {
			t.Errorf("no progress %q in %s", progress, errs)
		}
	}
	if text := out.String() + errs.String(); strings.Contains(text, "sk-") || strings.Contains(text, llmtest.Secret) {
		t.Errorf("a key or the provider's words are printed: %s", text)
	}
	if got := good.Requests()[0].Header.Get("Authorization"); got != "Bearer sk-of-a-variable" {
		t.Errorf("Authorization %q", got)
	}
}

func TestModelsCheckWithoutAProviderNamesTheVariables(t *testing.T) {
	t.Parallel()
	env, out, errs := testEnvironment(nil)
	if code := execute(t.Context(), env, []string{"models", "check"}); code != exitOK {
		t.Errorf("exit code %d: %s", code, errs)
	}
	if !strings.Contains(out.String(), "LLM_PROVIDERS_FILE") {
		t.Errorf("printed %s", out)
	}
}

// TestWrongProvidersStopEveryCommand has several faults, which each command prints with their lines.
func TestWrongProvidersStopEveryCommand(t *testing.T) {
	t.Attr("case", "L04")
	t.Parallel()
	path := writeProviders(t, "providers:\n  - {name: a, kind: x, models: {agent: m}}\n"+
		"  - {name: a, kind: anthropic, api_key_file: none, models: {}}\n")
	for _, args := range [][]string{{"models", "check"}, {"config", "check"}, {"serve"}} {
		env, out, errs := testEnvironment(map[string]string{"LLM_PROVIDERS_FILE": path, "ADDR": "127.0.0.1:0",
			"ADIUVA_DATA_DIR": filepath.Join(t.TempDir(), "data")})
		if code := execute(t.Context(), env, args); code != exitConfig {
			t.Errorf("%v: exit code %d", args, code)
		}
		for _, want := range []string{":2: kind is not known", ":3: name is that of", ":3: api_key_file cannot be read",
			":3: models has no agent"} {
			if !strings.Contains(errs.String(), path+want) {
				t.Errorf("%v: no %q in %s", args, want, errs)
			}
		}
		if strings.Contains(out.String(), "postgres") {
			t.Errorf("%v started something: %s", args, out)
		}
	}
}

func TestProvidersFileStandsInPlaceOfItsVariables(t *testing.T) {
	t.Parallel()
	path := writeProviders(t, "providers:\n  - {name: a, kind: ollama, models: {agent: m}}\n")
	for _, name := range []string{"OPENAI_API_KEY", "OPENAI_BASE_URL", "LLM_MODEL", "LLM_MAX_TOKENS"} {
		env, _, errs := testEnvironment(map[string]string{"LLM_PROVIDERS_FILE": path, name: "http://x.example"})
		if code := execute(t.Context(), env, []string{"config", "check"}); code != exitConfig ||
			!strings.Contains(errs.String(), "LLM_PROVIDERS_FILE and "+name+" are both set: keep one of them") {
			t.Errorf("%s: exit code %d, %s", name, code, errs)
		}
	}
	plain := writeProviders(t, "providers:\n"+
		"  - {name: a, kind: openai, base_url: http://models.example.com/v1, models: {agent: m}}\n")
	env, _, errs := testEnvironment(map[string]string{"ENV": "prod", "LLM_PROVIDERS_FILE": plain})
	if code := execute(t.Context(), env, []string{"config", "check"}); code != exitConfig ||
		strings.Contains(errs.String(), "OPENAI_API_KEY") {
		t.Errorf("prod: exit code %d, %s", code, errs)
	}
}
