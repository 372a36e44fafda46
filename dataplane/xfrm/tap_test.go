package xfrm

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"culvert/dataplane"
	"culvert/dataplane/xfrm/nflog"
)

// wrapped is a packet of ESP, in UDP if there is a port.
func wrapped(from, to string, port uint16, spi uint32) []byte {
	esp := append(binary.BigEndian.AppendUint32(nil, spi), 0, 0, 0, 9)
	protocol := byte(50)
	if port != 0 {
		protocol = 17
		esp = append([]byte{byte(port >> 8), byte(port), 0x11, 0x94, 0, byte(8 + len(esp)), 0, 0}, esp...)
	}
	b := []byte{0x45, 0xb8, 0, byte(20 + len(esp)), 0, 0, 0, 0, 64, protocol, 0, 0}
	b = append(append(b, netip.MustParseAddr(from).AsSlice()...), netip.MustParseAddr(to).AsSlice()...)
	return append(b, esp...)
}

// Packets are those of SAs by SPI and, where peers have chosen alike, by address; those of other programs are passed over.
func TestLoggedPacketsFindTheirSA(t *testing.T) {
	b := &Backend{ins: map[uint32]*sa{}, leaving: map[uint32][]*sa{}}
	b.ins[0x1001] = &sa{policy: 7}
	for i, peer := range []string{"192.0.2.2", "192.0.2.3"} {
		s := &sa{policy: dataplane.PolicyID(i + 1)}
		s.state.SPI, s.state.Destination = 0x2002, netip.MustParseAddr(peer)
		b.leaving[0x2002] = append(b.leaving[0x2002], s)
	}
	b.leaving[0x3003] = b.leaving[0x2002][:1]
	const in, out = dataplane.Inbound, dataplane.Outbound
	inner := wrapped("10.1.0.1", "10.2.0.1", 0, 1)
	for _, tt := range []struct {
		name   string
		packet nflog.Packet
		shown  bool
		policy dataplane.PolicyID
	}{
		{"ours arrives", nflog.Packet{Direction: in, Data: wrapped("192.0.2.2", "192.0.2.1", 0, 0x1001)}, true, 7},
		{"ours in UDP", nflog.Packet{Direction: in, Data: wrapped("192.0.2.2", "192.0.2.1", 31000, 0x1001)}, true, 7},
		{"nobody's arrives", nflog.Packet{Direction: in, Data: wrapped("192.0.2.2", "192.0.2.1", 0, 0x999)}, true, 0},
		{"comes out of ours", nflog.Packet{Inner: true, Direction: in, SPI: 0x1001, Data: inner}, true, 7},
		{"comes out of another's", nflog.Packet{Inner: true, Direction: in, SPI: 0x999, Data: inner}, false, 0},
		{"leaves to one", nflog.Packet{Direction: out, Data: wrapped("192.0.2.1", "192.0.2.2", 0, 0x2002)}, true, 1},
		{"leaves to the other", nflog.Packet{Direction: out, Data: wrapped("192.0.2.1", "192.0.2.3", 0, 0x2002)}, true, 2},
		{"leaves to a stranger", nflog.Packet{Direction: out, Data: wrapped("192.0.2.1", "192.0.2.4", 0, 0x2002)}, false, 0},
		{"goes into either", nflog.Packet{Inner: true, Direction: out, SPI: 0x2002, Data: inner}, true, 0},
		{"goes into one", nflog.Packet{Inner: true, Direction: out, SPI: 0x3003, Data: inner}, true, 1},
		{"too short", nflog.Packet{Direction: in, Data: wrapped("192.0.2.2", "192.0.2.1", 0, 0x1001)[:19]}, false, 0},
	} {
		got, ok := b.identify(&tt.packet)
		if ok != tt.shown || got.Policy != tt.policy {
			t.Errorf("%s: shown %v, policy %d", tt.name, ok, got.Policy)
		}
	}
	got, _ := b.identify(&nflog.Packet{Direction: in, Data: wrapped("192.0.2.2", "192.0.2.1", 31000, 0x1001)})
	if got.Path.Remote.String() != "192.0.2.2:31000" || got.Path.Transport != dataplane.TransportUDP || got.TOS != 0xb8 || len(got.Data) != 8 || len(got.Whole) != 36 || got.SPI != 0x1001 {
		t.Errorf("in UDP: %+v", got)
	}
}

// batchOf makes packets of words as <esp:1, the inbound ESP packet of SPI 1.
func batchOf(text string) (list []dataplane.TappedPacket) {
	for word := range strings.FieldsSeq(text) {
		p := dataplane.TappedPacket{Direction: dataplane.Inbound, Inner: strings.Contains(word, "inner"), SPI: uint32(word[len(word)-1] - '0')}
		if word[0] == '>' {
			p.Direction = dataplane.Outbound
		}
		list = append(list, p)
	}
	return list
}

// Counters become the verdict of a packet only where there is no other that it may be of.
func TestCountersBecomeVerdicts(t *testing.T) {
	for _, tt := range []struct {
		name, batch string
		rose        Stat
		dropped     []int // in the batch
		told        string
	}{
		{"all is well", "<esp:1 <inner:1 >inner:2 >esp:2", Stat{}, nil, ""},
		{"a replay", "<esp:1 <inner:1 <esp:1 <esp:1 <inner:1", Stat{"XfrmInStateSeqError": 1}, []int{2}, ""},
		{"the last one", "<esp:1 <inner:1 <esp:1", Stat{"XfrmInNoStates": 1}, []int{2}, ""},
		{"of two SAs", "<esp:1 <esp:3 <inner:1 >esp:3", Stat{"XfrmInStateProtoError": 1}, []int{1}, ""},
		{"more than were seen", "<esp:1 <esp:1 <inner:1", Stat{"XfrmInStateSeqError": 3}, nil, "3 of xfrm_in_state_seq_error"},
		{"for two reasons", "<esp:1 <esp:1", Stat{"XfrmInStateSeqError": 1, "XfrmInNoStates": 1}, nil, "1 of xfrm_in_no_states"},
		{"opened later", "<esp:1 <esp:1", Stat{}, nil, ""},
		{"nothing left", ">inner:1 >esp:1", Stat{"XfrmOutPolBlock": 2}, nil, "2 of xfrm_out_pol_block (A policy discards a packet that was to leave.)"},
		{"both", "<esp:1 >esp:2", Stat{"XfrmInNoStates": 1, "XfrmOutNoStates": 4}, []int{0}, "counted by the kernel up to here: 4 of xfrm_out_no_states"},
	} {
		batch := batchOf(tt.batch)
		judge(batch, tt.rose, true)
		var dropped []int
		for i := range batch {
			if strings.HasPrefix(batch[i].Note, "dropped: xfrm_in_") {
				dropped = append(dropped, i)
			}
		}
		if last := batch[len(batch)-1].Note; !slices.Equal(dropped, tt.dropped) || !strings.Contains(last, tt.told) || tt.told == "" && strings.Contains(last, "counted") {
			t.Errorf("%s: dropped %v, told %q", tt.name, dropped, last)
		}
	}
	batch := batchOf("<esp:1 <inner:1 <esp:1")
	if judge(batch, Stat{"XfrmInStateSeqError": 1}, false); !strings.HasPrefix(batch[2].Note, "counted by the kernel up to here: 1 of ") {
		t.Errorf("the last packet of an incomplete batch: %q", batch[2].Note)
	}
}
