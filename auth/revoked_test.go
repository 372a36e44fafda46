package auth

import (
	"testing"

	"culvert/auth/internal/pkitest"
	"culvert/auth/revocation"
	"culvert/explain"
)

// Who has signed with the key of a revoked certificate is known, so that what stands on it can be ended. Who only shows the
// certificate is nobody.
func TestWhoWasRevokedIsKnownFromTheSignature(t *testing.T) {
	p, server := newRevocable(t, revocation.Strict)
	server.list = p.list(t, p.leaf())
	result := p.connect(t)
	wantFailure(t, result.Err, explain.AuthCertRevoked)
	if result.Leaf == nil || !result.Leaf.Equal(p.leaf()) || !result.ID.Equal(p.id) {
		t.Errorf("the peer is %v with %v", result.ID, result.Leaf)
	}
	proof := mustProve(t, p.local, p.id, allHashes())
	proof.Auth.Data[len(proof.Auth.Data)-1] ^= 1
	if result := check(t, p.remote, p.id, pkitest.Now(), proof); result.Err == nil || result.Leaf != nil {
		t.Errorf("without the key: %v, %v", result.Leaf, result.Err)
	}
}
