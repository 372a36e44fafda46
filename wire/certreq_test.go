package wire

import (
	"testing"

	"pgregory.net/rapid"
)

// authorities is the CERTREQ of an IKE_AUTH request of strongSwan: the hash of one authority's key.
const authorities = "04 4eb6e9abee036d0703caed0b012e9364d136bf29"

func TestCertReqForeign(t *testing.T) {
	checkForeign(t, []foreign{
		{"one authority", authorities, &CertReq{
			Encoding: CertX509Signature, Data: octets(t, "4eb6e9abee036d0703caed0b012e9364d136bf29"),
		}},
		{"any authority", "04", &CertReq{Encoding: CertX509Signature}},
	})
}

func TestCertReqIdentity(t *testing.T) {
	checkIdentity(t, rapid.Custom(func(t *rapid.T) *CertReq {
		return &CertReq{Encoding: CertEncoding(rapid.Byte().Draw(t, "encoding")), Data: anyOctets(400).Draw(t, "data")}
	}))
}

func TestCertReqPrefixes(t *testing.T) { checkPrefixes(t, PayloadCertReq, authorities, 1) }

func FuzzCertReq(f *testing.F) { fuzzPayload(f, PayloadCertReq) }
