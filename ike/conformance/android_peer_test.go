package conformance

import (
	"encoding/binary"
	"slices"
	"testing"

	"culvert/suite"
	"culvert/wire"
)

// The client of Android 11 and later, and strongSwan's app for it.

// androidHello is what Android says beside SA, KE and nonce: hashes that fit PSS and PKCS #1 alike.
func androidHello() []wire.Payload {
	var hashes []byte
	for _, h := range []wire.HashAlgorithm{wire.HashSHA1, wire.HashSHA256, wire.HashSHA384, wire.HashSHA512} {
		hashes = binary.BigEndian.AppendUint16(hashes, uint16(h))
	}
	return []wire.Payload{status(wire.NotifyIKEv2FragmentationSupported), &wire.Notify{NotifyType: wire.NotifySignatureHashAlgorithms, Data: hashes}}
}

// androidWants are the payloads of IKE_AUTH beside proof and child.
func androidWants() []wire.Payload {
	return []wire.Payload{status(wire.NotifyMOBIKESupported), fqdn("gw.example.org").Payload(wire.PayloadIDr),
		wishes(wire.AttrInternalIP4Address, wire.AttrInternalIP6Address, wire.AttrInternalIP4DNS, wire.AttrInternalIP6DNS)}
}

// Algorithms of Android 12, first of all X25519 with AES-CMAC as integrity and pseudorandom function.
func TestAndroidProposals(t *testing.T) {
	a := newAuthority(t)
	for _, offer := range []struct{ ike, esp string }{
		{"aes256-aescmac-prfaescmac-x25519", "aes256-aescmac"}, {"aes256gcm16-prfsha256-x25519", "aes256gcm16"},
		{"chacha20poly1305-prfsha256-modp4096", "chacha20poly1305"}, {"aes256ctr-sha256-modp2048", "aes256ctr-sha256"},
		{"aes256-aesxcbc-prfaesxcbc-modp3072", "aes256-aesxcbc"},
	} {
		t.Run(offer.ike, func(t *testing.T) {
			l := configured(t, gatewayFor("android", settings{}), a)
			se := l.greeted(proposals(t, wire.ProtocolIKE, offer.ike), androidHello()...)
			o := se.offerAnywhere(offer.esp)
			_, answer := se.login(fqdn("carol"), passwordOf("carol"), append(androidWants(), o.payloads()...)...)
			o.complete(answer)
		})
	}
}

func TestAndroidAuthentication(t *testing.T) {
	a := newAuthority(t)
	open := func(t *testing.T) (*session, *childOffer) {
		l := configured(t, gatewayFor("android", settings{remote: `ca = "ca.pem"`}), a)
		se := l.greeted(proposals(t, wire.ProtocolIKE, "aes256gcm16-prfsha256-x25519"), androidHello()...)
		return se, se.offerAnywhere("aes256gcm16")
	}
	id := fqdn("pc.example.org")
	for name, scheme := range map[string]suite.Scheme{"PKCS #1 1.5": suite.SchemeRSASHA256, "PSS": suite.SchemePSSSHA256} {
		t.Run("signature by "+name+" after hashes for both", func(t *testing.T) {
			se, o := open(t)
			proof := se.signedProof(a, a.machine(t), id, wire.AuthDigitalSignature, scheme)
			o.complete(se.askInFragments(65000, 1, slices.Concat(proof, androidWants(), o.payloads())...))
		})
	}
	t.Run("a Delete after AUTHENTICATION_FAILED", func(t *testing.T) {
		se, o := open(t)
		proof := se.signedProof(a, a.machine(t), id, wire.AuthDigitalSignature, suite.SchemeRSASHA256)
		proof[2].(*wire.Auth).Data[70] ^= 1
		se.only(se.ask(wire.ExchangeAuth, slices.Concat(proof, androidWants(), o.payloads())...), wire.NotifyAuthenticationFailed)
		se.send(wire.ExchangeInformational, &wire.Delete{Protocol: wire.ProtocolIKE})
		se.datagrams = nil
		se.gone()
		se, o = open(t)
		proof = se.signedProof(a, a.machine(t), id, wire.AuthDigitalSignature, suite.SchemeRSASHA256)
		o.complete(se.askInFragments(65000, 1, slices.Concat(proof, androidWants(), o.payloads())...))
	})
}

