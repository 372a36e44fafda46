package recorded

import (
	"bytes"
	"crypto/x509"
	"encoding/binary"
	"slices"

	"culvert/suite"
	"culvert/wire"
)

// auth follows an IKE_AUTH exchange: identities, AUTH of either side, PPK and the first child.
func (s *sa) auth(request, response *wire.Message) {
	s.Helper()
	if id, ok := identityOf(request, wire.PayloadIDi); ok {
		s.idI = id
	}
	if id, ok := identityOf(response, wire.PayloadIDr); ok {
		s.idR = id
	}
	if _, used := wire.FindNotify(response.Payloads, wire.NotifyPPKIdentity); used {
		if n, ok := wire.FindNotify(request.Payloads, wire.NotifyNoPPKAuth); ok {
			proof, _ := wire.Find[*wire.Auth](request.Payloads)
			s.verify(s.idI, &wire.Auth{Method: proof.Method, Data: n.Data}, request)
		}
		s.must(suite.MixPPKAuth(s.sel, s.log.values("PPK")[0], &s.keys))
		s.use(s.keys)
	}
	if proof, ok := wire.Find[*wire.Auth](request.Payloads); ok {
		if n, without := wire.FindNotify(request.Payloads, wire.NotifyNoPPKAuth); without && !s.usesPPK(response) {
			proof = &wire.Auth{Method: proof.Method, Data: n.Data}
		}
		s.verify(s.idI, proof, request)
	}
	if proof, ok := wire.Find[*wire.Auth](response.Payloads); ok {
		s.verify(s.idR, proof, response)
	}
	if answer, ok := wire.Find[*wire.SA](response.Payloads); ok {
		s.child(suite.Selection{Proposal: answer.Proposals[0]}, secret{}, s.ni, s.nr)
	}
}

func (s *sa) usesPPK(response *wire.Message) bool {
	_, used := wire.FindNotify(response.Payloads, wire.NotifyPPKIdentity)
	return used
}

func identityOf(m *wire.Message, t wire.PayloadType) (*wire.Identification, bool) {
	for _, p := range m.Payloads {
		if id, ok := p.(*wire.Identification); ok && id.Payload == t {
			return id, true
		}
	}
	return nil, false
}

// signed returns the octets that AUTH covers.
func (s *sa) signed(id *wire.Identification) []byte {
	message, other, nonce, key := s.messageR, s.messageI, s.ni, s.keys.Pr
	if id.Payload == wire.PayloadIDi {
		message, other, nonce, key = s.messageI, s.messageR, s.nr, s.keys.Pi
	}
	body := wire.AppendPayload(nil, id)
	s.derive("IDx'", body)
	s.derive("SK_p", key)
	var octets []byte
	if s.transcript {
		octets = append(make([]byte, 8), other...)
	}
	octets = slices.Concat(octets, message, nonce, s.prf.Sum(key, body))
	if s.exchanges > 0 {
		octets = binary.BigEndian.AppendUint32(slices.Concat(octets, s.intAuthI, s.intAuthR), s.mid)
	}
	return octets
}

// verify checks an AUTH payload with one of the secrets of the log, or the certificate beside it.
func (s *sa) verify(id *wire.Identification, proof *wire.Auth, m *wire.Message) {
	s.Helper()
	octets := s.signed(id)
	s.derive("octets = message + nonce + prf(Sk_px, IDx') + IntAuth", octets)
	if proof.Method != wire.AuthSharedKey {
		s.verifySignature(proof, octets, m)
		return
	}
	for _, secret := range s.log.values("secret") {
		pad := s.prf.Sum(secret, []byte("Key Pad for IKEv2"))
		if data := s.prf.Sum(pad, octets); bytes.Equal(data, proof.Data) {
			s.derive("prf(secret, keypad)", pad)
			s.derive("AUTH = prf(prf(secret, keypad), octets)", data)
			s.proofs++
			return
		}
	}
	s.Errorf("AUTH of %x does not come from any secret", id.Data)
}

func (s *sa) verifySignature(proof *wire.Auth, octets []byte, m *wire.Message) {
	s.Helper()
	payload, ok := wire.Find[*wire.Cert](m.Payloads)
	if !ok {
		s.Log("a signature without a certificate is not verified")
		return
	}
	cert, err := x509.ParseCertificate(payload.Data)
	s.must(err)
	s.must(suite.Verify(cert.PublicKey, *proof, octets, suite.SignaturePolicy{}))
	s.proofs++
}
