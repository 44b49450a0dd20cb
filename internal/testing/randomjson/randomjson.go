// Package randomjson generates random values of JSON schemas and requests of the contract's operations. The same seed
// gives the same values.
package randomjson

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/uuid"
)

// Generator generates random values of schemas. The same seed gives the same values.
type Generator struct{ *rand.Rand }

// OneIn reports true once in n calls, on average.
func (g Generator) OneIn(n int) bool { return g.IntN(n) == 0 }

// Value returns a value that the schema allows. It knows as much of JSON Schema as the contract uses.
func (g Generator) Value(ref *openapi3.SchemaRef, depth int) any {
	s := ref.Value
	switch {
	case s.Nullable && g.OneIn(6):
		return nil
	case len(s.Enum) > 0:
		return s.Enum[g.IntN(len(s.Enum))]
	case len(s.OneOf) > 0:
		return g.Value(s.OneOf[g.IntN(len(s.OneOf))], depth)
	case len(s.AllOf) > 0:
		whole := map[string]any{}
		for _, part := range s.AllOf {
			if m, ok := g.Value(part, depth).(map[string]any); ok {
				maps.Copy(whole, m)
			}
		}
		return whole
	case s.Type.Is("object"):
		return g.object(s, depth)
	case s.Type.Is("array"):
		return g.array(s, depth)
	case s.Type.Is("string"):
		return g.text(s)
	case s.Type.Is("integer"):
		return g.integer(s)
	case s.Type.Is("number"):
		return g.NormFloat64() * math.Pow(10, float64(g.IntN(12)))
	case s.Type.Is("boolean"):
		return g.OneIn(2)
	}
	return g.AnyJSON(depth)
}

func (g Generator) object(s *openapi3.Schema, depth int) any {
	m := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		if slices.Contains(s.Required, name) || depth < 6 && g.OneIn(2) {
			m[name] = g.Value(s.Properties[name], depth+1)
		}
	}
	open := s.AdditionalProperties.Has != nil && *s.AdditionalProperties.Has || len(s.Properties) == 0
	if extra := s.AdditionalProperties.Schema; extra != nil || open {
		for range g.IntN(3) {
			if extra != nil {
				m[g.Word()] = g.Value(extra, depth+1)
			} else {
				m[g.Word()] = g.AnyJSON(depth)
			}
		}
	}
	return m
}

func (g Generator) array(s *openapi3.Schema, depth int) any {
	n := int(s.MinItems)
	if depth < 6 {
		n += g.IntN(4)
	}
	if s.MaxItems != nil {
		n = min(n, int(*s.MaxItems))
	}
	list := make([]any, n)
	for i := range list {
		list[i] = g.Value(s.Items, depth+1)
	}
	if s.UniqueItems {
		slices.SortFunc(list, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		list = slices.CompactFunc(list, reflect.DeepEqual)
	}
	return list
}

// integer prefers the bounds of the allowed range.
func (g Generator) integer(s *openapi3.Schema) any {
	low, high := int64(math.MinInt32), int64(math.MaxInt32)
	if s.Format == "int64" {
		low, high = -1<<53, 1<<53
	}
	if s.Min != nil {
		low = int64(*s.Min)
	}
	if s.Max != nil {
		high = int64(*s.Max)
	}
	switch g.IntN(4) {
	case 0:
		return low
	case 1:
		return high
	case 2:
		return min(high, low+int64(g.IntN(100)))
	}
	return low + g.Int64N(high-low+1)
}

// awkwardTexts are texts that break careless code.
var awkwardTexts = []string{
	"'; DROP TABLE users; --", "{{title}}", "%s%n%x", "../../etc/passwd", "<script>alert(1)</script>",
	"\u202eright to left",
	"e\u0301", "\U0001F469\u200d\U0001F467", "\ufeff", "\u2028", "null", "true", "-0", "1e999", "NaN", "2026-02-30",
	"task_agent, calendar_agent", "Ignore the above.", "\t\r\n", "ſ", "İ", "ﬀ", "\\u0000", "ß@ß", "Z\u0351\u036b",
}

// Word returns a word of at most eight letters.
func (g Generator) Word() string {
	const letters = "abcdefghijklmnoprstuvwyz" // without q and x, so that no word is pgx or SQL by chance
	b := make([]byte, 1+g.IntN(8))
	for i := range b {
		b[i] = letters[g.IntN(len(letters))]
	}
	return string(b)
}

// text returns a text of the schema's format or pattern, or else words, some of them awkward, and at times of the
// smallest or the largest length.
func (g Generator) text(s *openapi3.Schema) string {
	switch {
	case s.Format == "uuid":
		id, _ := uuid.NewRandomFromReader(g)
		return id.String()
	case s.Format == "email":
		return fmt.Sprintf("%s.%d@%s.example", g.Word(), g.IntN(1e9), g.Word())
	case s.Format == "uri":
		return "https://" + g.Word() + ".example/" + g.Word()
	case s.Pattern != "":
		text := g.matching(s.Pattern)
		if n := uint64(utf8.RuneCountInString(text)); n >= s.MinLength && (s.MaxLength == nil || n <= *s.MaxLength) {
			return text // a longer one might not match
		}
		return g.fitLength(text, s)
	}
	var b strings.Builder
	for range 1 + g.IntN(8) {
		if g.OneIn(5) {
			b.WriteString(awkwardTexts[g.IntN(len(awkwardTexts))])
		} else {
			b.WriteString(g.Word())
		}
		b.WriteByte(' ')
	}
	return g.fitLength(strings.TrimSpace(b.String()), s)
}

// Read fills p with random bytes.
func (g Generator) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(g.Uint32())
	}
	return len(p), nil
}

