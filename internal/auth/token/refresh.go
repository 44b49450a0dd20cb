package token

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// maxRefreshBytes is "v1." + a UUID + "." + 19 digits + "." + a MAC in base64.
const maxRefreshBytes = 3 + 36 + 1 + 19 + 1 + 43

// Refresh is the content of a refresh token: the session and the number of the token in it.
type Refresh struct {
	Session uuid.UUID
	Counter int64 // from 1
}

// SignRefresh returns r as v1.<session>.<counter>.<MAC>. It is deterministic.
func (k *Keys) SignRefresh(r Refresh) string { return formatRefresh(k.refresh[0], r) }

// VerifyRefresh returns the content of a refresh token that was signed with the current or a previous secret and has
// exactly the form that SignRefresh writes; anything else is ErrRefreshInvalid.
func (k *Keys) VerifyRefresh(token string) (Refresh, error) {
	if len(token) > maxRefreshBytes {
		return Refresh{}, ErrRefreshInvalid
	}
	parts := strings.Split(token, ".")
	if len(parts) != 4 {
		return Refresh{}, ErrRefreshInvalid
	}
	session, err := uuid.Parse(parts[1])
	if err != nil {
		return Refresh{}, ErrRefreshInvalid
	}
	counter, err := strconv.ParseInt(parts[2], 10, 64)
	if err != nil || counter < 1 {
		return Refresh{}, ErrRefreshInvalid
	}
	r := Refresh{Session: session, Counter: counter}
	for _, key := range k.refresh {
		if hmac.Equal([]byte(formatRefresh(key, r)), []byte(token)) {
			return r, nil
		}
	}
	return Refresh{}, ErrRefreshInvalid
}

func formatRefresh(key []byte, r Refresh) string {
	mac := hmac.New(sha256.New, key)
	mac.Write(r.Session[:])
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(r.Counter)))
	return "v1." + r.Session.String() + "." + strconv.FormatInt(r.Counter, 10) + "." +
		base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
