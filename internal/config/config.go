// Package config is the environment, read once at the start. Load turns the variables into one Config, with defaults,
// and reports everything that is missing or wrong in one error that names each variable and never shows a value. The
// struct's tags are the documentation too: .env.example, the README's table and "config print" are made from them. No
// other package reads the environment.
package config

import (
	"log/slog"
	"net/netip"
	"time"
)

// The values of ENV.
const (
	Dev  = "dev"
	Prod = "prod"
)

// Config is how one process runs. Tags: env is the variable; default applies when it is empty (prod-default where
// production differs); prod:"required" refuses to start without it; embedded says what takes its place in dev; example
// is shown in .env.example and refused in production for secrets; min is the smallest length of a secret in production.
type Config struct {
	Env       string     `env:"ENV" default:"dev" oneof:"dev prod" desc:"dev fills what is missing with embedded defaults; prod refuses to start on any of them"`
	Addr      string     `env:"ADDR" default:"127.0.0.1:8080" prod-default:":8080" desc:"address of the API's listener"`
	AdminAddr string     `env:"ADMIN_ADDR" example:"127.0.0.1:9090" desc:"address of the listener for /metrics; empty means no such listener"`
	DataDir   string     `env:"ADIUVA_DATA_DIR" default:".adiuva" desc:"folder of the embedded database, blobs and development secrets"`
	LogLevel  slog.Level `env:"LOG_LEVEL" default:"info" desc:"debug, info, warn or error"`

	DatabaseURL Secret `env:"DATABASE_URL" prod:"required" embedded:"a PostgreSQL of our own under the data directory" example:"postgres://adiuva:change-me@localhost:5432/adiuva" desc:"PostgreSQL with accounts, billing and backup metadata"`
	RedisURL    Secret `env:"REDIS_URL" prod:"required" embedded:"rate limits in this process's memory" example:"redis://:change-me@localhost:6379/0" desc:"Redis that lets replicas share rate limits"`

	JWTSecret          Secret        `env:"JWT_SECRET" prod:"required" min:"32" embedded:"a secret made once and kept in the data directory" example:"change-me-to-at-least-32-random-bytes" desc:"signs access tokens; its raw bytes are the key"`
	JWTAlgorithm       string        `env:"JWT_ALGORITHM" default:"HS256" oneof:"HS256 HS384 HS512" desc:"the one algorithm of access tokens"`
	JWTPreviousSecrets []Secret      `env:"JWT_PREVIOUS_SECRETS" min:"32" desc:"comma-separated secrets still accepted while JWT_SECRET is rolled"`
	JWTAccessTTL       time.Duration `env:"JWT_ACCESS_TTL" default:"15m" desc:"life of an access token"`
	JWTRefreshTTL      time.Duration `env:"JWT_REFRESH_TTL" default:"720h" desc:"life of a refresh token"`
	PasswordPepper     Secret        `env:"PASSWORD_PEPPER" prod:"required" min:"32" embedded:"a secret made once and kept in the data directory" example:"change-me-to-32-other-random-bytes-or-more" desc:"keyed into every password hash; changing it invalidates all passwords"`
	BcryptCost         int           `env:"BCRYPT_COST" default:"10" desc:"cost of password hashes, 4 to 16, at least 10 in prod; raising it re-hashes at the next login"`

	OpenAIAPIKey         Secret        `env:"OPENAI_API_KEY" prod:"required" embedded:"the offline demonstration model" example:"sk-change-me" desc:"key of the OpenAI-compatible API"`
	OpenAIBaseURL        string        `env:"OPENAI_BASE_URL" default:"https://api.openai.com/v1" kind:"url" desc:"where that API is"`
	LLMModel             string        `env:"LLM_MODEL" default:"gpt-4o-mini" desc:"model that agents think with"`
	LLMRouterModel       string        `env:"LLM_ROUTER_MODEL" default:"gpt-4o-mini" desc:"small model that picks the agent"`
	LLMFirstTokenTimeout time.Duration `env:"LLM_FIRST_TOKEN_TIMEOUT" default:"20s" desc:"longest wait for an answer's first token"`
	LLMIdleTimeout       time.Duration `env:"LLM_IDLE_TIMEOUT" default:"20s" desc:"longest wait between two tokens"`
	LLMTimeout           time.Duration `env:"LLM_TIMEOUT" default:"120s" desc:"longest wait for an answer's end"`
	AgentsDir            string        `env:"AGENTS_DIR" example:"/etc/adiuva/agents" desc:"folder of YAML manifests with further agents"`

	S3Bucket           string `env:"S3_BUCKET" prod:"required" embedded:"backup blobs on disk in the data directory" example:"adiuva-backups" desc:"bucket that keeps backup blobs"`
	S3Region           string `env:"S3_REGION" default:"us-east-1" desc:"region of the bucket"`
	S3Endpoint         string `env:"S3_ENDPOINT" kind:"url" example:"http://localhost:7070" desc:"S3-compatible server; empty means AWS"`
	AWSAccessKeyID     Secret `env:"AWS_ACCESS_KEY_ID" example:"change-me" desc:"key pair for S3; empty means the machine's role"`
	AWSSecretAccessKey Secret `env:"AWS_SECRET_ACCESS_KEY" example:"change-me" desc:"secret half of that pair"`
	BackupRedirect     bool   `env:"BACKUP_REDIRECT" default:"false" desc:"true hands downloads to presigned S3 URLs"`

	StripeSecretKey      Secret   `env:"STRIPE_SECRET_KEY" prod:"required" embedded:"a local Stripe stand-in with a checkout page" example:"sk_test_change-me" desc:"key of the Stripe API"`
	StripeWebhookSecrets []Secret `env:"STRIPE_WEBHOOK_SECRET" prod:"required" min:"32" embedded:"a secret made once and kept in the data directory" example:"whsec_change-me-to-the-secret-of-your-endpoint" desc:"signing secret of the webhook endpoint; several, comma-separated, while it is rolled"`
	StripeAPIBase        string   `env:"STRIPE_API_BASE" kind:"url" example:"http://localhost:12111" desc:"another server in Stripe's place, for tests"`
	DevStripeAddr        string   `env:"DEV_STRIPE_ADDR" default:"127.0.0.1:0" desc:"address of the local Stripe stand-in's listener; a fixed port makes its checkout page reachable from outside a container"`
	StripePricePro       string   `env:"STRIPE_PRICE_PRO" default:"price_pro" prod:"required" desc:"Stripe's price id of Pro"`
	StripePricePower     string   `env:"STRIPE_PRICE_POWER" default:"price_power" prod:"required" desc:"Stripe's price id of Power"`
	StripePriceTeam      string   `env:"STRIPE_PRICE_TEAM" default:"price_team" prod:"required" desc:"Stripe's price id of a Team seat"`
	BillingSuccessURL    string   `env:"BILLING_SUCCESS_URL" prod:"required" kind:"url" embedded:"our own page on ADDR" example:"https://api.example.com/billing/success" desc:"where Stripe sends people who paid"`
	BillingCancelURL     string   `env:"BILLING_CANCEL_URL" prod:"required" kind:"url" embedded:"our own page on ADDR" example:"https://api.example.com/billing/cancel" desc:"where Stripe sends people who did not"`

	CORSOrigins    []string       `env:"CORS_ORIGINS" default:"app://adiuva,http://localhost:*" prod-default:"app://adiuva" desc:"comma-separated origins that browsers may call from, exact; only in dev may a port be *"`
	TrustedProxies []netip.Prefix `env:"TRUSTED_PROXIES" example:"10.0.0.0/8" desc:"comma-separated addresses or CIDRs whose X-Forwarded-For is believed"`
	RateLimits     string         `env:"RATE_LIMITS" default:"on" oneof:"on off" desc:"off is for load tests in dev; prod refuses it"`

	WSPingInterval time.Duration `env:"WS_PING_INTERVAL" default:"30s" desc:"how often the chat stream pings"`
	ShutdownDelay  time.Duration `env:"SHUTDOWN_DELAY" prod-default:"5s" example:"5s" desc:"how long new requests are still answered after SIGTERM while /readyz says draining, so that balancers turn away first; empty in dev means not at all"`
	ShutdownGrace  time.Duration `env:"SHUTDOWN_GRACE" default:"10s" desc:"how long running answers get after SIGTERM"`
}

