// Package config reads the environment, once at startup. Load returns all variables as one Config, with defaults
// applied, or one error that names everything missing or invalid and never shows a value. The struct's tags are also
// the source of .env.example, the README's table and "config print". No other package reads the environment.
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

// Config is the configuration of one process. The tags of a field are:
//
//	env              the variable's name
//	default          the value when the variable is empty; prod-default where production differs
//	prod:"required"  production does not start without it
//	embedded         what is used in dev when it is empty
//	unless           a variable in whose place this one stands: both together are a fault
//	example          shown in .env.example; rejected in production if the field is a secret
//	min              the minimum length of a secret in production, in bytes
//	oneof, kind      the allowed values, or "url" for an absolute URL
//	desc             what it is for
type Config struct {
	Env            string     `env:"ENV" default:"dev" oneof:"dev prod" desc:"dev replaces missing variables with embedded defaults; prod refuses to start without them"`
	Addr           string     `env:"ADDR" default:"127.0.0.1:8080" prod-default:":8080" desc:"address of the API's listener"`
	TracesEndpoint string     `env:"OTEL_EXPORTER_OTLP_ENDPOINT" kind:"url" example:"http://collector:4318" desc:"where traces go, by OTLP over HTTP; empty records none. The other OTEL_ variables of OpenTelemetry count as well"`
	AdminAddr      string     `env:"ADMIN_ADDR" example:"127.0.0.1:9090" desc:"address of the listener for operators: /metrics, /debug/pprof, /debug/config; empty disables it"`
	DataDir        string     `env:"ADIUVA_DATA_DIR" default:".adiuva" desc:"folder of the embedded database, blobs and development secrets"`
	LogLevel       slog.Level `env:"LOG_LEVEL" default:"info" desc:"debug, info, warn or error"`

	DatabaseURL Secret `env:"DATABASE_URL" prod:"required" embedded:"an embedded PostgreSQL in the data directory" example:"postgres://adiuva:change-me@localhost:5432/adiuva" desc:"PostgreSQL with accounts, billing and backup metadata"`
	RedisURL    Secret `env:"REDIS_URL" prod:"required" embedded:"rate limits in memory" example:"redis://:change-me@localhost:6379/0" desc:"Redis that lets replicas share rate limits"`

	JWTSecret               Secret        `env:"JWT_SECRET" prod:"required" min:"32" embedded:"a secret generated once and kept in the data directory" example:"change-me-to-at-least-32-random-bytes" desc:"signs access tokens; the keys of access and refresh tokens are derived from it"`
	JWTAlgorithm            string        `env:"JWT_ALGORITHM" default:"HS256" oneof:"HS256 HS384 HS512" desc:"algorithm of access tokens; no other is accepted"`
	JWTPreviousSecrets      []Secret      `env:"JWT_PREVIOUS_SECRETS" min:"32" desc:"comma-separated secrets still accepted while JWT_SECRET is being rotated"`
	JWTAccessTTL            time.Duration `env:"JWT_ACCESS_TTL" default:"15m" desc:"lifetime of an access token"`
	JWTRefreshTTL           time.Duration `env:"JWT_REFRESH_TTL" default:"720h" desc:"lifetime of a refresh token"`
	PasswordPepper          Secret        `env:"PASSWORD_PEPPER" prod:"required" min:"32" embedded:"a secret generated once and kept in the data directory" example:"change-me-to-32-other-random-bytes-or-more" desc:"keyed into every password hash; changing it invalidates all passwords, unless PASSWORD_PREVIOUS_PEPPERS has the old one"`
	PasswordPreviousPeppers []Secret      `env:"PASSWORD_PREVIOUS_PEPPERS" min:"32" desc:"comma-separated peppers of older password hashes, at most 3; each password is rehashed at its next login"`
	SecretsKey              Secret        `env:"SECRETS_KEY" prod:"required" min:"32" embedded:"a secret derived from the one of access tokens in the data directory" example:"change-me-to-32-random-bytes-of-their-own" desc:"encrypts what is sealed: continuations of answers, secrets of second factors, and the digests of mailed codes"`
	SecretsPreviousKeys     []Secret      `env:"SECRETS_PREVIOUS_KEYS" min:"32" desc:"comma-separated keys still accepted while SECRETS_KEY is being rotated"`
	BcryptCost              int           `env:"BCRYPT_COST" default:"10" desc:"cost of password hashes, 4 to 16, at least 10 in prod; after raising it, each password is rehashed at the next login"`

	LLMProvidersFile     string        `env:"LLM_PROVIDERS_FILE" example:"/etc/adiuva/providers.yaml" desc:"YAML file of model providers in the order of preference, in place of OPENAI_API_KEY and its kind; docs/operators.md describes it"`
	OpenAIAPIKey         Secret        `env:"OPENAI_API_KEY" unless:"LLM_PROVIDERS_FILE" prod:"required" embedded:"the offline demonstration model" example:"sk-change-me" desc:"key of the OpenAI-compatible API"`
	OpenAIBaseURL        string        `env:"OPENAI_BASE_URL" unless:"LLM_PROVIDERS_FILE" default:"https://api.openai.com/v1" kind:"url" desc:"base URL of that API"`
	LLMModel             string        `env:"LLM_MODEL" unless:"LLM_PROVIDERS_FILE" default:"gpt-4o-mini" desc:"model that the agents use"`
	LLMRouterModel       string        `env:"LLM_ROUTER_MODEL" unless:"LLM_PROVIDERS_FILE" default:"gpt-4o-mini" desc:"small model that picks the agent"`
	LLMContextTokens     int           `env:"LLM_CONTEXT_TOKENS" unless:"LLM_PROVIDERS_FILE" default:"128000" desc:"tokens that a prompt and its answer may have together, as the model allows"`
	LLMMaxTokens         int           `env:"LLM_MAX_TOKENS" unless:"LLM_PROVIDERS_FILE" default:"4096" desc:"tokens that an answer may have; a longer one is cut and marked as truncated"`
	LLMFirstTokenTimeout time.Duration `env:"LLM_FIRST_TOKEN_TIMEOUT" default:"20s" desc:"timeout for the first token of an answer"`
	LLMIdleTimeout       time.Duration `env:"LLM_IDLE_TIMEOUT" default:"20s" desc:"timeout between two tokens"`
	LLMTimeout           time.Duration `env:"LLM_TIMEOUT" default:"120s" desc:"timeout for the whole answer"`
	LLMStrictSchemas     bool          `env:"LLM_STRICT_SCHEMAS" unless:"LLM_PROVIDERS_FILE" default:"false" desc:"true sends response_format json_schema and strict tools, for an API that knows them"`
	OfflinePace          time.Duration `env:"OFFLINE_PACE" default:"10ms" desc:"how long the offline demonstration model waits after each word of an answer that is streamed"`
	AgentsDir            string        `env:"AGENTS_DIR" example:"/etc/adiuva/agents" desc:"folder of YAML manifests that declare more agents"`

	TokensPerDayFree  int `env:"TOKENS_PER_DAY_FREE" default:"200000" desc:"tokens of language models that an account of Free may use on a day (UTC); 0 means no limit"`
	TokensPerDayPro   int `env:"TOKENS_PER_DAY_PRO" default:"2000000" desc:"the same for Pro"`
	TokensPerDayPower int `env:"TOKENS_PER_DAY_POWER" default:"10000000" desc:"the same for Power"`
	TokensPerDayTeam  int `env:"TOKENS_PER_DAY_TEAM" default:"10000000" desc:"the same for each seat of Team"`

	S3Bucket             string `env:"S3_BUCKET" prod:"required" embedded:"backups on disk in the data directory" example:"adiuva-backups" desc:"bucket that keeps backup blobs"`
	S3Region             string `env:"S3_REGION" default:"us-east-1" desc:"region of the bucket"`
	S3Endpoint           string `env:"S3_ENDPOINT" kind:"url" example:"http://localhost:7070" desc:"S3-compatible server; empty means AWS"`
	AWSAccessKeyID       Secret `env:"AWS_ACCESS_KEY_ID" example:"change-me" desc:"access key for S3; empty uses the machine's role"`
	AWSSecretAccessKey   Secret `env:"AWS_SECRET_ACCESS_KEY" example:"change-me" desc:"secret key for S3"`
	AWSRequestChecksums  string `env:"AWS_REQUEST_CHECKSUM_CALCULATION" oneof:"when_supported when_required" example:"when_required" desc:"when_required for an S3-compatible server that takes no checksums in trailers; empty means AWS's own configuration, by default when_supported"`
	AWSResponseChecksums string `env:"AWS_RESPONSE_CHECKSUM_VALIDATION" oneof:"when_supported when_required" example:"when_required" desc:"whether downloads are compared with checksums of the S3 server; empty means AWS's own configuration, by default when_supported"`
	BackupRedirect       bool   `env:"BACKUP_REDIRECT" default:"false" desc:"true redirects downloads to presigned S3 URLs"`

	StripeSecretKey      Secret   `env:"STRIPE_SECRET_KEY" prod:"required" embedded:"a local Stripe stand-in with a checkout page" example:"sk_test_change-me" desc:"key of the Stripe API"`
	StripeWebhookSecrets []Secret `env:"STRIPE_WEBHOOK_SECRET" prod:"required" min:"32" embedded:"a secret generated once and kept in the data directory" example:"whsec_change-me-to-the-secret-of-your-endpoint" desc:"signing secret of the webhook endpoint; several, comma-separated, while it is rolled"`
	StripeAPIBase        string   `env:"STRIPE_API_BASE" kind:"url" example:"http://localhost:12111" desc:"base URL used instead of Stripe's, for tests"`
	DevStripeAddr        string   `env:"DEV_STRIPE_ADDR" default:"127.0.0.1:0" desc:"address of the local Stripe stand-in's listener; a fixed port makes its checkout page reachable from outside a container"`
	StripePricePro       []string `env:"STRIPE_PRICE_PRO" default:"price_pro" prod:"required" desc:"Stripe's price id of Pro; several, comma-separated: the first is sold, all of them tell the plan"`
	StripePricePower     []string `env:"STRIPE_PRICE_POWER" default:"price_power" prod:"required" desc:"Stripe's price id of Power; several, comma-separated: the first is sold, all of them tell the plan"`
	StripePriceTeam      []string `env:"STRIPE_PRICE_TEAM" default:"price_team" prod:"required" desc:"Stripe's price id of a Team seat; several, comma-separated: the first is sold, all of them tell the plan"`
	BillingSuccessURL    string   `env:"BILLING_SUCCESS_URL" prod:"required" kind:"url" embedded:"a page of this server" example:"https://api.example.com/billing/success" desc:"where Stripe sends people who paid"`
	BillingCancelURL     string   `env:"BILLING_CANCEL_URL" prod:"required" kind:"url" embedded:"a page of this server" example:"https://api.example.com/billing/cancel" desc:"where Stripe sends people who did not"`

	CORSOrigins      []string       `env:"CORS_ORIGINS" default:"app://adiuva,http://localhost:*" prod-default:"app://adiuva" desc:"comma-separated exact origins that may call from a browser; only in dev may a port be *"`
	TrustedProxies   []netip.Prefix `env:"TRUSTED_PROXIES" example:"10.0.0.0/8" desc:"comma-separated addresses or CIDRs of the proxies whose X-Forwarded-For, Forwarded, X-Forwarded-Proto and CLIENT_IP_HEADER are believed"`
	ClientIPHeader   string         `env:"CLIENT_IP_HEADER" example:"CF-Connecting-IP" desc:"header with the client's address that the trusted proxies set themselves, such as Fly-Client-IP, CF-Connecting-IP, True-Client-IP or X-Real-IP; X-Forwarded-For or Forwarded reads that list only; empty reads X-Forwarded-For, or Forwarded where there is none"`
	TrustedProxyHops int            `env:"TRUSTED_PROXY_HOPS" example:"2" desc:"number of proxies that every request passes, if not all of their addresses are in TRUSTED_PROXIES; the client is that many entries from the end of the list"`
	RateLimits       string         `env:"RATE_LIMITS" default:"on" oneof:"on off" desc:"off is for load tests in dev; prod refuses it"`

	OIDCProvidersFile string `env:"OIDC_PROVIDERS_FILE" example:"/etc/adiuva/sso.yaml" desc:"YAML file of OpenID Connect providers that everybody can sign in with; docs/operators.md describes it"`

	SMTPURL     Secret `env:"SMTP_URL" prod:"required" embedded:"a mailbox with a page, which sends nothing" example:"smtp://user:change-me@smtp.example.com:587" desc:"mail server: smtp:// with STARTTLS, or smtps://; only a server on this machine may do without TLS, and only in dev"`
	MailFrom    string `env:"MAIL_FROM" default:"Adiuva <adiuva@localhost.localdomain>" prod:"required" example:"Adiuva <no-reply@example.com>" desc:"sender of mails; people answer to it when a notice is wrong"`
	AppURL      string `env:"APP_URL" kind:"url" example:"https://app.example.com" desc:"where a mail's button leads; empty means no button"`
	PublicURL   string `env:"PUBLIC_URL" prod:"required" kind:"url" embedded:"the address of the request" example:"https://api.example.com" desc:"where clients reach this service; passkeys belong to its host name"`
	DevMailAddr string `env:"DEV_MAIL_ADDR" default:"127.0.0.1:0" desc:"address of the mailbox's listener, where there is no SMTP_URL; a fixed port makes its page reachable from outside a container"`

	IdleTimeout    time.Duration `env:"IDLE_TIMEOUT" default:"620s" desc:"how long a connection may wait for its next request; longer than the load balancer in front keeps connections, else it sends requests into closed ones"`
	MaxConnections int           `env:"MAX_CONNECTIONS" default:"0" desc:"connections at a time; a new one beyond takes the place of the one that waits longest for a request; 0 means three quarters of the open files allowed (RLIMIT_NOFILE), 8192 at most"`
	WSPingInterval time.Duration `env:"WS_PING_INTERVAL" default:"30s" desc:"how often the chat stream pings"`
	ShutdownDelay  time.Duration `env:"SHUTDOWN_DELAY" prod-default:"5s" example:"5s" desc:"how long new requests are still accepted after SIGTERM while /readyz reports draining, so that load balancers stop sending them; empty in dev means no delay"`
	ShutdownGrace  time.Duration `env:"SHUTDOWN_GRACE" default:"10s" desc:"how long running requests may take to finish after SIGTERM"`
}

