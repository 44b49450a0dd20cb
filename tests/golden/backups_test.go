package golden_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// describe returns the headers of an upload of that blob.
func describe(blob string) header {
	sum := sha256.Sum256([]byte(blob))
	return header{"Content-Type": "application/octet-stream", "X-Backup-Version": "3",
		"X-Backup-Timestamp": strconv.Itoa(fixedTime), "X-Backup-Checksum": hex.EncodeToString(sum[:])}
}

// backups records uploads, downloads, the history and deletion.
func (w *walk) backups() {
	const path = basePath + "/backup"
	a, free := w.register("backup", "pro"), w.register("backup-free", "free")
	reader := w.register("download", "pro") // an account of its own: the plan has 60 requests a minute
	blob := strings.Repeat("0123456789", 100)
	put := func(title string, who account, change header) response {
		headers := describe(blob).with(who.bearer()).with(change)
		return w.do("upload "+title, request{method: "PUT", path: path, headers: headers, body: blob})
	}
	inThreeDays := strconv.FormatInt(today().AddDate(0, 0, 3).UnixMilli(), 10)
	put("on the free plan", free, nil)
	first := put("a backup", a, header{"Idempotency-Key": "key-1", "X-Backup-Chunk-Count": "2"})
	put("it again with its key", a, header{"Idempotency-Key": "key-1", "X-Backup-Chunk-Count": "2"})
	put("another with its key", a, header{"Idempotency-Key": "key-1", "X-Backup-Version": "4"})
	for title, change := range sortedBy(map[string]header{
		"with a wrong checksum":      {"X-Backup-Checksum": strings.Repeat("a", 64)},
		"with a malformed checksum":  {"X-Backup-Checksum": "zz"},
		"of another size":            {"X-Backup-Size": "999"},
		"from the future":            {"X-Backup-Timestamp": inThreeDays},
		"with a negative time":       {"X-Backup-Timestamp": "-1"},
		"of version 0":               {"X-Backup-Version": "0"},
		"with a broken key":          {"Idempotency-Key": "\xff"},
		"as JSON":                    {"Content-Type": "application/json"},
		"with several wrong headers": {"X-Backup-Version": "x", "X-Backup-Timestamp": "y", "X-Backup-Checksum": "z"},
		"with a content encoding":    {"Content-Encoding": "gzip"},
	}) {
		put(title, a, change)
	}
	for title, change := range sortedBy(map[string]header{
		"without a length":  {},
		"over the quota":    {"X-Backup-Size": "5000000001"},
		"over 80 GB":        {"X-Backup-Size": "80000000001"},
		"shorter than said": {"X-Backup-Size": "1001"},
		"longer than said":  {"X-Backup-Size": "999"},
		"with its size":     {"X-Backup-Size": "1000"},
	}) {
		headers := describe(blob).with(a.bearer()).with(change)
		w.do("chunked upload "+title, request{method: "PUT", path: path, headers: headers,
			bodyReader: struct{ io.Reader }{strings.NewReader(blob)}})
	}
	w.do("upload nothing", request{method: "PUT", path: path, headers: describe("").with(a.bearer())})
	last := put("the last backup", a, nil)
	stored := put("what is downloaded", reader, nil)
	w.downloads(path, reader)
	w.downloads(path+"/"+stored.member("id"), reader)
	w.get("download a stranger's backup", path+"/"+first.member("id"), free)
	w.del("delete a stranger's backup", path+"/"+first.member("id"), free)

	w.get("history", path+"/history", a)
	for _, query := range []string{"limit=1", "limit=0", "limit=201", "limit=x",
		"before=" + last.member("id"), "before=" + unknownID, "before=x"} {
		w.get("history with "+query[:strings.Index(query, "=")], path+"/history?"+query, a)
	}
	w.del("delete a backup", path+"/"+last.member("id"), a)
	w.del("delete it again", path+"/"+last.member("id"), a)
	w.get("download the deleted backup", path+"/"+last.member("id"), a)
	w.s.setTier(w.t, a.email, "free", 1)
	put("after a downgrade", a, nil)
	w.do("download after a downgrade", request{method: "GET", path: path, headers: a.bearer(), hideBody: true})
}