// Load reads every variable through getenv and returns the whole configuration, or one error that joins every fault, a
// sentence each, naming the variable and the remedy and never its value. A secret may come from a file: NAME_FILE
// names it, readFile (os.ReadFile) reads it and one trailing line break is dropped. An empty variable counts as missing.
func Load(getenv func(string) string, readFile func(string) ([]byte, error)) (Config, error) {
	var c Config
	r := reader{getenv: getenv, readFile: readFile, prod: getenv("ENV") == Prod, given: map[string]bool{}}
	for _, f := range fields(&c) {
		r.read(f)
	}
	r.faults = append(r.faults, c.check(r.given)...)
	if err := join(r.faults); err != nil {
		return Config{}, err
	}
	return c, nil
}

// IsProd reports whether the process runs in production.
func (c Config) IsProd() bool { return c.Env == Prod }

// Limited reports whether rate limits are on.
func (c Config) Limited() bool { return c.RateLimits != "off" }

// Embedded is one default that takes the place of a missing variable in dev.
type Embedded struct {
	Variable string // e.g. "DATABASE_URL"
	Instead  string // e.g. "a PostgreSQL of our own under the data directory"
}

// Embedded returns the embedded defaults in use, in the order of the struct, for the start-up banner. It is empty in
// production. Ask before WithDevSecrets fills the secrets.
func (c Config) Embedded() []Embedded {
	var list []Embedded
	for _, f := range fields(&c) {
		if f.embedded != "" && f.value.IsZero() {
			list = append(list, Embedded{Variable: f.name, Instead: f.embedded})
		}
	}
	return list
}
