package sanitize

import (
	"fmt"
	"slices"
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
	odd, all := map[string]int{}, map[string]int{}
	defer func() {
		for k := range all {
			fmt.Println(k, "odd", float64(odd[k])/float64(all[k]))
		}
	}()
	shares := map[string][]float64{}
	for _, a := range leaktest.Answers() {
		total += len(a.Text)
		out := ""
		st := f.Scope().Stream(func(p string) error { out += p; return nil })
		for i := 0; i < len(a.Text); i += 5 {
			if st.Write(a.Text[i:min(i+5, len(a.Text))]) != nil {
				break
			}
		}
		shown := len(out)
		odd[a.Kind] += st.scanner.oddBytes
		all[a.Kind] += len(a.Text)
		if st.Close() != nil {
			bad++
			t.Logf("%v %.300q", *st.Hit(), a.Text)
		}
		if len(a.Text) >= 300 {
			shares[a.Kind] = append(shares[a.Kind], float64(shown)/float64(len(a.Text)))
			if a.Kind != "x" && float64(shown)/float64(len(a.Text)) < 0.6 && len(shares[a.Kind])%6 == 0 {
				t.Logf("LOW %s %.2f %.90q...%.60q", a.Kind, float64(shown)/float64(len(a.Text)), a.Text, a.Text[shown:])
			}
		}
	}
	fmt.Println("false alarms", bad, "MB/s", float64(total)/time.Since(start).Seconds()/1e6)
	for k, s := range shares {
		slices.Sort(s)
		fmt.Printf("%s %d: 10%% %.2f 25%% %.2f median %.3f\n", k, len(s), s[len(s)/10], s[len(s)/4], s[len(s)/2])
	}
}

func TestTryQuoted(t *testing.T) {
	f := testFilter()
	for _, q := range leaktest.QuotedAnswers() {
		if _, hit := f.Scope(q.Document).Text(q.Answer); hit != nil {
			t.Logf("%v %.200q", *hit, q.Answer)
		}
	}
}

func try(f *Filter, list []leaktest.Transform, names bool) (n, all int) {
	for _, tr := range list {
		if !tr.Catchable || tr.NeedsCanary {
			continue
		}
		miss := 0
		var sent string
		most := 0
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
			most = max(most, len(out))
			if hasContent(strings.TrimPrefix(out, tr.Intro)) && tr.CatchableInStream && !strings.HasPrefix(tr.Intro, out) {
				sent = out
			}
		}
		if (miss > 0 || sent != "") && names {
			ex := tr.Apply(leaktest.Secrets()[0].Text)
			fmt.Printf("%s %s: %d passed; sent %d %.60q %.60q\n", tr.ID, tr.Name, miss, len(sent), sent, ex)
		}
	}
	return n, all
}

func TestTryAttacks(t *testing.T) {
	n, all := try(testFilter(), leaktest.Transforms(), true)
	fmt.Println("passed", n, "of", all)
}

func TestTryUnlisted(t *testing.T) {
	n, all := try(testFilter(), leaktest.UnlistedTransforms(), true)
	fmt.Println("passed", n, "of", all)
}

func TestTryFillers(t *testing.T) {
	n, all := try(testFilter(), leaktest.FillerTransforms(), true)
	fmt.Println("passed", n, "of", all)
}

func TestTryHeldOut(t *testing.T) {
	n, all := try(testFilter(), leaktest.HeldOutTransforms(), false)
	fmt.Println("held out passed", n, "of", all)
}
