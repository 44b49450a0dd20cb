package config_test

import (
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/config"
)

func TestLoadChecksHowProxiesNameClients(t *testing.T) {
	t.Attr("case", "S4")
	t.Parallel()
	for name, c := range map[string]struct {
		proxies, header, hops string
		want                  string // start of the fault; empty where it loads
	}{
		"none":                   {},
		"header":                 {proxies: "10.0.0.0/8", header: "CF-Connecting-IP"},
		"hops":                   {proxies: "10.0.0.0/8", hops: "2"},
		"no hops":                {hops: "0"},
		"hops in Forwarded":      {proxies: "10.0.0.0/8", header: "forwarded", hops: "2"},
		"header without proxies": {header: "X-Real-IP", want: "TRUSTED_PROXIES is missing"},
		"hops without proxies":   {hops: "1", want: "TRUSTED_PROXIES is missing"},
		"two headers":            {"10.0.0.0/8", "X-Real-IP, CF-Connecting-IP", "", "CLIENT_IP_HEADER is wrong"},
		"a colon":                {"10.0.0.0/8", "X-Real-IP:", "", "CLIENT_IP_HEADER is wrong"},
		"too many hops":          {"10.0.0.0/8", "", "11", "TRUSTED_PROXY_HOPS is wrong"},
		"negative hops":          {"10.0.0.0/8", "", "-1", "TRUSTED_PROXY_HOPS is wrong"},
		"no number of hops":      {"10.0.0.0/8", "", "two", "TRUSTED_PROXY_HOPS is wrong"},
		"hops and one address":   {"10.0.0.0/8", "X-Real-IP", "2", "TRUSTED_PROXY_HOPS and CLIENT_IP_HEADER"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := config.Load(env{
				"TRUSTED_PROXIES": c.proxies, "CLIENT_IP_HEADER": c.header, "TRUSTED_PROXY_HOPS": c.hops,
			}.get, noFile)
			switch {
			case c.want == "" && err != nil:
				t.Errorf("rejected: %v", err)
			case c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), c.want) ||
				strings.Contains(err.Error(), "\n")):
				t.Errorf("%v, want one fault: %s", err, c.want)
			}
		})
	}
}
