package xfrm

import (
	"errors"
	"math"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"culvert/dataplane"
	"culvert/dataplane/xfrm/nl"
	"culvert/esp"
	"culvert/secret"
	"culvert/suite"
	"culvert/wire"
)

func TestInstallKeepsTheContract(t *testing.T) {
	b := newBench(t)
	if err := b.Install(testSA(t, dataplane.Inbound, 0x2000, 1)); !errors.Is(err, dataplane.ErrNotAllocated) {
		t.Errorf("SPI of nobody: %v", err)
	}
	if err := b.Install(testSA(t, dataplane.Outbound, 0x2000, 1)); !errors.Is(err, dataplane.ErrNoPolicy) {
		t.Errorf("outbound SA without policy: %v", err)
	}
	in := b.inbound(t, 1) // before its policy
	if err := b.Install(testSA(t, dataplane.Inbound, in, 1)); !errors.Is(err, dataplane.ErrNotAllocated) {
		t.Errorf("SPI that is in use: %v", err)
	}
	if _, err := b.Query(dataplane.Outbound, 0x2000, 1); !errors.Is(err, dataplane.ErrNoSA) {
		t.Errorf("query: %v", err)
	}
	if err := b.Update(0x2000, 0, path("192.0.2.1:4500", "192.0.2.3:4500")); !errors.Is(err, dataplane.ErrNoSA) {
		t.Errorf("update: %v", err)
	}
	if _, err := b.Remove(dataplane.Outbound, 0x2000, 9); err != nil {
		t.Errorf("removal of what is not there: %v", err)
	}
}

func TestRefusedSALeavesNothing(t *testing.T) {
	for word, refusal := range map[string]error{"has no ESP": unix.EPROTONOSUPPORT, "does not know rfc4106(gcm(aes))": unix.ENOSYS, "another program": unix.EEXIST, "no permission": unix.EPERM} {
		b := newBench(t)
		b.kernel.refuse = func(string) error { return refusal }
		spi, err := b.AllocateSPI(0)
		if err != nil {
			t.Fatal(err)
		}
		sa := testSA(t, dataplane.Inbound, spi, 1)
		sa.EncrKey[0] = 7
		err = b.Install(sa)
		if err == nil || !strings.Contains(err.Error(), word) || !errors.Is(err, refusal) {
			t.Errorf("got %v, want %q", err, word)
		}
		if len(b.known)+len(b.byReqID)+len(b.ins)+len(b.byState) != 0 || sa.EncrKey[0] != 0 {
			t.Errorf("left: %v, key %v", b.known, sa.EncrKey[0])
		}
		b.ReleaseSPI(spi)
		if len(b.spis) != 0 {
			t.Errorf("SPIs left: %v", b.spis)
		}
	}
}

func TestWhatTheKernelLacksIsRefusedByName(t *testing.T) {
	tests := map[string]func(*dataplane.SA){
		`df = "set"`:              func(sa *dataplane.SA) { sa.DF = dataplane.DFSet },
		"without a replay window": func(sa *dataplane.SA) { sa.Transforms.ESN, sa.ReplayWindow = true, 0 },
		"ESP in TCP":              func(sa *dataplane.SA) { sa.Path.Transport = dataplane.TransportTCP },
		"single CPUs":             func(sa *dataplane.SA) { sa.Resource = 1 },
		"AGGFRAG":                 func(sa *dataplane.SA) { sa.AggFrag = &dataplane.AggFrag{} },
		"AES_GCM_16_IIV_128":      func(sa *dataplane.SA) { sa.Transforms.ENCR.ID = wire.EncrAESGCM16IIV },
	}
	for word, change := range tests {
		b := newBench(t)
		sa := testSA(t, dataplane.Inbound, 0, 1)
		change(&sa)
		_, err := b.newState(&sa, 1)
		var unsupported *UnsupportedError
		if !errors.As(err, &unsupported) || !strings.Contains(err.Error(), word) {
			t.Errorf("%s: %v", word, err)
		}
	}
}

