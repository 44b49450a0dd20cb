//go:build linux

package bench_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/testing/lineplot"
)

// curves are what every gateway does at several rates and with several streams, for the plots.
type curves struct{ latency, memory, token []lineplot.Line }

// Where the curves have points.
var (
	curveRates   = []int{50, 100, 200, 300, 400, 600, 800, 1200}
	curveStreams = []int{50, 100, 200, 300, 400}
)

const (
	rateFor     = 2 * time.Second
	tooLate     = 100 * time.Millisecond // at the median: a higher rate is not tried
	rateClients = 64
)

// measureCurves measures them, one gateway after the other.
func measureCurves(b *testing.B, f *fleet, builds []build, references ...string) (c curves) {
	names := slices.Clone(references)
	for _, one := range builds {
		names = append(names, one.name)
	}
	for _, name := range names {
		start := func() *gateway {
			for _, one := range builds {
				if one.name == name {
					return f.ours(name, one.path)
				}
			}
			return f.reference(name)
		}
		g := start()
		if g == nil {
			continue
		}
		c.latency = append(c.latency, f.latencyCurve(b, g))
		g.stop()
		memory, token := lineplot.Line{Name: name}, lineplot.Line{Name: name}
		for _, streams := range curveStreams {
			g := start()
			idle := g.memory(b)
			o := f.open(g, streams)
			memory.Points = append(memory.Points, lineplot.Point{X: float64(streams),
				Y: float64(g.memory(b)-idle) / (1 << 20)})
			spent := g.cpu(b)
			o.finish()
			spent = g.cpu(b) - spent
			token.Points = append(token.Points, lineplot.Point{X: float64(streams),
				Y: float64(spent.Nanoseconds()) / 1e3 / float64(streams*countedTokens)})
			g.stop()
		}
		c.memory, c.token = append(c.memory, memory), append(c.token, token)
	}
	return c
}

// latencyCurve measures the median time of an answer, which is two model calls, from the moment at which it was due.
func (f *fleet) latencyCurve(b *testing.B, g *gateway) lineplot.Line {
	f.model.answerWhole(prose)
	bodies := []string{question(3, 0)}
	if !g.ours {
		bodies = []string{referenceQuestion, referenceQuestion}
	}
	batch{gateway: g, bodies: bodies}.run(b, 200) // a warm-up
	line := lineplot.Line{Name: g.name}
	for _, rate := range curveRates {
		took := g.askAtRate(b, bodies, rate)
		slices.Sort(took)
		middle := took[len(took)/2]
		line.Points = append(line.Points, lineplot.Point{X: float64(rate), Y: float64(middle.Microseconds()) / 1000})
		if middle > tooLate {
			break
		}
	}
	return line
}

// askAtRate asks for so many answers a second, whether or not those before have come.
func (g *gateway) askAtRate(b *testing.B, bodies []string, rate int) []time.Duration {
	took := make([]time.Duration, rate*int(rateFor/time.Second))
	start := time.Now()
	var next atomic.Int64
	var clients sync.WaitGroup
	for i := range rateClients {
		clients.Go(func() {
			c, err := dial(g.address)
			if err != nil {
				b.Error(err)
				return
			}
			defer c.close()
			for {
				n := int(next.Add(1)) - 1
				if n >= len(took) {
					return
				}
				due := start.Add(time.Duration(n) * time.Second / time.Duration(rate))
				time.Sleep(time.Until(due))
				for _, body := range bodies {
					if err := c.ask(request("POST", g.path, g.address, g.tokens[i%len(g.tokens)], body)); err != nil {
						b.Errorf("%s at %d a second: %v", g.name, rate, err)
						return
					}
				}
				took[n] = time.Since(due)
			}
		})
	}
	clients.Wait()
	return took
}

// draw writes the plots into a folder.
func (c curves) draw(b *testing.B, folder string) {
	check(b, os.MkdirAll(folder, 0o755))
	for name, plot := range map[string]lineplot.Plot{
		"latency.svg": {Title: "Latency against rate: two model calls, one core, median", X: "answers a second",
			Y: "milliseconds", LogY: true, Lines: c.latency},
		"memory.svg": {Title: "Memory added by streams", X: "open streams", Y: "MiB", Lines: c.memory},
		"token.svg": {Title: "CPU a streamed token, at 50 tokens a second of each stream", X: "open streams",
			Y: "µs", Lines: c.token},
	} {
		var image strings.Builder
		if err := lineplot.Draw(&image, plot); err != nil {
			b.Errorf("%s: %v", name, err)
			continue
		}
		check(b, os.WriteFile(filepath.Join(folder, name), []byte(image.String()), 0o644))
	}
	fmt.Println("plots are in", folder)
}
