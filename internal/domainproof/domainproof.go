// Package domainproof says whether a domain name belongs to whoever claims it: its DNS holds a text record with the
// token that we gave them, at a name below it that only the domain's owner can set. It also says which names can be
// claimed at all.
package domainproof

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

const (
	// Label is the name below the domain that holds the record.
	Label = "_adiuva"

	timeout    = 5 * time.Second
	maxDomain  = 253 - len(Label+".") // so that the record's name is no longer than DNS allows
	maxRecords = 100
)

// Why Normalize refuses a name. Each says what is wrong in a sentence for the person who gave it.
var (
	ErrNotDomain    = errors.New("this is not a domain name, such as example.com")
	ErrTooLong      = errors.New("the domain name is too long")
	ErrAddress      = errors.New("this is an IP address; give a domain name")
	ErrPublicSuffix = errors.New("anyone can register names below this one; give your own domain")
	ErrMixedScripts = errors.New("the domain name mixes letters of several scripts")
)

// Normalize returns the form in which a domain is kept and compared: lower case, in ASCII (IDNA), without a final dot.
// It refuses what nobody can own alone, and names that look like others because they mix scripts.
func Normalize(domain string) (string, error) {
	if len(domain) > 4*maxDomain {
		return "", ErrTooLong
	}
	if !utf8.ValidString(domain) {
		return "", ErrNotDomain
	}
	if isAddress(domain) {
		return "", ErrAddress
	}
	ascii, err := profile().ToASCII(domain)
	ascii = strings.TrimSuffix(ascii, ".")
	switch {
	case len(ascii) > maxDomain:
		return "", ErrTooLong
	case err != nil || !strings.Contains(ascii, "."):
		return "", ErrNotDomain
	case isAddress(ascii) || allDigits(ascii[strings.LastIndexByte(ascii, '.')+1:]):
		return "", ErrAddress
	}
	unicoded, err := profile().ToUnicode(ascii)
	if err != nil {
		return "", ErrNotDomain
	}
	if slices.ContainsFunc(strings.Split(unicoded, "."), mixesScripts) {
		return "", ErrMixedScripts
	}
	if suffix, _ := publicsuffix.PublicSuffix(ascii); suffix == ascii {
		return "", ErrPublicSuffix
	}
	return ascii, nil
}

func profile() *idna.Profile {
	return idna.New(idna.MapForLookup(), idna.BidiRule(), idna.StrictDomainName(true), idna.VerifyDNSLength(true))
}

func isAddress(name string) bool {
	_, err := netip.ParseAddr(strings.Trim(name, "[]"))
	return err == nil
}

// allDigits reports whether a top-level name is one that resolvers read as the end of an IPv4 address.
func allDigits(label string) bool {
	return strings.Trim(label, "0123456789") == ""
}

// scripts are those that a label is looked at for. Letters of others count as one more script.
var scripts = [...]*unicode.RangeTable{unicode.Latin, unicode.Cyrillic, unicode.Greek, unicode.Armenian,
	unicode.Hebrew, unicode.Arabic, unicode.Devanagari, unicode.Thai, unicode.Georgian, unicode.Cherokee,
	unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Bopomofo}

// eastAsian is where Han begins in scripts. Those languages write several of its scripts together, and Latin too.
const eastAsian = 10

// mixesScripts reports whether a label has letters of scripts that no language writes together.
func mixesScripts(label string) bool {
	seen, asian := map[int]bool{}, false
	for _, r := range label {
		if !unicode.IsLetter(r) || unicode.Is(unicode.Common, r) || unicode.Is(unicode.Inherited, r) {
			continue
		}
		script := slices.IndexFunc(scripts[:], func(table *unicode.RangeTable) bool { return unicode.Is(table, r) })
		if script >= eastAsian {
			asian = true
			continue
		}
		seen[script] = true
	}
	if asian {
		delete(seen, 0) // Latin
		return len(seen) > 0
	}
	return len(seen) > 1
}

// Resolver looks text records up. It is an interface because the name servers are not ours; *net.Resolver is one.
type Resolver interface {
	LookupTXT(ctx context.Context, name string) ([]string, error)
}

// Prover looks for the record of a domain.
type Prover struct {
	resolver Resolver
}

// New returns a Prover; a nil resolver means the system's.
func New(resolver Resolver) *Prover {
	if resolver == nil {
		resolver = net.DefaultResolver
	}
	return &Prover{resolver: resolver}
}

// Proven reports whether the domain, as Normalize returns it, has the token in a text record of its own at
// _adiuva.<domain>. A name without such a record is not proven; an error means that nobody knows, because the name
// servers did not answer within five seconds.
func (p *Prover) Proven(ctx context.Context, domain, token string) (bool, error) {
	if token == "" {
		return false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	records, err := p.resolver.LookupTXT(ctx, Label+"."+domain+".") // rooted: no search domain is tried
	if err != nil {
		if missing, ok := errors.AsType[*net.DNSError](err); ok && missing.IsNotFound {
			return false, nil
		}
		return false, err
	}
	for _, record := range records[:min(len(records), maxRecords)] {
		if strings.TrimSpace(record) == token {
			return true, nil
		}
	}
	return false, nil
}
