package ike

import (
	"bytes"
	"slices"

	"culvert/auth"
	"culvert/auth/revocation"
	"culvert/explain"
	"culvert/wire"
)

// A peer that authenticates anew is refused when its certificate was revoked meanwhile. The IKE SA that it has from before stands on
// the same certificate, and ends as well. That needs proof, as anybody may show a certificate: the peer has signed with its key. It
// concerns no other certificate of the peer's, since who has stolen a key that was replaced can prove to have that one.

// EndRevoked ends an IKE SA that was authenticated with a certificate which was revoked, unless its connection does not care. The
// data plane takes nothing more from the peer, which is told.
type EndRevoked struct {
	Certificate []byte // DER
	Err         error  // who says so
}

// revoked makes the Failure of a peer that has proven to own a certificate which was revoked.
func (sa *SA) revoked(v auth.VerifyResult) *Failure {
	sa.remote = v.ID
	f := asFailure(v.Err)
	f.Revoked = v.Leaf.Raw
	return f
}

// revoked is the first certificate of the peer's that a candidate has found revoked.
func (l *login) revoked() []byte {
	for _, d := range l.declined {
		if f := asFailure(d.why); f.Revoked != nil {
			return f.Revoked
		}
	}
	return nil
}

func (sa *SA) endRevoked(ev EndRevoked) {
	if !sa.state.authenticated() || !sa.minds() || !sa.proof.shows(ev.Certificate) {
		return
	}
	sa.closeWith(&deleteIKE{cut: true, why: &Failure{Code: explain.AuthCertRevoked, Notify: wire.NotifyNone, Err: ev.Err}})
}

// minds tells whether the connection asks for revocation at all.
func (sa *SA) minds() bool {
	return slices.ContainsFunc(sa.conn.RemoteAuth, func(r auth.Remote) bool { return r.Revocation != revocation.Off })
}

// shows tells whether the peer has proven to own a certificate.
func (p *Proof) shows(certificate []byte) bool {
	return slices.ContainsFunc(p.Certificates, func(c []byte) bool { return bytes.Equal(c, certificate) })
}
