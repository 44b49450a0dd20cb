// Package openapi embeds the contract: the REST operations and the messages of the chat stream. Everything under gen/
// is generated from these documents, except for the database code.
package openapi

import _ "embed"

// Document is the OpenAPI 3.0.3 description of every operation, as YAML.
//
//go:embed openapi.yaml
var Document []byte

// Stream is the AsyncAPI 3 description of the chat stream, as YAML; its schemas are references to Document.
//
//go:embed asyncapi.yaml
var Stream []byte

// StreamBundle is Stream as JSON with all schemas included, for tools that do not follow references between files.
//
//go:embed asyncapi.bundled.json
var StreamBundle []byte
