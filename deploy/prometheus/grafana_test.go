package prometheus_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	grafana "github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

// grafanaErrors returns what Grafana's own schema, of which the SDK is made, does not accept: unknown members and
// wrong types in the dashboard, its panels, their options and their queries.
func grafanaErrors(text []byte) error {
	runtime := cog.NewRuntime()
	runtime.RegisterPanelcfgVariant(timeseries.VariantConfig())
	runtime.RegisterPanelcfgVariant(stat.VariantConfig())
	runtime.RegisterDataqueryVariant(prometheus.VariantConfig())
	var d grafana.Dashboard
	return errors.Join(faults(d.UnmarshalJSONStrict(text)), faults(d.Validate()))
}

// faults returns nil in place of a list without errors.
func faults(err error) error {
	var list cog.BuildErrors
	if errors.As(err, &list) && len(list) == 0 {
		return nil
	}
	return err
}

func TestDashboardsMatchGrafanasSchema(t *testing.T) {
	t.Parallel()
	for file := range dashboards(t) {
		if err := grafanaErrors(read(t, "../grafana/dashboards/"+file)); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// TestSchemaOfGrafanaFindsFaults shows that the test above can fail.
func TestSchemaOfGrafanaFindsFaults(t *testing.T) {
	t.Parallel()
	for old, wrong := range map[string]string{
		`"graphTooltip": 1`:     `"graphTooltip": "shared"`,
		`"gridPos"`:             `"gridPosition"`,
		`"expr"`:                `"expression"`,
		`"legendFormat"`:        `"legend"`,
		`"drawStyle"`:           `"drawnStyle"`,
		`"unit": "reqps"`:       `"unit": 7`,
		`"calcs"`:               `"calc"`,
		`"schemaVersion": 39`:   `"schemaVersion": "39"`,
		`"title": "Replicas"`:   `"titel": "Replicas"`,
		`"refId": "A"`:          `"refId": 1`,
		`"graphMode"`:           `"graphModes"`,
		`"templating"`:          `"template"`,
		`"showLegend"`:          `"showLegends"`,
		`"fillOpacity"`:         `"opacity"`,
		`"reduceOptions"`:       `"reduce"`,
		`"fieldConfig"`:         `"fields"`,
		`"timezone": "browser"`: `"timezone": 1`,
		`"refresh": "30s"`:      `"refresh": 30`,
		`"description": "Reque`: `"text": "Reque`,
	} {
		text := string(read(t, "../grafana/dashboards/service.json"))
		if !strings.Contains(text, old) {
			t.Errorf("service.json has no %s", old)
			continue
		}
		if grafanaErrors([]byte(strings.Replace(text, old, wrong, 1))) == nil {
			t.Errorf("%s is accepted", wrong)
		}
	}
}

// TestPanelsSayWhatTheyShow checks what the schema leaves to us: units, and that panels and variables use
// the one variable for the source of data.
func TestPanelsSayWhatTheyShow(t *testing.T) {
	t.Parallel()
	units := map[string]bool{"short": true, "s": true, "reqps": true, "ops": true, "percentunit": true, "bytes": true,
		"Bps": true, "currencyUSD": true}
	for file := range dashboards(t) {
		var d struct {
			Panels []struct {
				Type, Title string
				Datasource  struct{ UID string }
				FieldConfig struct{ Defaults struct{ Unit string } }
			}
			Templating struct {
				List []struct {
					Name, Type, Query any
					Datasource        struct{ UID string }
				}
			}
		}
		if err := json.Unmarshal(read(t, "../grafana/dashboards/"+file), &d); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if first := d.Templating.List[0]; first.Name != "datasource" || first.Type != "datasource" ||
			first.Query != "prometheus" {
			t.Errorf("%s: the first variable is %+v", file, first)
		}
		for _, v := range d.Templating.List {
			if v.Type == "query" && v.Datasource.UID != "${datasource}" {
				t.Errorf("%s: the variable %v asks %q", file, v.Name, v.Datasource.UID)
			}
		}
		for _, p := range d.Panels {
			if p.Type == "row" {
				continue
			}
			if p.Datasource.UID != "${datasource}" || !units[p.FieldConfig.Defaults.Unit] {
				t.Errorf("%s: the panel %q has the source %q and the unit %q", file, p.Title, p.Datasource.UID,
					p.FieldConfig.Defaults.Unit)
			}
		}
	}
}
