package system_test

import (
	"testing"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/app"
	"github.com/adiuva/cloud-api/internal/playbook"
	"github.com/adiuva/cloud-api/internal/testing/apitest"
)

type (
	header = apitest.Header
	answer = apitest.Response
	option = apitest.Option
	stream = apitest.Stream
)

// api is a running service with helpers of this package's tests.
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

// builtin returns the built-in agents, which use the model, and every template.
func builtin(t testing.TB, model agent.Model) (*agent.Registry, *playbook.Templates) {
	t.Helper()
	agents, err := app.NewAgents(model, nil)
	check(t, err)
	templates, err := app.NewTemplates(agents)
	check(t, err)
	return agents, templates
}
