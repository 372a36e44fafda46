package wire

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestEncryptedForeign(t *testing.T) {
	// The last message of the AES-GCM capture of Wireshark's has an Encrypted payload without content.
	d := ikev2Datagrams(t)
	var m *Message
	for _, d := range d {
		if d.capture == "wireshark/ikev2-decrypt-aes256gcm16" && d.packet == 6 {
			parsed, err := Parse(d.octets)
			if err != nil {
				t.Fatal(err)
			}
			m = parsed
		}
	}
	want := []Payload{&Encrypted{First: PayloadNone, Body: m.Payloads[0].(*Encrypted).Body}}
	if diff := cmp.Diff(want, m.Payloads); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if n := len(m.Payloads[0].(*Encrypted).Body); n != 8+1+16 {
		t.Errorf("body of %d octets, want IV, pad length and ICV", n)
	}
}

func TestEncryptedIdentity(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := []Payload{
			&Notify{NotifyType: NotifyCookie, Data: []byte{1}},
			&Encrypted{First: PayloadType(rapid.Byte().Draw(t, "first")), Body: anyOctets(300).Draw(t, "body")},
		}
		got, err := parseChain(PayloadNotify, AppendPayloads(nil, want), parsePayload)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, same); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestEncryptedPrefixes(t *testing.T) { checkPrefixes(t, PayloadSK, "0102030405060708", 0) }

func FuzzEncrypted(f *testing.F) { fuzzPayload(f, PayloadSK) }
