package config

import (
	"fmt"
	"log/slog"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// field is a field of Config with its tags.
type field struct {
	name        string
	def         string
	prodDefault string
	example     string
	desc        string
	embedded    string
	unless      string
	kind        string
	oneOf       []string
	required    bool
	secret      bool
	min         int
	value       reflect.Value
}

// fields returns the fields of c in order; setting a field's value changes c.
func fields(c *Config) []field {
	v := reflect.ValueOf(c).Elem()
	list := make([]field, v.NumField())
	for i := range list {
		tag := v.Type().Field(i).Tag
		f := field{
			name:        tag.Get("env"),
			def:         tag.Get("default"),
			prodDefault: tag.Get("prod-default"),
			example:     tag.Get("example"),
			desc:        tag.Get("desc"),
			embedded:    tag.Get("embedded"),
			unless:      tag.Get("unless"),
			kind:        tag.Get("kind"),
			oneOf:       strings.Fields(tag.Get("oneof")),
			required:    tag.Get("prod") == "required",
			value:       v.Field(i),
		}
		f.min, _ = strconv.Atoi(tag.Get("min"))
		switch f.value.Interface().(type) {
		case Secret, []Secret:
			f.secret = true
		}
		list[i] = f
	}
	return list
}

// loader sets fields from the environment and collects faults.
type loader struct {
	getenv   func(string) string
	readFile func(string) ([]byte, error)
	prod     bool
	set      map[string]bool // variables with a value of their own, not a default
	faults   []string
}

func (l *loader) fault(format string, args ...any) {
	l.faults = append(l.faults, fmt.Sprintf(format, args...))
}

func (l *loader) load(f field) {
	text, ok := l.lookup(f)
	if !ok {
		return
	}
	l.set[f.name] = text != ""
	replaced := f.unless != "" && l.getenv(f.unless) != ""
	if text != "" && replaced {
		l.fault("%s and %s are both set: keep one of them", f.unless, f.name)
		return
	}
	if text == "" && l.prod && f.required && !replaced {
		l.fault("%s is missing: ENV=prod needs it (%s)", f.name, f.desc)
		return
	}
	if text == "" {
		text = f.defaultFor(l.prod)
	}
	if text == "" {
		return
	}
	if remedy := f.set(text); remedy != "" {
		l.fault("%s is wrong: %s", f.name, remedy)
	}
}

// lookup returns the value of the variable, or of the file named by NAME_FILE. It returns false after a fault.
func (l *loader) lookup(f field) (string, bool) {
	text := l.getenv(f.name)
	path := ""
	if f.secret {
		path = l.getenv(f.name + "_FILE")
	}
	switch {
	case path == "":
		return text, true
	case text != "":
		l.fault("%s and %s_FILE are both set: keep one of them", f.name, f.name)
		return "", false
	}
	raw, err := l.readFile(path)
	if err != nil {
		l.fault("%s_FILE names a file that cannot be read: check the path and its permissions", f.name)
		return "", false
	}
	text = strings.TrimSuffix(strings.TrimSuffix(string(raw), "\n"), "\r")
	if text == "" {
		l.fault("%s_FILE names an empty file: write the secret into it", f.name)
		return "", false
	}
	return text, true
}

func (f field) defaultFor(prod bool) string {
	if prod && f.prodDefault != "" {
		return f.prodDefault
	}
	return f.def
}

// set parses text into the field. For invalid text it returns the remedy, which never quotes the text.
func (f field) set(text string) (remedy string) {
	if len(f.oneOf) > 0 && !slices.Contains(f.oneOf, text) {
		return "it must be " + strings.Join(f.oneOf, " or ")
	}
	switch p := f.value.Addr().Interface().(type) {
	case *string:
		if f.kind == "url" && !isURL(text) {
			return "it must be an absolute URL with scheme and host, without user or password"
		}
		*p = text
	case *Secret:
		*p = NewSecret(text)
	case *[]Secret:
		for _, part := range split(text) {
			*p = append(*p, NewSecret(part))
		}
	case *[]string:
		*p = split(text)
	case *[]netip.Prefix:
		return setPrefixes(p, text)
	default:
		return f.setNumber(text)
	}
	return ""
}

func (f field) setNumber(text string) (remedy string) {
	var err error
	switch p := f.value.Addr().Interface().(type) {
	case *bool:
		if *p, err = strconv.ParseBool(text); err != nil {
			return "it must be true or false"
		}
	case *int:
		if *p, err = strconv.Atoi(text); err != nil {
			return "it must be a whole number"
		}
	case *time.Duration:
		if *p, err = time.ParseDuration(text); err != nil || *p <= 0 {
			return "it must be a positive duration with a unit, such as 15m or 10s"
		}
	case *slog.Level:
		levels := []string{"debug", "info", "warn", "error"} // slog also accepts offsets such as INFO+3
		if !slices.Contains(levels, strings.ToLower(text)) || p.UnmarshalText([]byte(text)) != nil {
			return "it must be debug, info, warn or error"
		}
	default:
		return fmt.Sprintf("a %s cannot be parsed", f.value.Type())
	}
	return ""
}

func setPrefixes(p *[]netip.Prefix, text string) (remedy string) {
	for _, part := range split(text) {
		prefix, err := netip.ParsePrefix(part)
		if addr, bare := netip.ParseAddr(part); err != nil && bare == nil {
			prefix, err = addr.Prefix(addr.BitLen())
		}
		if err != nil {
			return "each entry must be an address or a CIDR such as 10.0.0.0/8"
		}
		*p = append(*p, prefix.Masked())
	}
	return ""
}

// split returns the comma-separated parts of text, trimmed and without empty ones.
func split(text string) []string {
	var parts []string
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}
