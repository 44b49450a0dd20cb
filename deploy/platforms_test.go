package deploy_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/config"
	"github.com/adiuva/cloud-api/internal/httpapi"
	"github.com/adiuva/cloud-api/internal/testing/apitest"
)

// platform is how a platform's proxy sends the request of a client.
type platform struct {
	settings func(t *testing.T) map[string]string
	peer     string // address of the proxy
	headers  func(client string) map[string]string
}

var platforms = map[string]platform{
	"Fly": {
		settings: flySettings, peer: "172.16.3.18:40112",
		headers: func(client string) map[string]string {
			return map[string]string{"Fly-Client-IP": client, "X-Forwarded-For": client + ", 66.241.124.17",
				"X-Forwarded-Proto": "https", "X-Forwarded-Port": "443", "Via": "2 fly.io"}
		},
	},
	"Fly over IPv6": {
		settings: flySettings, peer: "[fdaa:0:1::3]:40112",
		headers: func(client string) map[string]string {
			return map[string]string{"Fly-Client-IP": client, "X-Forwarded-For": client + ", 2a09:8280:1::1:2",
				"X-Forwarded-Proto": "https"}
		},
	},
	"Kubernetes with ingress-nginx": {
		settings: kubernetesData, peer: "10.42.0.7:51812",
		headers: func(client string) map[string]string {
			return map[string]string{"X-Real-IP": client, "X-Forwarded-For": client, "X-Forwarded-Proto": "https"}
		},
	},
	"Kubernetes behind a load balancer": {
		settings: kubernetesData, peer: "10.42.0.7:51812",
		headers: func(client string) map[string]string {
			return map[string]string{"X-Forwarded-For": client + ":51234, 10.0.12.9",
				"X-Forwarded-Proto": "https, http"}
		},
	},
}

func TestEachClientHasItsOwnLimitOnEveryPlatform(t *testing.T) {
	t.Attr("case", "S4")
	t.Parallel()
	for name, p := range platforms {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := startOn(t, p)
			for i := range 7 {
				got := p.register(server, fmt.Sprintf("203.0.113.%d", i+1), i)
				if got.Code != http.StatusCreated {
					t.Errorf("person %d: %d %s", i+1, got.Code, got.Body)
				}
				if got.Header().Get("Strict-Transport-Security") == "" {
					t.Error("the client's HTTPS was not seen")
				}
			}
			for i := range 4 {
				p.register(server, "203.0.113.1", 10+i)
			}
			got := p.register(server, "203.0.113.1", 20)
			var problem struct{ Type, Code string }
			if err := json.Unmarshal(got.Body.Bytes(), &problem); err != nil || problem.Code != "rate_limited" ||
				!strings.HasPrefix(problem.Type, "https://api.example.com/") {
				t.Errorf("the sixth registration of one person: %d %s", got.Code, got.Body)
			}
		})
	}
}

// startOn starts the service with the addresses and headers of the platform's file, and with rate limits.
func startOn(t *testing.T, p platform) *httpapi.Server {
	t.Helper()
	settings := p.settings(t)
	cfg, err := config.Load(func(name string) string {
		switch name {
		case "TRUSTED_PROXIES", "CLIENT_IP_HEADER", "TRUSTED_PROXY_HOPS":
			return settings[name]
		}
		return ""
	}, os.ReadFile)
	if err != nil {
		t.Fatal(err)
	}
	return apitest.Start(t, nil, apitest.WithRateLimits(t), func(c *httpapi.Config) {
		c.TrustedProxies, c.ClientIPHeader, c.TrustedProxyHops =
			cfg.TrustedProxies, cfg.ClientIPHeader, cfg.TrustedProxyHops
	}).Server
}

// register sends a registration of a client's through the platform's proxy.
func (p platform) register(server *httpapi.Server, client string, n int) *httptest.ResponseRecorder {
	body := fmt.Sprintf(`{"email":"person%d@example.com","password":"correct horse battery staple"}`, n)
	r := httptest.NewRequest("POST", "http://api.example.com/api/v1/auth/register", strings.NewReader(body))
	r.RemoteAddr = p.peer
	r.Header.Set("Content-Type", "application/json")
	for name, value := range p.headers(client) {
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	server.ServeHTTP(w, r)
	return w
}
