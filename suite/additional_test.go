package suite

import (
	"errors"
	"slices"
	"testing"

	"culvert/wire"
)

func TestParseAdditional(t *testing.T) {
	tests := []struct {
		name     string
		protocol wire.ProtocolID
		in, want string // want is what FormatProposal makes of it
	}{
		{"one", wire.ProtocolIKE, "aes256gcm16-prfsha384-x25519-ke1_mlkem768", ""},
		{"several, some skipped", wire.ProtocolIKE, "aes256gcm16-prfsha384-x25519-ke2_mlkem512-ke2_mlkem768-ke7_x448", ""},
		{"one that may be omitted", wire.ProtocolIKE, "aes256gcm16-prfsha384-x25519-ke1_mlkem768-ke1_none", ""},
		{"in any order", wire.ProtocolIKE, "ke2_x448-aes256gcm16-ke1_mlkem768-x25519-prfsha384", "aes256gcm16-prfsha384-x25519-ke1_mlkem768-ke2_x448"},
		{"NONE alone is left out", wire.ProtocolIKE, "aes256gcm16-prfsha384-x25519-ke3_none", "aes256gcm16-prfsha384-x25519"},
		{"a KEM comes first", wire.ProtocolIKE, "aes256gcm16-prfsha384-mlkem512-ke1_ecp384", ""},
		{"other words of a method", wire.ProtocolIKE, "aes256gcm16-prfsha384-x25519-ke1_curve448", "aes256gcm16-prfsha384-x25519-ke1_x448"},
		{"the same alternatives twice over", wire.ProtocolIKE, "aes256gcm16-prfsha384-x25519-ke1_mlkem768-ke1_frodo640shake-ke2_mlkem768-ke2_frodo640shake", ""},
		{"ESP", wire.ProtocolESP, "aes256gcm16-x25519-ke1_mlkem768-esn", ""},
		{"ESP, all of it optional", wire.ProtocolESP, "aes256gcm16-x25519-modpnone-ke1_mlkem768-ke1_none-esn", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := ParseProposal(tt.protocol, tt.in)
			if err != nil {
				t.Fatal(err)
			}
			want := tt.want
			if want == "" {
				want = tt.in
			}
			if got := FormatProposal(p); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

func TestParseAdditionalErrors(t *testing.T) {
	tests := []struct {
		name       string
		protocol   wire.ProtocolID
		in         string
		reason     string
		suggestion string
	}{
		{"not a key exchange", wire.ProtocolIKE, "aes256gcm16-prfsha384-x25519-ke1_sha256", "no such algorithm", ""},
		{"the eighth", wire.ProtocolIKE, "aes256gcm16-prfsha384-x25519-ke8_mlkem768", "no such algorithm", "mlkem768"},
		{"misspelt", wire.ProtocolIKE, "aes256gcm16-prfsha384-x25519-ke2_mlkem786", "no such algorithm", "ke2_mlkem768"},
		{"twice a prefix", wire.ProtocolIKE, "aes256gcm16-prfsha384-x25519-ke1_ke2_x448", "no such algorithm", ""},
		{"refused by name", wire.ProtocolIKE, "aes256gcm16-prfsha384-x25519-ke1_modp768", "refused: too weak (RFC 8247, Section 2; RFC 8221, Sections 5 and 6)", ""},
		{"no first key exchange", wire.ProtocolESP, "aes256gcm16-ke1_mlkem768", "additional key exchanges follow a first one, which is missing", ""},
		{"the same method twice", wire.ProtocolIKE, "aes256gcm16-prfsha384-x25519-ke1_x25519", "too few key exchange methods: none can be used twice (RFC 9370, Section 2.2.1)", ""},
		{"three times out of two", wire.ProtocolIKE, "aes256gcm16-prfsha384-x25519-x448-ke1_x25519-ke1_x448-ke2_x448", "too few key exchange methods: none can be used twice (RFC 9370, Section 2.2.1)", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ParseProposal(tt.protocol, tt.in)
			var e *ProposalError
			if !errors.As(err, &e) || e.Reason != tt.reason || e.Suggestion != tt.suggestion {
				t.Errorf("got %v, want %q and the suggestion %q", err, tt.reason, tt.suggestion)
			}
		})
	}
}

// The first column of RFC 9370, Appendix A, is a proposal; the others are what its responders choose.
func TestSelectAdditional(t *testing.T) {
	const base = "aes256gcm16-prfsha384-"
	tests := []struct {
		name                string
		offered, configured []string
		opt                 SelectOptions
		want                string // behind the PRF
		additional          []wire.TransformID
	}{
		{"one", []string{"x25519-ke1_mlkem768"}, []string{"x25519-ke1_mlkem768"}, SelectOptions{},
			"CURVE_25519/KE1_ML_KEM_768", []wire.TransformID{wire.KEMLKEM768}},
		{"the second proposal where we have none", []string{"x25519-ke1_mlkem768", "x25519"}, []string{"x25519"}, SelectOptions{}, "CURVE_25519", nil},
		{"the proposal that has one is preferred", []string{"x25519", "x25519-ke1_mlkem768"}, []string{"x25519-ke1_mlkem768", "x25519"}, SelectOptions{},
			"CURVE_25519/KE1_ML_KEM_768", []wire.TransformID{wire.KEMLKEM768}},
		{"without IKE_INTERMEDIATE", []string{"x25519-ke1_mlkem768", "x25519"}, []string{"x25519-ke1_mlkem768", "x25519"}, SelectOptions{NoAdditional: true}, "CURVE_25519", nil},
		{"optional for us, without IKE_INTERMEDIATE", []string{"x25519"}, []string{"x25519-ke1_mlkem768-ke1_none"}, SelectOptions{NoAdditional: true}, "CURVE_25519", nil},
		{"left out means NONE", []string{"x25519"}, []string{"x25519-ke1_mlkem768-ke1_none"}, SelectOptions{}, "CURVE_25519", nil},
		{"NONE on offer is answered", []string{"x25519-ke1_mlkem768-ke1_none"}, []string{"x25519"}, SelectOptions{}, "CURVE_25519/KE1_NONE", nil},
		{"the first is taken from where the second needs nothing", []string{"x25519-ke2_mlkem768-ke2_mlkem512-ke3_mlkem768-ke3_mlkem512-ke5_x448-ke5_none"},
			[]string{"x25519-ke2_mlkem512-ke2_mlkem768-ke3_mlkem512-ke3_mlkem768"}, SelectOptions{},
			"CURVE_25519/KE2_ML_KEM_512/KE3_ML_KEM_768/KE5_NONE", []wire.TransformID{wire.KEMLKEM512, wire.KEMLKEM768}},
		{"the first choice would leave nothing for the last", []string{"x25519-x448-ke1_mlkem768-ke1_x25519-ke2_x25519"}, []string{"x25519-x448-ke1_x25519-ke1_mlkem768-ke2_x25519"}, SelectOptions{},
			"CURVE_448/KE1_ML_KEM_768/KE2_CURVE_25519", []wire.TransformID{wire.KEMLKEM768, wire.KECurve25519}},
		{"the peer's order", []string{"x25519-ke1_mlkem512-ke1_mlkem768"}, []string{"x25519-ke1_mlkem768-ke1_mlkem512"}, SelectOptions{PreferPeer: true},
			"CURVE_25519/KE1_ML_KEM_512", []wire.TransformID{wire.KEMLKEM512}},
		{"a KEM by itself", []string{"x25519-mlkem512"}, []string{"mlkem512"}, SelectOptions{}, "ML_KEM_512", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			offered := parseList(t, wire.ProtocolIKE, prefixed(base, tt.offered)...)
			sel, err := Select(offered, parseList(t, wire.ProtocolIKE, prefixed(base, tt.configured)...), tt.opt)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := sel.String(), "AES_GCM_16_256/PRF_HMAC_SHA2_384/"+tt.want; got != want || !slices.Equal(sel.Additional(), tt.additional) {
				t.Errorf("got %s with %v, want %s with %v", got, sel.Additional(), want, tt.additional)
			}
			if err := CheckAccepted(offered, sel.Proposal); err != nil {
				t.Errorf("the answer is not one to the offer: %v", err)
			}
		})
	}
}

func prefixed(prefix string, words []string) []string {
	list := make([]string, len(words))
	for i, w := range words {
		list[i] = prefix + w
	}
	return list
}

func TestSelectAdditionalRefuses(t *testing.T) {
	tests := []struct {
		name                string
		protocol            wire.ProtocolID
		offered, configured string
		opt                 SelectOptions
		want                string
	}{
		{"demanded by us", wire.ProtocolIKE, "aes256gcm16-prfsha384-x25519", "aes256gcm16-prfsha384-x25519-ke1_mlkem768", SelectOptions{},
			"peer offers no additional key exchange 1; we allow KE1_ML_KEM_768"},
		{"demanded by the peer", wire.ProtocolIKE, "aes256gcm16-prfsha384-x25519-ke3_mlkem768", "aes256gcm16-prfsha384-x25519", SelectOptions{},
			"peer offers additional key exchange 3 KE3_ML_KEM_768 only; we allow none"},
		{"demanded by us, no IKE_INTERMEDIATE", wire.ProtocolIKE, "aes256gcm16-prfsha384-x25519", "aes256gcm16-prfsha384-x25519-ke1_mlkem768", SelectOptions{NoAdditional: true},
			"peer offers no additional key exchange 1; we allow KE1_ML_KEM_768; additional key exchanges need IKE_INTERMEDIATE, which was not negotiated (RFC 9370, Section 2.2.1)"},
		{"offered with NONE, no IKE_INTERMEDIATE", wire.ProtocolIKE, "aes256gcm16-prfsha384-x25519-ke1_mlkem768-ke1_none", "aes256gcm16-prfsha384-x25519", SelectOptions{NoAdditional: true},
			"peer offers additional key exchange 1 KE1_ML_KEM_768, KE1_NONE; we allow none; additional key exchanges need IKE_INTERMEDIATE, which was not negotiated (RFC 9370, Section 2.2.1)"},
		{"one method for two", wire.ProtocolIKE, "aes256gcm16-prfsha384-x25519-ke1_x448-ke1_mlkem768-ke2_mlkem768", "aes256gcm16-prfsha384-x25519-ke1_mlkem768-ke2_mlkem768-ke2_mlkem512", SelectOptions{},
			"peer offers additional key exchange 2 KE2_ML_KEM_768 only; we allow KE2_ML_KEM_768, KE2_ML_KEM_512"},
		{"no first key exchange for the second", wire.ProtocolESP, "aes256gcm16-x25519-none-ke1_mlkem768", "aes256gcm16-x448-none-ke1_mlkem768", SelectOptions{},
			"peer offers key exchange CURVE_25519, NONE; we allow CURVE_448, NONE"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Select(parseList(t, tt.protocol, tt.offered), parseList(t, tt.protocol, tt.configured), tt.opt)
			if err == nil || err.Error() != tt.want {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

// A peer can offer sets that make it slow to try all combinations: seven types with six methods among them.
func TestSelectIsQuickWhereNothingFits(t *testing.T) {
	var p wire.Proposal
	p.Protocol, p.Number = wire.ProtocolIKE, 1
	p.Transforms = []wire.Transform{encrID(wire.EncrAESGCM16, 256), prfID(wire.PRFHMACSHA256), keID(wire.KEMODP2048)}
	for typ := wire.TransformADDKE1; typ <= wire.TransformADDKE7; typ++ {
		for _, id := range []wire.TransformID{wire.KEECP256, wire.KEECP384, wire.KEECP521, wire.KECurve25519, wire.KECurve448, wire.KEMLKEM768} {
			p.Transforms = append(p.Transforms, wire.Transform{Type: typ, ID: id})
		}
	}
	many := slices.Repeat([]wire.Proposal{p}, 100)
	var refusal *Refusal
	if _, err := Select(many, many, SelectOptions{}); !errors.As(err, &refusal) || refusal.Type != wire.TransformADDKE7 {
		t.Errorf("got %v, want nothing for the last type", err)
	}
}

func TestCheckAcceptedAdditional(t *testing.T) {
	ke := func(typ wire.TransformType, id wire.TransformID) wire.Transform {
		return wire.Transform{Type: typ, ID: id}
	}
	gcm, x25519 := encrID(wire.EncrAESGCM16, 256), keID(wire.KECurve25519)
	const offer = "aes256gcm16-x25519-x448-none-ke1_mlkem768-ke1_x448-ke1_none-ke2_mlkem768-ke2_none"
	tests := []struct {
		name   string
		answer []wire.Transform
		want   string
	}{
		{"all of them", []wire.Transform{x25519, ke(wire.TransformADDKE1, wire.KECurve448), ke(wire.TransformADDKE2, wire.KEMLKEM768)}, ""},
		{"NONE said", []wire.Transform{x25519, ke(wire.TransformADDKE1, 0), ke(wire.TransformADDKE2, 0)}, ""},
		{"NONE unsaid", []wire.Transform{x25519}, ""},
		{"nothing at all", nil, ""},
		{"NONE for a type not offered", []wire.Transform{x25519, ke(wire.TransformADDKE5, 0)}, ""},
		{"a type not offered", []wire.Transform{x25519, ke(wire.TransformADDKE5, wire.KEMLKEM1024)}, "peer's answer to proposal 1: KE5_ML_KEM_1024 was not offered"},
		{"two of a type", []wire.Transform{x25519, ke(wire.TransformADDKE1, wire.KECurve448), ke(wire.TransformADDKE1, wire.KEMLKEM768)}, "peer's answer to proposal 1: KE1_ML_KEM_768 is a second transform of its type"},
		{"a method twice", []wire.Transform{x25519, ke(wire.TransformADDKE1, wire.KEMLKEM768), ke(wire.TransformADDKE2, wire.KEMLKEM768)}, "peer's answer to proposal 1: ML_KEM_768 is chosen for two key exchanges"},
		{"the first method twice", []wire.Transform{keID(wire.KECurve448), ke(wire.TransformADDKE1, wire.KECurve448)}, "peer's answer to proposal 1: CURVE_448 is chosen for two key exchanges"},
		{"nothing to add to", []wire.Transform{keID(wire.KENone), ke(wire.TransformADDKE1, wire.KEMLKEM768)}, "peer's answer to proposal 1 has additional key exchanges without a first one"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			answer := wire.Proposal{Number: 1, Protocol: wire.ProtocolESP, Transforms: append([]wire.Transform{gcm, snID(wire.SN32)}, tt.answer...)}
			err := CheckAccepted(parseList(t, wire.ProtocolESP, offer), answer)
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || err.Error() != tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
	mandatory := parseList(t, wire.ProtocolIKE, "aes256gcm16-prfsha256-x25519-ke1_mlkem768")
	answer := parseList(t, wire.ProtocolIKE, "aes256gcm16-prfsha256-x25519")[0]
	if err := CheckAccepted(mandatory, answer); err == nil || err.Error() != "peer's answer to proposal 1 lacks additional key exchange 1" {
		t.Errorf("got %v", err)
	}
}

// offerFrom makes proposals of octets: what a peer might send, of the algorithms that we know.
func offerFrom(b []byte) []wire.Proposal {
	all := algorithms()
	offer := []wire.Proposal{{Number: 1, Protocol: wire.ProtocolIKE}}
	for _, c := range b {
		p := &offer[len(offer)-1]
		switch {
		case c == 0xff && len(offer) < 4:
			offer = append(offer, wire.Proposal{Number: p.Number + 1, Protocol: wire.ProtocolIKE})
		case c >= 0x80:
			kes := keyExchanges()
			typ := wire.TransformADDKE1 + wire.TransformType(c&7)%7
			p.Transforms = append(p.Transforms, wire.Transform{Type: typ, ID: kes[int(c>>3&15)%len(kes)].transform.ID})
		default:
			p.Transforms = append(p.Transforms, all[int(c)%len(all)].transform)
		}
	}
	return offer
}

// Whatever two sides propose, what one chooses is an answer that the other takes, without a method twice.
func FuzzSelectAdditional(f *testing.F) {
	f.Add([]byte{13, 30, 44, 0x80, 0xc1}, []byte{13, 30, 44, 0x80, 0xc1}, false, false)
	f.Add([]byte{13, 30, 44, 0x80, 0xc1, 0xff, 13, 30, 44}, []byte{13, 30, 44}, true, true)
	f.Fuzz(func(t *testing.T, offered, configured []byte, preferPeer, none bool) {
		if len(offered) > 200 || len(configured) > 200 {
			return
		}
		offer := offerFrom(offered)
		sel, err := Select(offer, offerFrom(configured), SelectOptions{PreferPeer: preferPeer, NoAdditional: none})
		if err != nil {
			if err.Error() == "" {
				t.Error("a refusal without a word")
			}
			return
		}
		if err := CheckAccepted(offer, sel.Proposal); err != nil {
			t.Errorf("chose %s: %v", sel, err)
		}
		if none && len(sel.Additional()) > 0 {
			t.Errorf("chose %s without IKE_INTERMEDIATE", sel)
		}
	})
}
