package conformance

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"slices"
	"testing"

	"culvert/auth"
	"culvert/ike"
	"culvert/suite"
	"culvert/wire"
)

// The clients of iOS, iPadOS and macOS.

// The single proposals of profiles and of the device's own settings.
const (
	appleIKE = "aes256-sha256-modp2048"
	appleESP = "aes256-sha256"
)

// appleHello is what Apple's clients say beside SA, KE and nonce.
func appleHello() []wire.Payload {
	return []wire.Payload{status(wire.NotifyRedirectSupported), status(wire.NotifyIKEv2FragmentationSupported)}
}

// appleWants are the payloads of IKE_AUTH beside proof and child. There is no CERTREQ among them.
func appleWants() []wire.Payload {
	return []wire.Payload{
		status(wire.NotifyInitialContact), status(wire.NotifyMOBIKESupported), status(wire.NotifyESPTFCPaddingNotSupported),
		fqdn("gw.example.org").Payload(wire.PayloadIDr),
		wishes(wire.AttrInternalIP4Address, wire.AttrInternalIP4DHCP, wire.AttrInternalIP4DNS, wire.AttrInternalIP4Netmask,
			wire.AttrInternalIP6Address, wire.AttrInternalIP6DHCP, wire.AttrInternalIP6DNS, wire.AttrInternalDNSDomain),
	}
}

func fqdn(name string) auth.Identity { return auth.Identity{Type: wire.IDFQDN, Data: name} }

// onApple logs a user in with MSCHAPv2.
func onApple(t testing.TB, a *authority, s settings) (*login, *child) {
	t.Helper()
	l := configured(t, gatewayFor("apple", s), a)
	se := l.greeted(proposals(t, wire.ProtocolIKE, appleIKE), appleHello()...)
	o := se.offerAnywhere(appleESP)
	g, answer := se.login(fqdn("carol"), passwordOf("carol"), append(appleWants(), o.payloads()...)...)
	return g, o.complete(answer)
}

func TestAppleProposals(t *testing.T) {
	a := newAuthority(t)
	for _, offer := range []struct{ ike, esp string }{
		{appleIKE, appleESP}, {"aes256-sha256-ecp256", appleESP}, {"aes256gcm16-prfsha256-ecp256", "aes256gcm16"},
		{"aes256gcm16-prfsha384-ecp384", "aes256gcm16"}, {"aes256gcm16-prfsha256-x25519", "chacha20poly1305"},
	} {
		t.Run(offer.ike, func(t *testing.T) {
			l := configured(t, gatewayFor("apple", settings{}), a)
			se := l.greeted(proposals(t, wire.ProtocolIKE, offer.ike), appleHello()...)
			o := se.offerAnywhere(offer.esp)
			_, answer := se.login(fqdn("carol"), passwordOf("carol"), append(appleWants(), o.payloads()...)...)
			o.complete(answer)
		})
	}
}

func TestAppleAuthentication(t *testing.T) {
	a := newAuthority(t)
	t.Run("the certificate is shown without being asked for", func(t *testing.T) {
		g, _ := onApple(t, a, settings{})
		g.verifyCert(a, a.gateway(t), fqdn("gw.example.org"), g.first, wire.PayloadIDr)
	})
	t.Run("a distinguished name that comes as domain name", func(t *testing.T) {
		l := configured(t, gatewayFor("apple", settings{remote: "ca = \"ca.pem\"\n id = \"C=CH, O=Example, CN=carol\""}), a)
		se := l.greeted(proposals(t, wire.ProtocolIKE, appleIKE), appleHello()...)
		o := se.offerAnywhere(appleESP)
		cert := a.issue(t, &x509.Certificate{SerialNumber: big.NewInt(5), KeyUsage: x509.KeyUsageDigitalSignature,
			Subject: pkix.Name{Country: []string{"CH"}, Organization: []string{"Example"}, CommonName: "carol"}}, a.tester, a.certificate)
		proof := se.signedProof(a, cert, fqdn("C=CH, O=Example, CN=carol"), wire.AuthRSASignature, suite.SchemeRSASHA1)
		o.complete(se.askInFragments(65000, 1, slices.Concat(proof, appleWants(), o.payloads())...))
	})
}

func TestAppleConfiguration(t *testing.T) {
	a := newAuthority(t)
	t.Run("INTERNAL_DNS_DOMAIN is asked for", func(t *testing.T) {
		l := configured(t, gatewayFor("apple", settings{}), a)
		se := l.greeted(proposals(t, wire.ProtocolIKE, appleIKE), appleHello()...)
		o := se.offerAnywhere(appleESP)
		_, answer := se.login(fqdn("carol"), passwordOf("carol"), append(appleWants(), o.payloads()...)...)
		var got []wire.AttributeType
		for _, attribute := range find[*wire.Configuration](l, answer).Attributes {
			got = append(got, attribute.Type)
		}
		if want := []wire.AttributeType{wire.AttrInternalIP4Address, wire.AttrInternalIP6Address, wire.AttrInternalIP4DNS, wire.AttrInternalIP6DNS}; !slices.Equal(got, want) {
			t.Errorf("attributes %v, want %v", got, want)
		}
	})
	t.Run("selectors have room for an IPv6 pool", func(t *testing.T) {
		_, c := onApple(t, a, settings{child: `local = ["0.0.0.0/0", "::/0"]`})
		c.carried(addressesTS(wire.PayloadTSi, leasedIPv4(), leasedIPv6()), anywhere(wire.PayloadTSr))
	})
}

func TestAppleRekeying(t *testing.T) {
	a := newAuthority(t)
	for name, offer := range map[string][]string{"of iOS has a group": {appleESP + "-modp2048", appleESP}, "of macOS has none": {appleESP}} {
		t.Run("of a child, which "+name, func(t *testing.T) {
			g, old := onApple(t, a, settings{})
			o := old.offerAgain(offer...)
			next := o.complete(g.ask(wire.ExchangeCreateChildSA, o.payloads()...))
			method, _ := next.suite.Get(wire.TransformKE)
			if with := len(offer) == 2; with != (method.ID == wire.KEMODP2048) {
				t.Errorf("the new child has %s", suite.FormatProposal(next.suite.Proposal))
			}
		})
	}
	t.Run("of the IKE SA by us begins with what is in use", func(t *testing.T) {
		g, _ := onApple(t, a, settings{})
		g.command(g.session, ike.RekeyIKE{})
		request := g.request(wire.ExchangeCreateChildSA)
		first := find[*wire.SA](g.lab, request.Payloads).Proposals[0]
		if !slices.Equal(first.Transforms, g.suite.Proposal.Transforms) {
			t.Errorf("the first proposal is %s", suite.FormatProposal(first))
		}
	})
}
