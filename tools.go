// Package cloudapi names, in one place, how everything under gen/ is made from the contract and the SQL. Go tools are
// pinned by tools/go.mod, npm tools by openapi/npm/package-lock.json; `npm ci --ignore-scripts` in openapi/npm comes
// first.
package cloudapi

//go:generate go tool -modfile=tools/go.mod oapi-codegen -config openapi/server.yaml openapi/openapi.yaml
//go:generate go tool -modfile=tools/go.mod oapi-codegen -config openapi/client/models.yaml openapi/openapi.yaml
//go:generate go tool -modfile=tools/go.mod oapi-codegen -config openapi/client/requests.yaml openapi/openapi.yaml
//go:generate go tool -modfile=tools/go.mod oapi-codegen -config openapi/client/responses.yaml openapi/openapi.yaml
//go:generate env CGO_ENABLED=0 go tool -modfile=tools/go.mod sqlc generate -f sql/sqlc.yaml
//go:generate npm --prefix openapi/npm run --silent generate
