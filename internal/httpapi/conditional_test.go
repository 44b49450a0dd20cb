package httpapi_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/net/http/httpguts"

	gen "github.com/adiuva/cloud-api/gen/api"
	"github.com/adiuva/cloud-api/internal/backup"
	"github.com/adiuva/cloud-api/internal/dev/diskblob"
	"github.com/adiuva/cloud-api/internal/docsite"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/httpapi"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/testing/pgtest"
	"github.com/adiuva/cloud-api/internal/testing/storetest"
	"github.com/adiuva/cloud-api/internal/tier"
)

// conditionalRequest is a download with the headers that RFC 9110 §13 and §14 define.
type conditionalRequest struct {
	head, latest bool
	size         int // of the user's only backup
	header       http.Header
}

// downloads serves downloads of users who have one backup each.
type downloads struct {
	server *httpapi.Server
	users  map[int]identity.User // by the size of their backup
	found  map[int]backup.Backup
}

var downloadSizes = []int{0, 1, 10, 1000}

func newDownloads(tb testing.TB, options ...func(*backup.Config)) *downloads {
	tb.Helper()
	fatal := func(err error) {
		if err != nil {
			tb.Fatal(err)
		}
	}
	db := pgtest.New(tb)
	store, err := diskblob.New(tb.TempDir())
	fatal(err)
	tb.Cleanup(func() { _ = store.Close() })
	log := slog.New(slog.DiscardHandler)
	cfg := backup.Config{DB: db, Store: store, Log: log}
	for _, o := range options {
		o(&cfg)
	}
	backups := backup.New(cfg)
	d := &downloads{users: map[int]identity.User{}, found: map[int]backup.Backup{}}
	site, err := docsite.New(docsite.Config{Version: "test"})
	fatal(err)
	d.server, err = httpapi.New(httpapi.Config{Backups: backups, Docs: site, Log: log})
	fatal(err)
	for _, size := range downloadSizes {
		u := identity.User{ID: uuid.New(), Tier: tier.Pro}
		_, err := db.Pool.Exec(tb.Context(), `
			INSERT INTO users (id, email, password_hash, password_changed_at, created_at, updated_at)
			VALUES ($1, $2, 'x', now(), now(), now())`, u.ID, u.ID.String()+"@example.com")
		fatal(err)
		blob := storetest.Blob(size)
		up := backup.Upload{
			Version: 1, Timestamp: time.Now(), Checksum: checksum(blob), Size: int64(size), ChunkCount: 1,
		}
		_, err = backups.Put(tb.Context(), u, up, bytes.NewReader(blob))
		fatal(err)
		d.users[size] = u
		d.found[size], err = backups.Latest(tb.Context(), u)
		fatal(err)
	}
	return d
}

// serve returns the response of the service.
func (d *downloads) serve(ctx context.Context, r conditionalRequest) *httptest.ResponseRecorder {
	ctx = identity.ToContext(ctx, d.users[r.size])
	value := func(name string) *string {
		if v := r.header.Get(name); v != "" {
			return &v
		}
		return nil
	}
	w, id := httptest.NewRecorder(), d.found[r.size].ID
	get := gen.GetBackupParams{
		IfMatch: value("If-Match"), IfUnmodifiedSince: value("If-Unmodified-Since"), IfRange: value("If-Range"),
		IfNoneMatch: value("If-None-Match"), IfModifiedSince: value("If-Modified-Since"), Range: value("Range"),
	}
	head := gen.HeadBackupParams{
		IfMatch: get.IfMatch, IfUnmodifiedSince: get.IfUnmodifiedSince,
		IfNoneMatch: get.IfNoneMatch, IfModifiedSince: get.IfModifiedSince,
	}
	var err error
	switch {
	case r.head && r.latest:
		params := gen.HeadLatestBackupParams(head)
		response, callErr := d.server.HeadLatestBackup(ctx, gen.HeadLatestBackupRequestObject{Params: params})
		if err = callErr; err == nil {
			err = response.VisitHeadLatestBackupResponse(w)
		}
	case r.head:
		response, callErr := d.server.HeadBackup(ctx, gen.HeadBackupRequestObject{BackupID: id, Params: head})
		if err = callErr; err == nil {
			err = response.VisitHeadBackupResponse(w)
		}
	case r.latest:
		params := gen.GetLatestBackupParams(get)
		response, callErr := d.server.GetLatestBackup(ctx, gen.GetLatestBackupRequestObject{Params: params})
		if err = callErr; err == nil {
			err = response.VisitGetLatestBackupResponse(w)
		}
	default:
		response, callErr := d.server.GetBackup(ctx, gen.GetBackupRequestObject{BackupID: id, Params: get})
		if err = callErr; err == nil {
			err = response.VisitGetBackupResponse(w)
		}
	}
	if err != nil {
		w.Code = fault.From(err).Code.Status()
	}
	return w
}

