package deploy_test

import (
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// TestObservabilityProfile checks that the profile's services find each other and the files of the repository.
func TestObservabilityProfile(t *testing.T) {
	t.Parallel()
	var file struct {
		Services map[string]struct {
			Image             string
			Profiles, Volumes []string
			Ports             []string
		}
	}
	unmarshal(t, "docker-compose.yml", &file)
	for _, name := range []string{"prometheus", "grafana"} {
		service := file.Services[name]
		if !slices.Equal(service.Profiles, []string{"observability"}) {
			t.Errorf("%s has the profiles %q", name, service.Profiles)
		}
		if !regexp.MustCompile(`:v?\d+\.\d+\.\d+$`).MatchString(service.Image) {
			t.Errorf("the image %s of %s has no version", service.Image, name)
		}
		for _, volume := range service.Volumes {
			source, _, _ := strings.Cut(volume, ":")
			if _, err := os.Stat(source); strings.HasPrefix(source, ".") && err != nil {
				t.Errorf("%s mounts %s: %v", name, source, err)
			}
		}
		for _, port := range service.Ports {
			if !strings.HasPrefix(port, "127.0.0.1:") {
				t.Errorf("%s publishes %s to other machines", name, port)
			}
		}
	}
	var provider struct {
		Providers []struct{ Options struct{ Path string } }
	}
	unmarshal(t, "grafana/provisioning/dashboards/adiuva.yaml", &provider)
	mount := "./grafana/dashboards:" + provider.Providers[0].Options.Path + ":ro"
	if got := file.Services["grafana"].Volumes; !slices.Contains(got, mount) {
		t.Errorf("Grafana mounts %q, but reads the dashboards as of %s", got, mount)
	}
	var source struct {
		Datasources []struct{ URL string }
	}
	unmarshal(t, "grafana/provisioning/datasources/prometheus.yaml", &source)
	if got := source.Datasources[0].URL; got != "http://prometheus:9090" {
		t.Errorf("Grafana asks %s", got)
	}
}

// TestPrometheusScrapesTheListenerOfOperators checks that Prometheus asks the app's ADMIN_ADDR, and that this port,
// which asks for no password, is not published.
func TestPrometheusScrapesTheListenerOfOperators(t *testing.T) {
	t.Parallel()
	var file struct {
		RuleFiles     []string `yaml:"rule_files"`
		ScrapeConfigs []struct {
			Job string `yaml:"job_name"`
			DNS []struct {
				Names []string
				Port  string
			} `yaml:"dns_sd_configs"`
		} `yaml:"scrape_configs"`
	}
	unmarshal(t, "prometheus/prometheus.yml", &file)
	app := readCompose(t).Services["app"]
	_, port, err := net.SplitHostPort(app.Environment["ADMIN_ADDR"])
	if err != nil {
		t.Fatal(err)
	}
	scrape := file.ScrapeConfigs[0]
	if scrape.Job != "adiuva" || !slices.Equal(scrape.DNS[0].Names, []string{"app"}) || scrape.DNS[0].Port != port {
		t.Errorf("Prometheus scrapes %+v, and ADMIN_ADDR is :%s", scrape, port)
	}
	for _, published := range app.Ports {
		if strings.HasSuffix(published, ":"+port) {
			t.Errorf("the app publishes %s", published)
		}
	}
	for _, rules := range file.RuleFiles {
		if _, err := os.Stat(filepath.Join("prometheus", rules)); err != nil {
			t.Error(err)
		}
	}
}

func unmarshal(t *testing.T, path string, into any) {
	t.Helper()
	if err := yaml.Unmarshal(readFile(t, path), into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}
