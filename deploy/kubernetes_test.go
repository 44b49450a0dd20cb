package deploy_test

import (
	"bytes"
	"errors"
	"io"
	"net/http/httptest"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"github.com/adiuva/cloud-api/internal/metrics"
)

// labels select the pods of the service.
var labels = map[string]string{"app": "adiuva-api"}

type selector struct {
	MatchLabels map[string]string `yaml:"matchLabels"`
}

type probe struct {
	HTTPGet struct{ Path, Port string } `yaml:"httpGet"`
}

type container struct {
	Image string
	Args  []string
	Env   []struct{ Name, Value string }
	Ports []struct {
		Name          string
		ContainerPort int `yaml:"containerPort"`
	}
	StartupProbe    probe `yaml:"startupProbe"`
	LivenessProbe   probe `yaml:"livenessProbe"`
	ReadinessProbe  probe `yaml:"readinessProbe"`
	Resources       struct{ Requests, Limits map[string]string }
	SecurityContext struct {
		AllowPrivilegeEscalation *bool `yaml:"allowPrivilegeEscalation"`
		ReadOnlyRootFilesystem   bool  `yaml:"readOnlyRootFilesystem"`
		Privileged               bool
		Capabilities             struct{ Drop, Add []string }
	} `yaml:"securityContext"`
}

type pod struct {
	InitContainers               []container `yaml:"initContainers"`
	Containers                   []container
	AutomountServiceAccountToken *bool `yaml:"automountServiceAccountToken"`
	HostNetwork                  bool  `yaml:"hostNetwork"`
	SecurityContext              struct {
		RunAsNonRoot   bool                  `yaml:"runAsNonRoot"`
		RunAsUser      int                   `yaml:"runAsUser"`
		SeccompProfile struct{ Type string } `yaml:"seccompProfile"`
	} `yaml:"securityContext"`
	Volumes []any
}

type peer struct {
	NamespaceSelector selector `yaml:"namespaceSelector"`
	PodSelector       selector `yaml:"podSelector"`
	IPBlock           struct {
		CIDR   string
		Except []string
	} `yaml:"ipBlock"`
}

// object has what we check of the manifests' kinds.
type object struct {
	Kind     string
	Metadata struct{ Name string }
	Data     map[string]string
	Spec     struct {
		Selector    yaml.Node
		PodSelector selector `yaml:"podSelector"`
		Replicas    *int
		Template    struct{ Spec pod }
		Ports       []struct {
			TargetPort string `yaml:"targetPort"`
		}
		MaxUnavailable int                         `yaml:"maxUnavailable"`
		MinReplicas    int                         `yaml:"minReplicas"`
		ScaleTargetRef struct{ Kind, Name string } `yaml:"scaleTargetRef"`
		Metrics        []struct {
			Resource struct{ Name string }
			Pods     struct{ Metric struct{ Name string } }
		}
		PolicyTypes []string `yaml:"policyTypes"`
		Ingress     []struct {
			From  []peer
			Ports []struct{ Port string }
		}
		Egress []struct{ To []peer }
	}
}

// manifests decodes every document of the Kubernetes manifests.
func manifests[T any](t *testing.T) (list []T) {
	t.Helper()
	for dec := yaml.NewDecoder(bytes.NewReader(readFile(t, "kubernetes/adiuva.yaml"))); ; {
		var doc T
		if err := dec.Decode(&doc); errors.Is(err, io.EOF) {
			return list
		} else if err != nil {
			t.Fatal(err)
		}
		list = append(list, doc)
	}
}

