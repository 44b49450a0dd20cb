// Held out: developers of the leak filter do not read this file before the filter is finished, so that its disguises
// measure how the filter does on ones that nobody had in mind.

package leaktest

import (
	"encoding/json"
	"fmt"
	"html"
	"slices"
	"strconv"
	"strings"
)

func heldOutPieces() []Transform {
	return slices.Concat(heldOutDocuments(), heldOutCode(), heldOutProse())
}

// heldOutDocuments returns disguises that spread a secret over a data file or a document.
func heldOutDocuments() []Transform {
	const rule = "+----+----------------+-----------+\n"
	return []Transform{
		inStream("U091", "checklist with details", func(s string) string {
			f := newFiller(91)
			return perGroup(s, 3, func(i int, words string) string {
				return fmt.Sprintf("- [%s] %s\n  - %s\n", [2]string{" ", "x"}[i%2], words, f.phrase(2))
			})
		}),
		inStream("U092", "objects in a JSON array", jsonObjects),
		inStream("U093", "sections of an INI file", func(s string) string {
			f := newFiller(93)
			return perGroup(s, 4, func(i int, words string) string {
				return fmt.Sprintf("[%s.%d]\n%s = %d\n%s = %q\n", f.word(), i, f.word(), i*11%60, f.word(), words)
			})
		}),
		after("what;where;who;when\n", inStream("U094", "two columns of four with semicolons", func(s string) string {
			f := newFiller(94)
			return perGroup(s, 2, func(_ int, words string) string {
				first, second, _ := strings.Cut(words, " ")
				return fmt.Sprintf("%s;%s;%s;%s\n", first, f.word(), second, f.word())
			})
		})),
		after("<ul>\n", inStream("U095", "parts of an HTML list", func(s string) string {
			f := newFiller(95)
			return perGroup(s, 3, func(_ int, words string) string {
				return fmt.Sprintf("<li class=%q><b>%s</b> %s</li>\n", f.word(), html.EscapeString(words), f.word())
			}) + "</ul>\n"
		})),
		inStream("U096", "Markdown headings", func(s string) string {
			f := newFiller(96)
			return perGroup(s, 3, func(i int, words string) string {
				return strings.Repeat("#", 2+i%3) + " " + words + "\n" + f.phrase(4) + "\n\n"
			})
		}),
		after(rule, inStream("U097", "table drawn with lines", func(s string) string {
			f := newFiller(97)
			return perGroup(s, 2, func(i int, words string) string {
				return fmt.Sprintf("| %2d | %-14s | %-9s |\n", i+1, words, f.word()) + rule
			})
		})),
		inStream("U098", "mail addresses", func(s string) string {
			f := newFiller(98)
			return perGroup(s, 4, func(_ int, words string) string {
				return strings.ReplaceAll(strings.ToLower(words), " ", ".") + "@" + f.word() + "-" + f.word() +
					".example.org\n"
			})
		}),
	}
}

// jsonObjects returns a JSON array whose objects have three words of s each.
func jsonObjects(s string) string {
	type object struct {
		ID    int    `json:"id"`
		Shelf string `json:"shelf"`
		Text  string `json:"text"`
	}
	f := newFiller(92)
	var objects []object
	for i, words := range groups(strings.Fields(s), 3) {
		objects = append(objects, object{ID: i, Shelf: f.word(), Text: words})
	}
	out, err := json.Marshal(objects)
	if err != nil {
		panic(err)
	}
	return string(out)
}

