package suite

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"culvert/wire"
)

func TestParseProposal(t *testing.T) {
	const ike, esp = wire.ProtocolIKE, wire.ProtocolESP
	tests := []struct {
		name     string
		protocol wire.ProtocolID
		in       string
		want     string // names of the transforms in order
	}{
		{"AEAD with PRF", ike, "aes256gcm16-prfsha384-x25519", "AES_GCM_16_256 PRF_HMAC_SHA2_384 CURVE_25519"},
		{"PRF from integrity", ike, "aes128-sha256-modp2048", "AES_CBC_128 PRF_HMAC_SHA2_256 HMAC_SHA2_256_128 MODP_2048"},
		{"PRF from integrity that the AEAD does not need", ike, "aes256gcm16-sha512-ecp384", "AES_GCM_16_256 PRF_HMAC_SHA2_512 ECP_384"},
		{"PRF named besides integrity", ike, "aes256-sha1-prfsha256-modp1024", "AES_CBC_256 PRF_HMAC_SHA2_256 HMAC_SHA1_96 MODP_1024"},
		{"all PRFs from all integrity algorithms", ike, "aes128-sha1-sha256-sha384-sha512-aesxcbc-aescmac-ecp256", "AES_CBC_128 PRF_HMAC_SHA1 PRF_HMAC_SHA2_256 " +
			"PRF_HMAC_SHA2_384 PRF_HMAC_SHA2_512 PRF_AES128_XCBC PRF_AES128_CMAC HMAC_SHA1_96 HMAC_SHA2_256_128 HMAC_SHA2_384_192 HMAC_SHA2_512_256 AES_XCBC_96 AES_CMAC_96 ECP_256"},
		{"alternatives keep their order", ike, "aes256-aes128-sha512-sha256-ecp256-modp2048", "AES_CBC_256 AES_CBC_128 " +
			"PRF_HMAC_SHA2_512 PRF_HMAC_SHA2_256 HMAC_SHA2_512_256 HMAC_SHA2_256_128 ECP_256 MODP_2048"},
		{"any order of types", ike, "x25519-prfsha256-aes128gcm16", "AES_GCM_16_128 PRF_HMAC_SHA2_256 CURVE_25519"},
		{"a word twice", ike, "aes128-aes128-sha256-sha2_256-x25519-curve25519", "AES_CBC_128 PRF_HMAC_SHA2_256 HMAC_SHA2_256_128 CURVE_25519"},
		{"ICV in bits", ike, "aes256gcm128-aes192gcm96-aes128gcm64-prfsha256-x448", "AES_GCM_16_256 AES_GCM_12_192 AES_GCM_8_128 PRF_HMAC_SHA2_256 CURVE_448"},
		{"CCM", ike, "aes128ccm8-aes192ccm96-aes256ccm-prfaescmac-curve448", "AES_CCM_8_128 AES_CCM_12_192 AES_CCM_16_256 PRF_AES128_CMAC CURVE_448"},
		{"Brainpool and CTR", ike, "aes192ctr-aesxcbc-ecp256bp-ecp384bp-ecp512bp", "AES_CTR_192 PRF_AES128_XCBC AES_XCBC_96 ECP_256_BP ECP_384_BP ECP_512_BP"},
		{"upper case and spaces", ike, " AES128-SHA256-MODP2048 ", "AES_CBC_128 PRF_HMAC_SHA2_256 HMAC_SHA2_256_128 MODP_2048"},
		{"ESP without PFS", esp, "aes256gcm16", "AES_GCM_16_256 NO_ESN"},
		{"ESP with PFS and ESN", esp, "aes128-sha256-x25519-esn", "AES_CBC_128 HMAC_SHA2_256_128 CURVE_25519 ESN"},
		{"ESP with PFS and ESN as one likes", esp, "chacha20poly1305-ecp256-modpnone-esn-noesn", "CHACHA20_POLY1305 ECP_256 NONE ESN NO_ESN"},
		{"ESP with no PFS by name", esp, "chacha20poly1305-none", "CHACHA20_POLY1305 NO_ESN"},
		{"ESP without encryption", esp, "null-sha256", "NULL HMAC_SHA2_256_128 NO_ESN"},
		{"ESP with GMAC", esp, "aes128gmac-aes256gmac", "NULL_AES_GMAC_128 NULL_AES_GMAC_256 NO_ESN"},
		{"ESP drops PRF and the integrity of an AEAD", esp, "aes128gcm16-sha256-prfsha256", "AES_GCM_16_128 NO_ESN"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := ParseProposal(tt.protocol, tt.in)
			if err != nil {
				t.Fatal(err)
			}
			if got := joinNames(p.Transforms, " "); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if p.Protocol != tt.protocol || p.Number != 0 || p.SPI != nil {
				t.Errorf("protocol %s, number %d, SPI %x", p.Protocol, p.Number, p.SPI)
			}
		})
	}
}

