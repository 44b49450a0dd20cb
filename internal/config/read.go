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

// field is one member of Config with what its tags say.
type field struct {
	name, def, prodDefault, example, desc, embedded, kind string
	oneOf                                                 []string
	required, secret                                      bool
	min                                                   int
	value                                                 reflect.Value
}

// fields returns the members of c in order; setting a field's value sets the member.
func fields(c *Config) []field {
	v := reflect.ValueOf(c).Elem()
	list := make([]field, v.NumField())
	for i := range list {
		tag := v.Type().Field(i).Tag
		f := field{
			name: tag.Get("env"), def: tag.Get("default"), prodDefault: tag.Get("prod-default"), example: tag.Get("example"),
			desc: tag.Get("desc"), embedded: tag.Get("embedded"), kind: tag.Get("kind"), oneOf: strings.Fields(tag.Get("oneof")),
			required: tag.Get("prod") == "required", value: v.Field(i),
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

// reader fills fields from the environment and gathers what is wrong.
type reader struct {
	getenv   func(string) string
	readFile func(string) ([]byte, error)
	prod     bool
	given    map[string]bool // variables that were set, rather than defaulted
	faults   []string
}

func (r *reader) fault(format string, args ...any) {
	r.faults = append(r.faults, fmt.Sprintf(format, args...))
}

func (r *reader) read(f field) {
	text, ok := r.text(f)
	if !ok {
		return
	}
	r.given[f.name] = text != ""
	if text == "" && r.prod && f.required {
		r.fault("%s is missing: ENV=prod needs it (%s)", f.name, f.desc)
		return
	}
	if text == "" {
		text = f.defaultFor(r.prod)
	}
	if text == "" {
		return
	}
	if remedy := f.set(text); remedy != "" {
		r.fault("%s is wrong: %s", f.name, remedy)
	}
}

// text returns what the variable, or the file that NAME_FILE names, says; false after a fault.
func (r *reader) text(f field) (string, bool) {
	text := r.getenv(f.name)
	path := ""
	if f.secret {
		path = r.getenv(f.name + "_FILE")
	}
	switch {
	case path == "":
		return text, true
	case text != "":
		r.fault("%s and %s_FILE are both set: keep one of them", f.name, f.name)
		return "", false
	}
	raw, err := r.readFile(path)
	if err != nil {
		r.fault("%s_FILE names a file that cannot be read: check the path and its permissions", f.name)
		return "", false
	}
	text = strings.TrimSuffix(strings.TrimSuffix(string(raw), "\n"), "\r")
	if text == "" {
		r.fault("%s_FILE names an empty file: write the secret into it", f.name)
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

// set parses text into the field; what it returns is the remedy when text will not do, and never quotes it.
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
		if !slices.Contains([]string{"debug", "info", "warn", "error"}, strings.ToLower(text)) || p.UnmarshalText([]byte(text)) != nil {
			return "it must be debug, info, warn or error"
		}
	default:
		return fmt.Sprintf("no reader for a %s", f.value.Type())
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

// split returns the comma-separated parts of text, without surrounding blanks and empty parts.
func split(text string) []string {
	var parts []string
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}
