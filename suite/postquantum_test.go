package suite

import (
	"slices"
	"testing"

	"culvert/wire"
)

func TestWithPostQuantum(t *testing.T) {
	const ike, esp = wire.ProtocolIKE, wire.ProtocolESP
	type list = []string
	tests := []struct {
		name            string
		protocol        wire.ProtocolID
		in              list
		prefer, require list
	}{
		{"one is put before", ike, list{"aes128-sha256-modp2048", "aes256gcm16-prfsha256-x25519"},
			list{"aes128-prfsha256-sha256-modp2048-ke1_mlkem768", "aes256gcm16-prfsha256-x25519-ke1_mlkem768", "aes128-prfsha256-sha256-modp2048", "aes256gcm16-prfsha256-x25519"},
			list{"aes128-prfsha256-sha256-modp2048-ke1_mlkem768", "aes256gcm16-prfsha256-x25519-ke1_mlkem768"}},
		{"one that has it is kept", ike, list{"aes256gcm16-prfsha256-x25519-ke2_mlkem1024", "aes256gcm16-prfsha256-x25519"},
			list{"aes256gcm16-prfsha256-x25519-ke2_mlkem1024", "aes256gcm16-prfsha256-x25519-ke1_mlkem768", "aes256gcm16-prfsha256-x25519"},
			list{"aes256gcm16-prfsha256-x25519-ke2_mlkem1024", "aes256gcm16-prfsha256-x25519-ke1_mlkem768"}},
		{"the choice is taken away", ike, list{"aes256gcm16-prfsha256-x25519-ke1_x448-ke1_mlkem768-ke1_none"},
			list{"aes256gcm16-prfsha256-x25519-ke1_x448-ke1_mlkem768-ke1_none"}, list{"aes256gcm16-prfsha256-x25519-ke1_mlkem768"}},
		{"a KEM by itself", ike, list{"aes256gcm16-prfsha256-x25519-mlkem512"}, list{"aes256gcm16-prfsha256-x25519-mlkem512"}, list{"aes256gcm16-prfsha256-mlkem512"}},
		{"assured by one of two", ike, list{"aes256gcm16-prfsha256-x25519-mlkem512-ke2_mlkem768"},
			list{"aes256gcm16-prfsha256-x25519-mlkem512-ke2_mlkem768"}, list{"aes256gcm16-prfsha256-x25519-mlkem512-ke2_mlkem768"}},
		{"the choice is left where it can be", ike, list{"aes256gcm16-prfsha256-x25519-mlkem512-ke1_mlkem768-ke1_none-ke2_frodo640shake-ke2_none"},
			list{"aes256gcm16-prfsha256-x25519-mlkem512-ke1_mlkem768-ke1_none-ke2_frodo640shake-ke2_none"},
			list{"aes256gcm16-prfsha256-x25519-mlkem512-ke1_mlkem768-ke2_frodo640shake-ke2_none"}},
		{"an additional one of another kind", ike, list{"aes256gcm16-prfsha256-x25519-ke1_x448"},
			list{"aes256gcm16-prfsha256-x25519-ke1_x448-ke2_mlkem768", "aes256gcm16-prfsha256-x25519-ke1_x448"}, list{"aes256gcm16-prfsha256-x25519-ke1_x448-ke2_mlkem768"}},
		{"the free type comes first", ike, list{"aes256gcm16-prfsha256-x25519-ke2_x448"},
			list{"aes256gcm16-prfsha256-x25519-ke1_mlkem768-ke2_x448", "aes256gcm16-prfsha256-x25519-ke2_x448"}, list{"aes256gcm16-prfsha256-x25519-ke1_mlkem768-ke2_x448"}},
		{"a child with a key exchange", esp, list{"aes256gcm16-x25519-esn"}, list{"aes256gcm16-x25519-ke1_mlkem768-esn", "aes256gcm16-x25519-esn"}, list{"aes256gcm16-x25519-ke1_mlkem768-esn"}},
		{"a child that can do without", esp, list{"aes256gcm16-x25519-modpnone"}, list{"aes256gcm16-x25519-ke1_mlkem768", "aes256gcm16-x25519-modpnone"}, list{"aes256gcm16-x25519-ke1_mlkem768", "aes256gcm16"}},
		{"a child without", esp, list{"aes256gcm16"}, list{"aes256gcm16"}, list{"aes256gcm16"}},
		{"no type is free", ike, list{"aes256gcm16-prfsha256-x25519-ke1_x448-ke2_ecp256-ke3_ecp384-ke4_ecp521-ke5_modp2048-ke6_modp3072-ke7_modp4096"},
			list{"aes256gcm16-prfsha256-x25519-ke1_x448-ke2_ecp256-ke3_ecp384-ke4_ecp521-ke5_modp2048-ke6_modp3072-ke7_modp4096"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			configured := parseList(t, tt.protocol, tt.in...)
			for mode, want := range map[PostQuantum]list{PostQuantumPrefer: tt.prefer, PostQuantumRequire: tt.require, PostQuantumOff: formatted(configured)} {
				got := WithPostQuantum(configured, mode)
				if !slices.Equal(formatted(got), want) {
					t.Errorf("%s: got %q, want %q", mode, formatted(got), want)
				}
				for i, p := range got {
					if int(p.Number) != i+1 {
						t.Errorf("%s: proposal %d has number %d", mode, i+1, p.Number)
					}
				}
			}
			if again := parseList(t, tt.protocol, tt.in...); !slices.EqualFunc(configured, again, sameProposal) {
				t.Error("the configured proposals were changed")
			}
		})
	}
}

