package chat

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// appendNumbers appends every number in value to list, without what is after its decimal point.
func appendNumbers(list []int64, value any) []int64 {
	switch v := value.(type) {
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

// numberTexts returns what the numbers of a column may encode: their digits, the bytes of each, and its distance to the
// smallest one, as a character or as the number of a letter.
func numberTexts(column []int64) []string {
	if len(column) < 2 {
		return nil
	}
	smallest := slices.Min(column)
	var digits, bytes, low strings.Builder
	for _, n := range column {
		fmt.Fprintf(&digits, "%d ", n)
		started := false
		for shift := 56; shift >= 0; shift -= 8 {
			b := byte(uint64(n) >> shift)
			if started = started || b != 0; started {
				bytes.WriteByte(b)
			}
		}
		low.WriteByte(byte(n))
	}
	texts := []string{digits.String(), bytes.String(), low.String()}
	for _, unit := range units {
		var chars, letters strings.Builder
		for _, n := range column {
			d := (n - smallest) / unit
			if d > 0 && d < 0x7F {
				chars.WriteByte(byte(d))
			}
			if d >= 0 && d < 26 {
				letters.WriteByte(byte('a' + d))
			}
		}
		texts = append(texts, chars.String(), letters.String())
	}
	return slices.DeleteFunc(texts, func(text string) bool { return printable(text) < minNumberText })
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
