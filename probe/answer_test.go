package probe

import (
	"encoding/hex"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"culvert/dataplane"
	"culvert/wire"
)

func notify(t wire.NotifyType, data ...byte) *wire.Notify {
	return &wire.Notify{NotifyType: t, Data: data}
}

func TestExtensionsAreTold(t *testing.T) {
	cisco, err := hex.DecodeString("434953434f2d44454c4554452d524541534f4e")
	if err != nil {
		t.Fatal(err)
	}
	r := &Report{}
	r.tell(&wire.Message{Payloads: []wire.Payload{
		notify(wire.NotifyIKEv2FragmentationSupported), notify(wire.NotifyIKEv2FragmentationSupported),
		notify(wire.NotifySignatureHashAlgorithms, 0, 2, 0, 5, 7), notify(wire.NotifyNoProposalChosen), notify(40123),
		&wire.VendorID{Data: cisco}, &wire.VendorID{Data: []byte("a gateway")}, &wire.VendorID{Data: []byte{1, 2, 255}},
		&wire.CertReq{Data: make([]byte, 40)},
	}})
	var names []string
	for _, e := range r.Extensions {
		names = append(names, e.Notify)
	}
	if want := []string{"CERTREQ", "IKEV2_FRAGMENTATION_SUPPORTED", "NOTIFY(40123)", "SIGNATURE_HASH_ALGORITHMS"}; !slices.Equal(names, want) {
		t.Errorf("got %q", names)
	}
	if got := strings.Join(r.Hashes, " "); got != "SHA2-256 Identity" {
		t.Errorf("hashes %q", got)
	}
	if got := strings.Join(r.Vendors, "|"); !strings.HasPrefix(got, "Cisco") || !strings.HasSuffix(got, "|a gateway|0102ff") {
		t.Errorf("vendors %q", got)
	}
}

func TestRedirectionIsTold(t *testing.T) {
	for want, data := range map[string]string{
		"192.0.2.9":                           "\x01\x04\xc0\x00\x02\x09nonce",
		"2001:db8::1":                         "\x02\x10\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01",
		"vpn.example.org":                     "\x03\x0fvpn.example.org",
		"a gateway whose name makes no sense": "\x03\x10vpn",
	} {
		if got := gateway([]byte(data)); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if got := refused(&wire.Message{Payloads: []wire.Payload{notify(wire.NotifyRedirect)}}); got != "it sends us to another gateway" {
		t.Errorf("got %q", got)
	}
}

func TestNATIsSeenInHashes(t *testing.T) {
	here, there := netip.MustParseAddrPort("192.0.2.1:40000"), netip.MustParseAddrPort("198.51.100.7:500")
	elsewhere := netip.MustParseAddrPort("203.0.113.1:1024")
	for want, ends := range map[NAT][2]netip.AddrPort{
		{}:                        {there, here},
		{Local: true}:             {there, elsewhere},
		{Peer: true}:              {elsewhere, here},
		{Local: true, Peer: true}: {elsewhere, elsewhere},
	} {
		m := &wire.Message{Header: wire.Header{InitiatorSPI: 7, ResponderSPI: 9}}
		m.Payloads = []wire.Payload{detection(wire.NotifyNATDetectionSourceIP, 7, 9, ends[0]), detection(wire.NotifyNATDetectionDestinationIP, 7, 9, ends[1])}
		r := &Report{}
		if r.nat(m, dataplane.Path{Local: here, Remote: there}); r.NAT == nil || *r.NAT != want {
			t.Errorf("got %+v, want %+v", r.NAT, want)
		}
	}
	r := &Report{}
	if r.nat(&wire.Message{}, dataplane.Path{Local: here, Remote: there}); r.NAT != nil {
		t.Errorf("without hashes: %+v", r.NAT)
	}
}

func TestAnswersAreDescribed(t *testing.T) {
	for want, p := range map[string]wire.Payload{
		"wants ECP_256":              notify(wire.NotifyInvalidKEPayload, 0, 19),
		"answers INVALID_SYNTAX":     notify(wire.NotifyInvalidSyntax),
		"answers IKE_SA_INIT":        notify(wire.NotifyRedirect),
		"answers INVALID_KE_PAYLOAD": notify(wire.NotifyInvalidKEPayload, 1),
	} {
		m := &wire.Message{Header: wire.Header{Exchange: wire.ExchangeSAInit}, Payloads: []wire.Payload{p}}
		if got := describe(m); !strings.Contains(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// Whatever a peer answers is told without harm, and in bounds.
func FuzzAnswer(f *testing.F) {
	m := &wire.Message{Header: wire.Header{InitiatorSPI: 7, Version: 0x20, Exchange: wire.ExchangeSAInit, Flags: wire.FlagResponse}, Payloads: []wire.Payload{
		&wire.SA{Proposals: (&offer{encr: encryption()[:1], prf: pseudorandom()[:1], ke: groups()[:1]}).proposals(false)},
		notify(wire.NotifySignatureHashAlgorithms, 0, 2, 0, 5), notify(wire.NotifyRedirect, 1, 4, 192, 0, 2, 9), notify(wire.NotifyInvalidKEPayload, 0, 19), &wire.VendorID{Data: []byte("x")},
	}}
	f.Add(m.Append(nil))
	path := dataplane.Path{Local: netip.MustParseAddrPort("192.0.2.1:500"), Remote: netip.MustParseAddrPort("192.0.2.2:500")}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := wire.Parse(b)
		if err != nil {
			return
		}
		r := &Report{}
		r.tell(m)
		r.nat(m, path)
		_, _ = describe(m), refused(m)
		if p, ok := chosen(m); ok {
			_ = suiteName(p)
		}
		if len(r.Hashes) > 32*wire.MaxPayloads || len(r.Extensions) > wire.MaxPayloads || len(r.Vendors) > wire.MaxPayloads {
			t.Errorf("%d hashes, %d extensions, %d vendors", len(r.Hashes), len(r.Extensions), len(r.Vendors))
		}
	})
}
