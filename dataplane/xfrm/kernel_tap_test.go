package xfrm

import (
	"bytes"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"culvert/dataplane"
	"culvert/esp"
)

// A lens keeps what it sees.
type lens struct {
	mu   sync.Mutex
	seen []dataplane.TappedPacket
}

// Tap is that of dataplane.Tap.
func (l *lens) Tap(p *dataplane.TappedPacket) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen = append(l.seen, *p) // the kernel's packets are nobody else's
}

// take waits for so many packets and returns them.
func (l *lens) take(t *testing.T, count int) []dataplane.TappedPacket {
	t.Helper()
	late := time.After(patience)
	for {
		l.mu.Lock()
		seen := l.seen
		if len(seen) >= count {
			l.seen = nil
			l.mu.Unlock()
			return seen
		}
		l.mu.Unlock()
		select {
		case <-late:
			t.Fatalf("%d packets of %d: %+v", len(seen), count, seen)
		case <-time.After(time.Millisecond):
		}
	}
}

// kindOf is a packet in short: ">inner 1" leaves, and belongs to policy 1.
func kindOf(p *dataplane.TappedPacket) string {
	kind := map[dataplane.Direction]string{dataplane.Inbound: "<", dataplane.Outbound: ">"}[p.Direction]
	kind += map[bool]string{true: "inner", false: "esp"}[p.Inner]
	return kind + map[dataplane.PolicyID]string{0: "", 1: " 1"}[p.Policy]
}

// showing has a node's packets seen.
func (n *node) showing(t *testing.T) *lens {
	t.Helper()
	l := new(lens)
	if err := n.SetTap(l); err != nil {
		t.Fatal(err)
	}
	return l
}

// Both modes, in UDP or not: packets are seen inside and outside, with their SA; and no more once nobody looks.
func TestKernelShowsPackets(t *testing.T) {
	for name, change := range map[string]func(*dataplane.SA){
		"tunnel":    nil,
		"in UDP":    func(sa *dataplane.SA) { sa.Path.Transport = dataplane.TransportUDP },
		"transport": func(sa *dataplane.SA) { sa.Mode = esp.Transport },
	} {
		p := joined(t, change)
		var fd int
		p.at(t, p.farNS, func() { fd = listen(t, "192.0.2.2:4500") })
		if err := errors.Join(Exempt(fd, false), TakeESP(fd)); err != nil {
			t.Fatal(err)
		}
		from, to := "10.1.0.1", "10.2.0.1"
		if name == "transport" {
			p.transport(t)
			from, to = "192.0.2.1", "192.0.2.2"
		}
		p.showsPackets(t, name, from, to)
		unix.Close(fd)
		for _, n := range []*node{p.near, p.far} {
			if err := n.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// transport has the policies of a pair in transport mode: of packets between the ends themselves.
func (p *pair) transport(t *testing.T) {
	t.Helper()
	for n, ends := range map[*node][2]string{p.near: {"192.0.2.1", "192.0.2.2"}, p.far: {"192.0.2.2", "192.0.2.1"}} {
		policy := protect(t, 1, ends[0], ends[1])
		policy.Mode = esp.Transport
		if err := n.SetPolicy(policy); err != nil {
			t.Fatal(err)
		}
	}
}

func (p *pair) showsPackets(t *testing.T, name, from, to string) {
	t.Helper()
	near, far := p.near.showing(t), p.far.showing(t)
	if n := p.sendsBetween(t, from, to, 2); n != 2 {
		t.Fatalf("%s: %d of 2 packets arrived", name, n)
	}
	for l, want := range map[*lens]string{near: ">inner 1, >esp 1, >inner 1, >esp 1", far: "<esp 1, <inner 1, <esp 1, <inner 1"} {
		var kinds []string
		for _, s := range l.take(t, 4) {
			kinds = append(kinds, kindOf(&s))
			if s.SPI != p.out || s.Note != "" || s.Inner != bytes.HasSuffix(s.Data, []byte("hello")) {
				t.Errorf("%s: %+v", name, s)
			}
		}
		if got := strings.Join(kinds, ", "); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
	if err := errors.Join(p.near.SetTap(nil), p.far.SetTap(nil)); err != nil {
		t.Fatal(err)
	}
	p.sendsBetween(t, from, to, 1)
	if seen := near.take(t, 0); len(seen) != 0 {
		t.Errorf("%s: seen by nobody: %+v", name, seen)
	}
	p.at(t, p.nearNS, func() {
		if rules := run(t, "nft", "list", "ruleset"); rules != "" {
			t.Errorf("%s: left behind:\n%s", name, rules)
		}
	})
}

// What the kernel drops is told by its counters: with the packet itself where there is no doubt.
func TestKernelTellsWhyPacketsAreDropped(t *testing.T) {
	p := joined(t, nil)
	far := p.far.showing(t)
	p.sends(t, 3)
	far.take(t, 6)
	if err := p.near.SetSequence(dataplane.Outbound, p.out, 1, 0); err != nil {
		t.Fatal(err)
	}
	p.sends(t, 2) // once more with the same numbers
	for _, s := range far.take(t, 2) {
		if s.Inner || !strings.HasPrefix(s.Note, "dropped: xfrm_in_state_seq_error (An arriving packet was dropped as a replay") {
			t.Errorf("%+v", s)
		}
	}
	if _, err := p.far.Remove(dataplane.Inbound, p.out, 1); err != nil {
		t.Fatal(err)
	}
	p.sends(t, 1)
	if s := far.take(t, 1); s[0].Policy != 0 || !strings.HasPrefix(s[0].Note, "dropped: xfrm_in_no_states") {
		t.Errorf("%+v", s)
	}
}
