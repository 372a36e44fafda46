package doctor_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"

	"culvert/doctor"
	"culvert/doctor/doctortest"
)

// withCertificate gives the host a certificate that is valid for a time, and returns a configuration that shows it.
func withCertificate(t *testing.T, h *doctortest.Host, from, to time.Time) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "gw"}, DNSNames: []string{"gw.example.org"}, NotBefore: from, NotAfter: to}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	h.Write("etc/gw.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})))
	h.Write("etc/gw.key", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
	h.Tree["etc/gw.key"].Mode = 0o600
	return `connection "office" {
  local {
    id          = "gw.example.org"
    certificate = ["gw.pem"]
    key         = "gw.key"
  }
  remote {
    address = ["198.51.100.7"]
    certificate = ["gw.pem"]
  }
  child "net" {}
}`
}

func TestCertificatesAreJudgedByTheClock(t *testing.T) {
	const day = 24 * time.Hour
	tests := map[string]struct {
		from, to time.Duration
		level    doctor.Level
		text, do string
	}{
		"valid":     {-day, 90 * day, doctor.OK, "is valid until 2026-07-30", ""},
		"soon over": {-day, 10 * day, doctor.Warn, "expires on 2026-05-11", "issue it anew in time"},
		"over":      {-90 * day, -day, doctor.Fail, "expired on 2026-04-30", "issue it anew"},
		"not yet":   {day, 90 * day, doctor.Fail, "is valid from 2026-05-02T12:00:00Z on", "is the clock right?"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			h := doctortest.New()
			p := patient(h, withCertificate(t, h, now().Add(tt.from), now().Add(tt.to)))
			if p.Config == nil && tt.level != doctor.Fail {
				t.Fatalf("%v", p.Diagnostics)
			}
			got := findings(t, p, "certificates")
			if got[0].Level != tt.level || !strings.Contains(got[0].Text, tt.text) || !strings.Contains(got[0].Action, tt.do) {
				t.Errorf("%+v", got)
			}
		})
	}
}