func TestParseProposalErrors(t *testing.T) {
	const ike, esp = wire.ProtocolIKE, wire.ProtocolESP
	tests := []struct {
		protocol   wire.ProtocolID
		in, reason string
	}{
		{ike, "aes256gcm16-prfsha384-x2551", `"x2551": no such algorithm; did you mean "x25519"?`},
		{ike, "aes265gcm16-prfsha384-x25519", `"aes265gcm16": no such algorithm; did you mean "aes256gcm16"?`},
		{ike, "aes-256-sha256-modp2048", `"aes": no such algorithm`},
		{ike, "completelydifferent", `"completelydifferent": no such algorithm`},
		{ike, "", `"": `},
		{ike, "aes128--modp2048", `a word is missing`},
		{ike, "aes128-default", `"default": stands alone, not among other words`},
		{ike, "3des-sha1-modp1024", `"3des": refused: too weak (RFC 8247`},
		{ike, "aes128-md5-modp1024", `"md5": refused: too weak`},
		{ike, "aes128-sha1-modp768", `"modp768": refused: too weak`},
		{ike, "aes128-sha1-modp2048s256", `"modp2048s256": refused: the group's origin`},
		{esp, "camellia128-sha1", `"camellia128": not implemented`},
		{ike, "null-sha256-modp2048", `"null": does not encrypt, so it is for ESP only`},
		{ike, "aes128gmac-prfsha256-modp2048", `"aes128gmac": does not encrypt`},
		{ike, "aes128-sha256-none", `"none": IKE cannot do without a first key exchange`},
		{ike, "aes128-sha256-modp2048-esn", `"esn": sequence numbers are a matter of ESP`},
		{ike, "sha256-modp2048", `no encryption algorithm`},
		{ike, "aes128gcm16-x25519", `no PRF and no integrity algorithm to derive one from`},
		{ike, "aes128-sha256", `no key exchange`},
		{ike, "aes128-prfsha256-x25519", `encryption without an integrity algorithm (RFC 8221, Section 4)`},
		{ike, "aes128gcm16-aes128-sha256-x25519", `combined-mode and other ciphers need proposals of their own`},
		{esp, "aes128", `encryption without an integrity algorithm`},
		{esp, "null", `encryption without an integrity algorithm`},
		{esp, "esn", `no encryption algorithm`},
		{wire.ProtocolAH, "aes128-sha256", `no proposals for protocol AH`},
	}
	for _, tt := range tests {
		_, err := ParseProposal(tt.protocol, tt.in)
		var wrong *ProposalError
		if !errors.As(err, &wrong) || wrong.Proposal != tt.in {
			t.Errorf("%q: got %v, want a ProposalError", tt.in, err)
			continue
		}
		if !strings.Contains(err.Error(), tt.reason) {
			t.Errorf("%q: got %q, want %q in it", tt.in, err, tt.reason)
		}
	}
}

func TestParseProposals(t *testing.T) {
	got, err := ParseProposals(wire.ProtocolESP, []string{"null-sha1", "Default", "aes128-sha1"})
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for i, p := range got {
		if int(p.Number) != i+1 {
			t.Errorf("proposal %d has number %d", i+1, p.Number)
		}
		lines = append(lines, FormatProposal(p))
	}
	want := []string{"null-sha1", FormatProposal(DefaultESP()[0]), FormatProposal(DefaultESP()[1]), "aes128-sha1"}
	if !slices.Equal(lines, want) {
		t.Errorf("got %q, want %q", lines, want)
	}
	for _, list := range [][]string{nil, {"default"}} {
		if got, err := ParseProposals(wire.ProtocolIKE, list); err != nil || len(got) != len(DefaultIKE()) {
			t.Errorf("%q: got %d proposals, %v", list, len(got), err)
		}
	}
	if _, err := ParseProposals(wire.ProtocolIKE, []string{"default", "wrong"}); err == nil {
		t.Error("wrong proposal accepted behind the default")
	}
}

