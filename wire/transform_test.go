package wire

import (
	"testing"

	"pgregory.net/rapid"
)

// drawTransform generates a transform that can be sent.
func drawTransform(t *rapid.T) Transform {
	return Transform{
		Type:      TransformType(rapid.Byte().Draw(t, "type")),
		ID:        TransformID(rapid.Uint16().Draw(t, "ID")),
		KeyLength: rapid.Uint16().Draw(t, "key length"),
	}
}

// proposalWith returns an SA body with one IKE proposal of one transform.
func proposalWith(transform []byte) []byte {
	n := len(transform) + proposalLen
	return append([]byte{0, 0, byte(n >> 8), byte(n), 1, byte(ProtocolIKE), 0, 1}, transform...)
}

func TestTransformAttributes(t *testing.T) {
	tests := []struct {
		name      string
		transform string
		want      Transform
	}{
		{"key length", "0000000c 0100000c 800e0080", Transform{Type: 1, ID: 12, KeyLength: 128}},
		{"unknown attribute of short form", "0000000c 0100000c 80110080", Transform{Type: 1, ID: 12, UnknownAttribute: true}},
		{"unknown attribute of long form", "00000010 0100000c 00120004 01020304", Transform{Type: 1, ID: 12, UnknownAttribute: true}},
		{"unknown beside known", "00000010 0100000c 800e0100 80110080",
			Transform{Type: 1, ID: 12, KeyLength: 256, UnknownAttribute: true}},
		{"key length in the long form", "0000000e 0100000c 000e0002 0080", Transform{Type: 1, ID: 12, UnknownAttribute: true}},
		{"key length twice", "00000010 0100000c 800e0100 800e0080", Transform{Type: 1, ID: 12, KeyLength: 256, UnknownAttribute: true}},
		{"key length zero", "0000000c 0100000c 800e0000", Transform{Type: 1, ID: 12, UnknownAttribute: true}},
		{"empty attribute of long form", "0000000c 0100000c 00000000", Transform{Type: 1, ID: 12, UnknownAttribute: true}},
		{"unknown type and ID", "00000008 fa00ffff", Transform{Type: 250, ID: 65535}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := parseOne(PayloadSA, proposalWith(octets(t, tt.transform)))
			if err != nil {
				t.Fatal(err)
			}
			if got := p.(*SA).Proposals[0].Transforms[0]; got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestTransformRefused(t *testing.T) {
	tests := map[string]string{
		"no room for an ID":             "00000007 010000",
		"half an attribute":             "0000000a 0100000c 800e",
		"attribute value above content": "00000010 0100000c 00120005 01020304",
		"octet after attribute":         "0000000d 0100000c 800e0080 00",
	}
	for name, transform := range tests {
		t.Run(name, func(t *testing.T) {
			if p, err := parseOne(PayloadSA, proposalWith(octets(t, transform))); err == nil {
				t.Errorf("accepted: %+v", p)
			}
		})
	}
}

func TestUnknownAttributeIsNotSent(t *testing.T) {
	sa := &SA{[]Proposal{{Number: 1, Transforms: []Transform{{Type: 1, ID: 12, UnknownAttribute: true}}}}}
	got, err := parseOne(PayloadSA, AppendPayload(nil, sa))
	if err != nil {
		t.Fatal(err)
	}
	if want := (Transform{Type: 1, ID: 12}); got.(*SA).Proposals[0].Transforms[0] != want {
		t.Errorf("got %+v, want %+v", got.(*SA).Proposals[0].Transforms[0], want)
	}
}

func TestTransformString(t *testing.T) {
	tests := []struct {
		transform Transform
		want      string
	}{
		{Transform{Type: TransformENCR, ID: EncrAESCBC, KeyLength: 256}, "ENCR_AES_CBC-256"},
		{Transform{Type: TransformPRF, ID: PRFHMACSHA256}, "PRF_HMAC_SHA2_256"},
		{Transform{Type: TransformADDKE3, ID: KEMLKEM768}, "ml-kem-768"},
		{Transform{Type: TransformENCR, ID: 999, UnknownAttribute: true}, "ENCR(999) with unknown attribute"},
		{Transform{Type: 99, ID: 5}, "TRANSFORM(99)(5)"},
	}
	for _, tt := range tests {
		if got := tt.transform.String(); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}
