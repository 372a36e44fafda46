package spd

import (
	"testing"
	"time"
)

func epoch() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }

func parsed(t testing.TB, pkt []byte) (Flow, PacketInfo) {
	t.Helper()
	f, i, err := ParseFlow(pkt)
	if err != nil {
		t.Fatal(err)
	}
	return f, i
}

func TestFragmentsGetThePortsOfTheirPacket(t *testing.T) {
	table := NewFragmentTable(8)
	first, info := parsed(t, fragment4(ipv4Packet(t, 17, 16), 0, true))
	rest, restInfo := parsed(t, fragment4(ipv4Packet(t, 17, 16), 16, false))

	if f, known := table.Resolve(rest, restInfo, epoch()); known || !f.Opaque {
		t.Errorf("before the first fragment: %v, %v", f, known)
	}
	if f, known := table.Resolve(first, info, epoch()); !known || f != first {
		t.Errorf("the first fragment: %v, %v", f, known)
	}
	if f, known := table.Resolve(rest, restInfo, epoch().Add(time.Second)); !known || f != first {
		t.Errorf("after it: %v, %v, want %v", f, known, first)
	}
	if f, known := table.Resolve(rest, restInfo, epoch().Add(fragmentLife)); known || !f.Opaque {
		t.Errorf("a minute later: %v, %v", f, known)
	}
}

func TestFragmentsOfAnotherPacketStayOpaque(t *testing.T) {
	first, info := parsed(t, fragment4(ipv4Packet(t, 17, 16), 0, true))
	rest, restInfo := parsed(t, fragment4(ipv4Packet(t, 17, 16), 16, false))
	tests := []struct {
		name   string
		change func(*Flow, *PacketInfo)
	}{
		{"another ID", func(_ *Flow, i *PacketInfo) { i.ID++ }},
		{"another protocol", func(f *Flow, _ *PacketInfo) { f.Protocol = 6 }},
		{"another source", func(f *Flow, _ *PacketInfo) { f.Source = f.Source.Next() }},
		{"another destination", func(f *Flow, _ *PacketInfo) { f.Destination = f.Destination.Next() }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			table := NewFragmentTable(1)
			table.Resolve(first, info, epoch())
			f, i := rest, restInfo
			tt.change(&f, &i)
			if got, known := table.Resolve(f, i, epoch()); known || !got.Opaque {
				t.Errorf("got %v, %v", got, known)
			}
		})
	}
}

// Who asks what a first fragment is has not let it through yet: what follows it must not pass on its account.
func TestFirstFragmentsThatNobodyLetThroughSpeakForNone(t *testing.T) {
	table := NewFragmentTable(8)
	first, info := parsed(t, fragment4(ipv4Packet(t, 17, 16), 0, true))
	rest, restInfo := parsed(t, fragment4(ipv4Packet(t, 17, 16), 16, false))
	if f := table.Whole(first, info, epoch()); f != first {
		t.Errorf("the first is %v", f)
	}
	if f := table.Whole(rest, restInfo, epoch()); !f.Opaque {
		t.Errorf("it is asked for, and the next is %v", f)
	}
	table.Passed(first, info, epoch())
	if f := table.Whole(rest, restInfo, epoch()); f != first {
		t.Errorf("it has passed, and the next is %v, want %v", f, first)
	}
}

func TestPacketsThatNeedNoTable(t *testing.T) {
	table := NewFragmentTable(1)
	tests := []struct {
		name  string
		pkt   []byte
		known bool
	}{
		{"whole", ipv4Packet(t, 17, 16), true},
		{"fragment of a protocol without ports", fragment4(ipv4Packet(t, 47, 16), 16, false), true},
		{"fragment behind an extension header", ipv6Packet(t, 44, fragmentHeader(60, 1400, false, 7), make([]byte, 8)), false},
		{"first fragment that hides its ports", fragment4(ipv4Packet(t, 17, 0), 0, true), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, i := parsed(t, tt.pkt)
			if got, known := table.Resolve(f, i, epoch()); known != tt.known || got != f {
				t.Errorf("got %v, %v", got, known)
			}
		})
	}
}

func TestFragmentFloodPushesOutTheOldest(t *testing.T) {
	table := NewFragmentTable(fragmentWays)
	first, info := parsed(t, fragment4(ipv4Packet(t, 17, 16), 0, true))
	rest, restInfo := parsed(t, fragment4(ipv4Packet(t, 17, 16), 16, false))
	for n := range uint32(fragmentWays + 1) {
		info.ID = n
		table.Resolve(first, info, epoch().Add(time.Duration(n)))
	}
	for n := range uint32(fragmentWays + 1) {
		restInfo.ID = n
		if _, known := table.Resolve(rest, restInfo, epoch().Add(time.Second)); known != (n > 0) {
			t.Errorf("packet %d: known = %v", n, known)
		}
	}
	info.ID = fragmentWays
	table.Resolve(first, info, epoch().Add(time.Second)) // again: must not take a second place
	restInfo.ID = 1
	if _, known := table.Resolve(rest, restInfo, epoch().Add(time.Second)); !known {
		t.Error("a repeated first fragment pushes out another packet")
	}
	if len(NewFragmentTable(1000).sets) != 256 {
		t.Error("a table of 1000 packets has not 256 places of four")
	}
}