func TestAlgorithmsHaveTheKernelsNames(t *testing.T) {
	cbc := suite.ESP{ENCR: wire.Transform{Type: wire.TransformENCR, ID: wire.EncrAESCBC, KeyLength: 256}, INTEG: wire.Transform{Type: wire.TransformINTEG, ID: wire.IntegHMACSHA512_256}}
	var s nl.State
	if err := setAlgorithms(&s, cbc, make(secret.Bytes, 32), make(secret.Bytes, 64)); err != nil || s.Crypt.Name != "cbc(aes)" || s.Auth.Name != "hmac(sha512)" || s.Auth.ICV != 256 {
		t.Errorf("%+v, %v", s, err)
	}
	sha256 := cbc
	sha256.INTEG.ID = wire.IntegHMACSHA256_128
	for icv, e := range map[int]suite.ESP{128: sha256, 96: sha256.AsDraft()} {
		if err := setAlgorithms(&s, e, make(secret.Bytes, 32), make(secret.Bytes, 32)); err != nil || s.Auth.Name != "hmac(sha256)" || s.Auth.ICV != icv {
			t.Errorf("%v: %+v, %v", e, s, err)
		}
	}
	if err := setAlgorithms(&s, cbc, make(secret.Bytes, 16), make(secret.Bytes, 64)); err == nil {
		t.Error("a key of another length is taken")
	}
}

func TestStatesAreFittedToTheirDirection(t *testing.T) {
	b := newBench(t)
	b.features = Features{Direction: true, PerCPU: true, IPTFS: true}
	sa := testSA(t, dataplane.Outbound, 0x1000, 1)
	sa.Transforms.ESN, sa.TFC, sa.Resource = true, -1, 3
	sa.AggFrag = &dataplane.AggFrag{Sending: dataplane.SendAsNeeded, PacketSize: 1400}
	out, err := b.newState(&sa, 1)
	if err != nil || out.Direction != nl.DirectionOut || out.Replay.Window != 0 || out.TFC != 65535 || *out.CPU != 2 || out.Mode != nl.ModeIPTFS || out.MappingEvery != 0 {
		t.Errorf("outbound %+v, %v", out, err)
	}
	sa.Direction, sa.AggFrag, sa.Mode = dataplane.Inbound, nil, esp.Transport
	sa.OriginalRemote = netip.MustParseAddr("10.9.9.9")
	in, err := b.newState(&sa, 1)
	if err != nil || in.Direction != nl.DirectionIn || in.Replay.Window != 1024 || in.Mode != nl.ModeTransport || in.Encap.Original != sa.OriginalRemote || in.Selector != (nl.Selector{}) || in.MappingEvery == 0 {
		t.Errorf("inbound %+v, %v", in, err)
	}
	sa.Transforms.ESN, sa.ReplayWindow = false, 32
	if in, err = b.newState(&sa, 1); err != nil || in.Replay != nil || in.Window != 32 {
		t.Errorf("small window: %+v, %v", in, err)
	}
}

func TestStatesCheckSelectorsThatTheKernelCanExpress(t *testing.T) {
	b := newBench(t)
	sa := testSA(t, dataplane.Inbound, 0x1000, 1)
	s, err := b.newState(&sa, 1)
	if err != nil || s.Selector.Source.String() != "10.2.0.0/16" || s.Selector.Destination.String() != "10.1.0.0/16" || s.Flags&nl.AnyFamily != 0 {
		t.Errorf("one pair: %+v, %v", s, err)
	}
	sa.Local = append(sa.Local, selectors(t, "fd01::/64")...)
	sa.Remote = append(sa.Remote, selectors(t, "fd02::/64")...)
	if s, err = b.newState(&sa, 1); err != nil || s.Selector != (nl.Selector{}) || s.Flags&nl.AnyFamily == 0 {
		t.Errorf("two families: %+v, %v", s, err)
	}
}

