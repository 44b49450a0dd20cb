package auth_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"testing"
)

// site is where the tests' passkeys are of.
const site = "https://api.example.com"

// Flags of an authenticator's data.
const (
	flagPresent  = 0x01
	flagVerified = 0x04
	flagAttested = 0x40
)

// authenticator keeps one passkey, as a browser and its authenticator together do. Its members can be changed to
// misbehave.
type authenticator struct {
	key    *ecdsa.PrivateKey
	id     []byte
	handle string // of the user, in base64url
	origin string
	rp     string
	count  uint32 // of signatures; 0 does not count
	flags  byte
}

func newAuthenticator(t testing.TB) *authenticator {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	id := make([]byte, 16)
	_, _ = rand.Read(id)
	return &authenticator{
		key: key, id: id, origin: site, rp: "api.example.com", flags: flagPresent | flagVerified,
	}
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// clientData is what the browser signs with: the challenge, and where it was asked for.
func (a *authenticator) clientData(t testing.TB, kind string, options map[string]any) []byte {
	t.Helper()
	text, err := json.Marshal(map[string]any{
		"type": kind, "challenge": options["challenge"], "origin": a.origin, "crossOrigin": false,
	})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func (a *authenticator) data(flags byte) []byte {
	rp := sha256.Sum256([]byte(a.rp))
	return binary.BigEndian.AppendUint32(append(rp[:], flags), a.count)
}

// create answers navigator.credentials.create.
func (a *authenticator) create(t testing.TB, options map[string]any) map[string]any {
	t.Helper()
	a.handle = options["user"].(map[string]any)["id"].(string)
	point, err := a.key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	// COSE: an ES256 key on P-256, whose point is 0x04, x, y.
	key := append([]byte{0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 32}, point[1:33]...)
	key = append(append(key, 0x22, 0x58, 32), point[33:]...)
	data := append(a.data(a.flags|flagAttested), make([]byte, 16)...) // the model is not told
	data = append(binary.BigEndian.AppendUint16(data, uint16(len(a.id))), a.id...)
	data = append(data, key...)
	// CBOR: {"fmt": "none", "attStmt": {}, "authData": data}
	object := append([]byte{0xa3, 0x63}, "fmt\x64none\x67attStmt\xa0\x68authData\x58"...)
	object = append(append(object, byte(len(data))), data...)
	return map[string]any{
		"id": encode(a.id), "rawId": encode(a.id), "type": "public-key", "authenticatorAttachment": "platform",
		"clientExtensionResults": map[string]any{},
		"response": map[string]any{
			"clientDataJSON":    encode(a.clientData(t, "webauthn.create", options)),
			"attestationObject": encode(object), "transports": []any{"internal"},
		},
	}
}

// get answers navigator.credentials.get.
func (a *authenticator) get(t testing.TB, options map[string]any) map[string]any {
	t.Helper()
	if a.count > 0 {
		a.count++
	}
	client, data := a.clientData(t, "webauthn.get", options), a.data(a.flags)
	clientHash := sha256.Sum256(client)
	signed := sha256.Sum256(append(append([]byte{}, data...), clientHash[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, a.key, signed[:])
	if err != nil {
		t.Fatal(err)
	}
	return map[string]any{
		"id": encode(a.id), "rawId": encode(a.id), "type": "public-key", "clientExtensionResults": map[string]any{},
		"response": map[string]any{
			"clientDataJSON": encode(client), "authenticatorData": encode(data), "signature": encode(signature),
			"userHandle": a.handle,
		},
	}
}
