package auth

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"

	"github.com/adiuva/cloud-api/internal/fault"
)

// RFC 5321: a path of 256 bytes with its angle brackets, a local part of 64.
const (
	maxEmail = 254
	maxLocal = 64
)

// NormalizeEmail returns the form in which an e-mail is stored and looked up: NFC and lower case, the domain in ASCII
// (IDNA). Anything that is not an address is validation_failed with the pointer /email.
func NormalizeEmail(email string) (string, error) {
	if len(email) > 4*maxEmail || !utf8.ValidString(email) {
		return "", emailFault("This is not an e-mail address.")
	}
	folded := norm.NFC.String(strings.ToLower(norm.NFC.String(email)))
	local, domain, found := strings.Cut(folded, "@")
	if !found || !validLocal(local) {
		return "", emailFault("This is not an e-mail address.")
	}
	ascii, err := domainProfile().ToASCII(domain)
	if err != nil || !strings.Contains(ascii, ".") || strings.HasSuffix(ascii, ".") {
		return "", emailFault("This e-mail's domain is not a domain name.")
	}
	normal := local + "@" + ascii
	if len(normal) > maxEmail {
		return "", emailFault("An e-mail address has at most 254 bytes.")
	}
	return normal, nil
}

func domainProfile() *idna.Profile {
	return idna.New(idna.MapForLookup(), idna.BidiRule(), idna.StrictDomainName(true), idna.VerifyDNSLength(true))
}

func validLocal(local string) bool {
	if local == "" || len(local) > maxLocal || strings.HasPrefix(local, ".") || strings.HasSuffix(local, ".") ||
		strings.Contains(local, "..") {
		return false
	}
	for _, r := range local {
		switch {
		case r < utf8.RuneSelf && !isAtomRune(r),
			r >= utf8.RuneSelf && !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r):
			return false
		}
	}
	return true
}

// isAtomRune reports whether RFC 5321 allows the ASCII character, in lower case, in an unquoted local part.
func isAtomRune(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || strings.ContainsRune("!#$%&'*+-/=?^_`{|}~.", r)
}

func emailFault(message string) error {
	return fault.ErrValidation.WithDetails(fault.Detail{Pointer: "/email", Message: message})
}
