package cli

import (
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"testing"

	"culvert/doctor/doctortest"
	"culvert/internal/golden"
	"culvert/probe"
	"culvert/wire"
)

func sampleProbe() *probe.Report {
	return &probe.Report{
		Peer: "198.51.100.7", RTT: 0.01234, Cookie: true, Suite: "AES_GCM_16_256/PRF_HMAC_SHA2_384/ECP_384",
		Transports: []probe.Transport{{Name: "UDP 500", Answers: true, Detail: "speaks IKEv2, wants ECP_384", RTT: 0.01234}, {Name: "TCP 4500", Detail: "no answer"}},
		Groups:     []probe.Algorithm{{Name: "ECP_384", Accepted: probe.Yes}, {Name: "MODP_1024", Accepted: probe.Yes, Weak: true}, {Name: "CURVE_25519", Accepted: probe.No}},
		Encryption: []probe.Algorithm{{Name: "AES_GCM_16_256", Accepted: probe.Yes}, {Name: "3DES", Accepted: probe.Unknown, Weak: true}},
		Extensions: []probe.Extension{{Notify: "IKEV2_FRAGMENTATION_SUPPORTED", Meaning: "IKE messages in fragments (RFC 7383)"}},
		Hashes:     []string{"SHA2-256"}, Vendors: []string{"a \x1b[2Jgateway"}, Redirect: "192.0.2.9", NAT: &probe.NAT{Local: true}, MTU: 1400,
		Refusal: "it sends us to another gateway", Limited: true, Untold: []string{"MOBIKE"}, Datagrams: 41, Seconds: 4.5,
	}
}

func TestProbeIsShown(t *testing.T) {
	s := newShell(t)
	(&app{Env: s.env}).showProbe(sampleProbe())
	golden.File(t, "testdata/probe.txt", s.out.String())
}

// refusing is a peer that refuses everything.
func refusing(t *testing.T) string {
	t.Helper()
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	go func() {
		b := make([]byte, 4096)
		for {
			n, from, err := conn.ReadFrom(b)
			if err != nil {
				return
			}
			request, err := wire.Parse(b[len(wire.NonESPMarker):n])
			if err != nil {
				continue
			}
			h := wire.Header{InitiatorSPI: request.InitiatorSPI, Version: 0x20, Exchange: wire.ExchangeSAInit, Flags: wire.FlagResponse}
			m := wire.Message{Header: h, Payloads: []wire.Payload{&wire.Notify{NotifyType: wire.NotifyNoProposalChosen}}}
			_, _ = conn.WriteTo(m.Append([]byte(wire.NonESPMarker)), from)
		}
	}()
	return conn.LocalAddr().String()
}

func TestPeerThatRefusesIsTold(t *testing.T) {
	s := newShell(t)
	s.env.Host = doctortest.New()
	peer := refusing(t)
	s.run(exitConnection, "probe", "--interval", "0s", "--json", peer)
	var r probe.Report
	if err := json.Unmarshal(s.out.Bytes(), &r); err != nil || !r.Transports[0].Answers || !strings.Contains(r.Refusal, "NO_PROPOSAL_CHOSEN") {
		t.Errorf("%v in %s", err, s.out.String())
	}
	s.env.Terminal = true
	s.run(exitConnection, "probe", "--interval", "0s", peer)
	if got := s.err.String(); !strings.Contains(got, "... extensions") || !strings.Contains(got, "IKE-PEER-REFUSED") {
		t.Errorf("got %q", got)
	}
}

func TestProbeMistakes(t *testing.T) {
	s := newShell(t)
	s.env.Host = doctortest.New()
	for want, args := range map[string][]string{
		"takes one host":      {"probe"},
		`"0" is no port`:      {"probe", "vpn.example.net:0"},
		"no host with a port": {"probe", "vpn:1:2"},
		"--limit, --tries":    {"probe", "vpn.example.net", "--limit", "0"},
		`"1x" is no port`:     {"probe", "[2001:db8::1]:1x"},
	} {
		s.run(exitUsage, args...)
		if !strings.Contains(s.err.String(), want) {
			t.Errorf("%q: got %s, want %q", args, s.err.String(), want)
		}
	}
	s.run(exitConnection, "probe", "gone.example.net")
	if !strings.Contains(s.err.String(), "IKE-PEER-UNRESOLVED") {
		t.Errorf("got %s", s.err.String())
	}
}

func TestHostsWithPortsAreRead(t *testing.T) {
	for text, want := range map[string]string{"vpn": "vpn 0", "vpn:4500": "vpn 4500", "::1": "::1 0", "[::1]": "::1 0", "[::1]:500": "::1 500", "192.0.2.1:500": "192.0.2.1 500"} {
		if host, port, err := hostPort(text); err != nil || fmt.Sprint(host, " ", port) != want {
			t.Errorf("%s: got %s %d, %v", text, host, port, err)
		}
	}
}
