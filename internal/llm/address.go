package llm

import (
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
)

var errNoAddress = errors.New("the address of the model is no URL")

// completionsAddress returns where chat completions are under the base URL, whose query is kept.
func completionsAddress(base string) (*url.URL, error) {
	address, err := url.Parse(base)
	if err != nil {
		return nil, errNoAddress // err quotes the URL, which may hold a password
	}
	switch {
	case address.Scheme != "http" && address.Scheme != "https" || address.Host == "":
		return nil, errors.New("the address of the model must begin with http:// or https:// and a host")
	case address.Fragment != "":
		return nil, errors.New("the address of the model must not have a # in it")
	}
	if !strings.HasSuffix(address.Path, "/chat/completions") {
		address = address.JoinPath("chat/completions")
	}
	return address, nil
}

// keyHeader returns the header that the server at base reads the key from.
func keyHeader(base string) string {
	address, err := url.Parse(base)
	if err != nil {
		return "Authorization"
	}
	host := strings.ToLower(address.Hostname())
	if strings.HasSuffix(host, ".azure.com") || address.Query().Has("api-version") {
		return "api-key"
	}
	return "Authorization"
}

// setKey sets the header that holds a key.
func setKey(header http.Header, name, key string) {
	if strings.EqualFold(name, "Authorization") {
		key = "Bearer " + key
	}
	header.Set(name, key)
}

// decoded returns the body of a response. Compression was not asked for, but gzip is read all the same.
func decoded(resp *http.Response) (io.Reader, error) {
	switch strings.ToLower(strings.TrimSpace(resp.Header.Get("Content-Encoding"))) {
	case "", "identity":
		return resp.Body, nil
	case "gzip", "x-gzip":
		return &lazyGzip{body: resp.Body}, nil
	}
	return nil, &failure{kind: protocol, status: resp.StatusCode, cause: errors.New("answer has an unknown encoding")}
}

// lazyGzip decompresses body. It begins with the first read, so that the failure of one is that of an answer.
type lazyGzip struct {
	body io.Reader
	zip  *gzip.Reader
}

func (g *lazyGzip) Read(p []byte) (int, error) {
	if g.zip == nil {
		zip, err := gzip.NewReader(g.body)
		if err != nil {
			return 0, err
		}
		g.zip = zip
	}
	return g.zip.Read(p)
}