// kubernetesObject returns the one object of that kind.
func kubernetesObject(t *testing.T, kind string) object {
	t.Helper()
	var found []object
	for _, o := range manifests[object](t) {
		if o.Kind == kind {
			found = append(found, o)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d objects are a %s, want 1", len(found), kind)
	}
	return found[0]
}

// api returns the container that serves.
func api(t *testing.T) container {
	t.Helper()
	list := kubernetesObject(t, "Deployment").Spec.Template.Spec.Containers
	if len(list) != 1 {
		t.Fatalf("%d containers, want 1", len(list))
	}
	return list[0]
}

// kubernetesData returns the variables of the container that serves, except the secrets.
func kubernetesData(t *testing.T) map[string]string {
	t.Helper()
	data := kubernetesObject(t, "ConfigMap").Data
	for _, variable := range api(t).Env {
		if variable.Value != "" {
			data[variable.Name] = strings.ReplaceAll(variable.Value, "$(POD_IP)", "10.42.0.9")
		}
	}
	return data
}

func TestKubernetesStartsInProduction(t *testing.T) {
	t.Parallel()
	data := kubernetesData(t)
	checkNames(t, data)
	checkStarts(t, data, secretsInHeader(readFile(t, "kubernetes/adiuva.yaml")))
}

// schemaErrors returns what Kubernetes 1.30 would refuse in the document.
func schemaErrors(t *testing.T, doc map[string]any) error {
	t.Helper()
	schemas := jsonschema.NewCompiler()
	text, err := jsonschema.UnmarshalJSON(bytes.NewReader(readFile(t, "kubernetes/schema-1.30.json")))
	if err != nil {
		t.Fatal(err)
	}
	if err := schemas.AddResource("schema.json", text); err != nil {
		t.Fatal(err)
	}
	version, _ := doc["apiVersion"].(string)
	kind, _ := doc["kind"].(string)
	schema, err := schemas.Compile("schema.json#/$defs/" + strings.ReplaceAll(version, "/", ".") + "." + kind)
	if err != nil {
		return err
	}
	return schema.Validate(doc)
}

func TestKubernetesMatchesItsSchema(t *testing.T) {
	t.Parallel()
	docs := manifests[map[string]any](t)
	if len(docs) != 6 {
		t.Errorf("%d objects, want 6", len(docs))
	}
	for _, doc := range docs {
		if err := schemaErrors(t, doc); err != nil {
			t.Errorf("%v: %v", doc["kind"], err)
		}
	}
}

// TestSchemaFindsFaults shows that the test above can fail.
func TestSchemaFindsFaults(t *testing.T) {
	t.Parallel()
	for old, wrong := range map[string]string{
		"livenessProbe:":            "livelinessProbe:",
		"maxUnavailable: 0":         "maxUnavailable: {}",
		"minReplicas: 2":            "minReplicas: two",
		"podSelector: {matchLabels": "podSelector: {matchLabel",
		"policyTypes: [Ingress":     "policyTypes: [1",
		"autoscaling/v2":            "autoscaling/v3",
		"runAsNonRoot: true":        "runAsNonRoot: yes please",
		"targetPort: http":          "targetPorts: http",
	} {
		text := strings.Replace(string(readFile(t, "kubernetes/adiuva.yaml")), old, wrong, 1)
		found := false
		for dec := yaml.NewDecoder(strings.NewReader(text)); ; {
			var doc map[string]any
			if dec.Decode(&doc) != nil {
				break
			}
			found = found || schemaErrors(t, doc) != nil
		}
		if !found {
			t.Errorf("%s is accepted", wrong)
		}
	}
}

func TestKubernetesIsClosedAndPinned(t *testing.T) {
	t.Attr("case", "S14")
	t.Parallel()
	p := kubernetesObject(t, "Deployment").Spec.Template.Spec
	all := append(slices.Clone(p.InitContainers), p.Containers...)
	if len(p.InitContainers) != 1 || len(p.Containers) != 1 || all[0].Image != all[1].Image {
		t.Errorf("the images of %d and %d containers are not one", len(p.InitContainers), len(p.Containers))
	}
	for _, c := range all {
		s := c.SecurityContext
		if s.AllowPrivilegeEscalation == nil || *s.AllowPrivilegeEscalation || s.Privileged ||
			!s.ReadOnlyRootFilesystem ||
			!slices.Equal(s.Capabilities.Drop, []string{"ALL"}) || len(s.Capabilities.Add) > 0 {
			t.Errorf("%q may do too much: %+v", c.Args, s)
		}
		if !regexp.MustCompile(`^ghcr\.io/adiuva/cloud-api@sha256:[0-9a-f]{64}$`).MatchString(c.Image) {
			t.Errorf("the image %s has no digest", c.Image)
		}
	}
	s := p.SecurityContext
	if !s.RunAsNonRoot || s.RunAsUser == 0 || s.SeccompProfile.Type != "RuntimeDefault" || p.HostNetwork ||
		p.AutomountServiceAccountToken == nil || *p.AutomountServiceAccountToken || len(p.Volumes) > 0 {
		t.Errorf("the pod may do too much: %+v", p)
	}
	if p.Containers[0].Resources.Limits["memory"] == "" || p.Containers[0].Resources.Requests["cpu"] == "" {
		t.Errorf("the resources are %+v", p.Containers[0].Resources)
	}
}

// TestKubernetesAdmitsPrometheusAlone checks that no Service has the port of the listener for operators, that the
// NetworkPolicy admits only Prometheus to it, and that the cloud's metadata are out of reach.
func TestKubernetesAdmitsPrometheusAlone(t *testing.T) {
	t.Attr("case", "S14")
	t.Parallel()
	if ports := kubernetesObject(t, "Service").Spec.Ports; len(ports) != 1 || ports[0].TargetPort != "http" {
		t.Errorf("the Service has the ports %+v", ports)
	}
	policy := kubernetesObject(t, "NetworkPolicy").Spec
	if !slices.Equal(policy.PolicyTypes, []string{"Ingress", "Egress"}) {
		t.Errorf("the policy is for %q", policy.PolicyTypes)
	}
	sources := map[string]map[string]string{}
	for _, rule := range policy.Ingress {
		if len(rule.From) != 1 || len(rule.Ports) != 1 || rule.From[0].NamespaceSelector.MatchLabels == nil {
			t.Fatalf("the policy lets in %+v", rule)
		}
		sources[rule.Ports[0].Port] = rule.From[0].PodSelector.MatchLabels
	}
	if len(sources) != 2 || sources["admin"]["app.kubernetes.io/name"] != "prometheus" {
		t.Errorf("the policy admits %v", sources)
	}
	for _, rule := range policy.Egress {
		for _, to := range rule.To {
			if to.IPBlock.CIDR == "0.0.0.0/0" && !slices.Contains(to.IPBlock.Except, "169.254.0.0/16") {
				t.Error("the policy lets requests out to the cloud's metadata")
			}
		}
	}
	for _, port := range api(t).Ports {
		if _, ok := sources[port.Name]; !ok {
			t.Errorf("the port %s is in no rule", port.Name)
		}
	}
}

// TestKubernetesObjectsBelongTogether checks names that objects have of each other.
func TestKubernetesObjectsBelongTogether(t *testing.T) {
	t.Parallel()
	deployment := kubernetesObject(t, "Deployment")
	for _, kind := range []string{"Deployment", "Service", "PodDisruptionBudget"} {
		node := kubernetesObject(t, kind).Spec.Selector
		var wrapped selector
		var plain map[string]string
		if err := node.Decode(&wrapped); err != nil {
			t.Fatal(err)
		}
		_ = node.Decode(&plain)
		if !reflect.DeepEqual(wrapped.MatchLabels, labels) && !reflect.DeepEqual(plain, labels) {
			t.Errorf("the %s selects other pods", kind)
		}
	}
	if got := kubernetesObject(t, "NetworkPolicy").Spec.PodSelector.MatchLabels; !reflect.DeepEqual(got, labels) {
		t.Errorf("the NetworkPolicy selects %v", got)
	}
	scaler := kubernetesObject(t, "HorizontalPodAutoscaler").Spec
	target := scaler.ScaleTargetRef
	if target.Kind != "Deployment" || target.Name != deployment.Metadata.Name || scaler.MinReplicas < 2 {
		t.Errorf("the autoscaler is for %+v, with %d replicas or more", target, scaler.MinReplicas)
	}
	if deployment.Spec.Replicas != nil {
		t.Error("the Deployment resets the replicas of the autoscaler")
	}
	if got := kubernetesObject(t, "PodDisruptionBudget").Spec.MaxUnavailable; got != 1 {
		t.Errorf("%d replicas may be away at a time", got)
	}
	m := metrics.New("test")
	m.Streams("idle", 1)
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if scaler.Metrics[0].Resource.Name != "cpu" ||
		!strings.Contains(w.Body.String(), "\n"+scaler.Metrics[1].Pods.Metric.Name+"{") {
		t.Errorf("the autoscaler goes by %+v", scaler.Metrics)
	}
}

func TestKubernetesProbes(t *testing.T) {
	t.Parallel()
	c := api(t)
	for got, want := range map[probe]string{
		c.StartupProbe: "/livez", c.LivenessProbe: "/livez", c.ReadinessProbe: "/readyz?exclude=database",
	} {
		if got.HTTPGet.Path != want || got.HTTPGet.Port != "http" {
			t.Errorf("probes %+v, want %s", got, want)
		}
	}
}
