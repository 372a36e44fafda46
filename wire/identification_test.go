package wire

import (
	"testing"

	"pgregory.net/rapid"
)

// Identities from IKE_AUTH messages of strongSwan and of a capture of Wireshark's.
const (
	fqdnID = "02000000 612e6578616d706c65"
	ipv4ID = "01000000 c0a80102"
)

func TestIdentificationForeign(t *testing.T) {
	checkForeign(t, []foreign{
		{"FQDN", fqdnID, &Identification{Payload: PayloadIDi, IDType: IDFQDN, Data: []byte("a.example")}},
		{"IPv4 address", ipv4ID, &Identification{Payload: PayloadIDr, IDType: IDIPv4Addr, Data: []byte{192, 168, 1, 2}}},
		{"NULL without data (RFC 7619, Section 2.2)", "0d000000", &Identification{Payload: PayloadIDi, IDType: IDNull}},
	})
}

func TestIdentificationOfAnyLengthParses(t *testing.T) {
	body := make([]byte, 0xffff-genericLen)
	for n := 4; n <= len(body); n += 997 {
		if _, err := parseOne(PayloadIDi, body[:n]); err != nil {
			t.Fatalf("%d octets: %v", n, err)
		}
	}
	if _, err := parseOne(PayloadIDi, body); err != nil {
		t.Fatalf("%d octets: %v", len(body), err)
	}
}

func TestIdentificationIdentity(t *testing.T) {
	checkIdentity(t, rapid.Custom(func(t *rapid.T) *Identification {
		return &Identification{
			Payload:  rapid.SampledFrom([]PayloadType{PayloadIDi, PayloadIDr}).Draw(t, "payload"),
			IDType:   IDType(rapid.Byte().Draw(t, "type")),
			Reserved: [3]byte(rapid.SliceOfN(rapid.Byte(), 3, 3).Draw(t, "reserved")),
			Data:     anyOctets(300).Draw(t, "data"),
		}
	}))
}

func TestIdentificationPrefixes(t *testing.T) {
	checkPrefixes(t, PayloadIDi, fqdnID, 4)
	checkPrefixes(t, PayloadIDr, ipv4ID, 4)
}

func FuzzIdentification(f *testing.F) { fuzzPayload(f, PayloadIDi) }
