package auth

import (
	"bytes"
	"crypto"
	"crypto/sha1"
	"slices"

	"culvert/suite"
	"culvert/wire"
)

// maxAnnouncements bounds what is read of an announcement and what is sent in one.
const maxAnnouncements = 128

// An Announcement is one way to authenticate that a peer announces to accept (RFC 9593, Section 3.2):
//
//	| length (1) | method (1) |                                                 shared keys, NULL
//	| length (1) | method (1) | Cert Link (1) |                                 signatures by method
//	| length (1) | method (1) | Cert Link (1) | AlgorithmIdentifier ... |       digital signatures
type Announcement struct {
	Method wire.AuthMethod
	Link   uint8        // number of the CA in the CERTREQ payloads that it is for, from 1; 0 is any
	Scheme suite.Scheme // of wire.AuthDigitalSignature
}

// Announcements returns the data of the SUPPORTED_AUTH_METHODS notifies for the rounds of a peer, one for each round that
// there is something to say about. Where rounds trust different authorities the signatures of each are linked to its own
// (RFC 9593, Sections 3.2.2 and 4). EAP is not announced.
func Announcements(remotes ...*Remote) [][]byte {
	authorities := authoritiesOf(CertReqs(remotes...))
	var notifies [][]byte
	for _, r := range remotes {
		if data := r.announcement(authorities, len(remotes) > 1); len(data) > 0 {
			notifies = append(notifies, data)
		}
	}
	return notifies
}

// announcement is that of one round.
func (r *Remote) announcement(authorities [][]byte, linked bool) []byte {
	switch r.Method {
	case MethodPSK:
		return []byte{2, byte(wire.AuthSharedKey)}
	case MethodNULL:
		return []byte{2, byte(wire.AuthNull)}
	case MethodPublicKey:
		return r.signatureAnnouncement(r.links(authorities, linked))
	}
	return nil
}

// links are the numbers of the round's authorities among those of the CERTREQ payloads, or the one that stands for any.
func (r *Remote) links(authorities [][]byte, linked bool) []byte {
	var list []byte
	for _, anchor := range r.Anchors {
		i := slices.IndexFunc(authorities, func(h []byte) bool { return bytes.Equal(h, authorityHash(anchor)) })
		if linked && i >= 0 && i < 255 {
			list = append(list, byte(i+1))
		}
	}
	if len(list) == 0 || len(list) < len(r.Anchors) || len(r.Pinned)+len(r.RawKeys) > 0 {
		return []byte{0}
	}
	return list
}

// signatureAnnouncement lists the schemes that are accepted, each for each link.
func (r *Remote) signatureAnnouncement(links []byte) []byte {
	var data []byte
	n := 0
	for _, s := range r.signatures().Schemes {
		id := s.AlgorithmIdentifier()
		for _, link := range links {
			if n++; n > maxAnnouncements {
				return data
			}
			switch {
			case s == suite.SchemeRSASHA1:
				data = append(data, 3, byte(wire.AuthRSASignature), link)
			case len(id) > 0 && len(id) < 253:
				data = append(append(data, byte(3+len(id)), byte(wire.AuthDigitalSignature), link), id...)
			}
		}
	}
	return data
}

// ParseAnnouncements reads the data of a SUPPORTED_AUTH_METHODS notify. What is not understood is left out (RFC 9593,
// Section 3.2), and the rest behind a length that makes no sense.
func ParseAnnouncements(data []byte) []Announcement {
	var list []Announcement
	for len(data) >= 2 && int(data[0]) >= 2 && int(data[0]) <= len(data) && len(list) < maxAnnouncements {
		one := data[:data[0]]
		data = data[data[0]:]
		if a, ok := parseAnnouncement(one); ok {
			list = append(list, a)
		}
	}
	return list
}

func parseAnnouncement(b []byte) (Announcement, bool) {
	a := Announcement{Method: wire.AuthMethod(b[1])}
	switch a.Method {
	case wire.AuthSharedKey, wire.AuthNull:
		return a, len(b) == 2
	case wire.AuthRSASignature, wire.AuthECDSA256, wire.AuthECDSA384, wire.AuthECDSA521:
		if len(b) != 3 {
			return a, false
		}
		a.Link = b[2]
		return a, true
	case wire.AuthDigitalSignature:
		if len(b) <= 3 {
			return a, false
		}
		a.Link, a.Scheme = b[2], suite.SchemeOf(b[3:])
		return a, a.Scheme != suite.SchemeNone
	}
	return a, false
}

// authoritiesOf lists the authorities of CERTREQ payloads, in order (RFC 9593, Section 3.2.2).
func authoritiesOf(reqs []*wire.CertReq) [][]byte {
	var list [][]byte
	for _, r := range reqs {
		if r.Encoding == wire.CertX509Signature {
			list = slices.AppendSeq(list, slices.Chunk(r.Data, sha1.Size))
		}
	}
	return list
}

// announcedScheme chooses how a credential signs for a peer that has announced what it accepts: the first of ours that it
// names, for an authority of our certificate. Without any the announcement is only a hint that does not help (RFC 9593,
// Section 3.1).
func (s Sign) announcedScheme(c Credential) (wire.AuthMethod, suite.Scheme, bool) {
	for _, scheme := range s.Local.signable(c.Key.Public(), s.PeerHashes) {
		if s.announced(c, wire.AuthDigitalSignature, scheme) {
			return wire.AuthDigitalSignature, scheme, true
		}
	}
	method, scheme := oldMethod(c)
	if scheme != suite.SchemeNone && s.Local.allows(scheme) && s.announced(c, method, scheme) {
		return method, scheme, true
	}
	return 0, suite.SchemeNone, false
}

// signable lists all schemes of method 14 for a key and a peer, best first.
func (l *Local) signable(key crypto.PublicKey, peer []wire.HashAlgorithm) []suite.Scheme {
	possible := suite.SchemesFor(key, peer)
	if len(l.Schemes) > 0 {
		return intersect(l.Schemes, possible)
	}
	return possible
}

// announced reports whether the peer has announced to accept a signature of a credential.
func (s Sign) announced(c Credential, method wire.AuthMethod, scheme suite.Scheme) bool {
	authorities := authoritiesOf(s.CertReqs)
	return slices.ContainsFunc(s.Announced, func(a Announcement) bool {
		if a.Method != method || method == wire.AuthDigitalSignature && a.Scheme != scheme {
			return false
		}
		n := int(a.Link)
		return n == 0 || len(authorities) == 0 || n <= len(authorities) && lists(authorities[n-1], s.Local.path(c))
	})
}
