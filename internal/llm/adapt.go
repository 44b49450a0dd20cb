package llm

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// complaint is the text of an error response: its messages, and the names of members in it. It may quote what a person
// wrote, and is only searched: it is neither logged nor returned.
type complaint string

const (
	maxComplaint      = 16 << 10 // bytes
	maxComplaintDepth = 12
)

// complaintOf returns the texts in an error response. Members that repeat the request are left out.
func complaintOf(body []byte) complaint {
	var value any
	if json.Unmarshal(body, &value) != nil {
		return complaint(body[:min(len(body), maxComplaint)])
	}
	var b strings.Builder
	addTexts(&b, value, 0)
	return complaint(b.String())
}

func addTexts(b *strings.Builder, value any, depth int) {
	if depth > maxComplaintDepth || b.Len() > maxComplaint {
		return
	}
	switch v := value.(type) {
	case string:
		b.WriteString(v[:min(len(v), maxComplaint)])
		b.WriteByte('\n')
	case []any:
		for _, e := range v {
			addTexts(b, e, depth+1)
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			switch name {
			case "input", "ctx", "value", "body", "request", "failed_generation":
			default:
				addTexts(b, v[name], depth+1)
			}
		}
	}
}

var (
	// refuses matches how servers say that they do not take something.
	refuses = regexp.MustCompile(`(?i)un(?:known|recogni[sz]ed|expected|supported)|` +
		`not? (?:longer )?(?:be )?(?:supported|permitted|allowed|available|recogni[sz]ed|accepted|valid|enabled)|` +
		`n[o']t support|extra_forbidden|extra inputs|` +
		`cannot find|invalid|deprecated|unavailable|must be|only the default|cannot use|must be verified`)
	tooLarge = regexp.MustCompile(`(?i)(?:at most|less than or equal to|` +
		`maximum (?:allowed )?(?:value|number)[^0-9]{0,40}|` +
		`<=|\[1, ?|range[^0-9]{0,30}1[^0-9]{1,6}) ?([0-9]{2,7})\b`)
	needsStream = regexp.MustCompile(`(?i)only supports? (?:the )?stream|not support non-?stream|` +
		`stream(?:ing)? is required|stream.{0,20}must be (?:set to )?true|please enable the stream`)
	roleRefused = regexp.MustCompile(`(?i)(?:system|developer)['"]? ?(?:role|message|prompt|instruction)s?.{0,40}` +
		`(?:not|n't|un)|does not support ['"]?(?:system|developer)|only user(?:,| and).{0,40}supported|` +
		`not support.{0,20}(?:system|developer) (?:role|message|instruction)|unknown role:? ['"]?system`)
	rolesAlternate = regexp.MustCompile(`(?i)roles? must alternate|must (?:start|begin) with (?:a )?['"]?user|` +
		`first (?:message|non-system).{0,40}user`)
	wantsBack  = regexp.MustCompile(`(?i)passed back|missing`)
	idsRefused = regexp.MustCompile(`(?i)tool call id.{0,120}(?:length of 9|length 9)`)
)

// names are the members that complaints may name, as they are written there without case and underscores.
var names = map[string]member{
	"store": memberStore, "temperature": memberTemperature, "streamoptions": memberStreamOptions,
	"includeusage": memberStreamOptions, "responseformat": memberResponseFormat, "jsonschema": memberResponseFormat,
	"toolchoice": memberToolChoice, "strict": memberStrict, "additionalproperties": memberStrict,
	"reasoningcontent": memberThoughts, "reasoning": memberThoughts, "reasoningdetails": memberThoughts,
	"thinkingblocks": memberThoughts, "extracontent": memberExtras, "thoughtsignature": memberExtras,
	"providerspecificfields": memberExtras, "maxtokens": memberMaxTokens, "maxcompletiontokens": memberMaxTokens,
}

var word = regexp.MustCompile(`[A-Za-z][A-Za-z_]*`)

// named returns the members that the complaint names, and whether it names "stream". Of the two names of the limit of
// an answer, only the one that was sent counts.
func (c complaint) named(sentLimit string) (found member, stream bool) {
	for _, w := range word.FindAllString(string(c), -1) {
		plain := strings.ToLower(strings.ReplaceAll(w, "_", ""))
		m := names[plain]
		if m == memberMaxTokens && plain != strings.ReplaceAll(sentLimit, "_", "") {
			continue
		}
		found |= m
		stream = stream || plain == "stream" || plain == "streaming"
	}
	return found, stream
}

// adapted returns the dialect for another attempt after a response with this status and complaint, and false if the
// complaint is about nothing that a dialect decides. sent are the members of the request, streamed is whether it asked
// for a stream.
func (d dialect) adapted(status int, c complaint, sent member, streamed bool) (dialect, bool) {
	if status != 400 && status != 404 && status != 422 && status != 500 {
		return d, false
	}
	next := d
	switch text := string(c); {
	case rolesAlternate.MatchString(text):
		if next.userFirst {
			next.omit |= memberSystem
		}
		next.userFirst = true
		return next, next != d
	case roleRefused.MatchString(text):
		next.omit |= memberSystem
		return next, next != d
	case status == 500:
		return d, false
	case idsRefused.MatchString(text):
		next.shortIDs = true
		return next, next != d
	case needsStream.MatchString(text):
		next.stream, next.whole = true, false
		return next, next != d && !streamed
	case !refuses.MatchString(text) && !tooLarge.MatchString(text) && !wantsBack.MatchString(text):
		return d, false
	}
	found, stream := c.named(d.maxTokens)
	if wantsBack.MatchString(string(c)) {
		next.emptyThoughts = next.emptyThoughts || found&memberThoughts != 0
		found &^= memberThoughts | memberExtras
	}
	found &= sent &^ d.pinned
	if found&memberMaxTokens != 0 {
		found &^= memberMaxTokens
		next = next.withOtherLimit(string(c))
	}
	next.omit |= found
	if next == d && stream && streamed && !next.stream {
		next.whole = true
	}
	return next, next != d
}

// withOtherLimit returns d with another way to limit an answer: a lower limit if the text says one, or the other name,
// or none.
func (d dialect) withOtherLimit(text string) dialect {
	if m := tooLarge.FindStringSubmatch(text); m != nil {
		if n, err := strconv.Atoi(m[1]); err == nil && n > 0 && (d.limit == 0 || n < d.limit) {
			d.limit = n
			return d
		}
	}
	if d.renamed {
		d.omit |= memberMaxTokens
		return d
	}
	d.renamed = true
	if d.maxTokens == maxTokens {
		d.maxTokens = maxCompletionTokens
	} else {
		d.maxTokens = maxTokens
	}
	return d
}