// downloads records conditional and range requests.
func (w *walk) downloads(path string, a account) {
	whole := w.get("download", path, a)
	tag := whole.header.Get("Etag")
	for title, headers := range sortedBy(map[string]header{
		"its tag":                 {"If-None-Match": tag},
		"its tag, weak":           {"If-None-Match": "W/" + tag},
		"another tag":             {"If-None-Match": `"other"`},
		"any tag":                 {"If-None-Match": "*"},
		"a broken tag":            {"If-None-Match": "x"},
		"its date":                {"If-Modified-Since": whole.header.Get("Last-Modified")},
		"an old date":             {"If-Modified-Since": "Thu, 01 Jan 2026 00:00:00 GMT"},
		"a future date":           {"If-Modified-Since": "Thu, 01 Jan 2099 00:00:00 GMT"},
		"the first bytes":         {"Range": "bytes=0-9"},
		"the middle":              {"Range": "bytes=500-509"},
		"the rest":                {"Range": "bytes=990-"},
		"the last bytes":          {"Range": "bytes=-5"},
		"beyond the end":          {"Range": "bytes=990-5000"},
		"bytes that do not exist": {"Range": "bytes=1000-"},
		"no last bytes":           {"Range": "bytes=-0"},
		"a backward range":        {"Range": "bytes=9-0"},
		"several ranges":          {"Range": "bytes=0-1,4-5"},
		"another unit":            {"Range": "lines=1-2"},
		"a broken range":          {"Range": "bytes=a-b"},
		"a range if its tag":      {"Range": "bytes=0-9", "If-Range": tag},
		"a range if other tag":    {"Range": "bytes=0-9", "If-Range": `"other"`},
		"a range if a weak tag":   {"Range": "bytes=0-9", "If-Range": "W/" + tag},
		"a range if old date":     {"Range": "bytes=0-9", "If-Range": "Thu, 01 Jan 2026 00:00:00 GMT"},
		"a range and its tag":     {"Range": "bytes=0-9", "If-None-Match": tag},
	}) {
		w.do("download with "+title, request{method: "GET", path: path, headers: a.bearer().with(headers)})
	}
	head := request{method: "HEAD", path: path, headers: a.bearer()}
	w.do("head", head)
	w.do("head with its tag", head.withHeaders(header{"If-None-Match": tag}))
	w.do("head with a range", head.withHeaders(header{"Range": "bytes=0-9"}))
}

// billing records checkout, webhook, subscription and portal on the embedded stand-in of Stripe.
func (w *walk) billing() {
	const path = basePath + "/billing"
	a := w.register("billing", "pro")
	get := request{method: "GET", path: path + "/subscription", headers: a.bearer()}
	w.do("subscription before any", get)
	w.postAs(a, "portal before any", path+"/portal", "")
	w.del("cancel before any", path+"/subscription", a)
	for title, body := range sortedBy(map[string]string{
		"of the free plan":   `{"tier":"free"}`,
		"of seats for pro":   `{"tier":"pro","seats":2}`,
		"of no seats":        `{"tier":"team","seats":0}`,
		"of too many seats":  `{"tier":"team","seats":10001}`,
		"of an unknown plan": `{"tier":"gold"}`,
	}) {
		w.postAs(a, "checkout "+title, path+"/checkout", body)
	}
	checkout := request{method: "POST", path: path + "/checkout", headers: a.bearer(),
		body: `{"tier":"team","seats":3}`}
	page := w.do("checkout", checkout).member("checkout_url")
	w.visit("checkout page", page, nil)
	w.visit("checkout page, cancelled", page, url.Values{"do": {"cancel"}})
	w.visit("checkout page, card declined", page, url.Values{"do": {"decline"}})
	w.visit("checkout page, paid", page, url.Values{"do": {"pay"}, "seats": {"3"}})
	w.subscriptionBecomes(a, `"status":"active"`)
	w.do("subscription", get)
	w.get("me with a subscription", basePath+"/auth/me", a)
	w.do("checkout while subscribed", checkout)
	portal := w.postAs(a, "portal", path+"/portal", "").member("portal_url")
	w.visit("portal page", portal, nil)
	w.visit("portal page, card refused from now on", portal, url.Values{"do": {"decline"}})

	cancel := request{method: "DELETE", path: path + "/subscription", headers: a.bearer()}
	w.do("cancel", cancel)
	w.subscriptionBecomes(a, `"cancel_at_period_end":true`)
	w.do("cancelled subscription", get)
	w.do("cancel again", cancel)
	cancel.path += "?immediately=true"
	w.do("cancel at once", cancel)
	w.subscriptionBecomes(a, `"status":"canceled"`)
	w.do("subscription that has ended", get)
	w.do("cancel what has ended", cancel)
	w.get("me without a subscription", basePath+"/auth/me", a)
	w.webhook(path + "/webhook")
}

