// Package documents embeds the pages of this folder that the service publishes: the integrators' guide, the page on client
// libraries, that for administrators of single sign-on and the changelog of the contract.
package documents

import _ "embed"

// Guide is the integrators' guide, in Markdown.
//
//go:embed integrators.md
var Guide []byte

// Clients says which client libraries there are and what generators of other languages make of the contract, in
// Markdown.
//
//go:embed clients.md
var Clients []byte

// SSO tells the administrators of customers how their provider signs people in, in Markdown.
//
//go:embed sso.md
var SSO []byte

// Changelog lists the changes of the contract, newest release first, in Markdown.
//
//go:embed contract-changelog.md
var Changelog []byte
