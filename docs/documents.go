// Package documents carries those pages of this folder that the service publishes: the guide for integrators and what
// changed in the contract.
package documents

import _ "embed"

// Guide is the integrators' guide, in Markdown.
//
//go:embed integrators.md
var Guide []byte

// Changelog tells what changed in the contract from one release to the next, in Markdown.
//
//go:embed contract-changelog.md
var Changelog []byte