var (
	token     = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")
	rangeSpec = regexp.MustCompile(`^([0-9]*)([ \t]*-[ \t]*)([0-9]*)$`)
)

// agreed returns the Range header with which http.ServeContent responds as RFC 9110 asks for the given one. These are
// all the differences, besides that several ranges get the whole body:
//   - a range in another unit is ignored, and the unit's case does not matter (§14.1);
//   - HEAD has no ranges (§14.2);
//   - numbers have no sign, and may be larger than an int64 (§14.1.1);
//   - a suffix of no bytes is not satisfiable (§14.1.2); a suffix of an empty body is, and is the whole body: net/http
//     describes it as "bytes 0--1/0".
func agreed(header string, head bool, size int) string {
	unit, set, found := strings.Cut(header, "=")
	if head || found && token.MatchString(unit) && !strings.EqualFold(unit, "bytes") {
		return ""
	}
	if !found || !strings.EqualFold(unit, "bytes") {
		return header
	}
	specs := strings.Split(set, ",")
	for i, spec := range specs {
		spec = strings.TrimFunc(spec, func(c rune) bool { return strings.ContainsRune(" \t\r\n", c) })
		spec = strings.ReplaceAll(spec, "+", "x")
		if parts := rangeSpec.FindStringSubmatch(spec); parts != nil {
			first, last := saturated(parts[1]), saturated(parts[3])
			if first == "" && last != "" && (strings.Trim(last, "0") == "" || size == 0) {
				first, last = "9223372036854775807", ""
			}
			spec = first + parts[2] + last
		}
		specs[i] = spec
	}
	return "bytes=" + strings.Join(specs, ",")
}

// saturated returns the number, or the largest int64 for a larger one.
func saturated(digits string) string {
	if _, err := strconv.ParseInt(digits, 10, 64); err != nil && digits != "" {
		return "9223372036854775807"
	}
	return digits
}

// oracle returns the response of http.ServeContent.
func (d *downloads) oracle(r conditionalRequest) *httptest.ResponseRecorder {
	method := http.MethodGet
	if r.head {
		method = http.MethodHead
	}
	request := httptest.NewRequest(method, "/", nil)
	request.Header = r.header.Clone()
	if header := request.Header.Get("Range"); header != "" {
		request.Header.Set("Range", agreed(header, r.head, r.size))
	}
	w, b := httptest.NewRecorder(), d.found[r.size]
	w.Header().Set("ETag", `"`+b.Checksum+`"`)
	w.Header().Set("Content-Type", "application/octet-stream")
	http.ServeContent(w, request, "", b.CommittedAt, bytes.NewReader(storetest.Blob(r.size)))
	if strings.HasPrefix(w.Header().Get("Content-Type"), "multipart/") {
		request.Header.Del("Range")
		request.Header.Del("If-Range")
		w = httptest.NewRecorder()
		w.Header().Set("ETag", `"`+b.Checksum+`"`)
		w.Header().Set("Content-Type", "application/octet-stream")
		http.ServeContent(w, request, "", b.CommittedAt, bytes.NewReader(storetest.Blob(r.size)))
	}
	return w
}

