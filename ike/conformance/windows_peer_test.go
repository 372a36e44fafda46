package conformance

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"culvert/auth"
	"culvert/eap"
	"culvert/eap/mschapv2"
	"culvert/explain"
	"culvert/ike"
	"culvert/secret"
	"culvert/suite"
	"culvert/wire"
)

// The client of Windows 7 to 11.

// windowsOffer is what Windows offers: pairs of 3DES and AES with the hashes that it knows, and one group.
func windowsOffer(t testing.TB, group string) []wire.Proposal {
	t.Helper()
	var list []wire.Proposal
	for _, hash := range []string{"sha1", "sha256", "sha384"} {
		for _, triple := range []bool{true, false} {
			p := proposals(t, wire.ProtocolIKE, "aes256-"+hash+"-"+group)[0]
			if triple {
				p.Transforms[0] = wire.Transform{Type: wire.TransformENCR, ID: wire.Encr3DES}
			}
			p.Number = uint8(len(list) + 1)
			list = append(list, p)
		}
	}
	return list
}

const windowsESP = "aes256-sha1"

// windowsIP is the address by which Windows calls itself: its own, behind a NAT.
func windowsIP() auth.Identity { return auth.AddressIdentity(netip.MustParseAddr("192.168.0.7")) }

// windowsWants are the payloads of IKE_AUTH beside proof and child: it has no IDr and asks for what only Windows knows.
func windowsWants(a *authority) []wire.Payload {
	return []wire.Payload{
		&wire.CertReq{Encoding: wire.CertX509Signature, Data: append(bytes.Repeat([]byte{0x17}, 20), keyHash(a.certificate)...)},
		status(wire.NotifyMOBIKESupported),
		wishes(wire.AttrInternalIP4Address, wire.AttrInternalIP4DNS, wire.AttrInternalIP4NBNS, wire.AttrInternalIP4Server,
			wire.AttrInternalIP6Address, wire.AttrInternalIP6DNS, wire.AttrInternalIP6Server),
	}
}

// windowsHello is what Windows says beside SA, KE and nonce: no SIGNATURE_HASH_ALGORITHMS among it.
func windowsHello() []wire.Payload {
	return []wire.Payload{status(wire.NotifyIKEv2FragmentationSupported), &wire.VendorID{Data: []byte("MS NT5 ISAKMPOAKLEY v9")}}
}

// onWindows logs a user in with MSCHAPv2.
func onWindows(t testing.TB, a *authority, s settings) (*session, *child) {
	t.Helper()
	l := configured(t, gatewayFor("windows", s), a)
	se := l.greeted(windowsOffer(t, "modp2048"), windowsHello()...)
	o := se.offerAnywhere(windowsESP)
	_, answer := se.login(windowsIP(), passwordOf(`HOST\carol`), append(windowsWants(a), o.payloads()...)...)
	return se, o.complete(answer)
}

func passwordOf(user string) eap.Client {
	return &eap.Peer{Identity: user, Methods: []eap.Method{mschapv2.Client{Password: eap.Stored(secret.Bytes(password))}}}
}

// machine is the certificate of a computer.
func (a *authority) machine(t testing.TB) *x509.Certificate {
	t.Helper()
	return a.issue(t, &x509.Certificate{SerialNumber: big.NewInt(4), Subject: pkix.Name{CommonName: "pc.example.org"}, DNSNames: []string{"pc.example.org"},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}, a.tester, a.certificate)
}

func TestWindowsProposals(t *testing.T) {
	a := newAuthority(t)
	t.Run("group 2 alone is refused with the way out", func(t *testing.T) {
		l := configured(t, gatewayFor("windows", settings{}), a)
		_, payloads := l.openWith(wire.KEMODP1024, windowsOffer(t, "modp1024"))
		(&session{lab: l, initiator: true, spiI: l.newSPI()}).askInit(payloads)
		l.only(l.receivePlain().Payloads, wire.NotifyNoProposalChosen)
		l.tells(string(explain.IKEWeakGroup), "NegotiateDH2048_AES256", "Set-VpnConnectionIPsecConfiguration", "clients")
		if e, _ := explain.Lookup(explain.IKEWeakGroup); !strings.Contains(e.Action, "-DHGroup Group14") {
			t.Errorf("the explanation says %q", e.Action)
		}
	})
	t.Run("group 2 is taken where it is configured by name", func(t *testing.T) {
		l := configured(t, gatewayFor("windows", settings{connection: `proposals = ["aes256-sha384-sha256-sha1-modp1024"]`}), a)
		l.chosen(l.greeted(windowsOffer(t, "modp1024"), windowsHello()...).suite, wire.TransformKE, wire.KEMODP1024)
	})
	t.Run("group 14 with AES-256, behind proposals with group 2", func(t *testing.T) {
		l := configured(t, gatewayFor("windows", settings{}), a)
		offer := slices.Concat(windowsOffer(t, "modp1024"), windowsOffer(t, "modp2048"))
		for i := range offer {
			offer[i].Number = uint8(i + 1)
		}
		se, payloads := l.openWith(wire.KEMODP2048, offer)
		se.askInit(append(payloads, windowsHello()...))
		se.takeInit()
		l.chosen(se.suite, wire.TransformKE, wire.KEMODP2048)
		l.chosen(se.suite, wire.TransformENCR, wire.EncrAESCBC)
	})
	t.Run("what the exported script sets", func(t *testing.T) {
		l := configured(t, gatewayFor("windows", settings{}), a)
		se := l.greeted(proposals(t, wire.ProtocolIKE, "aes256gcm16-prfsha384-ecp384"), windowsHello()...)
		o := se.offerAnywhere("aes256gcm16")
		_, answer := se.login(windowsIP(), passwordOf("carol"), append(windowsWants(a), o.payloads()...)...)
		l.chosen(o.complete(answer).suite, wire.TransformENCR, wire.EncrAESGCM16)
	})
}

