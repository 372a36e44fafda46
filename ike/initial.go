package ike

import (
	"encoding/binary"
	"io"
	"net/netip"
	"slices"

	"culvert/auth"
	"culvert/spd"
	"culvert/suite"
	"culvert/wire"
)

// Nonces are at least 16 and half the PRF's key size, at most 256 octets (RFC 7296, Sections 2.10 and 3.9).
const (
	nonceSize    = 32 // half the key of the largest PRF
	minNonceSize = 16
	maxNonceSize = 256
)

// initialState is what the initial exchanges need and nothing later does. It is dropped when the IKE SA is established.
type initialState struct {
	messageI, messageR []byte // of IKE_SA_INIT as they were on the wire, for AUTH (RFC 7296, Section 2.15)
	nonceI, nonceR     []byte
	intermediate       intAuth
	intermediateAgreed bool               // both sides do IKE_INTERMEDIATE
	additional         []wire.TransformID // key exchanges that are still to come (RFC 9370)
	ppk                ppkState
	transcript         bool // AUTH covers both first messages
	children           []*ChildConfig
	certReqs           []*wire.CertReq // of the peer
	initialContact     bool            // we send INITIAL_CONTACT
	redirectedFrom     netip.Addr      // gateway that has sent us here; invalid: none has
	trigger            *spd.Flow       // the packet that asks for the first child
	first              firstChild
	wishes             []netip.Addr          // virtual addresses that an earlier IKE SA had
	hashes             []wire.HashAlgorithm  // of the peer; nil: it does not do RFC 7427
	login              login                 // IKE_AUTH
	announced          [][]auth.Announcement // SUPPORTED_AUTH_METHODS of the peer (RFC 9593)
	announceLater      bool                  // ours goes into IKE_INTERMEDIATE
	newer              *Connection           // a version that came meanwhile
	repeats            int                   // of the IKE_SA_INIT response

	// of the initiator, until IKE_SA_INIT is answered
	exchange  *suite.KeyExchange
	cookies   [][]byte // that we were asked to return, the last one in use
	tried     []wire.TransformID
	fallback  bool     // there is another transport to try
	finishing bool     // the key exchange of a good answer is being computed
	trouble   *Failure // what unauthenticated answers said
}

// transcriptPrefix is how many zero octets begin what AUTH covers when it covers both first messages: no SPI of an initiator
// is zero, so it is nothing that could be signed without.
const transcriptPrefix = 8

// newNonce makes a nonce (RFC 7296, Section 2.10).
func (sa *SA) newNonce() ([]byte, error) {
	b := make([]byte, nonceSize)
	_, err := io.ReadFull(sa.env.Rand, b)
	return b, err
}

// checkNonce returns the peer's nonce, which must not be too short or long for the PRF, nor be ours thrown back.
func checkNonce(payloads []wire.Payload, ours []byte) ([]byte, error) {
	nonce, ok := wire.Find[*wire.Nonce](payloads)
	switch {
	case !ok || len(nonce.Data) < minNonceSize || len(nonce.Data) > maxNonceSize:
		return nil, invalidSyntax("nonce is missing or not of %d to %d octets", minNonceSize, maxNonceSize)
	case slices.Equal(nonce.Data, ours):
		return nil, invalidSyntax("the peer's nonce is our own")
	}
	return nonce.Data, nil
}

// signedOctets returns InitiatorSignedOctets or ResponderSignedOctets (RFC 7296, Section 2.15): the first message of the
// signer, the nonce of the other, the MACed identity of the signer as it is in its IDi or IDr payload, and what came between
// (RFC 9242, Section 3.3.2). When both sides prevent downgrades, eight zero octets and the first message of the other go
// before all that (draft-ietf-ipsecme-ikev2-downgrade-prevention).
func (sa *SA) signedOctets(id *wire.Identification) ([]byte, error) {
	prf, err := sa.prf()
	if err != nil {
		return nil, err
	}
	s := sa.initial
	message, other, nonce, key := s.messageR, s.messageI, s.nonceI, sa.keys.Pr
	if id.Payload == wire.PayloadIDi {
		message, other, nonce, key = s.messageI, s.messageR, s.nonceR, sa.keys.Pi
	}
	var transcript []byte
	if s.transcript {
		transcript = append(make([]byte, transcriptPrefix), other...)
	}
	macedID := prf.Sum(key, wire.AppendPayload(nil, id))
	return slices.Concat(transcript, message, nonce, macedID, s.intermediate.octets()), nil
}

