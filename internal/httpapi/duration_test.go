package httpapi_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/httpapi"
	"github.com/adiuva/cloud-api/internal/testing/apitest"
)

func TestLogLineHasItsDurationInMilliseconds(t *testing.T) {
	t.Parallel()
	clock := apitest.NewClock()
	a := start(t, nil, func(c *httpapi.Config) {
		c.Now = clock.Now
		c.Ready = func(context.Context) error {
			clock.Advance(12_345 * time.Microsecond)
			return nil
		}
	})
	resp, err := http.Get(a.URL + "/readyz")
	check(t, err)
	check(t, resp.Body.Close())
	a.logged("/readyz")
	for line := range strings.Lines(a.Logs.String()) {
		var request struct {
			Route    string
			Duration float64 `json:"duration_ms"`
		}
		check(t, json.Unmarshal([]byte(line), &request))
		if request.Route == "/readyz" && request.Duration != 12.345 {
			t.Errorf("duration_ms is %v, want 12.345", request.Duration)
		}
	}
}
