package config_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/adiuva/cloud-api/internal/config"
)

const long = "0123456789abcdef0123456789abcdef"

type env map[string]string

func (e env) get(name string) string { return e[name] }

func (e env) with(pairs ...string) env {
	c := env{}
	for k, v := range e {
		c[k] = v
	}
	for i := 0; i < len(pairs); i += 2 {
		c[pairs[i]] = pairs[i+1]
	}
	return c
}

func noFile(string) ([]byte, error) { return nil, fs.ErrNotExist }

// production returns the smallest environment that ENV=prod accepts.
func production() env {
	return env{
		"ENV":                   "prod",
		"DATABASE_URL":          "postgres://a:b@db/adiuva",
		"REDIS_URL":             "redis://cache:6379/0",
		"JWT_SECRET":            "jwt-" + long,
		"PASSWORD_PEPPER":       "pepper-" + long,
		"SECRETS_KEY":           "secrets-" + long,
		"SMTP_URL":              "smtp://user:secret@smtp.example.com:587",
		"MAIL_FROM":             "Adiuva <no-reply@example.com>",
		"PUBLIC_URL":            "https://api.example.com",
		"OPENAI_API_KEY":        "sk-1",
		"S3_BUCKET":             "blobs",
		"STRIPE_SECRET_KEY":     "sk_live_1",
		"STRIPE_WEBHOOK_SECRET": "whsec_" + long,
		"STRIPE_PRICE_PRO":      "price_1",
		"STRIPE_PRICE_POWER":    "price_2",
		"STRIPE_PRICE_TEAM":     "price_3",
		"BILLING_SUCCESS_URL":   "https://adiuva.test/ok",
		"BILLING_CANCEL_URL":    "https://adiuva.test/no",
	}
}

func TestLoadInDevNeedsNoVariables(t *testing.T) {
	t.Parallel()
	c, err := config.Load(env{}.get, noFile)
	if err != nil {
		t.Fatal(err)
	}
	got := []any{c.Env, c.Addr, c.AdminAddr, c.JWTAlgorithm, c.JWTAccessTTL, c.JWTRefreshTTL, c.LLMRouterModel,
		c.CORSOrigins, c.Limited(), c.WSPingInterval, c.ShutdownGrace, c.LogLevel, c.BackupRedirect}
	want := []any{"dev", "127.0.0.1:8080", "", "HS256", 15 * time.Minute, 720 * time.Hour, "gpt-4o-mini",
		[]string{"app://adiuva", "http://localhost:*"}, true, 30 * time.Second, 10 * time.Second, slog.LevelInfo, false}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	var missing []string
	for _, e := range c.Embedded() {
		missing = append(missing, e.Variable)
	}
	wantMissing := []string{"DATABASE_URL", "REDIS_URL", "JWT_SECRET", "PASSWORD_PEPPER", "SECRETS_KEY",
		"OPENAI_API_KEY", "S3_BUCKET",
		"STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET", "BILLING_SUCCESS_URL", "BILLING_CANCEL_URL",
		"SMTP_URL", "PUBLIC_URL"}
	if d := cmp.Diff(wantMissing, missing); d != "" {
		t.Error(d)
	}
}

func TestLoadInProdUsesProdDefaults(t *testing.T) {
	t.Parallel()
	c, err := config.Load(production().get, noFile)
	if err != nil {
		t.Fatal(err)
	}
	if c.Addr != ":8080" || len(c.Embedded()) != 0 || !cmp.Equal(c.CORSOrigins, []string{"app://adiuva"}) {
		t.Errorf("Addr %q, embedded %v, origins %v", c.Addr, c.Embedded(), c.CORSOrigins)
	}
}

func TestLoadReportsEveryMissingVariable(t *testing.T) {
	t.Parallel()
	_, err := config.Load(env{"ENV": "prod"}.get, noFile)
	if err == nil {
		t.Fatal("an empty production environment was accepted")
	}
	for name := range production() {
		if name != "ENV" && !strings.Contains(err.Error(), name+" is missing") {
			t.Errorf("%s is not named in:\n%v", name, err)
		}
	}
}

