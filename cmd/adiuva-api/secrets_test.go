package main

import (
	"maps"
	"strings"
	"testing"
)

// TestFailedStartPrintsNoSecrets starts serve with recognisable secrets and one mistake each time.
func TestFailedStartPrintsNoSecrets(t *testing.T) {
	t.Attr("case", "C136")
	t.Parallel()
	marked := map[string]string{
		"ENV": "prod", "ADDR": "127.0.0.1:0", "LOG_LEVEL": "debug", "RATE_LIMITS": "on",
		"DATABASE_URL":      "postgres://MARKuser:MARKpassword@127.0.0.1:1/MARKdatabase",
		"REDIS_URL":         "redis://:MARKredis@127.0.0.1:1/0",
		"JWT_SECRET":        "MARKjwt" + strings.Repeat("s", 32),
		"PASSWORD_PEPPER":   "MARKpepper" + strings.Repeat("p", 32),
		"SECRETS_KEY":       "MARKkey" + strings.Repeat("k", 32),
		"OPENAI_API_KEY":    "sk-MARKopenai",
		"S3_BUCKET":         "backups",
		"S3_ENDPOINT":       "http://127.0.0.1:1",
		"AWS_ACCESS_KEY_ID": "MARKaws", "AWS_SECRET_ACCESS_KEY": "MARKawssecret",
		"STRIPE_SECRET_KEY": "sk_live_MARKstripe", "STRIPE_WEBHOOK_SECRET": "whsec_MARKwebhook",
		"STRIPE_API_BASE":  "http://127.0.0.1:1",
		"STRIPE_PRICE_PRO": "price_1", "STRIPE_PRICE_POWER": "price_2", "STRIPE_PRICE_TEAM": "price_3",
		"BILLING_SUCCESS_URL": "https://example.com/ok", "BILLING_CANCEL_URL": "https://example.com/no",
	}
	for name, change := range map[string]map[string]string{
		"database away":     {},
		"invalid DSN":       {"DATABASE_URL": "postgres://MARKuser:MARKpassword@[::1/MARKdatabase"},
		"unknown scheme":    {"DATABASE_URL": "MARKscheme://MARKuser:MARKpassword@127.0.0.1/MARKdatabase"},
		"invalid Redis URL": {"REDIS_URL": "MARKscheme://:MARKredis@x"},
		"short secrets":     {"JWT_SECRET": "MARKshort", "PASSWORD_PEPPER": "MARKshort"},
		"several mistakes": {"JWT_ACCESS_TTL": "MARKttl", "BCRYPT_COST": "MARKcost", "CORS_ORIGINS": "MARKorigin",
			"TRUSTED_PROXIES": "MARKproxy", "S3_ENDPOINT": "MARKendpoint"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			vars := maps.Clone(marked)
			maps.Copy(vars, change)
			vars["ADIUVA_DATA_DIR"] = dataDir(t)
			env, out, errs := testEnvironment(vars)
			if code := execute(t.Context(), env, []string{"serve"}); code == exitOK {
				t.Error("serve started")
			}
			printed := out.String() + errs.String()
			if strings.Contains(printed, "MARK") {
				t.Errorf("a secret was printed: %s", printed)
			}
			if printed == "" {
				t.Error("nothing was printed")
			}
		})
	}
}
