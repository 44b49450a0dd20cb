// Package migrations carries the schema: numbered up and down pairs, embedded so that the binary migrates itself.
package migrations

import "embed"

// Files holds every migration, named as golang-migrate expects.
//
//go:embed *.sql
var Files embed.FS
