package auth

import (
	"slices"

	"culvert/suite"
	"culvert/wire"
)

// Hashes are those to announce to the peer of some rounds: of signatures that one of them accepts, so that the peer does not sign with
// what would be refused (RFC 7427, Section 4). Without rounds of signatures, or with none that takes method 14, they are all.
func Hashes(remotes ...*Remote) []wire.HashAlgorithm {
	all := suite.SignatureHashes()
	accepted := slices.DeleteFunc(suite.SignatureHashes(), func(h wire.HashAlgorithm) bool {
		return !slices.ContainsFunc(remotes, func(r *Remote) bool {
			return r.Method == MethodPublicKey && slices.ContainsFunc(r.signatures().Schemes, func(s suite.Scheme) bool { return s.Hash() == h })
		})
	})
	if len(accepted) == 0 {
		return all
	}
	return accepted
}
