package stripepay_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/billing"
	"github.com/adiuva/cloud-api/internal/dev/devstripe"
	"github.com/adiuva/cloud-api/internal/stripepay"
)

// FuzzVerifySignature compares what Verify accepts with the definition of a signature: exactly one time, at most 300
// seconds away, and a v1 that is the HMAC of that time and the payload.
func FuzzVerifySignature(f *testing.F) {
	const secret = "whsec_fuzz"
	now := time.Unix(1_767_225_600, 0)
	payload := []byte(`{"id":"evt_1","object":"event","type":"x","created":1,"data":{"object":{}}}`)
	g := gateway("", func(c *stripepay.Config) {
		c.WebhookSecrets, c.Now = []string{secret}, func() time.Time { return now }
	})
	valid, old := devstripe.Sign(payload, secret, now), devstripe.Sign(payload, secret, now.Add(-7*24*time.Hour))
	for _, header := range []string{
		valid, old, "t=1767225600," + old, old + ",t=1767225600", valid + "," + valid, " " + valid,
		valid + ",", "", "t=",
		"t=-1,v1=00", strings.ReplaceAll(valid, ",", ", "), strings.ToUpper(valid), valid + ",v0=1,x", "t=1767225600",
		strings.Replace(valid, "t=", "t=+", 1), strings.Replace(valid, "t=", "t=0", 1), valid + ", t=5", "=,=,t==",
	} {
		f.Add(header)
	}
	timeElement := regexp.MustCompile(`(?:^|,)\s*t\s*=`)
	f.Fuzz(func(t *testing.T, header string) {
		_, err := g.Verify(payload, header)
		if err != nil {
			if !errors.Is(err, billing.ErrSignature) {
				t.Fatalf("%q: %v", header, err)
			}
			return
		}
		if n := len(timeElement.FindAllString(header, -1)); n != 1 {
			t.Fatalf("%q has %d times and is accepted", header, n)
		}
		at := regexp.MustCompile(`(?:^|,)t=([0-9]+)(?:,|$)`).FindStringSubmatch(header)
		if at == nil {
			t.Fatalf("%q has no time in digits and is accepted", header)
		}
		seconds, err := strconv.ParseInt(at[1], 10, 64)
		if err != nil || now.Sub(time.Unix(seconds, 0)).Abs() > 300*time.Second {
			t.Fatalf("%q is too old or too new and is accepted", header)
		}
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(strconv.FormatInt(seconds, 10) + "." + string(payload)))
		if !strings.Contains(strings.ToLower(header), "v1="+hex.EncodeToString(mac.Sum(nil))) {
			t.Fatalf("%q has no valid signature and is accepted", header)
		}
	})
}
