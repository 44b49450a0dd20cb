// Package migrations embeds the schema as numbered pairs of up and down migrations, so that the binary can apply them.
package migrations

import "embed"

// Files contains every migration, named as golang-migrate expects.
//
//go:embed *.sql
var Files embed.FS
