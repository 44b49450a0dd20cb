package apikey

import (
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"hash/crc32"
	"strings"
)

// A key is the prefix, random digits and a checksum of them. The prefix lets scanners find keys in other people's code,
// and the checksum lets them and us tell a key from similar text without asking the database. It keeps nobody from
// making one up.
const (
	prefix         = "adv_"
	randomDigits   = 34 // 202 bits
	checksumDigits = 6
	keyLength      = len(prefix) + randomDigits + checksumDigits
	shownDigits    = 4 // of a key that are kept beside its hash
)

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// HasPrefix reports whether a bearer token is meant to be an API key. No access token begins like one.
func HasPrefix(token string) bool { return strings.HasPrefix(token, prefix) }

// IsWellFormed reports whether text has the form of a key with the right checksum.
func IsWellFormed(text string) bool {
	if len(text) != keyLength || !HasPrefix(text) {
		return false
	}
	digits := text[len(prefix):]
	for i := range len(digits) {
		if !isDigit(digits[i]) {
			return false
		}
	}
	return digits[randomDigits:] == checksum(digits[:randomDigits])
}

// IsIn reports whether text, such as a URL, contains a well-formed key.
func IsIn(text string) bool {
	for {
		at := strings.Index(text, prefix)
		if at < 0 || len(text)-at < keyLength {
			return false
		}
		if IsWellFormed(text[at : at+keyLength]) {
			return true
		}
		text = text[at+len(prefix):]
	}
}

// newKey returns a key that nobody can guess.
func newKey() (string, error) {
	digits := make([]byte, 0, randomDigits)
	var random [2 * randomDigits]byte
	for len(digits) < randomDigits {
		if _, err := rand.Read(random[:]); err != nil {
			return "", fmt.Errorf("make an API key: %w", err)
		}
		for _, b := range random {
			// The remainder of a byte below four times 62 is even; other bytes are left out.
			if int(b) < 4*len(base62) && len(digits) < randomDigits {
				digits = append(digits, base62[int(b)%len(base62)])
			}
		}
	}
	return prefix + string(digits) + checksum(string(digits)), nil
}

// checksum returns the CRC-32 (IEEE) of the digits in six digits of base 62, the most significant first.
func checksum(digits string) string {
	sum := crc32.ChecksumIEEE([]byte(digits))
	var text [checksumDigits]byte
	for i := len(text) - 1; i >= 0; i-- {
		text[i] = base62[sum%uint32(len(base62))]
		sum /= uint32(len(base62))
	}
	return string(text[:])
}

func isDigit(b byte) bool {
	return b >= '0' && b <= '9' || b >= 'A' && b <= 'Z' || b >= 'a' && b <= 'z'
}

func hashOf(key string) [sha256.Size]byte { return sha256.Sum256([]byte(key)) }
