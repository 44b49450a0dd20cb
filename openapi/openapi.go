// Package openapi holds the contract: what may cross the wire, as REST operations and as the chat stream's frames.
// Everything under gen/ is made from these documents.
package openapi

import _ "embed"

// Document is the OpenAPI 3.0.3 description of every operation, as YAML.
//
//go:embed openapi.yaml
var Document []byte

// Stream is the AsyncAPI 3 description of the chat stream, as YAML; its schemas point into Document.
//
//go:embed asyncapi.yaml
var Stream []byte

// StreamBundle is Stream as JSON with every schema inside, for readers that do not follow references between files.
//
//go:embed asyncapi.bundled.json
var StreamBundle []byte
