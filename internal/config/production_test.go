package config_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/config"
)

// verdict is what production says to a value.
type verdict string

const (
	accepted verdict = "accepted"
	warned   verdict = "warned"
	refused  verdict = "refused"
)

// judge loads a safe production configuration with these variables changed. It returns the verdict and its text.
func judge(t *testing.T, pairs ...string) (verdict, string) {
	t.Helper()
	safe := production().with("DATABASE_URL", "postgres://a:b@db.example.com/adiuva?sslmode=verify-full",
		"REDIS_URL", "rediss://cache.example.com:6379/0")
	c, err := config.Load(safe.with(pairs...).get, noFile)
	switch warnings := c.Warnings(); {
	case err != nil:
		return refused, err.Error()
	case len(warnings) > 0:
		return warned, strings.Join(warnings, "\n")
	}
	return accepted, ""
}

func TestProductionRefusesUnsafeValues(t *testing.T) {
	t.Attr("case", "S14")
	t.Parallel()
	const database = "postgres://user:word@"
	for _, c := range []struct {
		name, value string
		want        verdict
	}{
		{"DATABASE_URL", database + "db.example.com/adiuva?sslmode=disable", refused},
		{"DATABASE_URL", database + "10.1.2.3/adiuva?sslmode=disable", refused},
		{"DATABASE_URL", database + "127.0.0.1,db.example.com/adiuva?sslmode=disable", refused},
		{"DATABASE_URL", database + "/adiuva?host=db.example.com&sslmode=disable", refused},
		{"DATABASE_URL", database + "db.example.com/adiuva?sslmode=allow", warned},
		{"DATABASE_URL", database + "db.example.com/adiuva?sslmode=prefer", warned},
		{"DATABASE_URL", database + "db.example.com/adiuva", warned},
		{"DATABASE_URL", database + "db.example.com/adiuva?sslmode=require", accepted},
		{"DATABASE_URL", database + "localhost:5432/adiuva?sslmode=disable", accepted},
		{"DATABASE_URL", database + "[::1]:5432/adiuva?sslmode=disable", accepted},
		{"DATABASE_URL", database + "/adiuva?host=/var/run/postgresql&sslmode=disable", accepted},
		{"REDIS_URL", "redis://:word@cache.example.com:6379/0", refused},
		{"REDIS_URL", "redis://:word@203.0.113.7:6379/0", refused},
		{"REDIS_URL", "redis://:word@cache:6379/0", warned},
		{"REDIS_URL", "redis://:word@10.1.2.3:6379/0", warned},
		{"REDIS_URL", "redis://:word@127.0.0.1:6379/0", accepted},
		{"REDIS_URL", "rediss://:word@cache:6379/0?skip_verify=true", warned},
		{"REDIS_URL", "rediss://:word@cache:6379/0?skip_verify=1", warned},
		{"REDIS_URL", "rediss://:word@cache:6379/0?skip_verify=false&skip_verify=true", warned},
		{"REDIS_URL", "rediss://:word@cache:6379/0?skip_verify=false", accepted},
		{"OPENAI_BASE_URL", "http://models.example.com/v1", refused},
		{"OPENAI_BASE_URL", "HTTP://203.0.113.7:8000/v1", refused},
		{"OPENAI_BASE_URL", "http://vllm.models.svc:8000/v1", warned},
		{"OPENAI_BASE_URL", "http://[fd00::7]:8000/v1", warned},
		{"OPENAI_BASE_URL", "http://[fe80::7%25eth0]:8000/v1", warned},
		{"OPENAI_BASE_URL", "http://[2001:db8::7]:8000/v1", refused},
		{"OPENAI_BASE_URL", "http://localhost:8000/v1", accepted},
		{"S3_ENDPOINT", "http://s3.example.com", refused},
		{"S3_ENDPOINT", "http://minio:9000", warned},
		{"S3_ENDPOINT", "http://127.0.0.1:7070", accepted},
		{"S3_ENDPOINT", "https://s3.example.com", accepted},
		{"BILLING_SUCCESS_URL", "http://app.example.com/ok", refused},
		{"STRIPE_SECRET_KEY", "sk_test_1", warned},
		{"STRIPE_SECRET_KEY", "rk_test_1", warned},
		{"STRIPE_SECRET_KEY", "rk_live_1", accepted},
		{"STRIPE_API_BASE", "https://stripe.example.com", refused},
		{"STRIPE_API_BASE", "http://stripe-mock:12111", refused},
		{"STRIPE_API_BASE", "http://api.stripe.com", refused},
		{"STRIPE_API_BASE", "https://api.stripe.com", accepted},
		{"STRIPE_API_BASE", "http://127.0.0.1:12111", warned},
		{"JWT_ACCESS_TTL", "8760h", refused},
		{"JWT_ACCESS_TTL", "24h1s", refused},
		{"JWT_ACCESS_TTL", "24h", warned},
		{"JWT_ACCESS_TTL", "1h", accepted},
		{"JWT_REFRESH_TTL", "17520h", warned},
		{"JWT_REFRESH_TTL", "5m", warned},
		{"ADMIN_ADDR", ":9090", warned},
		{"ADMIN_ADDR", "0.0.0.0:9090", warned},
		{"ADMIN_ADDR", "[::]:9090", warned},
		{"ADMIN_ADDR", "203.0.113.7:9090", warned},
		{"ADMIN_ADDR", "10.1.2.3:9090", accepted},
		{"ADMIN_ADDR", "localhost:9090", accepted},
	} {
		got, text := judge(t, c.name, c.value)
		switch {
		case got != c.want:
			t.Errorf("%s=%s is %s, want %s: %s", c.name, c.value, got, c.want, text)
		case got != accepted && (!strings.HasPrefix(text, c.name+" ") || !strings.Contains(text, ": ")):
			t.Errorf("%s=%s: the text names no variable or no remedy: %s", c.name, c.value, text)
		case strings.Contains(text, "user:"), strings.Contains(text, "example.com"), strings.Contains(text, "203.0"),
			strings.Contains(text, "\n"):
			t.Errorf("%s=%s: the text shows the value, or is not one: %s", c.name, c.value, text)
		}
		if c, err := config.Load(env{c.name: c.value}.get, noFile); err != nil || len(c.Warnings()) > 0 {
			t.Errorf("dev: %v, %v", err, c.Warnings())
		}
	}
}

