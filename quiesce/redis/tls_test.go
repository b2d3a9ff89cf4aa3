package redis_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestTLS: a server that speaks nothing else.
func TestTLS(t *testing.T) {
	for _, program := range programs(t) {
		h := harnessOf(t, program)
		t.Run(h.title, func(t *testing.T) {
			if !h.fences() {
				t.Skip("before 6.2 a running server takes no TLS port")
			}
			s := h.place(t)
			certificate, key := selfSigned(t, s.data)
			s.options = []string{"--save", "", "--tls-auth-clients", "no", "--tls-cert-file", certificate, "--tls-key-file", key}
			s.launch(t)
			c := s.connect(t, "harness")
			s.port = freePort(t)
			must(t, c.ConfigSet(within(t), "tls-port", fmt.Sprint(s.port)).Err())
			must(t, c.ConfigSet(within(t), "port", "0").Err())
			session := open(t, s, s.Target())
			_, err := session.Preflight(within(t))
			must(t, err)
		})
	}
}

// selfSigned makes a certificate that nobody has reason to trust.
func selfSigned(t *testing.T, folder string) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	must(t, err)
	raw, err := x509.MarshalECPrivateKey(private)
	must(t, err)
	certificate, key = filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	must(t, os.WriteFile(certificate, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644))
	must(t, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: raw}), 0o644))
	return certificate, key
}
