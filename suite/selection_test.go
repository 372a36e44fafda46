package suite

import (
	"errors"
	"slices"
	"testing"

	"culvert/wire"
)

// parseList parses proposals for a test and numbers them.
func parseList(t testing.TB, protocol wire.ProtocolID, list ...string) []wire.Proposal {
	t.Helper()
	if len(list) == 0 {
		return nil
	}
	proposals, err := ParseProposals(protocol, list)
	if err != nil {
		t.Fatal(err)
	}
	return proposals
}

func TestSelect(t *testing.T) {
	const ike, esp = wire.ProtocolIKE, wire.ProtocolESP
	tests := []struct {
		name                string
		protocol            wire.ProtocolID
		offered, configured []string
		opt                 SelectOptions
		number              uint8
		want                string
	}{
		{"the same", ike, []string{"aes128-sha256-modp2048"}, []string{"aes128-sha256-modp2048"}, SelectOptions{},
			1, "AES_CBC_128/PRF_HMAC_SHA2_256/HMAC_SHA2_256_128/MODP_2048"},
		{"our order of transforms", ike, []string{"aes128-aes256-sha1-sha256-modp2048-ecp256"}, []string{"aes256-aes128-sha256-sha1-ecp256-modp2048"}, SelectOptions{},
			1, "AES_CBC_256/PRF_HMAC_SHA2_256/HMAC_SHA2_256_128/ECP_256"},
		{"the peer's order of transforms", ike, []string{"aes128-aes256-sha1-sha256-modp2048-ecp256"}, []string{"aes256-aes128-sha256-sha1-ecp256-modp2048"},
			SelectOptions{PreferPeer: true}, 1, "AES_CBC_128/PRF_HMAC_SHA1/HMAC_SHA1_96/MODP_2048"},
		{"our order of proposals", ike, []string{"aes128-sha256-x25519", "aes256gcm16-prfsha256-x25519"}, []string{"aes256gcm16-prfsha256-x25519", "aes128-sha256-x25519"},
			SelectOptions{}, 2, "AES_GCM_16_256/PRF_HMAC_SHA2_256/CURVE_25519"},
		{"the peer's order of proposals", ike, []string{"aes128-sha256-x25519", "aes256gcm16-prfsha256-x25519"}, []string{"aes256gcm16-prfsha256-x25519", "aes128-sha256-x25519"},
			SelectOptions{PreferPeer: true}, 1, "AES_CBC_128/PRF_HMAC_SHA2_256/HMAC_SHA2_256_128/CURVE_25519"},
		{"the second proposal for want of a group in the first", ike, []string{"aes256gcm16-prfsha256-modp2048", "aes128-sha256-ecp256"}, []string{"aes256gcm16-prfsha256-ecp256", "aes128-sha256-ecp256"},
			SelectOptions{}, 2, "AES_CBC_128/PRF_HMAC_SHA2_256/HMAC_SHA2_256_128/ECP_256"},
		{"optional PFS, the peer has none", esp, []string{"aes128gcm16"}, []string{"aes128gcm16-x25519-none"}, SelectOptions{}, 1, "AES_GCM_16_128/NO_ESN"},
		{"optional PFS, the peer wants it", esp, []string{"aes128gcm16-x25519"}, []string{"aes128gcm16-x25519-none"}, SelectOptions{}, 1, "AES_GCM_16_128/CURVE_25519/NO_ESN"},
		{"PFS optional for the peer, not for us", esp, []string{"aes128gcm16-x25519-none"}, []string{"aes128gcm16-x25519"}, SelectOptions{}, 1, "AES_GCM_16_128/CURVE_25519/NO_ESN"},
		{"PFS optional for the peer, we have none", esp, []string{"aes128gcm16-x25519-none"}, []string{"aes128gcm16"}, SelectOptions{}, 1, "AES_GCM_16_128/NONE/NO_ESN"},
		{"no key exchange in IKE_AUTH", esp, []string{"aes128gcm16"}, []string{"aes128gcm16-x25519"}, SelectOptions{IgnoreKE: true}, 1, "AES_GCM_16_128/NO_ESN"},
		{"no key exchange in IKE_AUTH though offered", esp, []string{"aes128gcm16-x25519"}, []string{"aes128gcm16"}, SelectOptions{IgnoreKE: true}, 1, "AES_GCM_16_128/NO_ESN"},
		{"NONE in IKE_AUTH is answered", esp, []string{"aes128gcm16-x25519-none"}, []string{"aes128gcm16"}, SelectOptions{IgnoreKE: true}, 1, "AES_GCM_16_128/NONE/NO_ESN"},
		{"ESN as we prefer", esp, []string{"aes128gcm16-noesn-esn"}, []string{"aes128gcm16-esn-noesn"}, SelectOptions{}, 1, "AES_GCM_16_128/ESN"},
		{"defaults among themselves", ike, []string{"default"}, []string{"default"}, SelectOptions{}, 1, "AES_GCM_16_256/PRF_HMAC_SHA2_256/CURVE_25519"},
		{"ESP defaults among themselves", esp, []string{"default"}, []string{"default"}, SelectOptions{}, 1, "AES_GCM_16_256/CURVE_25519/ESN"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			offered := parseList(t, tt.protocol, tt.offered...)
			offered[tt.number-1].SPI = []byte{1, 2, 3, 4}
			sel, err := Select(offered, parseList(t, tt.protocol, tt.configured...), tt.opt)
			if err != nil {
				t.Fatal(err)
			}
			if got := sel.String(); got != tt.want || sel.Proposal.Number != tt.number || len(sel.Proposal.SPI) != 4 {
				t.Errorf("got %s of proposal %d, SPI %x; want %s of %d", got, sel.Proposal.Number, sel.Proposal.SPI, tt.want, tt.number)
			}
			if tt.opt.IgnoreKE {
				offered = WithoutKE(offered)
			}
			if err := CheckAccepted(offered, sel.Proposal); err != nil {
				t.Errorf("the answer is not one to the offer: %v", err)
			}
		})
	}
}