func TestProductionRefusesProxiesThatAreEverybody(t *testing.T) {
	t.Attr("case", "S14")
	t.Parallel()
	var slashEights []string // more than an eighth of all addresses
	for i := range 40 {
		slashEights = append(slashEights, fmt.Sprintf("%d.0.0.0/8", 20+i))
	}
	for value, want := range map[string]verdict{
		"0.0.0.0/0":                         refused,
		"::/0":                              refused,
		"0.0.0.0/1,128.0.0.0/1":             refused,
		"::/1, 8000::/1":                    refused,
		"2000::/3":                          refused,
		"10.0.0.0/8,64.0.0.0/2":             refused,
		"::ffff:0.0.0.0/96":                 refused,
		"10.0.0.0/7":                        refused,
		"10.0.0.0/8":                        accepted,
		"172.16.0.0/12,fdaa::/16":           accepted,
		"fc00::/7":                          accepted,
		"104.16.0.0/13,2400:cb00::/32":      accepted,
		"127.0.0.1,::1,203.0.113.7":         accepted,
		strings.Join(slashEights, ","):      refused,
		"10.0.0.0/8,192.168.0.0/16,fd00::1": accepted,
	} {
		got, text := judge(t, "TRUSTED_PROXIES", value)
		if got != want || got == refused && !strings.HasPrefix(text, "TRUSTED_PROXIES ") {
			t.Errorf("%s is %s, want %s: %s", value, got, want, text)
		}
	}
}