// prf returns the negotiated PRF.
func (sa *SA) prf() (*suite.PRF, error) {
	t, _ := sa.suite.Get(wire.TransformPRF)
	return suite.NewPRF(t.ID)
}

// deriveKeys makes the keys of the IKE SA (RFC 7296, Section 2.14). The shared secret is cleared.
func (sa *SA) deriveKeys(sel suite.Selection, ke keResult) error {
	keys, err := suite.DeriveIKEKeys(sel, ke.shared, sa.initial.nonceI, sa.initial.nonceR, sa.spiI, sa.spiR)
	ke.shared.Clear()
	if err != nil {
		return err
	}
	return sa.useKeys(sel, keys)
}

// announcements are the notifies that both sides put into IKE_SA_INIT: NAT detection right behind the nonce (RFC 7296,
// Section 2.23), fragmentation (RFC 7383, Section 2.3), signature hashes (RFC 7427, Section 4), IKE_INTERMEDIATE (RFC 9242,
// Section 3.1), the prevention of downgrades, which a responder announces whether it was asked or not, and vendor IDs.
func (sa *SA) announcements() []wire.Payload {
	list := sa.natDetection(sa.path)
	if sa.conn.Fragmentation != FragmentNo {
		list = append(list, &wire.Notify{NotifyType: wire.NotifyIKEv2FragmentationSupported})
	}
	accepted := suite.SignatureHashes()
	if sa.initiator { // a responder does not know yet which connection the peer is for
		accepted = auth.Hashes(sa.remoteRounds()...)
	}
	var hashes []byte
	for _, h := range accepted {
		hashes = binary.BigEndian.AppendUint16(hashes, uint16(h))
	}
	list = append(list, &wire.Notify{NotifyType: wire.NotifySignatureHashAlgorithms, Data: hashes})
	if sa.initiator || sa.initial.intermediateAgreed {
		list = append(list, &wire.Notify{NotifyType: wire.NotifyIntermediateExchangeSupported})
	}
	if sa.initiator {
		list = append(list, sa.redirectOffer()...)
		list = append(list, sa.conn.ppkOffer()...)
	} else {
		list = append(list, sa.initial.ppk.answer()...)
	}
	if !sa.conn.AllowDowngrade {
		list = append(list, &wire.Notify{NotifyType: wire.NotifyFullTranscriptAuth})
	}
	for _, id := range sa.env.Gateway.VendorIDs {
		list = append(list, &wire.VendorID{Data: id})
	}
	return list
}

// learn takes in what the peer announces in IKE_SA_INIT.
func (sa *SA) learn(in *inbound) {
	_, fragmentation := wire.FindNotify(in.payloads, wire.NotifyIKEv2FragmentationSupported)
	sa.peer.fragmentation = fragmentation && sa.conn.Fragmentation != FragmentNo
	_, sa.peer.childless = wire.FindNotify(in.payloads, wire.NotifyChildlessIKEv2Supported)
	sa.peer.client = sa.initiator
	sa.peer.redirectable = !sa.initiator && redirectable(in.payloads)
	sa.initial.hashes = nil
	notifies(in.payloads, wire.NotifySignatureHashAlgorithms, func(n *wire.Notify) {
		sa.initial.hashes = []wire.HashAlgorithm{}
		for d := n.Data; len(d) >= 2; d = d[2:] {
			sa.initial.hashes = append(sa.initial.hashes, wire.HashAlgorithm(binary.BigEndian.Uint16(d)))
		}
	})
	_, sa.initial.intermediateAgreed = wire.FindNotify(in.payloads, wire.NotifyIntermediateExchangeSupported)
	_, transcript := wire.FindNotify(in.payloads, wire.NotifyFullTranscriptAuth)
	sa.initial.transcript = transcript && !sa.conn.AllowDowngrade
	sa.initial.additional = sa.suite.Additional()
	sa.learnLogin(in.payloads)
	sa.learnAnnounced(in.payloads)
	if sa.initiator {
		sa.initial.ppk.intermediate, sa.initial.ppk.auth = ppkOffered(in.payloads)
		sa.initial.ppk.auth = sa.initial.ppk.auth && len(sa.conn.PPKs) > 0
	}
	sa.detectNAT(in)
}