func TestWindowsAuthentication(t *testing.T) {
	a := newAuthority(t)
	t.Run("certificate of the machine, without RFC 7427 and IDr", func(t *testing.T) {
		l := configured(t, gatewayFor("windows", settings{remote: `ca = "ca.pem"`}), a)
		se := l.greeted(windowsOffer(t, "modp2048"), windowsHello()...)
		o := se.offerAnywhere(windowsESP)
		cert := a.machine(t)
		proof := se.signedProof(a, cert, auth.Identity{Type: wire.IDDERASN1DN, Data: string(cert.RawSubject)}, wire.AuthRSASignature, suite.SchemeRSASHA1)
		answer := se.askInFragments(65000, 1, slices.Concat(proof, windowsWants(a), o.payloads())...)
		se.verifyCert(a, a.gateway(t), auth.Identity{Type: wire.IDFQDN, Data: "gw.example.org"}, answer, wire.PayloadIDr)
		o.complete(answer).carried(addressesTS(wire.PayloadTSi, leasedIPv4(), leasedIPv6()),
			selectors(wire.PayloadTSr, prefixTS("10.1.0.0/16"), prefixTS("fd01::/48")))
	})
	t.Run("password: the user counts and not the address", func(t *testing.T) {
		l := configured(t, gatewayFor("windows", settings{}), a)
		se := l.greeted(windowsOffer(t, "modp2048"), windowsHello()...)
		o := se.offerAnywhere(windowsESP)
		g, answer := se.login(windowsIP(), passwordOf(`HOST\carol`), append(windowsWants(a), o.payloads()...)...)
		se.verifyCert(a, a.gateway(t), auth.Identity{Type: wire.IDFQDN, Data: "gw.example.org"}, g.first, wire.PayloadIDr)
		o.complete(answer)
		if got := l.admitted[0].EAPIdentity; got != `HOST\carol` && got != "carol" {
			t.Errorf("admitted %q", got)
		}
	})
	t.Run("a Nak towards another method is followed", func(t *testing.T) {
		remote := "eap {\n users = \"staff\"\n methods = [\"gtc\", \"mschapv2\"]\n }"
		l := configured(t, gatewayFor("windows", settings{remote: remote}), a)
		se := l.greeted(windowsOffer(t, "modp2048"), windowsHello()...)
		o := se.offerAnywhere(windowsESP)
		_, answer := se.login(windowsIP(), passwordOf("carol"), append(windowsWants(a), o.payloads()...)...)
		o.complete(answer)
	})
	for name, methods := range map[string]string{"EAP-TLS: the certificate's user counts and not the address": `"tls"`, "a Nak towards EAP-TLS is followed": `"mschapv2", "tls"`} {
		t.Run(name, func(t *testing.T) {
			remote := "eap {\n users = \"staff\"\n methods = [" + methods + "]\n tls {\n ca = \"ca.pem\"\n }\n }"
			l := configured(t, gatewayFor("windows", settings{remote: remote}), a)
			se := l.greeted(windowsOffer(t, "modp2048"), windowsHello()...)
			o := se.offerAnywhere(windowsESP)
			g, answer := se.login(windowsIP(), a.smartCard(t), append(windowsWants(a), o.payloads()...)...)
			se.verifyCert(a, a.gateway(t), fqdn("gw.example.org"), g.first, wire.PayloadIDr)
			o.complete(answer)
			if got := l.admitted[0].EAPIdentity; got != "carol" {
				t.Errorf("admitted %q", got)
			}
		})
	}
	t.Run("MOBIKE_SUPPORTED does no harm", func(t *testing.T) {
		se, _ := onWindows(t, a, settings{})
		se.alive()
	})
}

