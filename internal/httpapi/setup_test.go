package httpapi_test

import (
	"testing"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/testing/apitest"
)

type (
	header = apitest.Header
	answer = apitest.Response
	option = apitest.Option
	frame  = apitest.Frame
)

// api is a running service.
type api struct{ *apitest.API }

func start(t *testing.T, model agent.Model, options ...option) *api {
	t.Helper()
	return &api{apitest.Start(t, model, options...)}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
