package config

import (
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"strings"
)

// Example returns the text of .env.example: every variable, commented out, with its default or an example, below a line
// with its description.
func Example() string {
	var b strings.Builder
	b.WriteString("# Every variable that adiuva-api reads. " +
		"Generated from internal/config by `make generate`; do not edit.\n" +
		"# Nothing is needed in dev. A secret may come from a file: NAME_FILE=/run/secrets/name instead of NAME.\n")
	for _, f := range fields(&Config{}) {
		value := f.def
		if value == "" {
			value = f.example
		}
		fmt.Fprintf(&b, "\n# %s.%s\n# %s=%s\n", f.sentence(), f.notes(), f.name, value)
	}
	return b.String()
}

// Table returns the README's table of variables in Markdown.
func Table() string {
	var b strings.Builder
	b.WriteString("| variable | default | meaning |\n|---|---|---|\n")
	for _, f := range fields(&Config{}) {
		fmt.Fprintf(&b, "| `%s` | %s | %s.%s |\n", f.name, f.defaultCell(), f.sentence(), f.notes())
	}
	return b.String()
}

// Names returns every variable that Load reads, without the NAME_FILE forms.
func Names() []string {
	var names []string
	for _, f := range fields(&Config{}) {
		names = append(names, f.name)
	}
	return names
}

// Print writes NAME=value for every variable, including defaults. Secrets are printed as [set] or as nothing.
func (c Config) Print(w io.Writer) error {
	for _, f := range fields(&c) {
		if _, err := fmt.Fprintf(w, "%s=%s\n", f.name, f.display()); err != nil {
			return err
		}
	}
	return nil
}

func (f field) sentence() string { return strings.ToUpper(f.desc[:1]) + f.desc[1:] }

func (f field) notes() string {
	var b strings.Builder
	if f.embedded != "" {
		b.WriteString(" In dev, when empty: " + f.embedded + ".")
	}
	if f.required {
		b.WriteString(" Required in prod.")
	}
	if f.secret {
		b.WriteString(" Secret.")
	}
	return b.String()
}

func (f field) defaultCell() string {
	switch {
	case f.prodDefault != "":
		return "`" + f.def + "`, in prod `" + f.prodDefault + "`"
	case f.def != "":
		return "`" + f.def + "`"
	}
	return ""
}

// display returns the value as one would write it in the variable, or [set] for secrets.
func (f field) display() string {
	switch v := f.value.Interface().(type) {
	case []Secret:
		return joinStrings(v)
	case []string:
		return strings.Join(v, ",")
	case []netip.Prefix:
		return joinStrings(v)
	case slog.Level:
		return strings.ToLower(v.String())
	}
	return fmt.Sprint(f.value.Interface())
}

func joinStrings[T fmt.Stringer](list []T) string {
	parts := make([]string, len(list))
	for i, item := range list {
		parts[i] = item.String()
	}
	return strings.Join(parts, ",")
}
