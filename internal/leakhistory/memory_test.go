package leakhistory

import (
	"fmt"
	"testing"
)

func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	const most = 64
	m := newMemoryStore(most)
	for hour := range int64(3) {
		for i := range 3 * most {
			account := fmt.Sprint(i)
			if all := m.add(account, hour, []int{i}); all[i/8]>>(i%8)&1 == 0 {
				t.Fatalf("account %s lost what it has just got", account)
			}
			n := 0
			for _, bitmaps := range m.hours {
				n += len(bitmaps)
			}
			if n != m.size || n > most {
				t.Fatalf("%d bitmaps, counted %d, want at most %d", n, m.size, most)
			}
		}
	}
	if len(m.hours) > 2 {
		t.Errorf("bitmaps of %d hours are kept", len(m.hours))
	}
}

func TestOldestBitmapsAreDroppedFirst(t *testing.T) {
	t.Parallel()
	const most = 64
	m := newMemoryStore(most)
	for i := range most {
		m.add(fmt.Sprint(i), 1, []int{i})
	}
	for i := range most / 2 {
		m.add(fmt.Sprint(i), 2, []int{i})
	}
	if old := len(m.hours[1]); len(m.hours[2]) != most/2 || old > most/2 || old < most/4 {
		t.Errorf("%d old and %d new bitmaps are kept, want %d at most, new ones first", old, len(m.hours[2]), most)
	}
}
