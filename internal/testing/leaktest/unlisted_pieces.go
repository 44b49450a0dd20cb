package leaktest

import (
	"encoding/json"
	"fmt"
	"html"
	"slices"
	"strconv"
	"strings"
)

func unlistedPieces() []Transform { return slices.Concat(openDocuments(), openCode(), openProse()) }

// openDocuments returns disguises that spread a secret over a data file or a document.
func openDocuments() []Transform {
	return []Transform{
		inStream("U016", "numbered list with remarks", func(s string) string {
			f := newFiller(16)
			return perGroup(s, 3, func(i int, words string) string {
				return fmt.Sprintf("%d. %s – %s\n", i+1, words, f.phrase(2))
			})
		}),
		inStream("U017", "members of a JSON object", jsonMembers),
		inStream("U018", "YAML values", func(s string) string {
			f := newFiller(18)
			return "---\n" + perGroup(s, 4, func(i int, words string) string {
				return fmt.Sprintf("%s_%d:\n  %s: %q\n  %s: %d\n", f.word(), i, f.word(), words, f.word(), i*7%50)
			})
		}),
		after("id,room,text,owner\n", inStream("U019", "a column of a CSV file", func(s string) string {
			f := newFiller(19)
			return perGroup(s, 2, func(i int, words string) string {
				quoted := `"` + strings.ReplaceAll(words, `"`, `""`) + `"`
				return fmt.Sprintf("%d,%s,%s,%s\n", 100+i, f.word(), quoted, f.word())
			})
		})),
		after("<stock>\n", inStream("U020", "XML attributes", func(s string) string {
			f := newFiller(20)
			return perGroup(s, 3, func(_ int, words string) string {
				return fmt.Sprintf("  <item place=%q part=\"%s\"/>\n", f.word(), html.EscapeString(words))
			}) + "</stock>\n"
		})),
		inStream("U021", "texts of Markdown links", func(s string) string {
			f := newFiller(21)
			return perGroup(s, 2, func(_ int, words string) string {
				return fmt.Sprintf("[%s](https://example.org/%s/%s) ", words, f.word(), f.word())
			})
		}),
		after("| shelf | text | colour |\n|---|---|---|\n",
			inStream("U022", "middle column of a table", func(s string) string {
				f := newFiller(22)
				return perGroup(s, 2, func(_ int, words string) string {
					return fmt.Sprintf("| %s | %s | %s |\n", f.word(), words, f.phrase(2))
				})
			})),
		inStream("U023", "paths of addresses", func(s string) string {
			f := newFiller(23)
			return perGroup(s, 5, func(i int, words string) string {
				path := strings.ReplaceAll(strings.ToLower(words), " ", "/")
				return fmt.Sprintf("https://%s.example.com/%s?page=%d\n", f.word(), path, i+1)
			})
		}),
	}
}

// jsonMembers returns a JSON object whose members have three words of s each.
func jsonMembers(s string) string {
	f := newFiller(17)
	out := "{\n"
	for i, words := range groups(strings.Fields(s), 3) {
		value, err := json.Marshal(words)
		if err != nil {
			panic(err)
		}
		out += fmt.Sprintf("  \"%s%d\": %s,\n", f.word(), i, value)
	}
	return out + "  \"end\": true\n}\n"
}

