package httpapi

import "github.com/getkin/kin-openapi/openapi3"

// CheckContract returns why New would refuse to serve a contract, or nil.
func CheckContract(doc *openapi3.T) error {
	_, err := readOperations(doc)
	return err
}