// fitLength changes text to a length that the schema allows, once in 20 calls to the largest.
func (g Generator) fitLength(text string, s *openapi3.Schema) string {
	runes := []rune(text)
	low, high := int(s.MinLength), 1<<16
	if s.MaxLength != nil {
		high = int(*s.MaxLength)
		if g.OneIn(20) {
			low = min(high, 1<<16)
		}
	}
	for len(runes) < low {
		runes = append(runes, 'x', ' ', 'é')[:min(len(runes)+3, low)]
	}
	return string(runes[:min(len(runes), high)])
}

// AnyJSON returns a value of any type.
func (g Generator) AnyJSON(depth int) any {
	switch n := g.IntN(8); {
	case n == 0 && depth < 6:
		return map[string]any{g.Word(): g.AnyJSON(depth + 1)}
	case n == 1 && depth < 6:
		return []any{g.AnyJSON(depth + 1), g.AnyJSON(depth + 1)}
	case n == 2:
		return nil
	case n == 3:
		return g.OneIn(2)
	case n == 4:
		return g.Int64() - 1<<62
	case n == 5:
		return 1.5
	}
	return awkwardTexts[g.IntN(len(awkwardTexts))]
}

// Corrupt changes a random part of a value to something that is probably invalid there.
func (g Generator) Corrupt(v any) any {
	switch v := v.(type) {
	case map[string]any:
		names := slices.Sorted(maps.Keys(v))
		switch n := g.IntN(4); {
		case n == 0 || len(names) == 0:
			v[awkwardTexts[g.IntN(len(awkwardTexts))]] = g.AnyJSON(0)
		case n == 1:
			delete(v, names[g.IntN(len(names))])
		default:
			name := names[g.IntN(len(names))]
			v[name] = g.Corrupt(v[name])
		}
		return v
	case []any:
		if len(v) > 0 && g.OneIn(2) {
			i := g.IntN(len(v))
			v[i] = g.Corrupt(v[i])
			return v
		}
	case string:
		if g.OneIn(3) {
			return strings.Repeat(v+"x", 40000/(len(v)+1))
		}
	}
	return g.AnyJSON(0)
}

// ParameterText returns a value as it is written in a path, a query or a header.
func ParameterText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case int64:
		return strconv.FormatInt(v, 10)
	case float64: // numbers in examples
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}

// headerSafe removes what a header's value must not have.
func headerSafe(text string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, text))
}

// FillParameters puts parameters, which draw returns, into a path with a query and into headers.
func FillParameters(path string, params openapi3.Parameters,
	draw func(*openapi3.Parameter) (string, bool)) (string, map[string]string) {
	query, headers := url.Values{}, map[string]string{}
	for _, ref := range params {
		p := ref.Value
		text, there := draw(p)
		switch {
		case !there && p.In != "path":
		case p.In == "path":
			path = strings.ReplaceAll(path, "{"+p.Name+"}", url.PathEscape(text))
		case p.In == "query":
			query.Set(p.Name, text)
		case p.In == "header" && headerSafe(text) != "":
			headers[p.Name] = headerSafe(text)
		}
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return path, headers
}
