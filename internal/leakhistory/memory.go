package leakhistory

import (
	"maps"
	"slices"
	"sync"
)

// memoryStore has a bounded number of bitmaps. When there are too many, those of hours that count no longer are
// dropped, and then a part of the oldest ones.
type memoryStore struct {
	most int

	mu    sync.Mutex
	hours map[int64]map[string][]byte // bitmaps by hour and account
	size  int                         // bitmaps of all hours
}

func newMemoryStore(most int) *memoryStore {
	return &memoryStore{most: most, hours: map[int64]map[string][]byte{}}
}

// add adds units to the bitmap of the hour and returns it together with the one before.
func (m *memoryStore) add(account string, hour int64, units []int) (all []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.hours[hour] == nil {
		m.hours[hour] = map[string][]byte{}
		m.dropBefore(hour - 1)
	}
	bitmap, known := m.hours[hour][account]
	if !known {
		if m.size >= m.most {
			m.dropOldest(m.size - m.most + 1 + m.most/dropShare)
		}
		m.size++
	}
	for _, u := range units {
		if more := u/8 + 1 - len(bitmap); more > 0 {
			bitmap = append(bitmap, make([]byte, more)...)
		}
		bitmap[u/8] |= 1 << (u % 8)
	}
	m.hours[hour][account] = bitmap
	return union(union(nil, bitmap), m.hours[hour-1][account])
}

// dropShare is the part of the bitmaps, one in so many, that is dropped at once.
const dropShare = 16

func (m *memoryStore) dropBefore(hour int64) {
	for h, bitmaps := range m.hours {
		if h < hour {
			m.size -= len(bitmaps)
			delete(m.hours, h)
		}
	}
}

// dropOldest drops n bitmaps, those of the oldest hour first.
func (m *memoryStore) dropOldest(n int) {
	for _, h := range slices.Sorted(maps.Keys(m.hours)) {
		for account := range m.hours[h] {
			if n == 0 {
				return
			}
			delete(m.hours[h], account)
			m.size--
			n--
		}
	}
}
