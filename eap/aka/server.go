package aka

import (
	"context"
	"fmt"
	"unicode/utf8"

	"culvert/eap"
	"culvert/explain"
	"culvert/secret"
)

// DefaultNetwork is the access network identity of a WLAN (3GPP TS 24.302, Section 8.1.1).
const DefaultNetwork = "WLAN"

// Server is the methods for an authenticator. It needs the subscriber of an account.
type Server struct {
	Accounts eap.Accounts
	Prime    bool   // AKA' instead of AKA
	Network  string // access network name of AKA'; empty is DefaultNetwork
	// PrimeToo says of AKA that AKA' is allowed as well, so that clients can see when somebody suppresses it.
	PrimeToo bool
	// Indications offers the client to protect the result, too, at the price of one more round.
	Indications bool
}

func (s Server) variant() variant { return variantOf(s.Prime) }

// Type returns AKA or AKA'.
func (s Server) Type() eap.Type { return s.variant().kind }

// Properties returns the claims of the method.
func (Server) Properties() eap.Properties { return claims }

// Begin starts one run.
func (s Server) Begin(_ eap.Session, identity string) (eap.Exchange, error) {
	return &server{Server: s, variant: s.variant(), identity: identity}, nil
}

type server struct {
	Server
	variant         variant
	identity        string
	waits           subtype // for the answer to this request
	asked           attributeType
	request         eap.Packet // the last identity request, for the checkcode
	checkcode       checkcode
	account         *eap.Account
	rand            [16]byte
	res             secret.Bytes
	keys            keys
	synchronisation int
	failed          error // was notified
}

// Step makes the requests one after the other. The identity of the lower layer may have been changed on the way or be another
// than that which the client makes its keys from, so it is asked for again (RFC 4187, Section 4.1.5).
func (s *server) Step(ctx context.Context, in eap.Input) eap.Step {
	if in.Packet == nil {
		return s.open(ctx, in)
	}
	if s.failed != nil {
		return eap.Fail(s.failed)
	}
	m, err := parse(in.Packet.Data)
	if kind, unknown := m.unknown(atRes, atAuts, atMAC, atIdentity, atClientError, atKDF); unknown {
		err = fmt.Errorf("%w %d is unknown", errAttribute, kind)
	}
	switch {
	case err != nil:
		return s.notify(malformed(err))
	case m.subtype == subClientError:
		return eap.Fail(clientError(m))
	case m.subtype == subReject && s.waits == subChallenge:
		return eap.Fail(failure(explain.EAPSIM, "compare K, OPc and network name on both sides", "the SIM of %q refuses us", s.identity))
	case m.subtype == subIdentity && s.waits == subIdentity:
		return s.identified(ctx, m, in)
	case m.subtype == subSyncFailure && s.waits == subChallenge:
		return s.synchronise(ctx, m, in)
	case m.subtype == subChallenge && s.waits == subChallenge:
		return s.check(m, in)
	case m.subtype == subNotification && s.waits == subNotification:
		return s.confirmed(m, in)
	}
	return s.notify(outOfOrder(m.subtype))
}

func clientError(m message) error {
	code := -1
	if m.has(atClientError) {
		code = int(m.number(atClientError))
	}
	return failure(explain.EAPMethod, "look at the log of the client", "the client could not process our packet (client error %d)", code)
}

// open leaves a user who has an account without a SIM to other methods, and asks everybody else.
func (s *server) open(ctx context.Context, in eap.Input) eap.Step {
	if account, err := s.find(ctx, s.identity); err == nil && account.Subscriber == nil {
		return eap.Fail(missing(s.identity))
	}
	return s.ask(atAnyIDReq, in)
}

func missing(identity string) error {
	return eap.Missing(identity, "the keys of a SIM, which EAP-AKA needs")
}

func (s *server) ask(kind attributeType, in eap.Input) eap.Step {
	m := message{subtype: subIdentity}
	m.addNumber(kind, 0)
	s.waits, s.asked = subIdentity, kind
	s.request = s.packet(in, m.encode())
	return eap.Step{Data: s.request.Data}
}

// packet is the request that type-data becomes.
func (s *server) packet(in eap.Input, data []byte) eap.Packet {
	return eap.Packet{Code: eap.CodeRequest, Identifier: in.Identifier, Type: s.variant.kind, Data: data}
}

