package config

import (
	"errors"
	"net"
	"net/mail"
	"net/url"
	"slices"
	"strings"
	"unicode"
)

// minProdBcryptCost is the minimum of OWASP ASVS 5 for bcrypt. At 16 one login costs seconds of CPU time.
const (
	minBcryptCost     = 4
	minProdBcryptCost = 10
	maxBcryptCost     = 16

	minAnswerTokens = 256 // less is no answer of an agent that calls tools
	maxAnswerTokens = 1 << 20
)

// minConnections leaves room for probes beside a few clients.
const minConnections = 16

const maxPreviousPeppers = 3

// validate returns the faults that parsing single variables cannot find. set has the variables that were set.
func (c Config) validate(set map[string]bool) []string {
	var faults []string
	reject := func(invalid bool, fault string) {
		if invalid {
			faults = append(faults, fault)
		}
	}
	reject(!isListenAddr(c.Addr), "ADDR is wrong: it must be host:port or :port")
	reject(c.AdminAddr != "" && !isListenAddr(c.AdminAddr), "ADMIN_ADDR is wrong: it must be host:port or :port")
	reject(c.AdminAddr != "" && c.AdminAddr == c.Addr,
		"ADMIN_ADDR is the same as ADDR: give the admin listener a port of its own")
	reject(!isListenAddr(c.DevStripeAddr), "DEV_STRIPE_ADDR is wrong: it must be host:port or :port")
	reject(!isListenAddr(c.DevMailAddr), "DEV_MAIL_ADDR is wrong: it must be host:port or :port")
	reject(set["SMTP_URL"] && !hasScheme(c.SMTPURL, "smtp", "smtps"),
		"SMTP_URL is wrong: it must be an smtp:// or smtps:// URL")
	reject(c.MailFrom != "" && !isMailbox(c.MailFrom), "MAIL_FROM is wrong: it must be an address, or Name <address>")
	reject(set["DATABASE_URL"] && !hasScheme(c.DatabaseURL, "postgres", "postgresql"),
		"DATABASE_URL is wrong: it must be a postgres:// URL")
	reject(set["REDIS_URL"] && !hasScheme(c.RedisURL, "redis", "rediss"),
		"REDIS_URL is wrong: it must be a redis:// or rediss:// URL")
	reject(c.AWSAccessKeyID.IsSet() && !c.AWSSecretAccessKey.IsSet(),
		"AWS_SECRET_ACCESS_KEY is missing: AWS_ACCESS_KEY_ID is useless without it")
	reject(c.AWSSecretAccessKey.IsSet() && !c.AWSAccessKeyID.IsSet(),
		"AWS_ACCESS_KEY_ID is missing: AWS_SECRET_ACCESS_KEY is useless without it")
	reject(c.BcryptCost != 0 && (c.BcryptCost < minBcryptCost || c.BcryptCost > maxBcryptCost),
		"BCRYPT_COST is wrong: it must be 4 to 16")
	reject(c.LLMMaxTokens != 0 && (c.LLMMaxTokens < minAnswerTokens || c.LLMMaxTokens > maxAnswerTokens),
		"LLM_MAX_TOKENS is wrong: it must be 256 to 1048576")
	reject(c.MaxConnections != 0 && c.MaxConnections < minConnections,
		"MAX_CONNECTIONS is wrong: it must be 0 or at least 16")
	reject(c.LLMMaxTokens < 1 || c.LLMContextTokens <= c.LLMMaxTokens,
		"LLM_CONTEXT_TOKENS and LLM_MAX_TOKENS are wrong: the context must be larger than the longest answer, "+
			"which has at least 1 token")
	reject(min(c.TokensPerDayFree, c.TokensPerDayPro, c.TokensPerDayPower, c.TokensPerDayTeam) < 0,
		"TOKENS_PER_DAY_FREE, _PRO, _POWER or _TEAM is wrong: it must be 0, which means no limit, or more")
	faults = append(faults, c.validateVendorKeys()...)
	faults = append(faults, c.validatePrices(set)...)
	reject(len(c.PasswordPreviousPeppers) > maxPreviousPeppers,
		"PASSWORD_PREVIOUS_PEPPERS has more than 3 entries: each slows down every wrong password, so remove the oldest")
	for _, origin := range c.CORSOrigins {
		reject(!isOrigin(origin, !c.IsProd()),
			"CORS_ORIGINS is wrong: each entry must be scheme://host, with a port where there is one, "+
				"without path or * (only in dev may localhost have the port *)")
	}
	faults = append(faults, c.validateProxies(set)...)
	if c.IsProd() {
		faults = append(faults, c.validateProd()...)
	}
	return faults
}

