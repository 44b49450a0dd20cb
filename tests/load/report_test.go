//go:build load

package load_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/adiuva/cloud-api/internal/testing/lineplot"
)

// report is what a run measured.
type report struct {
	about    string
	took     time.Duration
	sizes    []sizeResult
	rates    []result
	ceilings []ceiling
	streams  []streamResult
	idle     idle
	uploads  uploads
	rows     []tableSize
}

// write writes the page and the plots.
func (r *report) write(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for name, plot := range map[string]lineplot.Plot{
		"latency.svg": r.latencyPlot(), "memory.svg": r.memoryPlot(), "cpu.svg": r.cpuPlot(),
	} {
		var image strings.Builder
		if err := lineplot.Draw(&image, plot); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), []byte(image.String()), 0o644); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(folder, "README.md"), []byte(r.page()), 0o644)
}

// lines collects points by name, in the order of the names' first points.
type lines []lineplot.Line

func (l *lines) add(name string, x, y float64) {
	for i := range *l {
		if (*l)[i].Name == name {
			(*l)[i].Points = append((*l)[i].Points, lineplot.Point{X: x, Y: y})
			return
		}
	}
	*l = append(*l, lineplot.Line{Name: name, Points: []lineplot.Point{{X: x, Y: y}}})
}

func (r *report) latencyPlot() lineplot.Plot {
	var l lines
	for _, one := range r.rates {
		l.add(one.name, one.rate, milliseconds(one.p50))
	}
	return lineplot.Plot{Title: "Latency against rate, median", X: "requests a second", Y: "milliseconds", LogX: true,
		LogY: true, Lines: l}
}

func (r *report) memoryPlot() lineplot.Plot {
	var l lines
	for _, one := range r.streams {
		l.add(one.name, float64(one.streams), one.memory/(1<<20))
	}
	return lineplot.Plot{Title: "Resident memory against streams", X: "streams that are being answered", Y: "MiB",
		Lines: l}
}

func (r *report) cpuPlot() lineplot.Plot {
	var l lines
	for _, one := range r.streams {
		l.add(one.name, one.perSecond, one.cores)
	}
	return lineplot.Plot{Title: "CPU against streamed tokens", X: "tokens a second", Y: "cores", Lines: l}
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// page returns the table as Markdown.
func (r *report) page() string {
	var p page
	p.printf("# What one machine carries\n\nWritten by `make load` on %s in %.0f minutes. Machine: %s.\n",
		time.Now().UTC().Format("2 January 2006"), r.took.Minutes(), r.about)
	p.printf("The load generators, the fake model, PostgreSQL and Redis share it. Compare within the page only.\n\n")
	r.requestRows(&p)
	r.streamRows(&p)
	r.sizeRows(&p)
	p.printf("![Latency against rate](latency.svg)\n\n![Memory against streams](memory.svg)\n\n" +
		"![CPU against tokens](cpu.svg)\n")
	return p.String()
}

type page struct{ strings.Builder }

func (p *page) printf(format string, args ...any) { fmt.Fprintf(p, format, args...) }

// table writes the head of a table.
func (p *page) table(columns ...string) {
	p.printf("| %s |\n|%s\n", strings.Join(columns, " | "), strings.Repeat("---|", len(columns)))
}

func (r *report) requestRows(p *page) {
	p.table("Requests", "highest rate with p99 ≤ 100 ms", "its p50, p99", "CPU a request", "PostgreSQL's CPU",
		fmt.Sprintf("ceiling with %d connections, CPU", wrkConnections))
	for _, c := range r.ceilings {
		var best result
		for _, one := range r.rates {
			if one.name == c.name && one.successes == 1 && one.p99 <= 100*time.Millisecond {
				best = one
			}
		}
		p.printf("| %s | %.0f/s | %.1f, %.1f ms | %d µs | %d µs | %.0f/s, %d µs |\n", c.name, best.rate,
			milliseconds(best.p50), milliseconds(best.p99), best.perCall.Microseconds(), best.database.Microseconds(),
			c.perSec, c.perCall.Microseconds())
	}
	p.printf("\n")
}

func (r *report) streamRows(p *page) {
	p.table("Streams of 20 tokens a second", "streams", "resident memory", "more, a stream", "tokens a second",
		"CPU a token", "first text, median")
	first := map[string]float64{}
	for _, s := range r.streams {
		if first[s.name] == 0 {
			first[s.name] = s.idle
		}
		p.printf("| %s | %d | %.0f MiB | %.0f KiB | %.0f | %.1f µs | %.1f ms |\n", s.name, s.streams,
			s.memory/(1<<20), (s.memory-first[s.name])/1024/float64(s.streams), s.perSecond,
			1e6*s.cores/max(s.perSecond, 1), milliseconds(s.first))
	}
	p.printf("| sockets without a question | %d | %.0f MiB | %.0f KiB | | | |\n\n", r.idle.sockets,
		r.idle.after/(1<<20), (r.idle.after-r.idle.before)/1024/float64(max(r.idle.sockets, 1)))
	u := r.uploads
	p.printf("Uploads, four at a time to a disk: %.2f s of CPU a GiB, %.0f MiB more memory.\n\n",
		u.cpu.Seconds()/(float64(max(u.bytes, 1))/(1<<30)), (u.after-u.before)/(1<<20))
}

func (r *report) sizeRows(p *page) {
	p.table("Accounts", "database", fmt.Sprintf("GET /auth/me at %d/s: p50, p99", sizeRate), "PostgreSQL's CPU",
		fmt.Sprintf("POST /chat at %d/s: p50, p99", sizeRate), "PostgreSQL's CPU")
	for _, s := range r.sizes {
		p.printf("| %d | %.0f MiB | %.1f, %.1f ms | %d µs | %.1f, %.1f ms | %d µs |\n", s.users,
			float64(s.bytes)/(1<<20), milliseconds(s.me.p50), milliseconds(s.me.p99),
			s.me.database.Microseconds(), milliseconds(s.chat.p50),
			milliseconds(s.chat.p99), s.chat.database.Microseconds())
	}
	p.printf("\n")
	p.table("Table", "rows", "bytes a row", "with indexes")
	for _, t := range r.rows {
		p.printf("| `%s` | %d | %.0f | %.0f |\n", t.Name, t.Rows, float64(t.Heap)/float64(t.Rows),
			float64(t.Total)/float64(t.Rows))
	}
	p.printf("\n")
}