// identified looks the identity up. One that nobody knows may be a pseudonym of another server.
func (s *server) identified(ctx context.Context, m message, in eap.Input) eap.Step {
	identity := m.text(atIdentity)
	if len(identity) == 0 || !utf8.Valid(identity) {
		return s.notify(failure(explain.EAPIdentity, "look at the client", "the client shows no identity"))
	}
	s.checkcode.add(s.variant, s.request)
	s.checkcode.add(s.variant, *in.Packet)
	s.identity = string(identity)
	account, err := s.find(ctx, s.identity)
	if isUnknown(err) && s.asked != atPermanentIDReq {
		return s.ask(atPermanentIDReq, in)
	}
	switch {
	case err != nil:
		return s.notify(err)
	case account.Subscriber == nil:
		return s.notify(missing(s.identity))
	}
	s.account = account
	return s.challenge(ctx, in)
}

// challenge sends a fresh vector.
func (s *server) challenge(ctx context.Context, in eap.Input) eap.Step {
	v, err := s.account.Subscriber.Vector(ctx, s.Prime)
	if err != nil {
		return s.notify(err)
	}
	s.keys.Clear()
	s.res.Clear()
	s.keys = s.variant.derive(s.identity, v.CK, v.IK, []byte(s.network()), v.AUTN)
	s.waits, s.rand, s.res = subChallenge, v.RAND, v.XRES
	v.CK.Clear()
	v.IK.Clear()
	m := message{subtype: subChallenge}
	m.addReserved(atRand, v.RAND[:])
	m.addReserved(atAutn, v.AUTN[:])
	if s.Prime {
		m.addNumber(atKDF, kdf1)
		m.addSized(atKDFInput, len(s.network()), []byte(s.network()))
	} else if s.PrimeToo {
		m.addNumber(atBidding, canPrime)
	}
	if s.Indications {
		m.addNumber(atResultInd, 0)
	}
	m.add(atCheckcode, s.checkcode.value()...)
	return eap.Step{Data: s.variant.seal(s.keys.aut, s.packet(in, nil), m)}
}

func (s *server) network() string {
	if s.Network == "" {
		return DefaultNetwork
	}
	return s.Network
}

// synchronise follows the card's sequence number, once.
func (s *server) synchronise(ctx context.Context, m message, in eap.Input) eap.Step {
	if s.synchronisation++; s.synchronisation > 1 || !m.has(atAuts) {
		return s.notify(failure(explain.EAPSIM, "look at the sequence numbers of the subscriber",
			"the SIM of %q wants another sequence number again", s.identity))
	}
	if err := s.account.Subscriber.Resynchronise(ctx, s.rand, [14]byte(m.find(atAuts))); err != nil {
		return s.notify(&eap.Failure{Code: explain.EAPSIMWrong, Cause: "the SIM's sequence number is not proven", Action: "compare K and OPc on both sides", Err: err})
	}
	return s.challenge(ctx, in)
}

// check decides about the answer to the challenge.
func (s *server) check(m message, in eap.Input) eap.Step {
	switch {
	case !s.variant.verify(s.keys.aut, *in.Packet, m):
		return s.notify(failure(explain.EAPSIMWrong, "compare the keys of SIM and subscriber", "the answer of %q is not protected by the keys of its SIM", s.identity))
	case !s.checkcode.matches(m):
		return s.notify(failure(explain.EAPSIMWrong, "look who is in between", "the identities of %q were changed on the way", s.identity))
	case !s.res.Equal(m.res()):
		return s.notify(failure(explain.EAPSIMWrong, "compare the keys of SIM and subscriber", "the SIM of %q answers wrongly", s.identity))
	case s.Indications && m.has(atResultInd):
		result := message{subtype: subNotification}
		result.addNumber(atNotification, notifySuccess)
		s.waits = subNotification
		return eap.Step{Data: s.variant.seal(s.keys.aut, s.packet(in, nil), result)}
	}
	return s.succeed()
}

// confirmed ends the run when the client has seen the result.
func (s *server) confirmed(m message, in eap.Input) eap.Step {
	if !s.variant.verify(s.keys.aut, *in.Packet, m) {
		return eap.Fail(failure(explain.EAPSIMWrong, "look who is in between", "the acknowledgement of %q is not protected", s.identity))
	}
	return s.succeed()
}

func (s *server) succeed() eap.Step {
	msk := s.keys.msk
	s.keys.msk = nil
	return eap.Step{State: eap.Succeeded, MSK: msk, Identity: s.account.User, Grant: s.account.Grant}
}

// notify tells the client that it fails. EAP-Failure follows its acknowledgement (RFC 4187, Section 6.3.3).
func (s *server) notify(err error) eap.Step {
	s.failed = err
	m := message{subtype: subNotification}
	m.addNumber(atNotification, notifyFailure)
	return eap.Step{Data: m.encode()}
}

// Close clears the keys.
func (s *server) Close() {
	s.keys.Clear()
	s.res.Clear()
}
