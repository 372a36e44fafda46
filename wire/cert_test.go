package wire

import (
	"testing"

	"pgregory.net/rapid"
)

func TestCertForeign(t *testing.T) {
	checkForeign(t, []foreign{
		{"start of an X.509 certificate", "04 308202b1", &Cert{Encoding: CertX509Signature, Data: octets(t, "308202b1")}},
		{"raw public key (RFC 7670)", "0f 302a300506032b6570032100", &Cert{
			Encoding: CertRawPublicKey, Data: octets(t, "302a300506032b6570032100"),
		}},
	})
}

func TestCertIdentity(t *testing.T) {
	checkIdentity(t, rapid.Custom(func(t *rapid.T) *Cert {
		return &Cert{Encoding: CertEncoding(rapid.Byte().Draw(t, "encoding")), Data: anyOctets(2000).Draw(t, "data")}
	}))
}

func TestCertPrefixes(t *testing.T) { checkPrefixes(t, PayloadCert, "04 308202b1", 1) }

func FuzzCert(f *testing.F) { fuzzPayload(f, PayloadCert) }