func TestWindowsConfiguration(t *testing.T) {
	a := newAuthority(t)
	t.Run("private attributes are left out of the answer", func(t *testing.T) {
		l := configured(t, gatewayFor("windows", settings{}), a)
		se := l.greeted(windowsOffer(t, "modp2048"), windowsHello()...)
		o := se.offerAnywhere(windowsESP)
		_, answer := se.login(windowsIP(), passwordOf("carol"), append(windowsWants(a), o.payloads()...)...)
		var got []wire.AttributeType
		for _, attribute := range find[*wire.Configuration](l, answer).Attributes {
			got = append(got, attribute.Type)
		}
		want := []wire.AttributeType{wire.AttrInternalIP4Address, wire.AttrInternalIP6Address, wire.AttrInternalIP4DNS, wire.AttrInternalIP6DNS}
		if !slices.Equal(got, want) {
			t.Errorf("attributes %v, want %v", got, want)
		}
	})
	t.Run("selectors have room for DHCPINFORM", func(t *testing.T) {
		_, c := onWindows(t, a, settings{child: `local = ["10.1.0.0/16", "255.255.255.255/32"]`})
		c.sameTS(c.tsr, selectors(wire.PayloadTSr, prefixTS("10.1.0.0/16"), prefixTS("255.255.255.255/32")))
	})
	t.Run("fragments, both ways", func(t *testing.T) {
		l := configured(t, gatewayFor("windows", settings{remote: `ca = "ca.pem"`, connection: "fragment_size = 600"}), a)
		se := l.greeted(windowsOffer(t, "modp2048"), windowsHello()...)
		o := se.offerAnywhere(windowsESP)
		cert := a.machine(t)
		proof := se.signedProof(a, cert, auth.Identity{Type: wire.IDDERASN1DN, Data: string(cert.RawSubject)}, wire.AuthRSASignature, suite.SchemeRSASHA1)
		o.complete(se.askInFragments(600, 2, slices.Concat(proof, windowsWants(a), o.payloads())...))
	})
}

func TestWindowsRekeying(t *testing.T) {
	a := newAuthority(t)
	t.Run("children are left to the client", func(t *testing.T) {
		se, _ := onWindows(t, a, settings{connection: `rekey_time = "0s"`})
		se.leavesAlone(100 * time.Hour)
		se.installed(1)
	})
	t.Run("the client asks for everything again and has no KE", func(t *testing.T) {
		se, c := onWindows(t, a, settings{})
		o := c.offerRekey(windowsESP)
		o.tsi, o.tsr = anywhere(wire.PayloadTSi), anywhere(wire.PayloadTSr)
		answer := se.ask(wire.ExchangeCreateChildSA, o.payloads()...)
		if _, ok := wire.Find[*wire.KE](answer); ok {
			t.Error("the answer has a KE")
		}
		next := o.complete(answer)
		next.carried(c.tsi, c.tsr)
		se.deletes(se.ask(wire.ExchangeInformational, c.delete()), c)
		se.leavesAlone(time.Minute)
		se.installed(1)
	})
	t.Run("ours, where configured, has no KE", func(t *testing.T) {
		se, c := onWindows(t, a, settings{child: "local = [\"10.1.0.0/16\"]\n rekey_time = \"1m\"\n rand_time = \"0s\""})
		se.wait(time.Minute)
		request := se.request(wire.ExchangeCreateChildSA)
		_, ke := wire.Find[*wire.KE](request.Payloads)
		for _, p := range find[*wire.SA](se.lab, request.Payloads).Proposals {
			ke = ke || slices.ContainsFunc(p.Transforms, func(x wire.Transform) bool { return x.Type == wire.TransformKE && x.ID != wire.KENone })
		}
		if ke {
			t.Error("the request offers a key exchange")
		}
		se.sameTS(findTS(se.lab, request.Payloads, wire.PayloadTSr), c.tsi)
	})
	t.Run("its notify 12345 keeps what there is", func(t *testing.T) {
		se, _ := onWindows(t, a, settings{child: "local = [\"10.1.0.0/16\"]\n rekey_time = \"1m\"\n rand_time = \"0s\"\n life_time = \"9h\""})
		se.wait(time.Minute)
		se.answer(se.request(wire.ExchangeCreateChildSA), &wire.Notify{NotifyType: wire.NotifyMicrosoftStatus, Data: []byte{0, 0, 0x36, 0x01}})
		se.tells(string(explain.IKEPeerRekeys), "00003601", `peer_type = "windows"`)
		se.leavesAlone(3 * time.Hour)
		se.installed(1)
		se.alive()
	})
	t.Run("of the IKE SA by us begins with what is in use", func(t *testing.T) {
		se, _ := onWindows(t, a, settings{})
		se.command(se, ike.RekeyIKE{})
		request := se.request(wire.ExchangeCreateChildSA)
		first := find[*wire.SA](se.lab, request.Payloads).Proposals[0]
		if !slices.Equal(first.Transforms, se.suite.Proposal.Transforms) || find[*wire.KE](se.lab, request.Payloads).Method != wire.KEMODP2048 {
			t.Errorf("the first proposal is %s", suite.FormatProposal(first))
		}
		answer, next := se.acceptRekey(request, "aes256-sha384-sha256-sha1-modp2048")
		se.answer(request, answer...)
		se.closes()
		next.alive()
	})
}
