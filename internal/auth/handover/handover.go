// Package handover gives a sign-in that ended in a browser to the app that started it (RFC 8252, RFC 7636). The app
// says where it waits and sends the hash of a random verifier. The browser brings it a code, which is worth nothing
// without the verifier, so that no token is in a URL. Callers keep the code's digest and decide how long it is good.
package handover

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/netip"
	"net/url"
	"time"

	"github.com/adiuva/cloud-api/internal/fault"
)

// CodeFor is how long a code is good.
const CodeFor = 60 * time.Second

// appRedirect is where the desktop app waits for a sign-in.
const appRedirect = "adiuva://auth"

// App is who waits for a sign-in.
type App struct {
	RedirectURI   string
	CodeChallenge string // PKCE, S256
	State         string // returned with the code; "" for none
}

// Check returns validation_failed with the pointer where the redirect URI is not an app's own. Nothing may be sent
// there then.
func (a App) Check(pointer string) error {
	if isAppsOwn(a.RedirectURI) {
		return nil
	}
	return fault.ErrValidation.WithDetails(fault.Detail{
		Pointer: pointer, Message: "Use adiuva://auth, http://127.0.0.1:PORT/… or http://[::1]:PORT/….",
	})
}

// isAppsOwn reports whether only an app on the person's own device receives what is sent there (RFC 8252).
func isAppsOwn(uri string) bool {
	if uri == appRedirect {
		return true
	}
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "http" || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" ||
		u.Port() == "" {
		return false
	}
	address, err := netip.ParseAddr(u.Hostname())
	return err == nil && (address == netip.AddrFrom4([4]byte{127, 0, 0, 1}) || address == netip.IPv6Loopback())
}

// URL returns where the browser goes with one parameter, "code" or "error", and the app's state. The app was checked.
func (a App) URL(name, value string) string {
	query := url.Values{name: {value}}
	if a.State != "" {
		query.Set("state", a.State)
	}
	return a.RedirectURI + "?" + query.Encode()
}

// IsProvedBy reports whether the verifier is the one of the code challenge.
func IsProvedBy(verifier, challenge string) bool {
	sum := sha256.Sum256([]byte(verifier))
	own := base64.RawURLEncoding.EncodeToString(sum[:])
	return subtle.ConstantTimeCompare([]byte(own), []byte(challenge)) == 1
}

// NewCode returns a random code, and the digest that is kept of it.
func NewCode() (code string, digest []byte) {
	code = rand.Text()
	return code, Digest(code)
}

// Digest returns what is kept of a code or of another random text.
func Digest(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}
