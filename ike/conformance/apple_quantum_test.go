package conformance

import (
	"encoding/binary"
	"slices"
	"testing"

	"culvert/secret"
	"culvert/suite"
	"culvert/wire"
)

// What Apple's clients do against quantum computers: PPKs since iOS 18, ML-KEM since 26.

// exchangeMore runs an IKE_INTERMEDIATE exchange with an additional key exchange (RFC 9370, Section 2.2.2).
func (s *session) exchangeMore(method wire.TransformID) {
	s.Helper()
	ours := s.keyExchange(method)
	ke := &wire.KE{Method: method, Data: ours.Public()}
	request := wire.IntermediateOctets(s.header(wire.ExchangeIntermediate, s.next, 0), []wire.Payload{ke})
	s.send(wire.ExchangeIntermediate, ke)
	var answer *wire.Message
	if len(s.datagrams) == 1 {
		answer = s.response(wire.ExchangeIntermediate).Message
	} else {
		answer = s.reassembled()
	}
	shared, err := ours.Finish(find[*wire.KE](s.lab, answer.Payloads).Data)
	if err != nil {
		s.Fatal(err)
	}
	s.intAuth = slices.Concat(s.prf().Sum(s.keys.Pi, request), s.prf().Sum(s.keys.Pr, answer.IntermediateOctets()))
	s.intAuth = binary.BigEndian.AppendUint32(s.intAuth, s.next)
	keys, err := suite.MixIKEKeys(s.suite, s.keys.D, shared, s.ni, s.nr, s.spiI, s.spiR)
	if err != nil {
		s.Fatal(err)
	}
	s.use(keys)
}

func TestAppleMLKEM(t *testing.T) {
	a := newAuthority(t)
	for offer, method := range map[string]wire.TransformID{
		"aes256gcm16-prfsha384-ecp384-ke1_mlkem1024": wire.KEMLKEM1024, "aes256gcm16-prfsha256-ecp256-ke1_mlkem768": wire.KEMLKEM768,
	} {
		t.Run(offer, func(t *testing.T) {
			l := configured(t, gatewayFor("apple", settings{connection: `post_quantum = "require"`}), a)
			se := l.greeted(proposals(t, wire.ProtocolIKE, offer), append(appleHello(), status(wire.NotifyIntermediateExchangeSupported))...)
			se.exchangeMore(method)
			o := se.offerAnywhere("aes256gcm16")
			_, answer := se.login(fqdn("carol"), passwordOf("carol"), append(appleWants(), o.payloads()...)...)
			o.complete(answer)
			se.alive()
		})
	}
	t.Run("a client without it is not asked for it", func(t *testing.T) {
		onApple(t, a, settings{})
	})
}

func TestApplePPK(t *testing.T) {
	a := newAuthority(t)
	const key = "0x00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
	text := func(required string) string {
		return gatewayFor("apple", settings{connection: "ppk = [\"phones\"]\n ppk_required = " + required}) + "\nppk \"phones\" {\n key = \"" + key + "\"\n}\n"
	}
	t.Run("fixed identity", func(t *testing.T) {
		l := configured(t, text("true"), a)
		se, answer := l.greet(proposals(t, wire.ProtocolIKE, appleIKE), append(appleHello(), status(wire.NotifyUsePPK))...)
		if _, ok := wire.FindNotify(answer.Payloads, wire.NotifyUsePPK); !ok {
			t.Fatalf("the answer is %v", types(answer.Payloads))
		}
		unmixed := se.keys
		if err := suite.MixPPKAuth(se.suite, ppkOctets(), &se.keys); err != nil {
			t.Fatal(err)
		}
		mixed := se.keys
		o := se.offerAnywhere(appleESP)
		g := &login{session: se, id: fqdn("carol"), client: passwordOf("carol")}
		se.keys = unmixed // what the gateway proves before it knows the PPK
		g.begin(append(appleWants(), o.payloads()...)...)
		if !g.converse() {
			t.Fatal(l.gazette())
		}
		se.keys = mixed
		g.proven = []wire.Payload{&wire.Notify{NotifyType: wire.NotifyPPKIdentity, Data: append([]byte{byte(wire.PPKIDFixed)}, "phones"...)}}
		final := g.finish()
		if n, ok := wire.FindNotify(final, wire.NotifyPPKIdentity); !ok || len(n.Data) != 0 {
			t.Errorf("the answer is %v", types(final))
		}
		o.complete(final)
	})
	t.Run("an older client gets in where the PPK is no must", func(t *testing.T) {
		l := configured(t, text("false"), a)
		se := l.greeted(proposals(t, wire.ProtocolIKE, appleIKE), appleHello()...)
		o := se.offerAnywhere(appleESP)
		_, answer := se.login(fqdn("carol"), passwordOf("carol"), append(appleWants(), o.payloads()...)...)
		o.complete(answer)
	})
}

func ppkOctets() secret.Bytes {
	var b secret.Bytes
	for i := range 32 {
		b = append(b, byte(i%16)<<4|byte(i%16))
	}
	return b
}
