package oidc

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	keysFor   = time.Hour        // how long a key set is used; a key that was withdrawn is trusted no longer
	rollPause = 10 * time.Second // between fetches of a key set because a token names a key that is not in it
	maxKeys   = 64               // of a set
	minRSA    = 2048 / 8         // bytes of a modulus
)

// keySet holds the public keys of an issuer, without certificates.
type keySet []jose.JSONWebKey

// fetchKeys fetches a key set. Keys of kinds we don't know are left out.
func (c *Client) fetchKeys(ctx context.Context, url string) (keySet, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, Refused{ReasonKeys}
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, refusedAs(err, ReasonKeys)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		return nil, Refused{ReasonKeys}
	}
	return parseKeys(body)
}

func parseKeys(body []byte) (keySet, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if json.Unmarshal(body, &set) != nil || len(set.Keys) > maxKeys {
		return nil, Refused{ReasonKeys}
	}
	keys := keySet{}
	for _, raw := range set.Keys {
		var key jose.JSONWebKey
		if json.Unmarshal(raw, &key) != nil || !usable(key) {
			continue
		}
		keys = append(keys, jose.JSONWebKey{Key: key.Key, KeyID: key.KeyID, Algorithm: key.Algorithm})
	}
	return keys, nil
}

// usable reports whether a key is public, strong enough, and for signatures.
func usable(key jose.JSONWebKey) bool {
	if key.Use != "" && key.Use != "sig" {
		return false
	}
	switch public := key.Key.(type) {
	case *rsa.PublicKey:
		return public.Size() >= minRSA
	case *ecdsa.PublicKey, ed25519.PublicKey:
		return true
	}
	return false
}

// signingKeys verifies the signature of one token; err is why it did not. It satisfies goidc.KeySet.
type signingKeys struct {
	client *Client
	url    string
	err    error
}

// VerifySignature returns the payload of a token that the issuer signed. Where its key is unknown the key set is
// fetched again, because keys roll, but no more often than rollPause allows.
func (k *signingKeys) VerifySignature(ctx context.Context, token string) ([]byte, error) {
	payload, err := k.verify(ctx, token)
	k.err = err
	return payload, err
}

func (k *signingKeys) verify(ctx context.Context, token string) ([]byte, error) {
	signed, err := jose.ParseSignedCompact(token, algorithms[:])
	if err != nil {
		return nil, Refused{ReasonMalformed}
	}
	var refused error
	for _, maxAge := range []time.Duration{keysFor, rollPause} {
		keys, err := k.client.keySets.get(ctx, k.url, maxAge)
		if err != nil {
			return nil, err
		}
		payload, err := keys.verify(signed)
		if err == nil {
			return payload, nil
		}
		refused = err
	}
	return nil, refused
}

// verify returns the payload of a token that one of the keys signed.
func (s keySet) verify(signed *jose.JSONWebSignature) ([]byte, error) {
	header := signed.Signatures[0].Header
	refused := Refused{ReasonUnknownKey}
	for _, key := range s {
		if header.KeyID != "" && key.KeyID != header.KeyID || key.Algorithm != "" && key.Algorithm != header.Algorithm {
			continue
		}
		if payload, err := signed.Verify(key.Key); err == nil {
			return payload, nil
		}
		refused = Refused{ReasonSignature}
	}
	return nil, refused
}
