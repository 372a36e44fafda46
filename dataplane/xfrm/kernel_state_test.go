package xfrm

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"

	"culvert/dataplane"
	"culvert/dataplane/xfrm/nl"
	"culvert/esp"
	"culvert/internal/netnstest"
	"culvert/secret"
	"culvert/suite"
	"culvert/wire"
)

// everySuite has each cipher and each integrity algorithm that can be configured and the kernel has, with and without ESN.
func everySuite() (list []suite.ESP) {
	sha256 := wire.Transform{Type: wire.TransformINTEG, ID: wire.IntegHMACSHA256_128}
	for id := range wire.TransformID(64) {
		for _, bits := range []uint16{0, 128, 192, 256} {
			e := suite.ESP{ENCR: wire.Transform{Type: wire.TransformENCR, ID: id, KeyLength: bits}}
			c, known := cipherOf(e.ENCR)
			if c.icv == 0 {
				e.INTEG = sha256
			}
			if encr, _ := e.KeyLengths(); known && (encr > 0 || id == wire.EncrNull && bits == 0) {
				list = append(list, e)
			}
		}
	}
	for id := range wire.TransformID(64) {
		integ := wire.Transform{Type: wire.TransformINTEG, ID: id}
		if integrityOf(integ) != "" && id != sha256.ID {
			list = append(list, suite.ESP{ENCR: wire.Transform{Type: wire.TransformENCR, ID: wire.EncrAESCBC, KeyLength: 128}, INTEG: integ})
		}
	}
	list = append(list, suite.ESP{ENCR: wire.Transform{Type: wire.TransformENCR, ID: wire.EncrAESCBC, KeyLength: 256}, INTEG: sha256}.AsDraft())
	for _, e := range list {
		e.ESN = true
		list = append(list, e)
	}
	return list
}

// keyed gives an SA keys for its transforms.
func keyed(sa *dataplane.SA, e suite.ESP) {
	encr, integ := e.KeyLengths()
	sa.Transforms, sa.EncrKey, sa.IntegKey = e, make(secret.Bytes, encr), make(secret.Bytes, integ)
	for i := range sa.EncrKey {
		sa.EncrKey[i] = byte(i)
	}
	for i := range sa.IntegKey {
		sa.IntegKey[i] = byte(i)
	}
}

// installed puts an inbound and an outbound SA under policy 1, and returns their SPIs.
func (n *node) installed(t *testing.T, change func(*dataplane.SA)) (in, out uint32) {
	t.Helper()
	if err := n.SetPolicy(protect(t, 1, "10.1.0.0/16", "10.2.0.0/16")); err != nil {
		t.Fatal(err)
	}
	in, err := n.AllocateSPI(0)
	if err != nil {
		t.Fatal(err)
	}
	out = 0x1000
	for d, spi := range map[dataplane.Direction]uint32{dataplane.Inbound: in, dataplane.Outbound: out} {
		sa := testSA(t, d, spi, 1)
		if change != nil {
			change(&sa)
		}
		if err := n.Install(sa); err != nil {
			t.Fatalf("%v: %v", sa.Transforms, err)
		}
	}
	return in, out
}

func (n *node) removed(t *testing.T, in, out uint32) {
	t.Helper()
	for d, spi := range map[dataplane.Direction]uint32{dataplane.Inbound: in, dataplane.Outbound: out} {
		if _, err := n.Remove(d, spi, 1); err != nil {
			t.Error(err)
		}
	}
}

// state reads an SA as the kernel has it.
func (n *node) state(t *testing.T, d dataplane.Direction, spi uint32) *nl.State {
	t.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	s := n.find(d, spi, 1)
	if s == nil {
		t.Fatalf("no SA %08x", spi)
	}
	state, err := n.kernel.State(&s.state.StateID)
	if err != nil {
		t.Fatal(err)
	}
	return state
}

func TestKernelKnowsEverySuite(t *testing.T) {
	netnstest.Enter(t)
	needESP(t)
	n := newNode(t, "a")
	for _, e := range everySuite() {
		t.Run(e.String(), func(t *testing.T) {
			mode := map[bool]esp.Mode{true: esp.Transport, false: esp.Tunnel}[e.ESN]
			in, out := n.installed(t, func(sa *dataplane.SA) { keyed(sa, e); sa.Mode = mode })
			if s := n.state(t, dataplane.Inbound, in); e.ESN != (s.Flags&nl.ESN != 0) || s.Replay == nil || s.Replay.Window != 1024 {
				t.Errorf("%v: flags %#x, replay %+v", e, s.Flags, s.Replay)
			}
			n.removed(t, in, out)
		})
	}
}

