// Package scenarios embeds the natural requests of this folder, which are the default set of `adiuva-api eval`.
package scenarios

import "embed"

// Files has a file of scenarios per category, and their workspaces in workspaces/.
//
//go:embed *.yaml workspaces/*.yaml
var Files embed.FS
