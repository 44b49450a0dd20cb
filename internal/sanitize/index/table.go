package index

import (
	"encoding/binary"
	"math/bits"
)

// table is a hash table of numbers from 1 on. An entry has entrySize bytes: a number in as few bits as the greatest one
// needs, and above it a tag, the lowest bits of the number's hash. A caller checks what a number stands for; the tag
// only saves most of these checks, so a table of large numbers is slower and not wrong. 0 is no entry.
type table struct {
	entries []byte // and entrySlack
	size    int    // entries that have room
	limit   uint32 // a power of two that is greater than all numbers; tags are its multiples
}

const (
	entrySize  = 3
	entrySlack = 4 - entrySize // bytes more, so that four can be read at once
	maxNumber  = 1<<(8*entrySize) - 1
)

// newTable returns a table for n entries with numbers up to most, and maxNumber at most. A quarter of it stays free.
func newTable(n, most int) table {
	size := n*4/3 + 1
	return table{entries: make([]byte, size*entrySize+entrySlack), size: size,
		limit: 1 << bits.Len(uint(min(most, maxNumber)))}
}

// slotOf returns the slot of a hash in a table of a size.
func slotOf(hash uint64, size int) int {
	slot, _ := bits.Mul64(hash, uint64(size))
	return int(slot)
}

// after returns the slot after another one in a table of a size.
func after(slot, size int) int {
	if slot++; slot < size {
		return slot
	}
	return 0
}

// tag returns the tag of a hash.
func (t *table) tag(hash uint64) uint32 { return uint32(hash) * t.limit & maxNumber }

// at returns the entry in a slot, or 0.
func (t *table) at(slot int) uint32 {
	return binary.LittleEndian.Uint32(t.entries[slot*entrySize:]) & maxNumber
}

// number returns the number of an entry if it has a tag.
func (t *table) number(entry, tag uint32) (number int, ok bool) {
	return int(entry ^ tag), entry^tag < t.limit
}

// next returns the first number with a tag from a slot on, and the slot after it, or 0 if a free slot is before it.
func (t *table) next(slot int, tag uint32) (number, then int) {
	entries, limit, size := t.entries, t.limit, t.size
	for {
		entry := binary.LittleEndian.Uint32(entries[slot*entrySize:]) & maxNumber
		if entry == 0 {
			return 0, slot
		}
		slot = after(slot, size)
		if entry ^= tag; entry < limit {
			return int(entry), slot
		}
	}
}

// add stores a number in the first free slot from that of its hash on.
func (t *table) add(hash uint64, number int) {
	slot := slotOf(hash, t.size)
	for t.at(slot) != 0 {
		slot = after(slot, t.size)
	}
	entry := t.tag(hash) | uint32(number)
	at := t.entries[slot*entrySize:]
	at[0], at[1], at[2] = byte(entry), byte(entry>>8), byte(entry>>16)
}
