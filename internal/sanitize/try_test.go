package sanitize

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/adiuva/cloud-api/internal/testing/leaktest"
)

func hasContent(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool {
		return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.Is(unicode.So, r) || unicode.Is(unicode.Cf, r)
	})
}

func testFilter() *Filter {
	var secrets []Secret
	for _, s := range leaktest.Secrets() {
		secrets = append(secrets, Secret{ID: s.ID, Text: s.Text, Canary: s.Canary})
	}
	return New(secrets...)
}

func TestTryBenign(t *testing.T) {
	f := testFilter()
	bad := 0
	start, total := time.Now(), 0
	for _, a := range leaktest.Benign() {
		total += len(a)
		if _, hit := f.Scope().Text(a); hit != nil {
			bad++
			t.Logf("%v %.100q", *hit, a)
		}
	}
	fmt.Println("false alarms", bad, "MB/s", float64(total)/time.Since(start).Seconds()/1e6)
}

func TestTryAttacks(t *testing.T) {
	f := testFilter()
	all, n := 0, 0
	for _, tr := range leaktest.Transforms() {
		if !tr.Catchable || tr.NeedsCanary {
			continue
		}
		miss := 0
		var sent string
		for _, s := range leaktest.Secrets() {
			all++
			out := ""
			st := f.Scope().Stream(func(p string) error { out += p; return nil })
			text := tr.Apply(s.Text)
			for i := 0; i < len(text); i += 7 {
				if st.Write(text[i:min(i+7, len(text))]) != nil {
					break
				}
			}
			if st.Close() == nil {
				miss++
				n++
				continue
			}
			if hasContent(strings.TrimPrefix(out, tr.Intro)) && tr.CatchableInStream && !strings.HasPrefix(tr.Intro, out) {
				sent = out
			}
		}
		if miss > 0 || sent != "" {
			fmt.Printf("%s %s: %d passed; sent %.90q\n", tr.ID, tr.Name, miss, sent)
		}
	}
	fmt.Println("passed", n, "of", all)
}
