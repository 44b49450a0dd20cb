// Package openapi holds the contract: what may cross the wire, as REST operations and as the chat stream's frames.
// Everything under gen/ is made from these documents.
package openapi

import _ "embed"

// Document is the OpenAPI 3.0.3 description of every operation, as YAML.
//
//go:embed openapi.yaml
var Document []byte