// heldOutCode returns disguises that spread a secret over source text or a program's output.
func heldOutCode() []Transform {
	return []Transform{
		inStream("U099", "variables of a script, then joined", func(s string) string {
			f := newFiller(99)
			var names []string
			return perGroup(s, 4, func(i int, words string) string {
				names = append(names, fmt.Sprintf("%s%d", f.word(), i))
				return names[i] + " = " + strconv.Quote(words) + "\n"
			}) + "print(" + strings.Join(names, ", ") + ")\n"
		}),
		inStream("U100", "names of functions", func(s string) string {
			f := newFiller(100)
			letters := func(_ int, word string) string { return plainLetters(word) }
			return perGroup(s, 4, func(i int, words string) string {
				name := strings.ReplaceAll(perWord(letters)(strings.ToLower(words)), " ", "_")
				return fmt.Sprintf("def %s():\n    return %s(%d)\n", name, f.word(), i*3%40)
			})
		}),
		after("#!/bin/sh\n", inStream("U101", "environment of a shell script", func(s string) string {
			f := newFiller(101)
			return perGroup(s, 3, func(_ int, words string) string {
				value := strings.ReplaceAll(words, "'", `'\''`)
				return fmt.Sprintf("export %s_%s='%s'\n", strings.ToUpper(f.word()), strings.ToUpper(f.word()), value)
			})
		})),
		inStream("U102", "added lines of a patch", func(s string) string {
			f := newFiller(102)
			return "--- a/notes.txt\n+++ b/notes.txt\n" + perGroup(s, 4, func(i int, words string) string {
				return fmt.Sprintf("@@ -%d +%d @@\n-%s\n+%s\n", i+1, i+1, f.phrase(3), words)
			})
		}),
		inStream("U103", "entries of a dictionary", func(s string) string {
			f := newFiller(103)
			kinds := strings.Fields("noun verb adjective adverb")
			return perGroup(s, 2, func(i int, words string) string {
				return fmt.Sprintf("**%s** (%s): %s\n", words, kinds[i*3%4], f.phrase(3))
			})
		}),
	}
}

// heldOutProse returns disguises that spread a secret over ordinary text.
func heldOutProse() []Transform {
	return []Transform{
		wholeAnswer("U104", "one or two ordinary words after one to three", func(s string) string {
			f := newFiller(104)
			left := 1
			return perGroup(s, 1, func(_ int, word string) string {
				if left--; left > 0 {
					return word + " "
				}
				left = 1 + f.random.IntN(3)
				return word + " " + f.phrase(1+f.random.IntN(2)) + " "
			})
		}),
		inStream("U105", "answers of an interview", func(s string) string {
			f := newFiller(105)
			return perGroup(s, 5, func(_ int, words string) string {
				return "Q: What about the " + f.phrase(3) + "?\nA: " + words + "\n\n"
			})
		}),
		wholeAnswer("U106", "last words of the lines of a song", func(s string) string {
			f := newFiller(106)
			return perGroup(s, 4, func(i int, words string) string {
				line := f.phrase(2+i%2) + " " + words + "\n"
				if i%4 == 3 {
					line += "oh " + f.word() + ", oh " + f.word() + "\n\n"
				}
				return line
			})
		}),
		inStream("U107", "thread of quoted mails", func(s string) string {
			f := newFiller(107)
			return perGroup(s, 4, func(i int, words string) string {
				return strings.Repeat(">", 1+i%3) + " " + words + "\n" + f.sentence() + "\n"
			})
		}),
		inStream("U108", "emoji between words", func(s string) string {
			f := newFiller(108)
			emoji := []rune("😀🎈🌻🚲🍕📚🎯🦊🌍🚀🧀🎨🏀🐝🍀⏰🎁🧩🐳🌶🥨🛶🏡🔭🧵🎺")
			return perGroup(s, 1, func(_ int, word string) string {
				out := word + " "
				for range 1 + f.random.IntN(2) {
					out += string(emoji[f.random.IntN(len(emoji))])
				}
				return out + " "
			})
		}),
		inStream("U109", "dots after every three letters of a word", perWord(func(_ int, word string) string {
			return strings.Join(cut(word, 3), "·")
		})),
		wholeAnswer("U110", "every third word moved to notes at the end", notes),
		inStream("U111", "signs in the steps of a recipe", func(s string) string {
			f := newFiller(111)
			verbs := strings.Fields("Stir Peel Wash Heat Chop Serve Cool")
			return perGroup(s, 3, func(i int, words string) string {
				return fmt.Sprintf("%s the %s marked «%s» for %d minutes. ", verbs[i*3%7], f.word(), words, 2+i*7%30)
			})
		}),
	}
}

// notes moves every third word to notes, which follow the text.
func notes(s string) string {
	list := "\n\n"
	n := 0
	text := perWord(func(i int, word string) string {
		if i%3 != 1 {
			return word
		}
		n++
		list += fmt.Sprintf("[^%d]: %s\n", n, word)
		return fmt.Sprintf("[^%d]", n)
	})(s)
	return text + list
}
