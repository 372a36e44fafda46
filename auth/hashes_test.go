package auth

import (
	"slices"
	"testing"

	"culvert/suite"
	"culvert/wire"
)

// A peer is told of the hashes that count here, lest it sign with another.
func TestHashesOfAcceptedSignatures(t *testing.T) {
	round := func(schemes ...suite.Scheme) *Remote {
		return &Remote{Method: MethodPublicKey, Signatures: suite.SignaturePolicy{Schemes: schemes}}
	}
	for name, tt := range map[string]struct {
		rounds []*Remote
		want   []wire.HashAlgorithm
	}{
		"no demand":     {[]*Remote{round()}, suite.SignatureHashes()},
		"one":           {[]*Remote{round(suite.SchemeRSASHA384, suite.SchemeECDSASHA384)}, []wire.HashAlgorithm{wire.HashSHA384}},
		"two rounds":    {[]*Remote{round(suite.SchemeRSASHA512), round(suite.SchemeEd25519)}, []wire.HashAlgorithm{wire.HashSHA512, wire.HashIdentity}},
		"no signatures": {[]*Remote{{Method: MethodPSK}}, suite.SignatureHashes()},
		"SHA-1 alone":   {[]*Remote{round(suite.SchemeRSASHA1)}, suite.SignatureHashes()},
	} {
		if got := Hashes(tt.rounds...); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v", name, got)
		}
	}
}