func TestSelectRefuses(t *testing.T) {
	const ike, esp = wire.ProtocolIKE, wire.ProtocolESP
	tests := []struct {
		name                string
		protocol            wire.ProtocolID
		offered, configured []string
		typ                 wire.TransformType
		want                string
	}{
		{"key exchange", ike, []string{"aes256gcm16-prfsha256-modp2048"}, []string{"aes256gcm16-prfsha256-x25519-ecp256"}, wire.TransformKE,
			"peer offers key exchange MODP_2048 only; we allow CURVE_25519, ECP_256"},
		{"encryption", ike, []string{"aes128-aes192-sha1-modp2048"}, []string{"aes256-sha256-x25519"}, wire.TransformENCR,
			"peer offers encryption AES_CBC_128, AES_CBC_192; we allow AES_CBC_256"},
		{"a longer key is another algorithm", ike, []string{"aes256-sha256-x25519"}, []string{"aes128-sha256-x25519"}, wire.TransformENCR,
			"peer offers encryption AES_CBC_256 only; we allow AES_CBC_128"},
		{"PRF", ike, []string{"aes128-sha256-prfsha1-x25519"}, []string{"aes128-sha256-x25519"}, wire.TransformPRF,
			"peer offers PRF PRF_HMAC_SHA1 only; we allow PRF_HMAC_SHA2_256"},
		{"integrity before key exchange", ike, []string{"aes128-sha1-prfsha256-modp1024"}, []string{"aes128-sha256-x25519"}, wire.TransformINTEG,
			"peer offers integrity HMAC_SHA1_96 only; we allow HMAC_SHA2_256_128"},
		{"the nearest pair of proposals explains", ike, []string{"aes128-sha1-modp1024", "aes256gcm16-prfsha256-modp2048"},
			[]string{"aes256-sha256-x25519", "aes256gcm16-prfsha256-x25519"}, wire.TransformKE, "peer offers key exchange MODP_2048 only; we allow CURVE_25519"},
		{"equally near pairs together", ike, []string{"aes256gcm16-prfsha256-modp2048", "aes128gcm16-prfsha256-modp3072"}, []string{"aes256gcm16-prfsha256-x25519", "aes128gcm16-prfsha256-ecp256"},
			wire.TransformKE, "peer offers key exchange MODP_2048, MODP_3072; we allow CURVE_25519, ECP_256"},
		{"equally near pairs that seem to agree together", ike, []string{"aes256gcm16-prfsha256-modp2048", "aes128gcm16-prfsha256-ecp256"}, []string{"aes256gcm16-prfsha256-ecp256", "aes128gcm16-prfsha256-modp2048"},
			wire.TransformKE, "peer offers key exchange MODP_2048 only; we allow ECP_256"},
		{"PFS demanded, none offered", esp, []string{"aes128gcm16"}, []string{"aes128gcm16-x25519"}, wire.TransformKE, "peer offers no key exchange; we allow CURVE_25519"},
		{"PFS offered, none wanted", esp, []string{"aes128gcm16-x25519"}, []string{"aes128gcm16"}, wire.TransformKE, "peer offers key exchange CURVE_25519 only; we allow none"},
		{"ESN", esp, []string{"aes128gcm16"}, []string{"aes128gcm16-esn"}, wire.TransformSN, "peer offers sequence numbers NO_ESN only; we allow ESN"},
		{"nothing", esp, nil, []string{"aes128gcm16"}, 0, "peer offers no ESP proposal"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Select(parseList(t, tt.protocol, tt.offered...), parseList(t, tt.protocol, tt.configured...), SelectOptions{})
			var refusal *Refusal
			if !errors.As(err, &refusal) {
				t.Fatalf("got %v, want a Refusal", err)
			}
			if refusal.Type != tt.typ || refusal.Error() != tt.want || refusal.Protocol != tt.protocol {
				t.Errorf("got type %s: %q; want %s: %q", refusal.Type, refusal, tt.typ, tt.want)
			}
		})
	}
}