func TestLoadRejectsInvalidValues(t *testing.T) {
	t.Attr("case", "C27")
	t.Parallel()
	rows := []struct{ name, value, dev, prod string }{
		{"ENV", "staging", "ENV is wrong", "ENV is wrong"},
		{"ADDR", "not-an-address", "ADDR is wrong", "ADDR is wrong"},
		{"ADDR", "host:99999999", "ADDR is wrong", "ADDR is wrong"},
		{"DEV_STRIPE_ADDR", "12111", "DEV_STRIPE_ADDR is wrong", "DEV_STRIPE_ADDR is wrong"},
		{"LOG_LEVEL", "INFO+3xyz", "LOG_LEVEL is wrong", "LOG_LEVEL is wrong"},
		{"DATABASE_URL", "mysql://secretvalue", "DATABASE_URL is wrong", "DATABASE_URL is wrong"},
		{"REDIS_URL", "secretvalue:6379", "REDIS_URL is wrong", "REDIS_URL is wrong"},
		{"JWT_ALGORITHM", "none", "JWT_ALGORITHM is wrong", "JWT_ALGORITHM is wrong"},
		{"JWT_ACCESS_TTL", "15", "JWT_ACCESS_TTL is wrong", "JWT_ACCESS_TTL is wrong"},
		{"JWT_REFRESH_TTL", "-1h", "JWT_REFRESH_TTL is wrong", "JWT_REFRESH_TTL is wrong"},
		{"JWT_SECRET", "short-secret", "", "JWT_SECRET is too short"},
		{"JWT_PREVIOUS_SECRETS", long + ",short-secret", "", "JWT_PREVIOUS_SECRETS is too short"},
		{"PASSWORD_PEPPER", "short-secret", "", "PASSWORD_PEPPER is too short"},
		{"SECRETS_KEY", "short-secret", "", "SECRETS_KEY is too short"},
		{"SECRETS_KEY", "jwt-" + long, "", "SECRETS_KEY is the same as JWT_SECRET or PASSWORD_PEPPER"},
		{"SMTP_URL", "mail.example.com:587", "SMTP_URL is wrong", "SMTP_URL is wrong"},
		{"MAIL_FROM", "nobody", "MAIL_FROM is wrong", "MAIL_FROM is wrong"},
		{"PUBLIC_URL", "http://api.example.com", "", "PUBLIC_URL sends"},
		{"DEV_MAIL_ADDR", "12111", "DEV_MAIL_ADDR is wrong", "DEV_MAIL_ADDR is wrong"},
		{"SECRETS_PREVIOUS_KEYS", "short-secret", "", "SECRETS_PREVIOUS_KEYS is too short"},
		{"PASSWORD_PEPPER", "jwt-" + long, "", "PASSWORD_PEPPER is the same as JWT_SECRET"},
		{"STRIPE_PRICE_PRO", "price_9, price_8", "", ""},
		{"STRIPE_PRICE_PRO", ",", "STRIPE_PRICE_PRO is wrong", "STRIPE_PRICE_PRO is wrong"},
		{"STRIPE_PRICE_POWER", "price_9,price_pro,price_1", "STRIPE_PRICE_POWER names", "STRIPE_PRICE_POWER names"},
		{"PASSWORD_PREVIOUS_PEPPERS", long + ",short-secret", "", "PASSWORD_PREVIOUS_PEPPERS is too short"},
		{"PASSWORD_PREVIOUS_PEPPERS", "old-" + long + ",pepper-" + long, "",
			"PASSWORD_PREVIOUS_PEPPERS has the current"},
		{"PASSWORD_PREVIOUS_PEPPERS", strings.Join([]string{"a" + long, "b" + long, "c" + long, "d" + long}, ","),
			"PASSWORD_PREVIOUS_PEPPERS has more than 3", "PASSWORD_PREVIOUS_PEPPERS has more than 3"},
		{"STRIPE_WEBHOOK_SECRET", "whsec_short", "", "STRIPE_WEBHOOK_SECRET is too short"},
		{"JWT_SECRET", "change-me-to-at-least-32-random-bytes", "", "JWT_SECRET is an example value"},
		{"DATABASE_URL", "postgres://adiuva:change-me@localhost:5432/adiuva", "", "DATABASE_URL is an example value"},
		{"REDIS_URL", "redis://:change-me@localhost:6379/0", "", "REDIS_URL is an example value"},
		{"OPENAI_API_KEY", "sk-change-me", "", "OPENAI_API_KEY is an example value"},
		{"LLM_MAX_TOKENS", "100", "LLM_MAX_TOKENS is wrong", "LLM_MAX_TOKENS is wrong"},
		{"BCRYPT_COST", "many", "BCRYPT_COST is wrong", "BCRYPT_COST is wrong"},
		{"BCRYPT_COST", "3", "BCRYPT_COST is wrong", "BCRYPT_COST is wrong"},
		{"BCRYPT_COST", "17", "BCRYPT_COST is wrong", "BCRYPT_COST is wrong"},
		{"BCRYPT_COST", "4", "", "BCRYPT_COST is too low"},
		{"OPENAI_BASE_URL", "api.openai.com/v1", "OPENAI_BASE_URL is wrong", "OPENAI_BASE_URL is wrong"},
		{"OPENAI_BASE_URL", "https://user:pw@host/v1", "OPENAI_BASE_URL is wrong", "OPENAI_BASE_URL is wrong"},
		{"AWS_ACCESS_KEY_ID", "AKIA1", "AWS_SECRET_ACCESS_KEY is missing", "AWS_SECRET_ACCESS_KEY is missing"},
		{"AWS_SECRET_ACCESS_KEY", "secretvalue", "AWS_ACCESS_KEY_ID is missing", "AWS_ACCESS_KEY_ID is missing"},
		{"CORS_ORIGINS", "*", "CORS_ORIGINS is wrong", "CORS_ORIGINS is wrong"},
		{"CORS_ORIGINS", "null", "CORS_ORIGINS is wrong", "CORS_ORIGINS is wrong"},
		{"CORS_ORIGINS", "https://a.test/", "CORS_ORIGINS is wrong", "CORS_ORIGINS is wrong"},
		{"CORS_ORIGINS", "https://*.a.test", "CORS_ORIGINS is wrong", "CORS_ORIGINS is wrong"},
		{"CORS_ORIGINS", "http://localhost:*", "", "CORS_ORIGINS is wrong"},
		{"TRUSTED_PROXIES", "10.0.0.0/8,everyone", "TRUSTED_PROXIES is wrong", "TRUSTED_PROXIES is wrong"},
		{"RATE_LIMITS", "maybe", "RATE_LIMITS is wrong", "RATE_LIMITS is wrong"},
		{"RATE_LIMITS", "off", "", "RATE_LIMITS is off"},
		{"BACKUP_REDIRECT", "perhaps", "BACKUP_REDIRECT is wrong", "BACKUP_REDIRECT is wrong"},
	}
	for _, row := range rows {
		for base, want := range map[string]string{"dev": row.dev, "prod": row.prod} {
			t.Run(fmt.Sprintf("%s=%.12q/%s", row.name, row.value, base), func(t *testing.T) {
				t.Parallel()
				e := env{}
				if base == "prod" {
					e = production()
				}
				_, err := config.Load(e.with(row.name, row.value).get, noFile)
				switch {
				case want == "" && err != nil:
					t.Errorf("rejected: %v", err)
				case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
					t.Errorf("got %v, want %q", err, want)
				case err != nil && len(row.value) > 8 && strings.Contains(err.Error(), row.value):
					t.Errorf("the error shows the value: %v", err)
				case err != nil && strings.Count(err.Error(), "\n") > 0:
					t.Errorf("one fault was reported more than once: %v", err)
				}
			})
		}
	}
}

