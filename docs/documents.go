// Package documents embeds the pages of this folder that the service publishes: the integrators' guide and the changelog
// of the contract.
package documents

import _ "embed"

// Guide is the integrators' guide, in Markdown.
//
//go:embed integrators.md
var Guide []byte

// Changelog lists the changes of the contract, newest release first, in Markdown.
//
//go:embed contract-changelog.md
var Changelog []byte
