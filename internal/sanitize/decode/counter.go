package decode

import "math/bits"

// counter counts numbers.
type counter struct {
	slots []struct{ number, count uint32 }
	shift uint
}

// newCounter returns a counter of at most n different numbers.
func newCounter(n int) counter {
	size := uint(bits.Len(uint(2*n))) + 1
	return counter{make([]struct{ number, count uint32 }, 1<<size), 32 - size}
}

// add counts a number, and returns how often it was counted.
func (c counter) add(number uint32) uint32 {
	at := number * 0x9E3779B1 >> c.shift
	for c.slots[at].count > 0 && c.slots[at].number != number {
		at = (at + 1) % uint32(len(c.slots))
	}
	c.slots[at].number = number
	c.slots[at].count++
	return c.slots[at].count
}

// wordList gives numbers from 0 to words, in the order in which they are seen first.
type wordList struct {
	slots []int32 // numbers of words, plus 1, by hash
	words []string
	count []int
}

// newWordList returns a list of at most n different words.
func newWordList(n int) *wordList {
	return &wordList{slots: make([]int32, 1<<bits.Len(uint(2*n)))}
}

// add adds a word, or counts it once more, and returns its number.
func (l *wordList) add(word string) uint32 {
	hash := uint32(len(word))
	for i := range len(word) {
		hash = (hash ^ uint32(word[i])) * 0x01000193
	}
	at := int(hash^hash>>15) & (len(l.slots) - 1)
	for ; l.slots[at] != 0; at = (at + 1) & (len(l.slots) - 1) {
		if n := l.slots[at] - 1; l.words[n] == word {
			l.count[n]++
			return uint32(n)
		}
	}
	l.words, l.count = append(l.words, word), append(l.count, 1)
	l.slots[at] = int32(len(l.words))
	return uint32(len(l.words) - 1)
}

// mostFrequent returns the number of the most frequent word, the first in the alphabet if there are several.
func (l *wordList) mostFrequent() (most int) {
	for i, n := range l.count {
		if n > l.count[most] || n == l.count[most] && l.words[i] < l.words[most] {
			most = i
		}
	}
	return most
}
