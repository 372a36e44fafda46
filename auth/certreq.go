package auth

import (
	"bytes"
	"cmp"
	"crypto/sha1"
	"crypto/x509"
	"slices"

	"culvert/wire"
)

// maxAuthorities bounds the hashes that we send, to keep messages small. A request with no hash stands for more authorities
// than can be listed (RFC 4945, Section 3.2.7.2).
const maxAuthorities = 32

// CertReqs returns the CERTREQ payloads for the peers of some rounds (RFC 7296, Section 3.7): the hashes of the anchors'
// keys, an empty request where raw public keys are accepted (RFC 7670, Section 3), and one for an OCSP answer where that is
// asked for (RFC 4806, Section 3.1).
func CertReqs(remotes ...*Remote) []*wire.CertReq {
	var hashes [][]byte
	pinned, raw := false, false
	for _, r := range remotes {
		if r.Method != MethodPublicKey {
			continue
		}
		for _, anchor := range r.Anchors {
			hashes = append(hashes, authorityHash(anchor))
		}
		pinned = pinned || len(r.Pinned) > 0
		raw = raw || len(r.RawKeys) > 0
	}
	if len(hashes) > 0 {
		hashes = distinct(hashes, maxAuthorities)
		pinned = pinned || len(hashes) == 0
	}
	var reqs []*wire.CertReq
	if len(hashes) > 0 || pinned {
		reqs = append(reqs, &wire.CertReq{Encoding: wire.CertX509Signature, Data: slices.Concat(hashes...)})
	}
	if raw {
		reqs = append(reqs, &wire.CertReq{Encoding: wire.CertRawPublicKey})
	}
	if ask := ocspReq(remotes); ask != nil {
		reqs = append(reqs, ask)
	}
	return reqs
}

// distinct returns hashes in order, each once; none if they are more than some, because none stands for all.
func distinct(hashes [][]byte, most int) [][]byte {
	slices.SortFunc(hashes, bytes.Compare)
	hashes = slices.CompactFunc(hashes, bytes.Equal)
	if len(hashes) > most {
		return nil
	}
	return hashes
}

// LooksUp reports whether certificates by hash and URL are accepted in one of some rounds, which HTTP_CERT_LOOKUP_SUPPORTED
// tells the peer (RFC 7296, Section 3.7).
func LooksUp(remotes ...*Remote) bool {
	return slices.ContainsFunc(remotes, func(r *Remote) bool { return r.Method == MethodPublicKey && r.Lookup != nil })
}

// authorityHash names an authority in a CERTREQ payload. SHA-1 is a name here, nothing rests on it.
func authorityHash(c *x509.Certificate) []byte {
	h := sha1.Sum(c.RawSubjectPublicKeyInfo)
	return h[:]
}

// requests is what a peer's CERTREQ payloads ask for.
type requests []*wire.CertReq

// wants reports whether a credential is one that was asked for: a raw key, or a certificate below a listed authority, any
// authority if none is listed.
func (reqs requests) wants(c Credential, above []*x509.Certificate) bool {
	if len(c.Chain) == 0 {
		return slices.ContainsFunc(reqs, func(r *wire.CertReq) bool { return r.Encoding == wire.CertRawPublicKey })
	}
	return slices.ContainsFunc(reqs, func(r *wire.CertReq) bool {
		return r.Encoding == wire.CertX509Signature && (len(r.Data) == 0 || lists(r.Data, above))
	})
}

// lists reports whether a list of hashes names an authority of a path.
func lists(hashes []byte, certs []*x509.Certificate) bool {
	for h := range slices.Chunk(hashes, sha1.Size) {
		for _, c := range certs {
			if bytes.Equal(h, authorityHash(c)) {
				return true
			}
		}
	}
	return false
}

// path is the chain of a credential with what is known above its end, which may be all that the peer has of it. It is for
// comparing with what peers ask for and proves nothing, so that signatures are not looked at.
func (l *Local) path(c Credential) []*x509.Certificate {
	const longest = 16
	path := slices.Clip(c.Chain)
	for len(path) > 0 && len(path) < longest && !isRoot(path[len(path)-1]) {
		last := path[len(path)-1]
		i := slices.IndexFunc(l.Issuers, func(ca *x509.Certificate) bool {
			return bytes.Equal(ca.RawSubject, last.RawIssuer) && (len(last.AuthorityKeyId) == 0 || len(ca.SubjectKeyId) == 0 || bytes.Equal(last.AuthorityKeyId, ca.SubjectKeyId))
		})
		if i < 0 {
			break
		}
		path = append(path, l.Issuers[i])
	}
	return path
}

// rank orders the credentials for a peer: those that confirm our identity first, because the peer will insist, then those that
// were asked for, which is only a hint (RFC 7296, Section 3.7), else as configured.
func (l *Local) rank(id Identity, reqs requests) []Credential {
	score := func(c Credential) int {
		n := 0
		if id.IsAny() || c.confirms(id) {
			n += 2
		}
		if reqs.wants(c, l.path(c)) {
			n++
		}
		return n
	}
	ranked := slices.Clone(l.Credentials)
	slices.SortStableFunc(ranked, func(a, b Credential) int { return cmp.Compare(score(b), score(a)) })
	return ranked
}