// offerOf returns one offered proposal with these transforms.
func offerOf(protocol wire.ProtocolID, transforms ...wire.Transform) []wire.Proposal {
	return []wire.Proposal{{Number: 1, Protocol: protocol, Transforms: transforms}}
}

// What a peer may send and ParseProposal never makes.
func TestSelectAgainstOddProposals(t *testing.T) {
	gcm, cbc := encrID(wire.EncrAESGCM16, 128), encrID(wire.EncrAESCBC, 128)
	sha, none, no32 := integID(wire.IntegHMACSHA256_128), integID(wire.IntegNone), snID(wire.SN32)
	odd := wire.Transform{Type: wire.TransformENCR, ID: wire.EncrAESGCM16, KeyLength: 128, UnknownAttribute: true}
	addke := wire.Transform{Type: wire.TransformADDKE1, ID: wire.KEMLKEM768}
	tests := []struct {
		name       string
		offered    []wire.Transform
		configured string
		want       string
	}{
		{"AEAD with integrity NONE", []wire.Transform{gcm, none, no32}, "aes128gcm16", "AES_GCM_16_128/NONE/NO_ESN"},
		{"AEAD and CBC mixed: AEAD goes with NONE", []wire.Transform{gcm, cbc, sha, none, no32}, "aes128gcm16", "AES_GCM_16_128/NONE/NO_ESN"},
		{"AEAD and CBC mixed: CBC goes with a MAC", []wire.Transform{gcm, cbc, none, sha, no32}, "aes128-sha256", "AES_CBC_128/HMAC_SHA2_256_128/NO_ESN"},
		{"AEAD and CBC mixed without NONE", []wire.Transform{gcm, cbc, sha, no32}, "aes128gcm16", "peer offers integrity HMAC_SHA2_256_128 only; we allow none"},
		{"CBC without integrity", []wire.Transform{cbc, no32}, "aes128-sha256", "peer offers no integrity; we allow HMAC_SHA2_256_128"},
		{"CBC with integrity NONE", []wire.Transform{cbc, none, no32}, "aes128-sha256", "peer offers integrity NONE only; we allow HMAC_SHA2_256_128"},
		{"unknown attribute", []wire.Transform{odd, no32}, "aes128gcm16", "peer offers encryption AES_GCM_16_128 with an unknown attribute only; we allow AES_GCM_16_128"},
		{"unknown attribute beside a good transform", []wire.Transform{odd, gcm, no32}, "aes128gcm16", "AES_GCM_16_128/NO_ESN"},
		{"unknown transform beside a good one", []wire.Transform{encrID(4711, 0), gcm, no32}, "aes128gcm16", "AES_GCM_16_128/NO_ESN"},
		{"unknown transform type", []wire.Transform{gcm, no32, {Type: 200, ID: 1}}, "aes128gcm16", "peer demands TRANSFORM(200), a transform type that we do not support for ESP"},
		{"transform type 0", []wire.Transform{gcm, no32, {Type: 0, ID: 1}}, "aes128gcm16", "peer demands TRANSFORM(0), a transform type that we do not support for ESP"},
		{"additional key exchange", []wire.Transform{gcm, no32, addke}, "aes128gcm16", "peer offers additional key exchange 1 KE1_ML_KEM_768 only; we allow none"},
		{"PRF in ESP", []wire.Transform{gcm, no32, prfID(wire.PRFHMACSHA256)}, "aes128gcm16", "peer demands PRF, a transform type that we do not support for ESP"},
		{"mandatory SN missing", []wire.Transform{gcm}, "aes128gcm16", "peer offers no sequence numbers; we allow NO_ESN"},
		{"mandatory ENCR missing", []wire.Transform{no32}, "aes128gcm16", "peer offers no encryption; we allow AES_GCM_16_128"},
		{"unspecified numbers", []wire.Transform{gcm, snID(wire.SN32Unspecified)}, "aes128gcm16", "peer offers sequence numbers 32-bit Unspecified Numbers only; we allow NO_ESN"},
		{"empty", nil, "aes128gcm16", "peer offers no encryption; we allow AES_GCM_16_128"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			configured := parseList(t, wire.ProtocolESP, tt.configured)
			for _, prefer := range []bool{false, true} {
				sel, err := Select(offerOf(wire.ProtocolESP, tt.offered...), configured, SelectOptions{PreferPeer: prefer})
				got := sel.String()
				if err != nil {
					got = err.Error()
				}
				if got != tt.want {
					t.Errorf("peer preferred %v: got %q, want %q", prefer, got, tt.want)
				}
			}
		})
	}
}

