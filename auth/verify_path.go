package auth

import (
	"bytes"
	"cmp"
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"slices"

	"culvert/auth/chain"
	"culvert/auth/keys"
	"culvert/auth/revocation"
	"culvert/explain"
	"culvert/wire"
)

// certificate checks what a peer proves with a certificate, the cheap and local things first: nothing is fetched for a peer
// that has not proven all the rest.
func (v Verify) certificate(ctx context.Context, sent shown) (VerifyResult, *Failure) {
	paths, failure := v.paths(sent)
	if failure != nil {
		return VerifyResult{}, failure
	}
	if !v.confirmed(sent.leaf) {
		return VerifyResult{}, idMismatch(sent.leaf, v.ID)
	}
	pub, err := chain.PublicKey(sent.leaf)
	if err != nil {
		return VerifyResult{}, certFailure(err, v.Remote, v.Now)
	}
	if failure := v.signature(pub, "certificate "+quote(chain.Name(sent.leaf))); failure != nil {
		return VerifyResult{Forged: failure.Code == explain.AuthSignature}, failure
	}
	result, failure := v.unrevoked(ctx, paths, sent.status)
	if failure != nil && failure.Code == explain.AuthCertRevoked { // it is the peer's nevertheless
		result = VerifyResult{ID: v.proven(Identities(sent.leaf)...), Leaf: sent.leaf}
	}
	return result, failure
}

// paths returns the paths that make a certificate trusted and whose usage is right.
func (v Verify) paths(sent shown) ([][]*x509.Certificate, *Failure) {
	paths, err := v.trustedPaths(sent)
	if err != nil {
		return nil, certFailure(err, v.Remote, v.Now)
	}
	var usable [][]*x509.Certificate
	var failure *Failure
	for _, path := range paths {
		f := checkUsage(path, v.Remote.ExtKeyUsage)
		if !v.passes(path) {
			f = elsewhere(sent.leaf, v.Remote)
		}
		if f != nil {
			failure = f
			continue
		}
		usable = append(usable, path)
	}
	if len(usable) == 0 {
		return nil, failure
	}
	return usable, nil
}

// passes tells whether a path goes through an authority that it has to. A pinned certificate has no path.
func (v Verify) passes(path []*x509.Certificate) bool {
	r := v.Remote
	if slices.ContainsFunc(r.Pinned, path[0].Equal) {
		return true
	}
	named := func(c *x509.Certificate) bool { return slices.ContainsFunc(r.Via, c.Equal) }
	fits := func(c *x509.Certificate) bool { return slices.ContainsFunc(Identities(c), r.ViaID.Matches) }
	return (len(r.Via) == 0 || slices.ContainsFunc(path, named)) && (r.ViaID.IsAny() || slices.ContainsFunc(path[1:], fits))
}

// trustedPaths returns the paths to an anchor, or the certificate alone if it is pinned.
func (v Verify) trustedPaths(sent shown) ([][]*x509.Certificate, error) {
	if slices.ContainsFunc(v.Remote.Pinned, sent.leaf.Equal) {
		alone := []*x509.Certificate{sent.leaf}
		return [][]*x509.Certificate{alone}, cmp.Or(chain.CheckValidity(sent.leaf, v.Now), v.Remote.Demands.Check(alone))
	}
	return chain.Verify(sent.leaf, chain.Options{
		Anchors:       v.Remote.Anchors,
		Intermediates: slices.Concat(v.Remote.Intermediates, sent.others),
		Now:           v.Now,
		Keys:          v.Remote.signatures(),
		Policies:      v.Remote.Policies,
		EveryPolicy:   v.Remote.EveryPolicy,
		Demands:       v.Remote.Demands,
	})
}

// confirmed reports whether a certificate stands for the peer's identity.
func (v Verify) confirmed(leaf *x509.Certificate) bool {
	return Confirms(leaf, v.ID) || v.Remote.WildcardSAN && confirmsByWildcard(leaf, v.ID)
}

// unrevoked asks whether certificates were revoked, path by path until one is good.
func (v Verify) unrevoked(ctx context.Context, paths [][]*x509.Certificate, status revocation.Shown) (VerifyResult, *Failure) {
	var refused error
	for _, path := range paths {
		unknown, err := v.Remote.RevocationInfo.Check(ctx, v.Remote.Revocation, path, status, v.Now)
		if err == nil {
			return VerifyResult{ID: v.proven(Identities(path[0])...), Leaf: path[0], NotAfter: chain.NotAfter(path), Warnings: revocationWarnings(unknown)}, nil
		}
		if refused == nil {
			refused = err
		}
	}
	return VerifyResult{}, revocationFailure(refused, v.Remote.Revocation)
}

// rawKey checks what a peer proves with a raw public key (RFC 7670).
func (v Verify) rawKey(pub crypto.PublicKey) (VerifyResult, *Failure) {
	der, err := keys.MarshalPublic(pub)
	if err != nil || !slices.ContainsFunc(v.Remote.RawKeys, func(known crypto.PublicKey) bool { return sameKey(known, der) }) {
		return VerifyResult{}, rawKeyUnknown(pub, der, v.Remote)
	}
	if err := v.Remote.Demands.CheckKey(pub); err != nil {
		return VerifyResult{}, rawKeyWeak(der, err)
	}
	if failure := v.signature(pub, "raw public key ("+keys.Name(pub)+")"); failure != nil {
		return VerifyResult{Forged: failure.Code == explain.AuthSignature}, failure
	}
	return VerifyResult{ID: v.rawIdentity(der)}, nil
}

// rawIdentity is who the owner of a raw key is: the configured identity where it is one, because then the key is configured
// for it; otherwise nothing ties the claimed identity to the key, and the key itself is the identity (RFC 7670, Section 1).
func (v Verify) rawIdentity(der []byte) Identity {
	if !v.Remote.ID.IsPattern() {
		return v.proven()
	}
	return keyIdentity(der)
}

// keyIdentity names a public key by the SHA-256 hash of its SubjectPublicKeyInfo.
func keyIdentity(der []byte) Identity {
	sum := sha256.Sum256(der)
	return Identity{wire.IDKeyID, string(sum[:])}
}

// sameKey compares a key with a SubjectPublicKeyInfo.
func sameKey(known crypto.PublicKey, der []byte) bool {
	k, err := keys.MarshalPublic(known)
	return err == nil && bytes.Equal(k, der)
}

// unsent checks the signature of a peer that sent no CERT payload with what is configured for it: certificates that confirm
// its identity, then raw keys.
func (v Verify) unsent(ctx context.Context) (VerifyResult, *Failure) {
	var failure *Failure
	for _, c := range v.Remote.Pinned {
		if !v.confirmed(c) {
			continue
		}
		result, f := v.certificate(ctx, shown{leaf: c})
		if f == nil {
			return result, nil
		}
		failure = f
	}
	for _, key := range v.Remote.RawKeys {
		result, f := v.rawKey(key)
		if f == nil {
			return result, nil
		}
		failure = f
	}
	if failure == nil {
		failure = v.noCert()
	}
	return VerifyResult{}, failure
}