// subscriptionBecomes waits until the worker has applied the events of Stripe.
func (w *walk) subscriptionBecomes(a account, text string) {
	eventually(w.t, "the subscription has "+text, func() bool {
		time.Sleep(200 * time.Millisecond) // the plan has 60 requests a minute
		resp := w.send(request{method: "GET", path: basePath + "/billing/subscription", headers: a.bearer()})
		return strings.Contains(string(resp.body), text)
	})
}

var (
	htmlTag   = regexp.MustCompile(`(?s)<style.*?</style>|<[^>]*>`)
	dayOfYear = regexp.MustCompile(`\d{1,2} [A-Z][a-z]+ \d{4}`)
)

// visit records the text of a page of the stand-in, or what its form leads to.
func (w *walk) visit(title, address string, form url.Values) {
	resp, err := httpClient.Get(address)
	if form != nil {
		resp, err = httpClient.PostForm(address, form)
	}
	check(w.t, err)
	text, err := io.ReadAll(resp.Body)
	check(w.t, err)
	check(w.t, resp.Body.Close())
	plain := strings.Join(strings.Fields(htmlTag.ReplaceAllString(string(text), " ")), " ")
	shown := response{status: resp.StatusCode, header: resp.Header, body: text}
	shown.header.Del("Content-Length") // the length of e-mail addresses and dates
	plain = dayOfYear.ReplaceAllString(plain, "<date in words>")
	w.r.add(title, fmt.Sprintf("--> %d\n%s%s", resp.StatusCode, shown.headerText(false), plain))
}

// webhook records signed events, and some that are not.
func (w *walk) webhook(path string) {
	event := `{"id":"evt_1","object":"event","type":"invoice.paid","created":1767225600,` +
		`"api_version":"2026-03-25.dahlia","livemode":false,"data":{"object":{"object":"invoice","id":"in_1"}}}`
	other := `{"id":"evt_2","object":"event","type":"product.created","created":1767225600,` +
		`"data":{"object":{"object":"product"}}}`
	sign := func(body string, at time.Time) string {
		text := fmt.Sprintf("%d.%s", at.Unix(), body)
		return fmt.Sprintf("t=%d,v1=%s", at.Unix(), hexHMAC(w.s.secrets.StripeWebhook, text))
	}
	signature := func(text string) header { return header{"Stripe-Signature": text} }
	now := time.Now()
	for title, q := range sortedBy(map[string]request{
		"without a signature": {body: event},
		"with a wrong signature": {body: event,
			headers: signature("t=1767225600,v1=" + strings.Repeat("0", 64))},
		"with no signature at all": {body: event, headers: signature("nonsense")},
		"with an old signature":    {body: event, headers: signature(sign(event, now.Add(-time.Hour)))},
		"signed":                   {body: event, headers: signature(sign(event, now))},
		"signed, of no interest":   {body: other, headers: signature(sign(other, now))},
		"signed, no JSON":          {body: "nothing", headers: signature(sign("nothing", now))},
		"too large":                {body: strings.Repeat(" ", 512<<10+1), headers: signature("t=1,v1=0")},
		"empty":                    {headers: signature(sign("", now))},
	}) {
		q.method, q.path = http.MethodPost, path
		resp := w.send(q)
		w.r.add("webhook "+title, fmt.Sprintf("--> %d\n%s%s", resp.status, resp.headerText(false), resp.bodyText()))
	}
}