// compare fails the test unless the service responds as http.ServeContent does.
func (d *downloads) compare(t *testing.T, r conditionalRequest) {
	t.Helper()
	got, want := d.serve(t.Context(), r), d.oracle(r)
	if got.Code != want.Code {
		t.Fatalf("%+v: status %d, http.ServeContent has %d", r, got.Code, want.Code)
	}
	if got.Code == http.StatusPreconditionFailed || got.Code == http.StatusRequestedRangeNotSatisfiable {
		return // the body is a problem document
	}
	if !bytes.Equal(got.Body.Bytes(), want.Body.Bytes()) {
		t.Fatalf("%+v: %d bytes, http.ServeContent has %d", r, got.Body.Len(), want.Body.Len())
	}
	for _, name := range []string{"Content-Range", "Content-Length", "ETag"} {
		if name == "Content-Length" && got.Code == http.StatusNotModified {
			continue
		}
		if g, w := got.Header().Get(name), want.Header().Get(name); g != w {
			t.Fatalf("%+v: %s is %q, http.ServeContent has %q", r, name, g, w)
		}
	}
}

// request fills in the headers: TAG, DATE, EARLIER and LATER stand for those of the backup.
func (d *downloads) request(size int, head, latest bool, values [6]string) (r conditionalRequest, ok bool) {
	r = conditionalRequest{head: head, latest: latest, size: size, header: http.Header{}}
	b := d.found[size]
	date := b.CommittedAt.UTC()
	replace := strings.NewReplacer("TAG", `"`+b.Checksum+`"`, "DATE", date.Format(http.TimeFormat),
		"EARLIER", date.Add(-time.Second).Format(http.TimeFormat), "LATER", date.Add(time.Hour).Format(http.TimeFormat))
	names := [6]string{"If-Match", "If-Unmodified-Since", "If-None-Match", "If-Modified-Since", "If-Range", "Range"}
	for i, name := range names {
		value := strings.Trim(replace.Replace(values[i]), " \t") // as net/http reads it
		if !httpguts.ValidHeaderFieldValue(value) {
			return r, false
		}
		if value != "" {
			r.header.Set(name, value)
		}
	}
	return r, true
}

var (
	tags = []string{"", "TAG", "W/TAG", `"other"`, `"a", TAG`, ` , "a" ,W/TAG,`, "*", `"a", *`, "TAG x", "x, TAG",
		`"a b", TAG`}
	dates = []string{"", "DATE", "EARLIER", "LATER", "yesterday"}
	// ranges are those of the issue first; more are found by fuzzing.
	ranges = []string{"", "bytes=-5", "bytes=0-", "bytes=0-0", "bytes=5-", "bytes=-0", "bytes=2-5", "bytes=5-2",
		"bytes=10-", "bytes=9-99", "bytes=0-99999999999999999999", "bytes=99999999999999999999-",
		"bytes=-99999999999999999999",
		"bytes=0-1,5-6", "bytes=0-1,", "bytes=,", "bytes=", "bytes=-", "bytes", "bytes=a-b", "bytes=0-1,x",
		"bytes=2000-,1-1",
		"bytes=2000-,3000-", "bytes=-0,0-0", "BYTES=0-1", "lines=0-1", "by tes=0-1", "bytes= 1 - 2 ", "bytes=+1-2",
		"bytes=--1",
		"bytes=1-+2", "bytes=2000-x", "=0-1", "bytes =0-1"}
)