func TestLoadParsesLists(t *testing.T) {
	t.Parallel()
	c, err := config.Load(env{
		"TRUSTED_PROXIES":      "10.1.2.3/8, 127.0.0.1,::1",
		"CORS_ORIGINS":         "app://adiuva, https://a.test:8443",
		"JWT_PREVIOUS_SECRETS": "one,two",
		"LOG_LEVEL":            "DEBUG",
	}.get, noFile)
	if err != nil {
		t.Fatal(err)
	}
	want := []netip.Prefix{
		netip.MustParsePrefix("10.0.0.0/8"),
		netip.MustParsePrefix("127.0.0.1/32"),
		netip.MustParsePrefix("::1/128"),
	}
	if fmt.Sprint(want) != fmt.Sprint(c.TrustedProxies) {
		t.Errorf("proxies %v", c.TrustedProxies)
	}
	if !cmp.Equal(c.CORSOrigins, []string{"app://adiuva", "https://a.test:8443"}) || c.LogLevel != slog.LevelDebug {
		t.Errorf("origins %v, level %v", c.CORSOrigins, c.LogLevel)
	}
	if got := config.Reveal(c.JWTPreviousSecrets); !cmp.Equal(got, []string{"one", "two"}) {
		t.Errorf("previous %v", got)
	}
}

