package esp

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"culvert/suite"
	"culvert/wire"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The example of RFC 7634, Appendix A.
func TestChaCha20Poly1305OfRFC7634(t *testing.T) {
	inner := unhex(t, `45000054a6f200004001e778c6336405c000020508005b7a3a080000553bec10000736270809
		0a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f3031323334353637`)
	packet := unhex(t, `4500008c234500004032de5bcb007199cb00710501020304000000051011121314151617240394
		28b97f417e3c13753a4f05087b67c352e6a7fab1b982d466ef407ae5c614ee8099d52844eb61aa95dfab4c02f72aa71e7c4c4f
		64c9befe2facc638e8f3cbec163fac469b502773f6fb94e664da9165b82829f641e076aaa8266b7fb0f7b11b369907e1ad43`)
	in, err := NewInbound(Params{
		SPI:          0x01020304,
		Transforms:   suite.ESP{ENCR: transform(wire.EncrChaCha20Poly1305, 0)},
		EncrKey:      unhex(t, "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3"),
		ReplayWindow: 64,
	})
	if err != nil {
		t.Fatal(err)
	}
	got, next, err := in.Open(packet[headerLen4:])
	if err != nil || next != protoIPv4 || !bytes.Equal(got, inner) {
		t.Fatalf("got %x, next header %d, %v", got, next, err)
	}
	if in.Sequence() != 5 {
		t.Errorf("sequence number %d, want 5", in.Sequence())
	}
	outer := Outer{Source: addr("203.0.113.153"), Destination: addr("203.0.113.5"), Protocol: protoESP}
	h, err := outer.Append(nil, inner, len(packet)-headerLen4, 0x2345)
	if err != nil || !bytes.Equal(h, packet[:headerLen4]) {
		t.Errorf("outer header %x, %v, want %x", h, err, packet[:headerLen4])
	}
}

// The packets of RFC 3602, Section 4, cases 5 to 8. They have no ICV there; one is added, as an SA must have one.
func TestAESCBCPacketsOfRFC3602(t *testing.T) {
	tests := []struct {
		name, key, packet, inner string
		mode                     Mode
		next                     uint8
	}{
		{"case 5", "90d382b410eeba7ad938c46cec1a82bf", `0000432100000001e96e8c08ab465763fd098d45dd3ff893
			f663c25d325c18c6a9453e194e120849a4870b66cc6b9965330013b4898dc856a4699e523a55db080b59ec3a8e4b7e52775b07d1db34ed9c538ab50c551b874aa269add047ad2d5913ac19b7cfbad4a6`,
			`08000ebda70a00008e9c083db95b070008090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f3031323334353637`, Transport, 1},
		{"case 6", "90d382b410eeba7ad938c46cec1a82bf", `000043210000000869d08df7d203329db093fc4924e5bd80
			f51995881ec4e0c4488987ce742e8109689bb379d2d750c0d915dca346a89f75`,
			`0800b5e8a80a0500a69c083d0b660e00777777777777777777777777`, Transport, 1},
		{"case 7", "0123456789abcdef0123456789abcdef", `0000876500000002f4e765244f6407adf13dc1380f673f37
			773b5241a4c449225e4f3ce5ed611b0c237ca96cf74a93013c1b0ea1a0cf70f8e4ecaec78ac53aad7a0f022b859243c647752e94a859352b8a4d4d2decd136e5c177f132ad3fbfb2201ac9904c74ee0a109e0ca1e4dfe9d5a100b842f1c22f0d`,
			`45000054090400004001f988c0a87b03c0a87bc808009f76a90a0100b49c083d02a2040008090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f3031323334353637`, Tunnel, 4},
		{"case 8", "0123456789abcdef0123456789abcdef", `000087650000000585d47224b5f3dd5d2101d4ea8dffab22
			15b92683819596a8047232cc00f7048fe45318e11f8a0f62ede3c3fc61203bb50f980a08c9843fd3a1b06d5c07ff9639b7eb7dfb3512e5de435e7207ed971ef3d2726d9b5ef6affc6d17a0decbb13892`,
			`45000044090c00004001f990c0a87b03c0a87bc80800d63caa0a0200c69c083da3de0300ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff`, Tunnel, 4},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			pkt, icvKey := unhex(t, tt.packet), octets(32, 9)
			mac := hmac.New(sha256.New, icvKey)
			mac.Write(pkt)
			in, err := NewInbound(Params{Transforms: cbc(), Mode: tt.mode, EncrKey: unhex(t, tt.key), IntegKey: icvKey})
			if err != nil {
				t.Fatal(err)
			}
			got, next, err := in.Open(append(pkt, mac.Sum(nil)[:16]...))
			if err != nil || next != tt.next || !bytes.Equal(got, unhex(t, tt.inner)) {
				t.Errorf("got %x, next header %d, %v", got, next, err)
			}
		})
	}
}

// recording is testdata/strongswan.json: ESP packets that two strongSwan 6.0.6 daemons sent each other in UDP, with the keys
// that they wrote down for Wireshark.
type recording struct {
	SAs []struct {
		Recording, SPI, Encryption, EncryptionKey, Integrity, IntegrityKey string
		Packets                                                            []string
	}
}

// foreign returns the transforms that Wireshark names.
func foreign(t *testing.T, encryption, integ string, key []byte) suite.ESP {
	t.Helper()
	switch encryption + " " + integ {
	case "AES-GCM [RFC4106] ANY 128 bit authentication [no checking]":
		return suite.ESP{ENCR: transform(wire.EncrAESGCM16, uint16(len(key)-4)*8)}
	case "AES-CBC [RFC3602] HMAC-SHA-256-128 [RFC4868]":
		return suite.ESP{ENCR: transform(wire.EncrAESCBC, uint16(len(key))*8), INTEG: integrity(wire.IntegHMACSHA256_128)}
	case "AES-CBC [RFC3602] HMAC-SHA-512-256 [RFC4868]":
		return suite.ESP{ENCR: transform(wire.EncrAESCBC, uint16(len(key))*8), INTEG: integrity(wire.IntegHMACSHA512_256)}
	}
	t.Fatalf("no transforms for %s and %s", encryption, integ)
	return suite.ESP{}
}

func TestPacketsOfStrongSwan(t *testing.T) {
	text, err := os.ReadFile("testdata/strongswan.json")
	if err != nil {
		t.Fatal(err)
	}
	var r recording
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	opened := 0
	for _, sa := range r.SAs {
		t.Run(sa.Recording+" "+sa.SPI, func(t *testing.T) {
			key := unhex(t, sa.EncryptionKey)
			in, err := NewInbound(Params{
				Transforms:   foreign(t, sa.Encryption, sa.Integrity, key),
				EncrKey:      key,
				IntegKey:     unhex(t, sa.IntegrityKey),
				ReplayWindow: 128,
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, text := range sa.Packets {
				pkt := unhex(t, text)
				inner, next, err := in.Open(pkt)
				if err != nil || next != protoIPv4 {
					t.Fatalf("next header %d, %v", next, err)
				}
				checkChecksums(t, inner)
				opened++
				if _, _, err := in.Open(unhex(t, text)); err != ErrReplay {
					t.Errorf("again: %v", err)
				}
			}
		})
	}
	if opened != 30 {
		t.Errorf("%d packets opened, want 30", opened)
	}
}
