package oidc

import (
	"context"
	"slices"
	"time"

	goidc "github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// issuerFor is how long a discovery document is used before it is fetched again.
const issuerFor = time.Hour

// metadata is what a discovery document says, as far as we use it.
type metadata struct {
	issuer      string
	provider    *goidc.Provider
	jwksURL     string
	authStyle   oauth2.AuthStyle
	namesItself bool // in the parameter of RFC 9207
}

// discover fetches and checks the discovery document of an issuer, whose name must be the issuer's, byte for byte.
func (c *Client) discover(ctx context.Context, issuer string) (*metadata, error) {
	if err := checkURL(issuer, c.allowLoopback); err != nil {
		return nil, err
	}
	ctx = goidc.ClientContext(ctx, c.http)
	fetched, err := goidc.NewProvider(ctx, issuer)
	if err != nil {
		return nil, refusedAs(err, ReasonDiscovery)
	}
	var doc struct {
		goidc.ProviderConfig
		AuthMethods []string `json:"token_endpoint_auth_methods_supported"`
		NamesItself bool     `json:"authorization_response_iss_parameter_supported"`
	}
	if err := fetched.Claims(&doc); err != nil {
		return nil, Refused{ReasonDiscovery}
	}
	endpoints := []string{doc.AuthURL, doc.TokenURL, doc.JWKSURL}
	if doc.UserInfoURL != "" {
		endpoints = append(endpoints, doc.UserInfoURL)
	}
	for _, endpoint := range endpoints {
		if err := checkURL(endpoint, c.allowLoopback); err != nil {
			return nil, err
		}
	}
	// x/oauth2 could find out by itself how to send the secret: by sending a code that works once a second time.
	style := oauth2.AuthStyleInHeader
	if len(doc.AuthMethods) > 0 && !slices.Contains(doc.AuthMethods, "client_secret_basic") {
		style = oauth2.AuthStyleInParams
	}
	used := goidc.ProviderConfig{
		IssuerURL: issuer, AuthURL: doc.AuthURL, TokenURL: doc.TokenURL,
		UserInfoURL: doc.UserInfoURL, JWKSURL: doc.JWKSURL,
	}
	return &metadata{
		issuer:      issuer,
		provider:    used.NewProvider(ctx), // without the rest of the document, which may be large
		jwksURL:     doc.JWKSURL,
		authStyle:   style,
		namesItself: doc.NamesItself,
	}, nil
}

func (m *metadata) config(p Provider, redirectURI string) *oauth2.Config {
	endpoint := m.provider.Endpoint()
	endpoint.AuthStyle = m.authStyle
	return &oauth2.Config{
		ClientID: p.ClientID, ClientSecret: p.ClientSecret, Endpoint: endpoint,
		RedirectURL: redirectURI, Scopes: []string{goidc.ScopeOpenID, "email"},
	}
}