func TestSelectIgnoresOtherProtocols(t *testing.T) {
	offered := append(parseList(t, wire.ProtocolIKE, "aes128-sha256-x25519"), wire.Proposal{Number: 2, Protocol: wire.ProtocolAH})
	_, err := Select(offered, parseList(t, wire.ProtocolESP, "aes128-sha256"), SelectOptions{})
	if want := "peer offers no ESP proposal"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %q", err, want)
	}
	if _, err := Select(offered, nil, SelectOptions{}); err == nil {
		t.Error("selected without a configuration")
	}
	if _, err := Select(offered, []wire.Proposal{{Protocol: wire.ProtocolAH}}, SelectOptions{}); err == nil {
		t.Error("selected for AH")
	}
}

// Even a configuration that mixes ciphers of both kinds, which cannot be written, does not pair an AEAD with a MAC.
func TestSelectNeverPairsAEADWithIntegrity(t *testing.T) {
	gcm, cbc, sha := encrID(wire.EncrAESGCM16, 128), encrID(wire.EncrAESCBC, 128), integID(wire.IntegHMACSHA256_128)
	mixed := offerOf(wire.ProtocolESP, gcm, cbc, sha, snID(wire.SN32))
	sel, err := Select(mixed, mixed, SelectOptions{})
	if want := "AES_CBC_128/HMAC_SHA2_256_128/NO_ESN"; err != nil || sel.String() != want {
		t.Errorf("got %s, %v; want %s", sel, err, want)
	}
}

// A peer can offer thousands of transforms; the log gets a few of them.
func TestRefusalIsShort(t *testing.T) {
	var many []wire.Transform
	for id := range wire.TransformID(4000) {
		many = append(many, encrID(5000+id, 0))
	}
	_, err := Select(offerOf(wire.ProtocolESP, append(many, snID(wire.SN32))...), parseList(t, wire.ProtocolESP, "aes128gcm16"), SelectOptions{})
	if err == nil || len(err.Error()) > 400 {
		t.Errorf("got %d octets: %v", len(err.Error()), err)
	}
}

// The most that fits into a message costs milliseconds, not seconds.
func BenchmarkSelectLargestOffer(b *testing.B) {
	var offered []wire.Proposal
	for n := range 250 {
		p := wire.Proposal{Number: uint8(n + 1), Protocol: wire.ProtocolIKE, Transforms: DefaultIKE()[0].Transforms[:6]}
		for id := range wire.TransformID(26) {
			p.Transforms = append(slices.Clip(p.Transforms), keID(wire.TransformID(1000+26*n)+id))
		}
		offered = append(offered, p)
	}
	for b.Loop() {
		if _, err := Select(offered, DefaultIKE(), SelectOptions{}); err == nil || err.Error() == "" {
			b.Fatal("selected, or refused without a word")
		}
	}
}

func TestSelectionGet(t *testing.T) {
	sel := selectionOf(t, wire.ProtocolESP, "aes128-sha256")
	if got, ok := sel.Get(wire.TransformINTEG); !ok || got != integID(wire.IntegHMACSHA256_128) {
		t.Errorf("INTEG: got %v, %v", got, ok)
	}
	if got, ok := sel.Get(wire.TransformKE); ok || got != keID(wire.KENone) {
		t.Errorf("KE: got %v, %v; want NONE, false", got, ok)
	}
}

func FuzzSelect(f *testing.F) {
	f.Add([]byte{0, 0, 1, 0})
	f.Add([]byte{1, 0, 20, 128, 5, 0, 0, 0})
	f.Add([]byte{1, 0, 12, 0, 3, 0, 12, 0, 5, 0, 1, 0, 4, 0, 31, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		p := wire.Proposal{Number: 1, Protocol: wire.ProtocolESP}
		for ; len(b) >= 4; b = b[4:] {
			p.Transforms = append(p.Transforms, wire.Transform{
				Type: wire.TransformType(b[0]), ID: wire.TransformID(b[2]), KeyLength: uint16(b[3]), UnknownAttribute: b[1] > 128,
			})
		}
		offered := []wire.Proposal{p}
		sel, err := Select(offered, DefaultESP(), SelectOptions{})
		if err != nil {
			if err.Error() == "" {
				t.Error("refused without a word")
			}
			return
		}
		if err := CheckAccepted(offered, sel.Proposal); err != nil {
			t.Errorf("chose %s: %v", sel, err)
		}
		if encr, _ := ESPFromSelection(sel).KeyLengths(); encr == 0 {
			t.Errorf("chose %s, which cannot be carried out", sel)
		}
	})
}
