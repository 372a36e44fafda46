package ike

import (
	"bytes"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"culvert/auth"
	"culvert/dataplane"
	"culvert/suite"
	"culvert/wire"
)

// startOfTime is when tests begin; nothing in the engine reads a clock.
var startOfTime = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// testRand is a reproducible source of randomness.
func testRand(seed byte) io.Reader { return rand.NewChaCha8([32]byte{seed}) }

// testSPIs allocates ESP SPIs in order.
type testSPIs struct {
	first    uint32 // those above it were allocated
	next     uint32
	released []uint32
}

func (s *testSPIs) AllocateSPI(int) (uint32, error) { s.next++; return s.next, nil }
func (s *testSPIs) ReleaseSPI(spi uint32)           { s.released = append(s.released, spi) }

// testPolicies numbers policies in order.
func testPolicies() func() dataplane.PolicyID {
	next := dataplane.PolicyID(0)
	return func() dataplane.PolicyID { next++; return next }
}

// testEnv returns an Env of its own for one side.
func testEnv(seed byte) *Env {
	r := testRand(seed)
	env := &Env{NewPolicy: testPolicies(), Rand: r, SPIs: &testSPIs{next: uint32(seed) << 16}, Stats: &Stats{}, Trace: true}
	env.NewSPI = func() (wire.SPI, error) {
		var b [8]byte
		io.ReadFull(r, b[:])
		return wire.SPI(binary.BigEndian.Uint64(b[:])) | 1, nil
	}
	env.NewSAID, env.NewChildID = numbers(nil), numbers(nil)
	env.FreeSPI = func(wire.SPI) {}
	return env
}

// testPath is the way from a to b; reverse it for b.
func testPath() dataplane.Path {
	return dataplane.Path{Local: netip.MustParseAddrPort("192.0.2.1:500"), Remote: netip.MustParseAddrPort("192.0.2.2:500")}
}

func reverse(p dataplane.Path) dataplane.Path {
	p.Local, p.Remote = p.Remote, p.Local
	return p
}

func mustProposal(t testing.TB, protocol wire.ProtocolID, s string) wire.Proposal {
	t.Helper()
	p, err := suite.ParseProposal(protocol, s)
	if err != nil {
		t.Fatal(err)
	}
	p.Number = 1
	return p
}

// newEstablishedPair returns two established IKE SAs with matching keys that never went through the initial exchanges;
// a is the original initiator.
func newEstablishedPair(t testing.TB) (a, b *SA) {
	t.Helper()
	proposal := mustProposal(t, wire.ProtocolIKE, "aes128gcm16-prfsha256-x25519")
	sel, err := suite.Select([]wire.Proposal{proposal}, []wire.Proposal{proposal}, suite.SelectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	newSide := func(seed byte, initiator bool, path dataplane.Path) *SA {
		conn := &Connection{Name: "test", Proposals: []wire.Proposal{proposal}}
		sa := &SA{env: testEnv(seed), conn: conn, initiator: initiator, spiI: 0x1111, spiR: 0x2222, state: StateEstablished,
			path: path, now: startOfTime, created: startOfTime, established: startOfTime, lastHeard: startOfTime}
		sa.requests.next, sa.responses.base = 0, 0
		keys, err := suite.DeriveIKEKeys(sel, bytes.Repeat([]byte{7}, 32), bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32), 0x1111, 0x2222)
		if err != nil {
			t.Fatal(err)
		}
		if err := sa.useKeys(sel, keys); err != nil {
			t.Fatal(err)
		}
		return sa
	}
	a, b = newSide(1, true, testPath()), newSide(2, false, reverse(testPath()))
	a.local, a.remote = auth.Identity{Type: wire.IDFQDN, Data: "a"}, auth.Identity{Type: wire.IDFQDN, Data: "b"}
	b.local, b.remote = a.remote, a.local
	return a, b
}

func mustAddrPort(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

// awake returns an SA that has its ciphers, although its shard saw it at rest.
func awake(sa *SA) *SA {
	sa.wake()
	return sa
}