// EAP that proves both sides needs no certificate of the gateway in IKE (RFC 5998).
func TestAndroidWithEAPOnly(t *testing.T) {
	a := newAuthority(t)
	remote := "eap {\n users = \"staff\"\n methods = [\"tls\"]\n tls {\n ca = \"ca.pem\"\n }\n }"
	l := configured(t, gatewayFor("android", settings{local: "eap_only = true", remote: remote}), a)
	se := l.greeted(proposals(t, wire.ProtocolIKE, "aes256gcm16-prfsha256-x25519"), androidHello()...)
	o := se.offerAnywhere("aes256gcm16")
	g := &login{session: se, id: fqdn("carol"), client: a.smartCard(t), only: true}
	g.begin(append(append(androidWants(), status(wire.NotifyEAPOnlyAuthentication)), o.payloads()...)...)
	if _, ok := wire.Find[*wire.Auth](g.first); ok {
		t.Error("the gateway proves itself twice")
	}
	if !g.converse() {
		t.Fatal(l.gazette())
	}
	o.complete(g.finish())
}

// A client that is told to may begin on port 4500, and is answered there.
func TestAndroidBeginsOnPort4500(t *testing.T) {
	a := newAuthority(t)
	l := configured(t, gatewayFor("android", settings{}), a)
	l.port = 4500
	se := l.greeted(proposals(t, wire.ProtocolIKE, "aes256gcm16-prfsha256-x25519"), append(androidHello(), l.behindNAT()...)...)
	o := se.offerAnywhere("aes256gcm16")
	_, answer := se.login(fqdn("carol"), passwordOf("carol"), append(androidWants(), o.payloads()...)...)
	o.complete(answer)
	se.alive()
	l.sentFrom(4500)
}

// behindNAT are NAT detection notifies that fit no address, as of a client behind a NAT or one that wants UDP encapsulation.
func (l *lab) behindNAT() []wire.Payload {
	return []wire.Payload{&wire.Notify{NotifyType: wire.NotifyNATDetectionSourceIP, Data: l.octets(20)},
		&wire.Notify{NotifyType: wire.NotifyNATDetectionDestinationIP, Data: l.octets(20)}}
}

const appESP = "aes256gcm16-aes128gcm16-chacha20poly1305"

func onApp(t *testing.T, a *authority) (*session, *child) {
	t.Helper()
	l := configured(t, gatewayFor("strongswan-app", settings{}), a)
	se := l.greeted(proposals(t, wire.ProtocolIKE, "aes256-aes128-sha256-sha384-ecp256-x25519-ecp384", "aes256gcm16-aes128gcm16-chacha20poly1305-prfsha256-prfsha384-ecp256-x25519-ecp384"),
		append(androidHello(), l.behindNAT()...)...)
	o := se.offerAnywhere(appESP)
	_, answer := se.login(fqdn("carol"), passwordOf("carol"), append(androidWants(), o.payloads()...)...)
	return se, o.complete(answer)
}

func TestStrongSwanApp(t *testing.T) {
	a := newAuthority(t)
	t.Run("ECP-256 in front spares a round trip", func(t *testing.T) {
		se, _ := onApp(t, a)
		se.chosen(se.suite, wire.TransformKE, wire.KEECP256)
	})
	t.Run("ESP goes in UDP", func(t *testing.T) {
		se, c := onApp(t, a)
		if se.encapsulated != 1 || c == nil {
			t.Errorf("%d SAs in UDP", se.encapsulated)
		}
	})
	t.Run("all traffic is narrowed to the networks and the address", func(t *testing.T) {
		_, c := onApp(t, a)
		c.carried(addressesTS(wire.PayloadTSi, leasedIPv4(), leasedIPv6()), selectors(wire.PayloadTSr, prefixTS("10.1.0.0/16"), prefixTS("fd01::/48")))
	})
}
