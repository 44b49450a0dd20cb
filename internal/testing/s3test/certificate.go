package s3test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
)

// writeCertificate writes the certificate for 127.0.0.1 of net/http/httptest and its key to files.
func writeCertificate(t testing.TB) (cert, key string, pool *x509.CertPool) {
	t.Helper()
	ts := httptest.NewTLSServer(http.NotFoundHandler())
	defer ts.Close()
	pool = x509.NewCertPool()
	pool.AddCert(ts.Certificate())
	private, err := x509.MarshalPKCS8PrivateKey(ts.TLS.Certificates[0].PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	cert = writePEM(t, "cert.pem", "CERTIFICATE", ts.Certificate().Raw)
	key = writePEM(t, "key.pem", "PRIVATE KEY", private)
	return cert, key, pool
}

// writePEM writes a file and returns its path.
func writePEM(t testing.TB, name, blockType string, der []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: blockType, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func httpClient(pool *x509.CertPool) *http.Client {
	return &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12},
	}}
}
