// Package seal encrypts values that leave the process and come back, or that lie in the database, and computes keyed
// digests of short secrets. All keys are derived from SECRETS_KEY, each purpose having keys of its own, so that a value
// made for one purpose means nothing to another. While SECRETS_KEY is rotated, values made with its previous ones are
// still accepted.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
)

// ErrInvalid is returned for a value that was not sealed for this purpose, with these keys and bound to the same data.
var ErrInvalid = errors.New("sealed value is invalid")

// errNoSecret is returned by New and NewMAC without a secret.
var errNoSecret = errors.New("no secret to derive keys from")

// Keys seals and opens values of one purpose. It is safe for concurrent use. The nonces are random, so a purpose may
// seal about four billion values before SECRETS_KEY has to be rotated.
type Keys struct{ list []cipher.AEAD }

// New returns the keys of a purpose. The first secret seals, and all of them open. It fails without a secret.
func New(purpose string, secrets ...string) (*Keys, error) {
	if len(secrets) == 0 {
		return nil, errNoSecret
	}
	var k Keys
	for _, secret := range secrets {
		key, err := derive(secret, "seal", purpose)
		if err != nil {
			return nil, err
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, err
		}
		aead, err := cipher.NewGCMWithRandomNonce(block)
		if err != nil {
			return nil, err
		}
		k.list = append(k.list, aead)
	}
	return &k, nil
}

// Seal returns plain encrypted and authenticated, 28 bytes longer. Only Open with the same bound data returns it again.
func (k *Keys) Seal(plain, bound []byte) []byte { return k.list[0].Seal(nil, nil, plain, bound) }

// Open returns what Seal was given, or ErrInvalid.
func (k *Keys) Open(sealed, bound []byte) ([]byte, error) {
	for _, aead := range k.list {
		if plain, err := aead.Open(nil, nil, sealed, bound); err == nil {
			return plain, nil
		}
	}
	return nil, ErrInvalid
}

// MAC computes digests that cannot be found by trying all values without SECRETS_KEY. It is safe for concurrent use.
type MAC struct{ keys [][]byte }

// NewMAC returns the digests of a purpose. The first secret makes them, and all of them are accepted. It fails without
// a secret.
func NewMAC(purpose string, secrets ...string) (*MAC, error) {
	if len(secrets) == 0 {
		return nil, errNoSecret
	}
	var m MAC
	for _, secret := range secrets {
		key, err := derive(secret, "mac", purpose)
		if err != nil {
			return nil, err
		}
		m.keys = append(m.keys, key)
	}
	return &m, nil
}

// Sum returns the digest of the parts, 32 bytes. Parts that are cut differently have different digests.
func (m *MAC) Sum(parts ...string) []byte { return sum(m.keys[0], parts) }

// Matches reports, in constant time, whether digest is that of the parts.
func (m *MAC) Matches(digest []byte, parts ...string) bool {
	matches := false
	for _, key := range m.keys {
		if hmac.Equal(digest, sum(key, parts)) {
			matches = true
		}
	}
	return matches
}

func sum(key []byte, parts []string) []byte {
	h := hmac.New(sha256.New, key)
	for _, part := range parts {
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	return h.Sum(nil)
}

func derive(secret, use, purpose string) ([]byte, error) {
	return hkdf.Key(sha256.New, []byte(secret), nil, "adiuva "+use+" "+purpose, sha256.Size)
}