func TestLoadReadsSecretsFromFiles(t *testing.T) {
	t.Parallel()
	files := func(path string) ([]byte, error) {
		switch path {
		case "/jwt":
			return []byte(" with spaces \n"), nil
		case "/empty":
			return []byte("\n"), nil
		}
		return nil, errors.New("no such file " + path)
	}
	c, err := config.Load(env{"JWT_SECRET_FILE": "/jwt"}.get, files)
	if err != nil || c.JWTSecret.Reveal() != " with spaces " {
		t.Errorf("%q, %v", c.JWTSecret.Reveal(), err)
	}
	_, err = config.Load(env{
		"JWT_SECRET_FILE":      "/jwt",
		"JWT_SECRET":           "x",
		"OPENAI_API_KEY_FILE":  "/nowhere",
		"PASSWORD_PEPPER_FILE": "/empty",
	}.get, files)
	for _, want := range []string{
		"JWT_SECRET and JWT_SECRET_FILE are both set",
		"OPENAI_API_KEY_FILE names a file that cannot be read",
		"PASSWORD_PEPPER_FILE names an empty file",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %v", want, err)
		}
	}
	if strings.Contains(fmt.Sprint(err), "/nowhere") {
		t.Errorf("the error shows the path: %v", err)
	}
}

func TestSecretsAreNeverPrinted(t *testing.T) {
	t.Attr("case", "C27")
	t.Parallel()
	e := production()
	e["AWS_ACCESS_KEY_ID"] = "AKIA" + long
	e["AWS_SECRET_ACCESS_KEY"] = "aws-" + long
	e["JWT_PREVIOUS_SECRETS"] = "old-" + long
	c, err := config.Load(e.get, noFile)
	if err != nil {
		t.Fatal(err)
	}
	var printed, logged bytes.Buffer
	if err := c.Print(&printed); err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewJSONHandler(&logged, nil))
	log.Info("config", "config", c, "secret", c.JWTSecret, "list", c.StripeWebhookSecrets)
	asJSON, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	formatted := fmt.Sprintf("%v %+v %#v %s %q", c, c, c, c.JWTSecret, c.JWTSecret)
	all := printed.String() + logged.String() + string(asJSON) + formatted
	for _, secret := range []string{long, "postgres://a", "redis://cache", "sk-1", "sk_live_1"} {
		if strings.Contains(all, secret) {
			t.Errorf("%q was printed", secret)
		}
	}
	for _, line := range []string{
		"JWT_SECRET=[set]\n", "S3_ENDPOINT=\n", "ADDR=:8080\n",
		"JWT_ACCESS_TTL=15m0s\n", "STRIPE_WEBHOOK_SECRET=[set]\n", "LOG_LEVEL=info\n",
	} {
		if !strings.Contains(printed.String(), line) {
			t.Errorf("%q is not printed in\n%s", line, printed.String())
		}
	}
}

func TestDevSecretsAreGeneratedOnce(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	var all [8]config.Secrets
	var wait sync.WaitGroup
	for i := range all {
		wait.Go(func() {
			s, err := config.DevSecrets(dir)
			if err != nil {
				t.Error(err)
			}
			all[i] = s
		})
	}
	wait.Wait()
	for _, s := range all {
		if s != all[0] {
			t.Fatal("two callers got different secrets")
		}
	}
	s := all[0]
	if s.JWT == s.Pepper || len(s.JWT.Reveal()) < 32 || !strings.HasPrefix(s.StripeWebhook.Reveal(), "whsec_") {
		t.Error("the secrets are too short or not different")
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Fatalf("%v, %v", entries, err)
	}
	if info, err := entries[0].Info(); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	c, err := config.Config{Env: config.Dev, DataDir: dir, JWTSecret: config.NewSecret("mine")}.WithDevSecrets()
	if err != nil {
		t.Fatal(err)
	}
	if c.JWTSecret.Reveal() != "mine" || c.PasswordPepper != s.Pepper || c.StripeWebhookSecrets[0] != s.StripeWebhook {
		t.Error("WithDevSecrets replaced a given secret or did not fill in a missing one")
	}
	if err := os.WriteFile(filepath.Join(dir, entries[0].Name()), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := config.DevSecrets(dir); err == nil {
		t.Error("a damaged file was accepted")
	}
}

var update = flag.Bool("update", false, "write .env.example and the README's table")

func TestDrift(t *testing.T) {
	t.Parallel()
	const begin, end = "<!-- variables: begin -->\n", "<!-- variables: end -->"
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(readme), begin)
	table, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatal("README.md has no markers around its table of variables")
	}
	if *update {
		write(t, "../../.env.example", config.Example())
		write(t, "../../README.md", before+begin+config.Table()+end+after)
		return
	}
	if d := cmp.Diff(config.Table(), table); d != "" {
		t.Errorf("README.md is stale, run make generate:\n%s", d)
	}
	example, err := os.ReadFile("../../.env.example")
	if d := cmp.Diff(config.Example(), string(example)); err != nil || d != "" {
		t.Errorf(".env.example is stale, run make generate: %v\n%s", err, d)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