// Load reads every variable through getenv and returns the whole configuration, or one error that joins all faults,
// each with the variable's name and the remedy but never its value. A secret may come from a file: NAME_FILE is its
// path, readFile (os.ReadFile) reads it, and one trailing line break is dropped. An empty variable counts as missing.
func Load(getenv func(string) string, readFile func(string) ([]byte, error)) (Config, error) {
	var c Config
	l := loader{getenv: getenv, readFile: readFile, prod: getenv("ENV") == Prod, set: map[string]bool{}}
	for _, f := range fields(&c) {
		l.load(f)
	}
	l.faults = append(l.faults, c.validate(l.set)...)
	if err := joinFaults(l.faults); err != nil {
		return Config{}, err
	}
	return c, nil
}

// IsProd reports whether the process runs in production.
func (c Config) IsProd() bool { return c.Env == Prod }

// Limited reports whether rate limits are on.
func (c Config) Limited() bool { return c.RateLimits != "off" }

// Embedded is a default used in dev instead of a missing variable.
type Embedded struct {
	Variable string // e.g. "DATABASE_URL"
	Instead  string // e.g. "an embedded PostgreSQL in the data directory"
}

// Embedded returns the embedded defaults in use, in the order of the struct, for the startup banner. It is empty in
// production. Call it before WithDevSecrets, which fills in the secrets.
func (c Config) Embedded() []Embedded {
	var list []Embedded
	for _, f := range fields(&c) {
		if f.embedded != "" && f.value.IsZero() && (f.unless == "" || c.LLMProvidersFile == "") {
			list = append(list, Embedded{Variable: f.name, Instead: f.embedded})
		}
	}
	return list
}
