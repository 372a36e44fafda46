package suite

import (
	"errors"
	"testing"

	"culvert/wire"
)

func TestCheckAccepted(t *testing.T) {
	offered := parseList(t, wire.ProtocolESP, "aes256gcm16-aes128gcm16-x25519-modpnone-esn-noesn", "aes128-aes256-sha256-sha1")
	gcm, cbc := encrID(wire.EncrAESGCM16, 128), encrID(wire.EncrAESCBC, 128)
	sha, x25519, no32 := integID(wire.IntegHMACSHA256_128), keID(wire.KECurve25519), snID(wire.SN32)
	tests := []struct {
		name       string
		number     uint8
		transforms []wire.Transform
		want       string // empty: consistent
	}{
		{"AEAD", 1, []wire.Transform{gcm, x25519, no32}, ""},
		{"any order", 1, []wire.Transform{no32, x25519, gcm}, ""},
		{"NONE chosen", 1, []wire.Transform{gcm, keID(wire.KENone), no32}, ""},
		{"NONE chosen by leaving it out", 1, []wire.Transform{gcm, no32}, ""},
		{"integrity NONE said", 1, []wire.Transform{gcm, integID(wire.IntegNone), x25519, no32}, ""},
		{"separate integrity", 2, []wire.Transform{cbc, sha, no32}, ""},
		{"key exchange NONE said", 2, []wire.Transform{cbc, sha, keID(wire.KENone), no32}, ""},
		{"unknown number", 3, []wire.Transform{gcm, no32}, "peer's answer to proposal 3 has a number or protocol that we did not offer"},
		{"number 0", 0, []wire.Transform{gcm, no32}, "peer's answer to proposal 0 has a number or protocol that we did not offer"},
		{"transform of the other proposal", 1, []wire.Transform{cbc, no32}, "peer's answer to proposal 1: AES_CBC_128 was not offered"},
		{"key length not offered", 1, []wire.Transform{encrID(wire.EncrAESGCM16, 192), no32}, "peer's answer to proposal 1: AES_GCM_16_192 was not offered"},
		{"key length missing", 1, []wire.Transform{encrID(wire.EncrAESGCM16, 0), no32}, "peer's answer to proposal 1: ENCR_AES_GCM_16 was not offered"},
		{"unknown attribute added", 1, []wire.Transform{{Type: wire.TransformENCR, ID: wire.EncrAESGCM16, KeyLength: 128, UnknownAttribute: true}, no32},
			"peer's answer to proposal 1: AES_GCM_16_128 with an unknown attribute was not offered"},
		{"type added", 2, []wire.Transform{cbc, sha, x25519, no32}, "peer's answer to proposal 2: CURVE_25519 was not offered"},
		{"two of a type", 1, []wire.Transform{gcm, encrID(wire.EncrAESGCM16, 256), no32}, "peer's answer to proposal 1: AES_GCM_16_256 is a second transform of its type"},
		{"the same twice", 1, []wire.Transform{gcm, gcm, no32}, "peer's answer to proposal 1: AES_GCM_16_128 is a second transform of its type"},
		{"no sequence numbers", 1, []wire.Transform{gcm}, "peer's answer to proposal 1 lacks sequence numbers"},
		{"no encryption", 1, []wire.Transform{no32}, "peer's answer to proposal 1 lacks encryption"},
		{"no integrity", 2, []wire.Transform{cbc, no32}, "peer's answer to proposal 2 lacks integrity"},
		{"integrity NONE not offered", 2, []wire.Transform{cbc, integID(wire.IntegNone), no32}, "peer's answer to proposal 2: NONE was not offered"},
		{"empty", 1, nil, "peer's answer to proposal 1 lacks encryption"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := CheckAccepted(offered, wire.Proposal{Number: tt.number, Protocol: wire.ProtocolESP, Transforms: tt.transforms})
			var inconsistent *AnswerError
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("got %v", err)
			case tt.want != "" && (!errors.As(err, &inconsistent) || err.Error() != tt.want):
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestCheckAcceptedProtocol(t *testing.T) {
	offered := parseList(t, wire.ProtocolESP, "aes128gcm16")
	answer := wire.Proposal{Number: 1, Protocol: wire.ProtocolAH, Transforms: offered[0].Transforms}
	if err := CheckAccepted(offered, answer); err == nil {
		t.Error("AH accepted for ESP")
	}
}

// Offers that mix ciphers of both kinds, as ours never do, still need an answer that makes sense.
func TestCheckAcceptedCipherAndIntegrityFit(t *testing.T) {
	gcm, cbc := encrID(wire.EncrAESGCM16, 128), encrID(wire.EncrAESCBC, 128)
	sha, none, no32 := integID(wire.IntegHMACSHA256_128), integID(wire.IntegNone), snID(wire.SN32)
	offered := offerOf(wire.ProtocolESP, gcm, cbc, sha, none, no32)
	for want, transforms := range map[string][]wire.Transform{
		"peer's answer to proposal 1: AES_GCM_16_128 does not go with integrity HMAC_SHA2_256_128": {gcm, sha, no32},
		"peer's answer to proposal 1: AES_CBC_128 does not go with integrity NONE":                 {cbc, none, no32},
	} {
		err := CheckAccepted(offered, wire.Proposal{Number: 1, Protocol: wire.ProtocolESP, Transforms: transforms})
		if err == nil || err.Error() != want {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestDefaults(t *testing.T) {
	for _, p := range DefaultIKE() {
		checkDefault(t, p, wire.ProtocolIKE)
	}
	for _, p := range DefaultESP() {
		checkDefault(t, p, wire.ProtocolESP)
	}
}

func TestWithoutKELeavesTheOriginalAlone(t *testing.T) {
	original := DefaultESP()
	before := FormatProposal(original[0])
	if p := WithoutKE(original)[0]; len(transformsOf(p, wire.TransformKE)) != 0 || p.Number != 1 {
		t.Errorf("without key exchange: proposal %d %s", p.Number, FormatProposal(p))
	}
	if got := FormatProposal(original[0]); got != before {
		t.Errorf("original is now %s", got)
	}
}

// checkDefault holds a default proposal against RFC 7296, Sections 2.7 and 3.3.3, and against what must not be a default.
func checkDefault(t *testing.T, p wire.Proposal, protocol wire.ProtocolID) {
	t.Helper()
	macs := transformsOf(p, wire.TransformINTEG)
	for _, c := range transformsOf(p, wire.TransformENCR) {
		if IsAEAD(c) != (len(macs) == 0) {
			t.Errorf("proposal %d: %s with %d integrity algorithms", p.Number, TransformName(c), len(macs))
		}
	}
	for _, typ := range transformTypes(protocol) {
		if len(transformsOf(p, typ)) == 0 && !isOptional(protocol, typ) {
			t.Errorf("proposal %d: no %s", p.Number, typ)
		}
	}
	for _, x := range p.Transforms {
		switch x {
		case integID(wire.IntegHMACSHA1_96), prfID(wire.PRFHMACSHA1), keID(wire.KEMODP1024), keID(wire.KEMODP1536), encrID(wire.EncrNull, 0):
			t.Errorf("proposal %d: %s is a default", p.Number, TransformName(x))
		}
	}
}