func TestMovedSAGoesOnWithoutRepeatingANumber(t *testing.T) {
	b := newBench(t)
	b.setPolicy(t, protect(t, 1, "10.1.0.0/16", "10.2.0.0/16"))
	in := b.inbound(t, 1)
	b.outbound(t, 0x1000, 1)
	old := b.known[1].outs[0].state.StateID
	b.kernel.states[old].Replay.Out = 77
	b.kernel.states[old].Usage = nl.Usage{Bytes: 1000, Packets: 77}
	b.kernel.steps = nil
	if err := b.Update(in, 0x1000, path("192.0.2.1:4500", "192.0.2.9:4500")); err != nil {
		t.Fatal(err)
	}
	now := b.known[1].outs[0].state.StateID
	state := b.kernel.states[now]
	if now.Destination != netip.MustParseAddr("192.0.2.9") || state.Replay.Out != 77+sequenceLeap || state.Usage.Packets != 77 || b.kernel.states[old] != nil {
		t.Errorf("moved: %+v", state)
	}
	if p := b.kernel.out(t); p.Templates[0].Destination != now.Destination {
		t.Errorf("the policy leads to %v", p.Templates[0].Destination)
	}
	// The new state is there before the policy leads to it, and the old one goes last.
	if want := []string{"update state", "add state", "set policy", "delete state"}; !slices.Equal(b.kernel.steps, want) {
		t.Errorf("steps %q, want %q", b.kernel.steps, want)
	}
}

func TestMoveIntoUDPKeepsTheName(t *testing.T) {
	b := newBench(t)
	in := b.inbound(t, 1)
	raw := path("192.0.2.1:4500", "192.0.2.2:4500")
	raw.Transport = dataplane.TransportRaw
	if err := b.Update(in, 0, raw); err != nil {
		t.Fatal(err)
	}
	s := b.kernel.states[b.ins[in].state.StateID]
	if s == nil || s.Encap != (nl.Encap{}) {
		t.Errorf("got %+v", s)
	}
}

func TestOffloadFallsBackAsAsked(t *testing.T) {
	tests := []struct {
		kind  dataplane.Offload
		fails bool
	}{{dataplane.OffloadAuto, false}, {dataplane.OffloadCrypto, true}, {dataplane.OffloadPacket, true}, {dataplane.OffloadNo, false}}
	for _, tt := range tests {
		b := newBench(t)
		spi, err := b.AllocateSPI(0)
		if err != nil {
			t.Fatal(err)
		}
		sa := testSA(t, dataplane.Inbound, spi, 1)
		sa.Path = path("127.0.0.1:4500", "192.0.2.2:4500") // an address that every host has
		sa.Kernel.Offload = tt.kind
		tries := 0
		b.kernel.refuse = func(step string) error {
			if tries++; tt.kind != dataplane.OffloadNo && (tt.fails || tries < 3) {
				return unix.EOPNOTSUPP
			}
			return nil
		}
		if err := b.Install(sa); (err != nil) != tt.fails {
			t.Errorf("kind %d: %v", tt.kind, err)
		}
	}
}

func TestSequenceNumbersAreReadAndSet(t *testing.T) {
	b := newBench(t)
	in := b.inbound(t, 1)
	if err := b.SetSequence(dataplane.Inbound, in, 0, 500); err != nil {
		t.Fatal(err)
	}
	n, err := b.Sequence(dataplane.Inbound, in, 0)
	words := b.kernel.states[b.ins[in].state.StateID].Replay.Words
	if err != nil || n != 500 || slices.Contains(words, 0) {
		t.Errorf("%d, %v, window %x", n, err, words)
	}
	if _, err := b.Sequence(dataplane.Outbound, in, 1); !errors.Is(err, dataplane.ErrNoSA) {
		t.Errorf("got %v", err)
	}
}

func TestSAWithoutExtendedNumbersDoesNotLeapBeyondTheLast(t *testing.T) {
	b := newBench(t)
	b.setPolicy(t, protect(t, 1, "10.1.0.0/16", "10.2.0.0/16"))
	in := b.inbound(t, 1)
	b.outbound(t, 0x1000, 1)
	b.kernel.states[b.known[1].outs[0].state.StateID].Replay.Out = math.MaxUint32 - 10
	if err := b.Update(in, 0x1000, path("192.0.2.1:4500", "192.0.2.9:4500")); err != nil {
		t.Fatal(err)
	}
	if out := b.kernel.states[b.known[1].outs[0].state.StateID].Replay.Out; out != math.MaxUint32 {
		t.Errorf("it goes on from %#x, of which the kernel takes 32 bits", out)
	}
}
