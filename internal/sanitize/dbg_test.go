package sanitize

import (
	"fmt"
	"github.com/adiuva/cloud-api/internal/testing/leaktest"
	"testing"
)

func TestDbg(t *testing.T) {
	f := testFilter()
	for _, tr := range leaktest.Transforms() {
		if tr.ID != "T50" {
			continue
		}
		for _, sec := range leaktest.Secrets() {
			text := tr.Apply(sec.Text)
			st := f.Scope().Stream(func(p string) error { fmt.Printf("[%s]", p); return nil })
			for i := 0; i < len(text) && i < 60; i++ {
				if st.Write(text[i:i+1]) != nil {
					break
				}
				n := st.scanner.reader.nature
				if n.points > 0 {
					fmt.Printf("<%d:%d o%d s%d>", i, n.points, n.odd, n.short)
				}
			}
			fmt.Println(st.Hit())
		}
	}
}
