package chat

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// appendNumbers appends every number in value to list, without what is after its decimal point. Of booleans, true is 1.
func appendNumbers(list []int64, value any) []int64 {
	switch v := value.(type) {
	case bool:
		if v {
			return append(list, 1)
		}
		return append(list, 0)
	case int:
		return append(list, int64(v))
	case int64:
		return append(list, v)
	case float64:
		return append(list, int64(v))
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return append(list, n)
		}
	case []any:
		for _, item := range v {
			list = appendNumbers(list, item)
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			list = appendNumbers(list, v[name])
		}
	}
	return list
}

// minNumberText is how many characters a column of numbers must encode to be checked.
const minNumberText = 16

// units are what times in milliseconds may be counted in: milliseconds, seconds, minutes, hours and days.
var units = [...]int64{1, 1000, 60_000, 3_600_000, 86_400_000}

// parts are what a time in milliseconds says by itself: its second, minute and hour, and its minute of the day.
var parts = [...]struct{ unit, count int64 }{{1000, 60}, {60_000, 60}, {3_600_000, 24}, {60_000, 1440}}

// numberTexts returns what the numbers of a column may encode: their digits, the bytes of each from either end, and as
// a character or as the number of a letter, its distance to the smallest one and the parts of the time.
func numberTexts(column []int64) []string {
	if len(column) < 2 {
		return nil
	}
	smallest := slices.Min(column)
	var digits, bytes, backwards, low strings.Builder
	for _, n := range column {
		fmt.Fprintf(&digits, "%d ", n)
		started := false
		for shift := 56; shift >= 0; shift -= 8 {
			b := byte(uint64(n) >> shift)
			if started = started || b != 0; started {
				bytes.WriteByte(b)
			}
		}
		for rest := uint64(n); rest != 0; rest >>= 8 {
			backwards.WriteByte(byte(rest))
		}
		low.WriteByte(byte(n))
	}
	texts := []string{digits.String(), bytes.String(), backwards.String(), low.String()}
	for _, unit := range units {
		texts = append(texts, valueTexts(column, func(n int64) int64 { return (n - smallest) / unit })...)
	}
	for _, p := range parts {
		texts = append(texts, valueTexts(column, func(n int64) int64 { return n / p.unit % p.count })...)
	}
	return slices.DeleteFunc(texts, func(text string) bool { return printable(text) < minNumberText })
}

// valueTexts returns the values of numbers as characters and as the numbers of letters.
func valueTexts(column []int64, value func(int64) int64) []string {
	var chars, letters strings.Builder
	for _, n := range column {
		v := value(n)
		if v > 0 && v < 0x7F {
			chars.WriteByte(byte(v))
		}
		if v >= 0 && v < 26 {
			letters.WriteByte(byte('a' + v))
		}
	}
	return []string{chars.String(), letters.String()}
}

// maxChoices is how many values a column may have that are bits.
const maxChoices = 4

// choiceText returns the bits that a column of a few values may encode, in the order of the alphabet, or "".
func choiceText(column []string) string {
	if len(column) < minNumberText {
		return ""
	}
	var values []string
	for _, v := range column {
		at, found := slices.BinarySearch(values, v)
		if found {
			continue
		}
		if values = slices.Insert(values, at, v); len(values) > maxChoices {
			return ""
		}
	}
	var bits strings.Builder
	for _, v := range column {
		at, _ := slices.BinarySearch(values, v)
		if len(values) > 2 {
			bits.WriteByte(byte('0' + at>>1))
		}
		bits.WriteByte(byte('0' + at&1))
	}
	return bits.String()
}

// printable returns how many bytes of text are visible ASCII characters or spaces.
func printable(text string) (n int) {
	for i := range len(text) {
		if text[i] >= ' ' && text[i] < 0x7F {
			n++
		}
	}
	return n
}