func TestKernelHasAllOfASA(t *testing.T) {
	netnstest.Enter(t)
	needESP(t)
	n := newNode(t, "a")
	in, out := n.installed(t, func(sa *dataplane.SA) {
		sa.SoftBytes, sa.HardBytes, sa.SoftPackets, sa.HardPackets = 1000, 2000, 10, 20
		sa.TFC, sa.DF, sa.CopyDSCP = 1200, dataplane.DFClear, sa.Direction == dataplane.Inbound
		sa.ReplayWindow = 8192
		sa.Kernel = dataplane.Kernel{MarkIn: dataplane.Mark{Value: 1, Mask: 0xff}, MarkInSA: true, SetMarkIn: dataplane.Mark{Value: 2, Mask: 0xf},
			SetMarkOut: dataplane.Mark{Value: 3, Mask: 0xff}, IfIDIn: dataplane.InterfaceID{Number: 4}, IfIDOut: dataplane.InterfaceID{Number: 5}}
	})
	i, o := n.state(t, dataplane.Inbound, in), n.state(t, dataplane.Outbound, out)
	if i.Mark != (nl.Mark{Value: 1, Mask: 0xff}) || i.SetMark != (nl.Mark{Value: 2, Mask: 0xf}) || i.IfID != 4 || i.Flags&nl.DecapDSCP == 0 || i.Replay.Window != nl.MaxWindow {
		t.Errorf("inbound %+v", i)
	}
	if o.SetMark != (nl.Mark{Value: 3, Mask: 0xff}) || o.IfID != 5 || o.TFC != 1200 || o.Flags&nl.ClearDF == 0 || o.Extra&nl.DontEncapDSCP == 0 {
		t.Errorf("outbound %+v", o)
	}
	want := nl.Limits{SoftBytes: 1000, HardBytes: 2000, SoftPackets: 10, HardPackets: 20}
	if i.Limits != want || i.Encap.SourcePort != 4500 || o.Encap.DestinationPort != 4500 || i.Source != netip.MustParseAddr("192.0.2.2") || o.Source != netip.MustParseAddr("192.0.2.1") {
		t.Errorf("inbound %+v, outbound %+v", i, o)
	}
	if events := n.state(t, dataplane.Outbound, out).Events; events != nil && events.Packets != 0 {
		t.Errorf("the kernel tells of every packet: %+v", events)
	}
}

func TestKernelRemovesItsOwnStatesAlone(t *testing.T) {
	netnstest.Enter(t)
	needESP(t)
	run(t, "ip", "xfrm", "state", "add", "src", "192.0.2.1", "dst", "192.0.2.9", "proto", "esp", "spi", "0x100", "reqid", "1", "mode", "tunnel", "aead", "rfc4106(gcm(aes))", "0x"+strings.Repeat("00", 20), "128")
	other, crashed := newNode(t, "other"), crashedNode(t, "a")
	other.installed(t, nil)
	crashed.installed(t, func(sa *dataplane.SA) {
		sa.Path = path("192.0.2.3:4500", "192.0.2.4:4500")
		sa.Kernel.MarkOut = dataplane.Mark{Value: 1, Mask: 1}
	})
	next := newNode(t, "a")
	if list, err := next.kernel.States(); err != nil || len(list) != 1+2 {
		t.Errorf("%d states, want those of others; %v", len(list), err)
	}
}

func TestKernelInterfacesComeAndGo(t *testing.T) {
	netnstest.Enter(t)
	needESP(t)
	addressed(t, "192.0.2.1/24")
	n := newNode(t, "a")
	p := protect(t, 1, "10.1.0.0/16", "10.2.0.0/16")
	p.Kernel = dataplane.Kernel{IfIDIn: dataplane.InterfaceID{Number: 7}, IfIDOut: dataplane.InterfaceID{Number: 7}, Interface: "cvxfrm0"}
	p.VirtualIPs = []netip.Prefix{netip.MustParsePrefix("10.1.0.5/32")}
	if err := n.SetPolicy(p); err != nil {
		t.Fatal(err)
	}
	if got := run(t, "ip", "route", "get", "10.2.0.1"); !strings.Contains(got, "dev cvxfrm0") || !strings.Contains(got, "src 10.1.0.5") {
		t.Errorf("route: %s", got)
	}
	if err := n.RemovePolicy(1); err != nil {
		t.Fatal(err)
	}
	if _, err := netlink.LinkByName("cvxfrm0"); err == nil {
		t.Error("the interface is left")
	}
}
