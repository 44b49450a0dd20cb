package decode

import (
	"slices"
	"strings"
)

// The parameters of Punycode, see RFC 3492.
const (
	punyBase    = 36
	punyMin     = 1
	punyMax     = 26
	punySkew    = 38
	punyDamp    = 700
	punyBias    = 72
	punyInitial = 128
)

// punycode reads the labels of domain names with other letters than those of ASCII.
func punycode(in *Input, yield func(Output) bool) {
	text := in.Text
	words := strings.Fields(text)
	for i, w := range words {
		if label, ok := strings.CutPrefix(strings.ToLower(w), "xn--"); ok {
			words[i] = punyDecode(label)
		}
	}
	yield(Output{Text: strings.Join(words, " ")})
}

// punyDecode returns the label, up to its first mistake.
func punyDecode(label string) string {
	var out []rune
	if at := strings.LastIndexByte(label, '-'); at > 0 {
		out, label = []rune(label[:at]), label[at+1:]
	}
	n, i, bias := rune(punyInitial), 0, punyBias
	for len(label) > 0 && len(out) < 64 {
		before, weight := i, 1
		for k := punyBase; ; k += punyBase {
			if label == "" || weight > 1<<24 {
				return string(out)
			}
			digit := strings.IndexByte("abcdefghijklmnopqrstuvwxyz0123456789", label[0])
			label = label[1:]
			if digit < 0 {
				return string(out)
			}
			i += digit * weight
			threshold := min(max(k-bias, punyMin), punyMax)
			if digit < threshold {
				break
			}
			weight *= punyBase - threshold
		}
		bias = punyAdapt(i-before, len(out)+1, before == 0)
		n += rune(i / (len(out) + 1))
		i %= len(out) + 1
		if n > 0x10FFFF {
			return string(out)
		}
		out = slices.Insert(out, i, n)
		i++
	}
	return string(out)
}

func punyAdapt(delta, length int, first bool) int {
	if delta /= 2; first {
		delta = delta * 2 / punyDamp
	}
	delta += delta / length
	k := 0
	for ; delta > (punyBase-punyMin)*punyMax/2; k += punyBase {
		delta /= punyBase - punyMin
	}
	return k + (punyBase-punyMin+1)*delta/(delta+punySkew)
}
