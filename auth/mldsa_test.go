package auth

import (
	"crypto/x509"
	"testing"

	"culvert/auth/internal/pkitest"
	"culvert/explain"
	"culvert/wire"
)

// TestMLDSACertificate: a peer with an ML-DSA certificate below an ML-DSA authority (draft-ietf-ipsecme-ikev2-pqc-auth), from
// key to identity, and with the key of another.
func TestMLDSACertificate(t *testing.T) {
	p := newParty(t)
	rootKey, key := pkitest.NewMLDSAKey(t), pkitest.NewMLDSAKey(t)
	root := pkitest.ResignCert(t, pkitest.WithKey(t, p.authority.Cert, rootKey.Public()), rootKey)
	leaf := pkitest.ResignCert(t, pkitest.WithKey(t, p.leaf(), key.Public()), rootKey)
	p.local.Credentials = []Credential{{Key: key, Chain: []*x509.Certificate{leaf}}}
	p.remote.Anchors = []*x509.Certificate{root}
	proof := mustProve(t, p.local, p.id, allHashes())
	if proof.Auth.Method != wire.AuthDigitalSignature {
		t.Errorf("method %v", proof.Auth.Method)
	}
	if result := check(t, p.remote, p.id, pkitest.Now(), proof); result.Err != nil || !result.Leaf.Equal(leaf) {
		t.Errorf("got %+v", result)
	}
	p.local.Credentials[0].Key = pkitest.NewMLDSAKey(t)
	wantFailure(t, p.connect(t).Err, explain.AuthSignature, "CN=gw")
}