func TestProductionRefusesSecretsWithoutVariety(t *testing.T) {
	t.Attr("case", "S14")
	t.Parallel()
	for _, name := range []string{"JWT_SECRET", "JWT_PREVIOUS_SECRETS", "PASSWORD_PEPPER", "STRIPE_WEBHOOK_SECRET"} {
		for secret, want := range map[string]verdict{
			strings.Repeat("a", 64):                              refused,
			strings.Repeat("ab", 32):                             refused,
			strings.Repeat("12345678", 8):                        refused,
			"whsec_" + strings.Repeat("x", 40):                   refused,
			"password" + strings.Repeat("!", 40):                 refused,
			"my-jwt-secret-" + strings.Repeat("0", 18):           refused,
			"8d1f0c6a3be94725d0a1c7f2e85b6394":                   accepted,
			"4f2c1d8e-93ab-4c55-8e0d-6a7b1c2d3e4f":               accepted,
			"kJ8#vQ2!mZ5@xW9$rT3%bN7^cL1&hG4*":                   accepted,
			"9072456381163507824907215634809152":                 accepted,
			"rO0n3Yt7c1m9QwzKx5Vb2LpHs8Jd4Fg6Ua0Ei3Rk7Tn1Mc9Wq5": accepted,
		} {
			if name == "STRIPE_WEBHOOK_SECRET" {
				secret = "whsec_" + strings.TrimPrefix(secret, "whsec_")
			}
			got, text := judge(t, name, secret)
			if got != want || got == refused && (!strings.HasPrefix(text, name+" ") || strings.Contains(text, secret)) {
				t.Errorf("%s=%s is %s, want %s: %s", name, secret, got, want, text)
			}
		}
	}
}

// TestProductionReportsEverythingAtOnce has one mistake and one warning of each kind.
func TestProductionReportsEverythingAtOnce(t *testing.T) {
	t.Attr("case", "S14")
	t.Parallel()
	got, text := judge(t, "DATABASE_URL", "postgres://a:b@db/adiuva?sslmode=disable",
		"OPENAI_BASE_URL", "http://example.com", "S3_ENDPOINT", "http://example.com",
		"STRIPE_API_BASE", "https://example.com", "TRUSTED_PROXIES", "0.0.0.0/0",
		"JWT_ACCESS_TTL", "8760h", "JWT_SECRET", strings.Repeat("a", 64), "REDIS_URL", "redis://example.com")
	if got != refused || strings.Count(text, "\n") != 7 {
		t.Errorf("%s: %s", got, text)
	}
	got, text = judge(t, "DATABASE_URL", "postgres://a:b@db/adiuva", "OPENAI_BASE_URL", "http://vllm", "S3_ENDPOINT",
		"http://minio", "STRIPE_SECRET_KEY", "sk_test_1", "JWT_ACCESS_TTL", "2h", "ADMIN_ADDR", ":9090", "REDIS_URL",
		"redis://cache")
	if got != warned || strings.Count(text, "\n") != 6 {
		t.Errorf("%s: %s", got, text)
	}
}

// TestKeysOfVendorsHaveNoStrayCharacters tries what editors, quotes and files of other systems add to a key. Without
// the check, a test key with a space before it passes for a live one.
func TestKeysOfVendorsHaveNoStrayCharacters(t *testing.T) {
	t.Attr("case", "S14")
	t.Parallel()
	for name, key := range map[string]string{"OPENAI_API_KEY": "sk-live-1", "STRIPE_SECRET_KEY": "sk_test_1",
		"AWS_ACCESS_KEY_ID": "AKIA1", "AWS_SECRET_ACCESS_KEY": "abcdef"} {
		for _, value := range []string{" " + key, key + " ", key + "\r", key + "\n", "\t" + key, "\ufeff" + key,
			key[:4] + " " + key[4:], key + "\x00", `"` + key + `"`, "'" + key + "'"} {
			got, text := judge(t, "AWS_ACCESS_KEY_ID", "AKIA1", "AWS_SECRET_ACCESS_KEY", "abcdef", name, value)
			if got != refused || strings.Contains(text, key) ||
				!strings.HasPrefix(text, name+" is wrong: it has a space") {
				t.Errorf("%s=%q is %s: %s", name, value, got, text)
			}
		}
	}
}
