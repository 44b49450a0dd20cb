package secondfactor

import (
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"
)

const (
	issuer      = "Adiuva" // shown by the app
	secretBytes = 20       // RFC 4226 recommends 160 bits
	period      = 30       // seconds
	skew        = 1        // steps that the device's clock may be off, in both directions
	digits      = 6
)

// newSecret returns a secret in the form that every authenticator app knows: SHA-1, 6 digits, 30 seconds.
func newSecret(account string) (Created, error) {
	key, err := totp.Generate(totp.GenerateOpts{
		Issuer: issuer, AccountName: account, Period: period, SecretSize: secretBytes, Digits: digits,
		Algorithm: otp.AlgorithmSHA1,
	})
	if err != nil {
		return Created{}, fmt.Errorf("make the secret of a second factor: %w", err)
	}
	return Created{Secret: key.Secret(), URI: key.URL()}, nil
}

// matchingStep returns the step after last, of those that the clock may be in, whose code this is.
func matchingStep(secret, code string, now time.Time, last int64) (step int64, ok bool) {
	current := now.Unix() / period
	for step := current - skew; step <= current+skew; step++ {
		if step <= last || step < 0 {
			continue
		}
		want, err := hotp.GenerateCodeCustom(secret, uint64(step),
			hotp.ValidateOpts{Digits: digits, Algorithm: otp.AlgorithmSHA1})
		if err == nil && subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			return step, true
		}
	}
	return 0, false
}

// isAppCode reports whether the normalized code has the form of an app's. Recovery codes are longer.
func isAppCode(code string) bool { return len(code) == digits }

// newRecoveryCode returns 80 random bits in base32, in groups.
func newRecoveryCode() string {
	text := rand.Text()
	return strings.Join([]string{text[0:4], text[4:8], text[8:12], text[12:16]}, "-")
}

// normalize removes the spaces and hyphens that people type.
func normalize(code string) string {
	return strings.ToUpper(strings.NewReplacer(" ", "", "-", "").Replace(code))
}

// recoveryDigest is bound to the account, so that a code means nothing to another.
func recoveryDigest(user uuid.UUID, normalized string) []byte {
	return digest(user.String() + ":" + normalized)
}
