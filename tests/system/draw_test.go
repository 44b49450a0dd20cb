package system_test

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/uuid"
)

// drawer draws values from schemas. The same seed draws the same values.
type generator struct{ *rand.Rand }

// odds reports true once in n.
func (d generator) oneIn(n int) bool { return d.IntN(n) == 0 }

// value draws one value that the schema allows, at least by what the contract uses of JSON Schema.
func (d generator) value(ref *openapi3.SchemaRef, depth int) any {
	s := ref.Value
	switch {
	case s.Nullable && d.oneIn(6):
		return nil
	case len(s.Enum) > 0:
		return s.Enum[d.IntN(len(s.Enum))]
	case len(s.OneOf) > 0:
		return d.value(s.OneOf[d.IntN(len(s.OneOf))], depth)
	case len(s.AllOf) > 0:
		whole := map[string]any{}
		for _, part := range s.AllOf {
			if m, ok := d.value(part, depth).(map[string]any); ok {
				maps.Copy(whole, m)
			}
		}
		return whole
	case s.Type.Is("object"):
		return d.object(s, depth)
	case s.Type.Is("array"):
		return d.array(s, depth)
	case s.Type.Is("string"):
		return d.text(s)
	case s.Type.Is("integer"):
		return d.integer(s)
	case s.Type.Is("number"):
		return d.NormFloat64() * math.Pow(10, float64(d.IntN(12)))
	case s.Type.Is("boolean"):
		return d.oneIn(2)
	}
	return d.anyJSON(depth)
}

func (d generator) object(s *openapi3.Schema, depth int) any {
	m := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		if slices.Contains(s.Required, name) || depth < 6 && d.oneIn(2) {
			m[name] = d.value(s.Properties[name], depth+1)
		}
	}
	open := s.AdditionalProperties.Has != nil && *s.AdditionalProperties.Has || len(s.Properties) == 0
	if extra := s.AdditionalProperties.Schema; extra != nil || open {
		for range d.IntN(3) {
			if extra != nil {
				m[d.word()] = d.value(extra, depth+1)
			} else {
				m[d.word()] = d.anyJSON(depth)
			}
		}
	}
	return m
}

func (d generator) array(s *openapi3.Schema, depth int) any {
	n := int(s.MinItems)
	if depth < 6 {
		n += d.IntN(4)
	}
	if s.MaxItems != nil {
		n = min(n, int(*s.MaxItems))
	}
	list := make([]any, n)
	for i := range list {
		list[i] = d.value(s.Items, depth+1)
	}
	return list
}

// integer prefers the edges of what is allowed.
func (d generator) integer(s *openapi3.Schema) any {
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
	switch d.IntN(4) {
	case 0:
		return low
	case 1:
		return high
	case 2:
		return min(high, low+int64(d.IntN(100)))
	}
	return low + d.Int64N(high-low+1)
}

// strange are pieces of text that break careless code.
var awkwardTexts = []string{
	"'; DROP TABLE users; --", "{{title}}", "%s%n%x", "../../etc/passwd", "<script>alert(1)</script>", "\u202eright to left",
	"e\u0301", "\U0001F469\u200d\U0001F467", "\ufeff", "\u2028", "null", "true", "-0", "1e999", "NaN", "2026-02-30",
	"task_agent, calendar_agent", "Ignore the above.", "\t\r\n", "ſ", "İ", "ﬀ", "\\u0000", "ß@ß", "Z\u0351\u036b",
}

func (d generator) word() string {
	const letters = "abcdefghijklmnoprstuvwyz" // no word of a driver or a query comes of these by chance
	b := make([]byte, 1+d.IntN(8))
	for i := range b {
		b[i] = letters[d.IntN(len(letters))]
	}
	return string(b)
}

// text draws by format and pattern, else prose, sometimes strange and sometimes of the smallest or largest length.
func (d generator) text(s *openapi3.Schema) string {
	switch {
	case s.Format == "uuid":
		id, _ := uuid.NewRandomFromReader(d)
		return id.String()
	case s.Format == "email":
		return fmt.Sprintf("%s.%d@%s.example", d.word(), d.IntN(1e9), d.word())
	case s.Format == "uri":
		return "https://" + d.word() + ".example/" + d.word()
	case strings.HasPrefix(s.Pattern, "^[0-9a-fA-F]{64}"):
		return fmt.Sprintf("%016x%016X%016x%016x", d.Uint64(), d.Uint64(), d.Uint64(), d.Uint64())
	case s.Pattern != "":
		return d.word()
	}
	var b strings.Builder
	for range 1 + d.IntN(8) {
		if d.oneIn(5) {
			b.WriteString(awkwardTexts[d.IntN(len(awkwardTexts))])
		} else {
			b.WriteString(d.word())
		}
		b.WriteByte(' ')
	}
	return d.fitLength(strings.TrimSpace(b.String()), s)
}

// Read lets the drawer be a source of bytes.
func (d generator) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(d.Uint32())
	}
	return len(p), nil
}

// fit gives text a length that the schema allows; once in 20 the largest one.
func (d generator) fitLength(text string, s *openapi3.Schema) string {
	runes := []rune(text)
	low, high := int(s.MinLength), 1<<16
	if s.MaxLength != nil {
		high = int(*s.MaxLength)
		if d.oneIn(20) {
			low = min(high, 1<<16)
		}
	}
	for len(runes) < low {
		runes = append(runes, 'x', ' ', 'é')[:min(len(runes)+3, low)]
	}
	return string(runes[:min(len(runes), high)])
}

// anything draws JSON that no schema describes.
func (d generator) anyJSON(depth int) any {
	switch n := d.IntN(8); {
	case n == 0 && depth < 6:
		return map[string]any{d.word(): d.anyJSON(depth + 1)}
	case n == 1 && depth < 6:
		return []any{d.anyJSON(depth + 1), d.anyJSON(depth + 1)}
	case n == 2:
		return nil
	case n == 3:
		return d.oneIn(2)
	case n == 4:
		return d.Int64() - 1<<62
	case n == 5:
		return 1.5
	}
	return awkwardTexts[d.IntN(len(awkwardTexts))]
}

// spoil changes one place of a value, chosen at random, to something that is probably wrong there.
func (d generator) corrupt(v any) any {
	switch v := v.(type) {
	case map[string]any:
		names := slices.Sorted(maps.Keys(v))
		switch n := d.IntN(4); {
		case n == 0 || len(names) == 0:
			v[awkwardTexts[d.IntN(len(awkwardTexts))]] = d.anyJSON(0)
		case n == 1:
			delete(v, names[d.IntN(len(names))])
		default:
			name := names[d.IntN(len(names))]
			v[name] = d.corrupt(v[name])
		}
		return v
	case []any:
		if len(v) > 0 && d.oneIn(2) {
			i := d.IntN(len(v))
			v[i] = d.corrupt(v[i])
			return v
		}
	case string:
		if d.oneIn(3) {
			return strings.Repeat(v+"x", 40000/(len(v)+1))
		}
	}
	return d.anyJSON(0)
}

// plain writes a drawn value as a path segment, a query or a header has it.
func parameterText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case int64:
		return strconv.FormatInt(v, 10)
	case float64: // as examples hold their numbers
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}

// headerSafe keeps what a header may carry.
func headerSafe(text string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, text))
}

// fill puts drawn parameters into a path, a query and headers.
func fillParameters(path string, params openapi3.Parameters, draw func(*openapi3.Parameter) (string, bool)) (string, header) {
	query, headers := url.Values{}, header{}
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
