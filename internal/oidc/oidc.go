// Package oidc signs people in at OpenID Connect issuers that customers and operators name, as a relying party: with
// go-oidc and x/oauth2, which only this package imports.
//
//	Check     ──► discovery and keys, before a connection is kept
//	AuthURL   ──► where the browser goes: code flow with PKCE (S256), state and nonce
//	Exchange  ──► code ─► token endpoint ─► ID token, checked ─► (userinfo, where it has no e-mail) ─► Identity
//
// An issuer is not trusted with more than the identity of its own users. Every answer of it is at most 1 MiB, comes
// within 5 s in all, over https, from the host that was asked, and redirects are refused. What it said wrong is named
// by a Refused of a closed list, and its own words never leave this package.
//
// Of the two libraries at hand this is the smaller one, and it leaves the HTTP client, the key set and each check of
// a token to its caller, who needs all three: bounded fetches, and one reason for each refusal.
package oidc

import (
	"context"
	"crypto/x509"
	"net"
	"net/http"
	"time"

	goidc "github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

const (
	timeout    = 5 * time.Second // of everything one call fetches
	leeway     = 60 * time.Second
	maxSubject = 255 // OpenID Connect Core, 2
	maxEmail   = 254 // RFC 5321
)

// Provider is an issuer, and us as its client.
type Provider struct {
	Issuer, ClientID, ClientSecret string
}

// Start is what a sign-in begins with. CodeChallenge is S256 of the verifier that Answer brings.
type Start struct {
	RedirectURI, State, Nonce, CodeChallenge string
	LoginHint                                string // an address for the issuer's form; may be ""
}

// Answer is what the browser came back with, and what the flow has kept since Start.
type Answer struct {
	RedirectURI, Code, CodeVerifier, Nonce string
	Iss                                    string // the parameter of RFC 9207; "" where it was absent
}

// Identity is a person as an issuer knows them. Issuer and Subject together are who it is; the address only says how
// to reach them, and may be "". EmailVerified is true only where the issuer said the boolean true.
type Identity struct {
	Issuer, Subject, Email string
	EmailVerified          bool
}

// Config configures a Client. Dial and Now are required.
type Config struct {
	// Dial connects to issuers, and must refuse addresses that are not public.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	Now  func() time.Time
	// AllowLoopback accepts http URLs of this machine, for development.
	AllowLoopback bool
	// RootCAs are the authorities whose certificates are accepted; nil means those of the system.
	RootCAs *x509.CertPool
}

// Client talks to issuers. It keeps what it learns about the issuers used last, and is safe for concurrent use.
type Client struct {
	http          *http.Client
	now           func() time.Time
	allowLoopback bool
	issuers       *documents[*metadata]
	keySets       *documents[keySet]
}

// New returns a Client.
func New(cfg Config) *Client {
	c := &Client{http: newHTTPClient(cfg), now: cfg.Now, allowLoopback: cfg.AllowLoopback}
	c.issuers = newDocuments(cfg.Now, c.discover)
	c.keySets = newDocuments(cfg.Now, c.fetchKeys)
	return c
}

// AuthURL returns where to send the browser.
func (c *Client) AuthURL(ctx context.Context, p Provider, start Start) (string, error) {
	caller := ctx
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	issuer, err := c.issuers.get(ctx, p.Issuer, issuerFor)
	if err != nil {
		return "", refusedBecause(caller, err, ReasonDiscovery)
	}
	options := []oauth2.AuthCodeOption{
		goidc.Nonce(start.Nonce),
		oauth2.SetAuthURLParam("code_challenge", start.CodeChallenge),
		oauth2.SetAuthURLParam("code_challenge_method", "S256"),
	}
	if start.LoginHint != "" {
		options = append(options, oauth2.SetAuthURLParam("login_hint", start.LoginHint))
	}
	return issuer.config(p, start.RedirectURI).AuthCodeURL(start.State, options...), nil
}

// Exchange redeems the code and returns whose sign-in it was. Whatever the issuer did wrong, the error is a Refused;
// where the caller left it is ctx's.
func (c *Client) Exchange(ctx context.Context, p Provider, answer Answer) (Identity, error) {
	caller := ctx
	ctx, cancel := context.WithTimeout(goidc.ClientContext(ctx, c.http), timeout)
	defer cancel()
	identity, err := c.exchange(ctx, p, answer)
	if err != nil {
		return Identity{}, refusedBecause(caller, err, ReasonToken)
	}
	return identity, nil
}

func (c *Client) exchange(ctx context.Context, p Provider, answer Answer) (Identity, error) {
	issuer, err := c.issuers.get(ctx, p.Issuer, issuerFor)
	if err != nil {
		return Identity{}, err
	}
	if answer.Iss != p.Issuer && (answer.Iss != "" || issuer.namesItself) {
		return Identity{}, Refused{ReasonMixedUp}
	}
	token, err := issuer.config(p, answer.RedirectURI).
		Exchange(ctx, answer.Code, oauth2.VerifierOption(answer.CodeVerifier))
	if err != nil {
		return Identity{}, tokenRefused(err)
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return Identity{}, Refused{ReasonNoIDToken}
	}
	claims, err := c.verify(ctx, issuer, p.ClientID, answer.Nonce, raw)
	if err != nil {
		return Identity{}, err
	}
	if claims.Email == "" && issuer.provider.UserInfoEndpoint() != "" {
		if claims, err = userInfo(ctx, issuer, token, claims.Subject); err != nil {
			return Identity{}, err
		}
	}
	return Identity{
		Issuer: p.Issuer, Subject: claims.Subject, Email: claims.Email, EmailVerified: claims.verified(),
	}, nil
}

// userInfo returns the claims of the userinfo endpoint, which must be about the subject.
func userInfo(ctx context.Context, issuer *metadata, token *oauth2.Token, subject string) (claims, error) {
	info, err := issuer.provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		return claims{}, refusedAs(err, ReasonUserInfo)
	}
	var said claims
	if err := info.Claims(&said); err != nil {
		return claims{}, Refused{ReasonUserInfo}
	}
	if said.Subject != subject {
		return claims{}, Refused{ReasonUserInfoSubject}
	}
	return said, said.check()
}

// Check asks the issuer anew for what a sign-in needs, so that a connection that can't work is refused when it is
// made. The error is a Refused, or ctx's.
func (c *Client) Check(ctx context.Context, p Provider) error {
	caller := ctx
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	issuer, err := c.issuers.get(ctx, p.Issuer, 0)
	if err != nil {
		return refusedBecause(caller, err, ReasonDiscovery)
	}
	keys, err := c.keySets.get(ctx, issuer.jwksURL, 0)
	if err != nil {
		return refusedBecause(caller, err, ReasonKeys)
	}
	if len(keys) == 0 {
		return Refused{ReasonKeys}
	}
	return nil
}