// TestDownloadsAgreeWithServeContent compares combinations of conditions and ranges.
func TestDownloadsAgreeWithServeContent(t *testing.T) {
	t.Attr("case", "D01")
	t.Parallel()
	d := newDownloads(t)
	check := func(values [6]string) {
		t.Helper()
		for _, size := range downloadSizes {
			for _, mode := range [][2]bool{{false, false}, {false, true}, {true, false}, {true, true}} {
				r, ok := d.request(size, mode[0], mode[1], values)
				if !ok {
					t.Fatalf("%q is not a header", values)
				}
				d.compare(t, r)
			}
		}
	}
	for _, tag := range tags {
		for _, date := range dates {
			check([6]string{0: tag, 1: date})
			check([6]string{2: tag, 3: date})
			check([6]string{0: tag, 3: date, 5: "bytes=0-0"})
		}
		for _, other := range tags {
			check([6]string{0: tag, 2: other})
		}
		check([6]string{4: tag, 5: "bytes=0-0"})
	}
	for _, date := range dates {
		for _, other := range dates {
			check([6]string{1: date, 3: other})
		}
		check([6]string{4: date, 5: "bytes=0-0"})
	}
}

// TestRangesAgreeWithServeContent compares ranges, of an empty backup as well.
func TestRangesAgreeWithServeContent(t *testing.T) {
	t.Attr("case", "D02")
	t.Parallel()
	d := newDownloads(t)
	for _, header := range ranges {
		for _, ifRange := range []string{"", "TAG", `"other"`, "DATE", "EARLIER"} {
			for _, size := range downloadSizes {
				for _, head := range []bool{false, true} {
					r, _ := d.request(size, head, false, [6]string{4: ifRange, 5: header})
					d.compare(t, r)
				}
			}
		}
	}
}

// FuzzConditionsAgreeWithServeContent combines any six headers.
func FuzzConditionsAgreeWithServeContent(f *testing.F) {
	for i, header := range ranges {
		f.Add(uint8(i), tags[i%len(tags)], dates[i%len(dates)], tags[i*7%len(tags)], dates[i*3%len(dates)],
			tags[i*5%len(tags)], header)
		f.Add(uint8(i), "", "", "", "", "", header)
	}
	d := newDownloads(f)
	f.Fuzz(func(t *testing.T, mode uint8, match, unmodified, noneMatch, modified, ifRange, header string) {
		size := downloadSizes[mode>>2%4]
		r, ok := d.request(size, mode&1 > 0, mode&2 > 0,
			[6]string{match, unmodified, noneMatch, modified, ifRange, header})
		if ok {
			d.compare(t, r)
		}
	})
}

func checksum(blob []byte) string {
	sum := sha256.Sum256(blob)
	return hex.EncodeToString(sum[:])
}

type presigner struct{}

func (presigner) Presign(context.Context, string, time.Duration) (string, error) {
	return "https://store.example.com/x", nil
}

// TestRedirectsOnlyWhatTheStoreAnswersAlike redirects downloads unless they compare a date or tag of ours: a client
// sends the same headers to the store, whose dates and tags are its own.
func TestRedirectsOnlyWhatTheStoreAnswersAlike(t *testing.T) {
	t.Attr("case", "D01")
	t.Parallel()
	d := newDownloads(t, func(c *backup.Config) { c.Presigner = presigner{} })
	tag, old := `"`+d.found[10].Checksum+`"`, "Mon, 05 Jan 2026 00:00:00 GMT"
	for _, c := range []struct {
		name, value string
		want        int
	}{
		{"Range", "bytes=1-2", http.StatusTemporaryRedirect},
		{"If-None-Match", `"other"`, http.StatusTemporaryRedirect},
		{"If-None-Match", tag, http.StatusNotModified},
		{"If-Match", tag, http.StatusOK},
		{"If-Modified-Since", old, http.StatusOK},
		{"If-Unmodified-Since", old, http.StatusPreconditionFailed},
		{"If-Range", tag, http.StatusOK},
	} {
		r := conditionalRequest{size: 10, latest: true, header: http.Header{c.name: {c.value}}}
		if got := d.serve(t.Context(), r); got.Code != c.want {
			t.Errorf("%s: %s: %d, want %d", c.name, c.value, got.Code, c.want)
		}
	}
}
