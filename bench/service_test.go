//go:build linux

package bench_test

import (
	"os"
	"testing"
)

// BenchmarkService measures the service beside its references and prints one table with the goals. Its sizes, and the
// binaries that it compares, are set by the environment; readSettings and binaries say how. It asserts nothing.
func BenchmarkService(b *testing.B) {
	s := readSettings()
	model := startModel(b)
	f := newFleet(b, model)
	builds := binaries(b)
	r := newResults(builds)
	for _, build := range builds {
		r.size(b, build)
	}
	var ours []*gateway
	if s.runs("chat") || s.runs("me") || s.runs("stream") || s.runs("first") {
		for _, build := range builds {
			g := f.ours(build.name, build.path)
			r.add(build.name, "idle", float64(g.memory(b))/1e6)
			ours = append(ours, g)
		}
	}
	references := map[string]*gateway{}
	reference := func(names ...string) (list []*gateway) {
		for _, name := range names {
			if _, ok := references[name]; !ok {
				references[name] = f.reference(name)
			}
			if g := references[name]; g != nil {
				list = append(list, g)
			}
		}
		return list
	}
	if s.runs("chat") {
		measureChat(b, s, f, r, ours, reference("langchaingo", "bifrost", "echofull", "proxy", "nginx", "copy"))
	}
	if s.runs("me") {
		measureMe(b, s, f, r, append(ours, reference("echo", "echofull")...))
	}
	if s.runs("stream") {
		measureTokens(b, s, f, r, append(ours, reference("copy", "langchaingo", "bifrost", "proxy", "nginx")...))
	}
	if s.runs("first") {
		measureFirstText(b, s, f, r, append(ours, reference("proxy", "bifrost", "nginx", "copy")...))
	}
	if s.runs("memory") {
		measureMemory(b, s, f, r, builds, "proxy", "langchaingo", "bifrost", "copy")
	}
	if s.runs("capacity") {
		measureCapacity(b, s, f, r, builds, "copy", "langchaingo", "bifrost")
	}
	if folder := os.Getenv("BENCH_PLOTS"); folder != "" {
		measureCurves(b, f, builds, "copy", "nginx", "proxy", "langchaingo", "bifrost").draw(b, folder)
	}
	r.report(b)
	b.ReportMetric(0, "ns/op")
}
