package suite

import (
	"testing"

	"culvert/wire"
)

func TestNotWeakerKeepsTheKeyExchangesOfTheSA(t *testing.T) {
	const hybrid, plain = "aes128gcm16-prfsha256-x25519-ke1_mlkem768", "aes128gcm16-prfsha256-x25519"
	tests := []struct {
		name, now  string
		configured []string
		want       []string
	}{
		{"nothing to lose", plain, []string{hybrid, plain}, []string{hybrid, plain}},
		{"a hybrid stays one", hybrid, []string{hybrid, plain}, []string{hybrid}},
		{"by another method", hybrid, []string{plain, "aes128gcm16-prfsha256-ecp256-ke1_mlkem1024"}, []string{"aes128gcm16-prfsha256-ecp256-ke1_mlkem1024"}},
		{"the choice of none is taken away", hybrid, []string{hybrid + "-ke1_none"}, []string{hybrid}},
		{"unless there was none", plain, []string{hybrid + "-ke1_none"}, []string{hybrid + "-ke1_none"}},
		{"methods of today instead are taken away", hybrid, []string{hybrid + "-ke1_ecp256"}, []string{hybrid}},
		{"additional ones of today count too", plain + "-ke3_ecp256", []string{plain + "-ke3_ecp256-ke3_none", plain}, []string{plain + "-ke3_ecp256"}},
		{"quantum resistance alone", "aes128gcm16-prfsha256-mlkem768", []string{"aes128gcm16-prfsha256-mlkem768-x25519", plain}, []string{"aes128gcm16-prfsha256-mlkem768"}},
		{"the policy has changed", hybrid, []string{plain}, []string{plain}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			now := parseList(t, wire.ProtocolIKE, tt.now)[0]
			got := NotWeaker(parseList(t, wire.ProtocolIKE, tt.configured...), Selection{now})
			if len(got) != len(tt.want) {
				t.Fatalf("%d proposals, want %d: %v", len(got), len(tt.want), got)
			}
			for i, p := range parseList(t, wire.ProtocolIKE, tt.want...) {
				if FormatProposal(got[i]) != FormatProposal(p) {
					t.Errorf("proposal %s, want %s", FormatProposal(got[i]), FormatProposal(p))
				}
			}
		})
	}
}

func TestWhatIsOnItsWayOutIsCalledWeak(t *testing.T) {
	for words, want := range map[string]int{"aes128-sha1-prfsha1-modp1024": 3, "aes256-sha256-prfsha256-modp1536": 1, "aes256gcm16-prfsha384-x25519": 0} {
		p, err := ParseProposal(wire.ProtocolIKE, words)
		if err != nil {
			t.Fatal(err)
		}
		got := 0
		for _, tr := range p.Transforms {
			if Weakness(tr) != "" {
				got++
			}
		}
		if got != want {
			t.Errorf("%s: %d weak, want %d", words, got, want)
		}
	}
}