// validateVendorKeys returns a fault for each key of another service that has white space, control characters or
// quotation marks in it. They come from editors and from files whose reader keeps quotes; no vendor makes such keys.
func (c Config) validateVendorKeys() []string {
	var faults []string
	for _, v := range []struct {
		name string
		keys []Secret
	}{
		{"OPENAI_API_KEY", []Secret{c.OpenAIAPIKey}}, {"STRIPE_SECRET_KEY", []Secret{c.StripeSecretKey}},
		{"STRIPE_WEBHOOK_SECRET", c.StripeWebhookSecrets}, {"AWS_ACCESS_KEY_ID", []Secret{c.AWSAccessKeyID}},
		{"AWS_SECRET_ACCESS_KEY", []Secret{c.AWSSecretAccessKey}},
	} {
		stray := func(key Secret) bool { return strings.ContainsFunc(key.value, isStray) }
		if slices.ContainsFunc(v.keys, stray) {
			faults = append(faults, v.name+" is wrong: it has a space, a line break or a quotation mark in it, so "+
				"copy it again without")
		}
	}
	return faults
}

func isStray(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsControl(r) || r == '\uFEFF' || r == '"' || r == '\''
}

// validatePrices returns a fault for each variable of prices that names none, or one that another variable names.
func (c Config) validatePrices(set map[string]bool) []string {
	var faults []string
	seen := map[string]string{}
	for _, v := range []struct {
		name string
		ids  []string
	}{
		{"STRIPE_PRICE_PRO", c.StripePricePro}, {"STRIPE_PRICE_POWER", c.StripePricePower},
		{"STRIPE_PRICE_TEAM", c.StripePriceTeam},
	} {
		if len(v.ids) == 0 && (set[v.name] || !c.IsProd()) {
			faults = append(faults, v.name+" is wrong: it must name a price")
		}
		for _, id := range v.ids {
			if other := seen[id]; other != "" {
				faults = append(faults, v.name+" names a price that "+other+" names already: a price is of one plan")
				break
			}
			seen[id] = v.name
		}
	}
	return faults
}

// validateProd returns what only production rejects, apart from missing variables.
func (c Config) validateProd() []string {
	var faults []string
	if !c.Limited() {
		faults = append(faults, "RATE_LIMITS is off: ENV=prod needs it on")
	}
	if c.BcryptCost >= minBcryptCost && c.BcryptCost < minProdBcryptCost {
		faults = append(faults, "BCRYPT_COST is too low: ENV=prod needs at least 10")
	}
	for _, f := range fields(&c) {
		for _, value := range f.secrets() {
			if len(value) < f.min {
				faults = append(faults,
					f.name+" is too short: ENV=prod needs at least 32 bytes (try: openssl rand -base64 48)")
			}
			if value == f.example || strings.Contains(value, "change-me") {
				faults = append(faults, f.name+" is an example value: put one of your own in its place")
			}
		}
	}
	if c.SecretsKey.IsSet() && (c.SecretsKey == c.JWTSecret || c.SecretsKey == c.PasswordPepper) {
		faults = append(faults, "SECRETS_KEY is the same as JWT_SECRET or PASSWORD_PEPPER: make each its own secret")
	}
	if c.JWTSecret.IsSet() && c.JWTSecret == c.PasswordPepper {
		faults = append(faults, "PASSWORD_PEPPER is the same as JWT_SECRET: make each its own secret")
	}
	for _, f := range c.findings() {
		if f.refused {
			faults = append(faults, f.text)
		}
	}
	if slices.Contains(c.PasswordPreviousPeppers, c.PasswordPepper) {
		faults = append(faults, "PASSWORD_PREVIOUS_PEPPERS has the current PASSWORD_PEPPER: remove it from the list")
	}
	return faults
}

// secrets returns the field's values if it is a secret or a list of them.
func (f field) secrets() []string {
	switch v := f.value.Interface().(type) {
	case Secret:
		if v.IsSet() {
			return []string{v.value}
		}
	case []Secret:
		return Reveal(v)
	}
	return nil
}

// isListenAddr reports whether addr is one that net.Listen takes for TCP.
func isListenAddr(addr string) bool {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	_, err = net.LookupPort("tcp", port)
	return err == nil
}

// isMailbox reports whether text is an e-mail address, with or without a name.
func isMailbox(text string) bool {
	_, err := mail.ParseAddress(text)
	return err == nil
}

func isURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Scheme != "" && u.Host != "" && u.User == nil
}

func hasScheme(s Secret, schemes ...string) bool {
	for _, scheme := range schemes {
		if strings.HasPrefix(s.value, scheme+"://") {
			_, err := url.Parse(s.value)
			return err == nil
		}
	}
	return false
}

// isOrigin reports whether text is an origin as browsers send it. With anyPort, localhost may have the port "*".
func isOrigin(text string, anyPort bool) bool {
	if host, found := strings.CutSuffix(text, ":*"); found {
		return anyPort && (host == "http://localhost" || host == "http://127.0.0.1" || host == "https://localhost")
	}
	u, err := url.Parse(text)
	return err == nil && u.Scheme != "" && u.Host != "" && !strings.Contains(text, "*") && u.Scheme+"://"+u.Host == text
}

// joinFaults returns one error with all faults, each once, or nil.
func joinFaults(faults []string) error {
	seen := make(map[string]bool, len(faults))
	var errs []error
	for _, f := range faults {
		if !seen[f] {
			seen[f] = true
			errs = append(errs, errors.New(f))
		}
	}
	return errors.Join(errs...)
}
