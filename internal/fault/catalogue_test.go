package fault_test

import (
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/openapi"
)

func TestCatalogueMatchesTheContract(t *testing.T) {
	t.Parallel()
	contract, err := openapi3.NewLoader().LoadFromData(openapi.Document)
	if err != nil {
		t.Fatal(err)
	}
	var codes, explained []string
	for _, code := range contract.Components.Schemas["ErrorCode"].Value.Enum {
		codes = append(codes, code.(string))
	}
	byCode := map[string]int{}
	for _, e := range fault.Catalogue() {
		explained = append(explained, string(e.Code))
		byCode[string(e.Code)] = e.Status
		if !strings.HasSuffix(e.Cause, ".") || !strings.HasSuffix(e.Remedy, ".") || http.StatusText(e.Status) == "" {
			t.Errorf("%s: cause %q, remedy %q, status %d", e.Code, e.Cause, e.Remedy, e.Status)
		}
	}
	if !slices.Equal(codes, explained) {
		t.Errorf("the contract has %q, the catalogue %q", codes, explained)
	}
	// The operations' descriptions must agree: "409 `email_taken` when …".
	mentions := regexp.MustCompile("\\b([45]\\d\\d)\\s+`([a-z]+(?:_[a-z]+)*)`").
		FindAllStringSubmatch(string(openapi.Document), -1)
	for _, match := range mentions {
		if status := strconv.Itoa(byCode[match[2]]); status != match[1] {
			t.Errorf("openapi.yaml says %q, the catalogue %s", match[0], status)
		}
	}
	if len(mentions) < 5 {
		t.Errorf("openapi.yaml names only %d codes with a status", len(mentions))
	}
}

func TestCatalogueReturnsACopy(t *testing.T) {
	t.Parallel()
	fault.Catalogue()[0].Code = "changed"
	if got := fault.Catalogue()[0].Code; got != "invalid_json" {
		t.Errorf("a caller changed the catalogue to %q", got)
	}
}

// TestCloseCodesMatchTheStreamContract reads the table of close codes in openapi/asyncapi.yaml.
func TestCloseCodesMatchTheStreamContract(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../openapi/asyncapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[fault.Code]int{}
	for _, row := range regexp.MustCompile(`(?m)^\s*\| (\d{4}) \| ([^|]+) \|`).FindAllStringSubmatch(string(text), -1) {
		code, err := strconv.Atoi(row[1])
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range regexp.MustCompile("`([a-z_]+)`").FindAllStringSubmatch(row[2], -1) {
			documented[fault.Code(name[1])] = code
		}
	}
	if len(documented) < 15 {
		t.Fatalf("found only %d codes in the table", len(documented))
	}
	for code, want := range documented {
		if got := code.CloseCode(); got != want {
			t.Errorf("%s closes with %d, documented as %d", code, got, want)
		}
	}
	for _, e := range fault.Catalogue() {
		if _, ok := documented[e.Code]; !ok && e.CloseCode != fault.CloseInternalError {
			t.Errorf("%s closes with %d and is missing in the table", e.Code, e.CloseCode)
		}
	}
}

func TestUnknownCodeIsAnInternalError(t *testing.T) {
	t.Parallel()
	if c := fault.Code("nothing"); c.Status() != http.StatusInternalServerError ||
		c.CloseCode() != fault.CloseInternalError {
		t.Errorf("status %d, close code %d", c.Status(), c.CloseCode())
	}
}