// openCode returns disguises that spread a secret over source text or a program's output.
func openCode() []Transform {
	return []Transform{
		after("var s string\n", inStream("U024", "strings added up in code", func(s string) string {
			f := newFiller(24)
			return perGroup(s, 3, func(_ int, words string) string {
				return fmt.Sprintf("s += %s // %s\n", strconv.Quote(words+" "), f.phrase(2))
			})
		})),
		inStream("U025", "comments in code", func(s string) string {
			f := newFiller(25)
			return perGroup(s, 4, func(i int, words string) string {
				return fmt.Sprintf("%s := %s*%d // %s\n", f.word(), f.word(), 2+i%9, words)
			})
		}),
		inStream("U026", "rows of an SQL statement", func(s string) string {
			f := newFiller(26)
			return "INSERT INTO notes (id, label, body) VALUES\n" + perGroup(s, 3, func(i int, words string) string {
				return fmt.Sprintf("  (%d, '%s', '%s'),\n", i+1, f.word(), strings.ReplaceAll(words, "'", "''"))
			}) + "  (0, 'end', '');\n"
		}),
		inStream("U027", "lines of a log", func(s string) string {
			f := newFiller(27)
			return perGroup(s, 4, func(i int, words string) string {
				return fmt.Sprintf("2026-03-04T%02d:%02d:11Z INFO %s %s=%d msg=%q\n",
					i/60%24, i%60, f.word(), f.word(), i*13%97, words)
			})
		}),
		inStream("U028", "hashtags in small talk", func(s string) string {
			f := newFiller(28)
			return perGroup(s, 3, func(i int, words string) string {
				tag := ""
				for _, word := range strings.Fields(words) {
					if r := []rune(plainLetters(word)); len(r) > 0 {
						tag += strings.ToUpper(string(r[:1])) + string(r[1:])
					}
				}
				return f.phrase(1+i%3) + " #" + tag + " "
			})
		}),
	}
}

// openProse returns disguises that spread a secret over ordinary text.
func openProse() []Transform {
	return []Transform{
		wholeAnswer("U029", "one or two ordinary words after each", func(s string) string {
			f := newFiller(29)
			return perGroup(s, 1, func(_ int, word string) string {
				return word + " " + f.phrase(1+f.random.IntN(2)) + " "
			})
		}),
		inStream("U030", "dialogue of two people", func(s string) string {
			f := newFiller(30)
			return perGroup(s, 5, func(_ int, words string) string {
				return "Marta: " + words + "\nPaolo: " + f.sentence() + "\n"
			})
		}),
		wholeAnswer("U031", "first words of the lines of a poem", func(s string) string {
			f := newFiller(31)
			return perGroup(s, 4, func(i int, words string) string {
				line := words + " " + f.phrase(2+i%2) + ",\n"
				if i%4 == 3 {
					line += "\n"
				}
				return line
			})
		}),
		inStream("U032", "chat log", func(s string) string {
			f := newFiller(32)
			names := strings.Fields("nina otto priya sam")
			return perGroup(s, 3, func(i int, words string) string {
				return fmt.Sprintf("[%02d:%02d] <%s> %s\n[%02d:%02d] <zoe> %s\n",
					9+i/30%12, i*2%60, names[i%4], words, 9+i/30%12, i*2%60+1, f.phrase(3))
			})
		}),
		inStream("U033", "numbers and prices between words", func(s string) string {
			f := newFiller(33)
			return perGroup(s, 1, func(i int, word string) string {
				if i%3 == 0 {
					return fmt.Sprintf("%s €%d.%02d ", word, f.random.IntN(90), f.random.IntN(100))
				}
				return fmt.Sprintf("%s %d ", word, f.random.IntN(1000))
			})
		}),
		inStream("U034", "lines of nine letters, words cut by hyphens", narrowLines),
		wholeAnswer("U035", "every third word blank, solutions at the end", blanks),
		inStream("U036", "quotations in a story", func(s string) string {
			f := newFiller(36)
			verbs := strings.Fields("said sang whispered wrote called read")
			return perGroup(s, 3, func(i int, words string) string {
				return fmt.Sprintf("Then the %s %s “%s” to the %s. ", f.word(), verbs[i*5%6], words, f.phrase(2))
			})
		}),
	}
}

// narrowLines writes s in lines of nine characters and puts a hyphen where a word is cut.
func narrowLines(s string) string {
	var lines []string
	for _, line := range cut(strings.Join(strings.Fields(s), " "), 9) {
		if !strings.HasSuffix(line, " ") {
			line += "-"
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// blanks moves every third word to a list at the end.
func blanks(s string) string {
	solutions := "\n\nSolutions:\n"
	n := 0
	text := perWord(func(i int, word string) string {
		if i%3 != 2 {
			return word
		}
		n++
		solutions += fmt.Sprintf("%d) %s\n", n, word)
		return fmt.Sprintf("____(%d)", n)
	})(s)
	return text + solutions
}