func formatted(proposals []wire.Proposal) []string {
	var list []string
	for _, p := range proposals {
		list = append(list, FormatProposal(p))
	}
	return list
}

func sameProposal(a, b wire.Proposal) bool {
	return a.Number == b.Number && slices.Equal(a.Transforms, b.Transforms)
}

// Each pair of modes agrees on the strongest that both have, and fails only if one side demands what the other has not.
func TestModesAgree(t *testing.T) {
	modes := []PostQuantum{PostQuantumPrefer, PostQuantumRequire, PostQuantumOff}
	for _, ours := range modes {
		for _, theirs := range modes {
			for _, intermediate := range []bool{true, false} {
				for _, lists := range [][2][]wire.Proposal{{DefaultIKE(), DefaultIKE()}, {parseList(t, wire.ProtocolIKE, "aes128-sha256-modp2048"), DefaultIKE()}} {
					sel, err := Select(WithPostQuantum(lists[1], theirs), WithPostQuantum(lists[0], ours), SelectOptions{NoAdditional: !intermediate})
					able := intermediate && ours != PostQuantumOff && theirs != PostQuantumOff
					required := ours == PostQuantumRequire || theirs == PostQuantumRequire
					if got, want := err == nil, able || !required; got != want {
						t.Fatalf("%s with %s, IKE_INTERMEDIATE %v: %v", ours, theirs, intermediate, err)
					}
					if got := len(sel.PostQuantum()) > 0; got != (able && err == nil) {
						t.Errorf("%s with %s, IKE_INTERMEDIATE %v: got %s", ours, theirs, intermediate, sel)
					}
				}
			}
		}
	}
}

// The first message must not need IP fragments on any path: that of the smallest IPv6 MTU has room for 1232 octets of UDP
// data. Beside SA and KE it carries what follows here, at its longest. We begin with Curve25519; a peer may ask for another.
func TestFirstMessageStaysSmall(t *testing.T) {
	const (
		header, generic    = 28, 4
		nonce, natd, hash  = generic + 32, 2 * (8 + 20), 8 + 2*5 // Ni, NAT_DETECTION_*_IP, SIGNATURE_HASH_ALGORITHMS
		statuses, cookie   = 8 * 8, 8 + 64                       // notifies without data, a cookie at its longest
		nonESP, vendor, ke = 4, 2 * (generic + 16), generic + 4
	)
	sa := wire.AppendPayloads(nil, []wire.Payload{&wire.SA{Proposals: WithPostQuantum(DefaultIKE(), PostQuantumPrefer)}})
	rest := header + len(sa) + nonce + natd + hash + statuses + cookie + nonESP + vendor + ke
	for _, method := range []wire.TransformID{wire.KECurve25519, wire.KEECP521, wire.KEMODP2048} {
		k, err := NewKeyExchange(method, testRand(1))
		if err != nil {
			t.Fatal(err)
		}
		if got, limit := rest+len(k.Public()), 1232; got > limit {
			t.Errorf("%s: %d octets, want at most %d", TransformName(keID(method)), got, limit)
		}
		if method == wire.KECurve25519 && rest+len(k.Public()) > 1000 {
			t.Errorf("the first message has %d octets, which leaves too little room", rest+len(k.Public()))
		}
	}
	t.Logf("SA of %d octets, message of %d without public value", len(sa), rest)
}
