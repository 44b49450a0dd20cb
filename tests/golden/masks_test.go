package golden_test

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// fixedTime is the one time in milliseconds that requests name literally; it is the contract's example.
const fixedTime = 1767225600000

// mask is one kind of volatile text and its placeholder.
type mask struct {
	pattern     *regexp.Regexp
	placeholder string
}

// masks are applied in this order, after the service's own addresses and folders.
var masks = []mask{
	{regexp.MustCompile(`eyJ[\w-]+\.[\w-]+\.[\w-]*`), "<access-token>"},
	{regexp.MustCompile(`(?m)Bearer eyJ[\w-]+\.[\w-]+$`), "Bearer <cut access-token>"},
	{regexp.MustCompile(`adv_[0-9A-Za-z]{40}`), "<api-key>"},
	{regexp.MustCompile(`"prefix":"adv_[0-9A-Za-z]{4}"`), `"prefix":"<prefix>"`},
	{regexp.MustCompile(`(?m)^\{"exported_at":.*\}$`), "<export of the account>"},
	{regexp.MustCompile(`(v\d)\.[0-9a-f-]{36}\.(\d+)\.[\w-]{43}`), "<refresh-token $1 $2>"},
	{regexp.MustCompile(`\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b`), "<uuid>"},
	{regexp.MustCompile(`\b[0-9a-f]{32}\b`), "<request-id>"},
	{regexp.MustCompile(`\b(cs_test|cus|sub|evt)_[0-9a-z]{20,}`), "<$1>"},
	{regexp.MustCompile(`127\.0\.0\.1(:|%3A)\d+`), "<local address>"},
	{regexp.MustCompile(`(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT`), "<http-date>"},
	{regexp.MustCompile(`("(?:expires_at|created_at|last_used_at|current_period_end)":)\d+`), "$1<time>"},
	{regexp.MustCompile(`("(?:input_tokens|output_tokens|tokens_used|requests)":)\d+`), "$1<n>"},
	{regexp.MustCompile(`("handle":)"\w{26}"`), `$1"<handle>"`},
	{regexp.MustCompile(`otpauth://totp/[^"]*`), "<otpauth URI>"},
	{regexp.MustCompile(`("secret":)"[A-Z2-7]{32}"`), `$1"<secret>"`},
	{regexp.MustCompile(`\b[A-Z2-7]{4}(-[A-Z2-7]{4}){3}\b`), "<recovery-code>"},
	{regexp.MustCompile(`(/passkeys#|"ticket":")[A-Z2-7]{26}`), "$1<ticket>"},
	{regexp.MustCompile(`http://localhost:\d+(/passkeys#)`), "<base>$1"},
	{regexp.MustCompile(`("challenge":)"[\w-]{43}"`), `$1"<challenge>"`},
	{regexp.MustCompile(`("displayName":"[^"]*","id":)"[\w-]{22}"`), `$1"<user>"`},
	{regexp.MustCompile(`("version":)"[^"]*"`), `$1"<version>"`},
	{regexp.MustCompile(`(Adiuva Cloud API) \S+ is up`), "$1 <version> is up"},
	{regexp.MustCompile(`(?m)^(Retry-After:) \d+$`), "$1 <seconds>"},
	{regexp.MustCompile(`Wait \d+ s `), "Wait <seconds> s "},
	{regexp.MustCompile(`(?m)^(Ratelimit: "\w+";r=)\d+;t=\d+$`), "$1<n>;t=<seconds>"},
	{regexp.MustCompile(`(?m)^(Ratelimit: "\w+";r=\w+);t=\d+$`), "$1;t=<seconds>"},
	{regexp.MustCompile(`(Pg|PostgreSQL) \d+(\.\d+)?`), "$1 <version>"},
}