func TestFormatProposalIsTheInverse(t *testing.T) {
	for _, tt := range []struct {
		protocol  wire.ProtocolID
		proposals []string
	}{
		{wire.ProtocolIKE, []string{"aes256gcm16-prfsha384-x25519", "aes128-aes256-prfsha256-prfsha1-sha256-sha1-modp2048-ecp256", "chacha20poly1305-prfaesxcbc-x448"}},
		{wire.ProtocolESP, []string{"aes256gcm16", "aes128-sha256-x25519-modpnone-esn-noesn", "null-aesxcbc-esn", "aes192ccm12-ecp512bp", "aes256gmac"}},
	} {
		for _, s := range tt.proposals {
			p, err := ParseProposal(tt.protocol, s)
			if err != nil {
				t.Fatal(err)
			}
			if got := FormatProposal(p); got != s {
				t.Errorf("got %q, want %q", got, s)
			}
		}
		for _, p := range defaults(tt.protocol) {
			back, err := ParseProposal(tt.protocol, FormatProposal(p))
			if err != nil || !slices.Equal(back.Transforms, p.Transforms) {
				t.Errorf("%s: got %s, %v", FormatProposal(p), FormatProposal(back), err)
			}
		}
	}
}

func TestFormatProposalOfForeignTransforms(t *testing.T) {
	p := wire.Proposal{Protocol: wire.ProtocolESP, Transforms: []wire.Transform{
		encrID(wire.EncrCamelliaCBC, 128), encrID(9999, 0), integID(wire.IntegNone), {Type: 240, ID: 7}, snID(wire.SN32),
	}}
	if got, want := FormatProposal(p), "ENCR_CAMELLIA_CBC_128-ENCR(9999)-TRANSFORM(240)(7)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := TransformName(wire.Transform{Type: wire.TransformENCR, ID: wire.EncrAESCBC, KeyLength: 128, UnknownAttribute: true}),
		"AES_CBC_128 with an unknown attribute"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWordsAreUnique(t *testing.T) {
	seen := map[string]string{}
	for _, a := range algorithms() {
		for _, w := range a.words {
			if other, ok := seen[w]; ok {
				t.Errorf("%q stands for %s and %s", w, other, a.name)
			}
			if refusedWord(w) != "" || strings.ToLower(w) != w {
				t.Errorf("%q cannot be configured", w)
			}
			seen[w] = a.name
		}
	}
}

// What can be configured can be carried out.
func TestEveryAlgorithmIsImplemented(t *testing.T) {
	for _, a := range algorithms() {
		ok := false
		switch x := a.transform; x.Type {
		case wire.TransformENCR:
			_, err := lookupEncryption(x)
			ok = err == nil
		case wire.TransformPRF:
			_, err := NewPRF(x.ID)
			ok = err == nil
		case wire.TransformINTEG:
			_, _, ok = integrityLengths(x.ID)
		case wire.TransformKE:
			ok = x.ID == wire.KENone || publicLength(x.ID) > 0
		case wire.TransformSN:
			ok = true
		}
		if !ok {
			t.Errorf("%s has words %q and no implementation", a.name, a.words)
		}
	}
}

func TestSuggest(t *testing.T) {
	for word, want := range map[string]string{
		"aes256gcm17": "aes256gcm12", "sha2-56": "sha256", "cuve25519": "curve25519", "modp2084": "modp2048", "chacha20poly1350": "chacha20poly1305",
		"prfsha255": "prfsha256", "zzzzzzzz": "", "": "",
	} {
		if got := suggest(word); got != want {
			t.Errorf("%q: got %q, want %q", word, got, want)
		}
	}
}

func TestEditDistance(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"abc", "abc", 0}, {"kitten", "sitting", 3}, {"flaw", "lawn", 2}} {
		if got := editDistance(tt.a, tt.b); got != tt.want {
			t.Errorf("%q, %q: got %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}

func FuzzParseProposal(f *testing.F) {
	for _, s := range []string{"", "-", "default", "aes256gcm16-prfsha384-x25519", "aes128-sha256-modp2048-esn", "null-sha1", "\x00-é"} {
		f.Add(true, s)
		f.Add(false, s)
	}
	f.Fuzz(func(t *testing.T, ike bool, s string) {
		protocol := wire.ProtocolID(wire.ProtocolESP)
		if ike {
			protocol = wire.ProtocolIKE
		}
		p, err := ParseProposal(protocol, s)
		if err != nil {
			return
		}
		back, err := ParseProposal(protocol, FormatProposal(p))
		if err != nil || !slices.Equal(back.Transforms, p.Transforms) {
			t.Errorf("%q: %q parses to %q, %v", s, FormatProposal(p), FormatProposal(back), err)
		}
	})
}