var (
	milliseconds = regexp.MustCompile(`\b\d{13}\b`)
	isoDate      = regexp.MustCompile(`\b\d{4}-\d\d-\d\d`)
	longDate     = regexp.MustCompile(
		`\b(Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday),? \d{1,2} [A-Z][a-z]+( \d{4})?\b`)
	otherDate = regexp.MustCompile(
		`(Montag|Dienstag|Mittwoch|Donnerstag|Freitag|Samstag|Sonntag), (\d{1,2})\. (\pL+)|` +
			`(lunedì|martedì|mercoledì|giovedì|venerdì|sabato|domenica) (\d{1,2}) (\pL+)`)
	otherMonths = strings.Fields("Januar Februar März April Mai Juni Juli August September Oktober November Dezember " +
		"gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre")
)

// today is the midnight, in UTC, that dates are relative to.
func today() time.Time { return time.Now().UTC().Truncate(24 * time.Hour) }

// maskTimes replaces times by their distance from today, such as <today+1 09:00>, because agents are asked about days.
func maskTimes(text string) string {
	text = milliseconds.ReplaceAllStringFunc(text, func(digits string) string {
		ms, err := strconv.ParseInt(digits, 10, 64)
		if err != nil || ms == fixedTime {
			return digits
		}
		at := time.UnixMilli(ms).UTC()
		if time.Since(at).Abs() < time.Minute { // the time of the request
			return "<now>"
		}
		day, near := daysFromToday(at)
		if !near {
			return "<time>"
		}
		return fmt.Sprintf("<%s %s>", day, strings.TrimSuffix(at.Format("15:04:05.000"), ":00.000"))
	})
	text = isoDate.ReplaceAllStringFunc(text, func(date string) string {
		if at, err := time.Parse(time.DateOnly, date); err == nil {
			if day, near := daysFromToday(at); near {
				return "<" + day + ">"
			}
		}
		return date
	})
	text = otherDate.ReplaceAllStringFunc(text, func(date string) string {
		parts := slices.DeleteFunc(otherDate.FindStringSubmatch(date), func(s string) bool { return s == "" })
		day, err := strconv.Atoi(parts[2])
		if month := slices.Index(otherMonths, parts[3]); err == nil && month >= 0 {
			return dayInWords(date, time.Month(month%12+1), day)
		}
		return date
	})
	return longDate.ReplaceAllStringFunc(text, func(date string) string {
		plain := strings.ReplaceAll(date, ",", "")
		for _, layout := range []string{"Monday 2 January 2006", "Monday 2 January"} {
			if at, err := time.Parse(layout, plain); err == nil {
				return dayInWords(date, at.Month(), at.Day())
			}
		}
		return date
	})
}

// dayInWords returns the distance from today of a day of any year, or its text if it is too far away.
func dayInWords(text string, month time.Month, day int) string {
	for _, year := range []int{today().Year() - 1, today().Year(), today().Year() + 1} {
		if label, near := daysFromToday(time.Date(year, month, day, 0, 0, 0, 0, time.UTC)); near {
			return "<" + label + " in words>"
		}
	}
	return text
}

// hideDates replaces every date and time, for answers that are deterministic by weekday and not by distance from today.
func hideDates(text string) string {
	text = milliseconds.ReplaceAllString(text, "<time>")
	text = isoDate.ReplaceAllString(text, "<date>")
	return longDate.ReplaceAllString(text, "<date in words>")
}

// daysFromToday returns a label such as today, today+1 or today-30, and whether at is at most 60 days away.
func daysFromToday(at time.Time) (label string, near bool) {
	days := int(at.Truncate(24*time.Hour).Sub(today()).Hours() / 24)
	if days == 0 {
		return "today", true
	}
	return fmt.Sprintf("today%+d", days), days >= -60 && days <= 60
}

// mask replaces what differs from run to run.
func (s *service) mask(text string) string {
	text = strings.NewReplacer(s.base, "<base>", strings.TrimPrefix(s.base, "http://"), "<host>",
		s.dataDir, "<data-dir>", s.repository, "<repository>").Replace(text)
	for _, m := range masks {
		text = m.pattern.ReplaceAllString(text, m.placeholder)
	}
	return maskTimes(text)
}
