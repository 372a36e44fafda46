package spd

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"testing"
)

// foreignPacket is a line of testdata/flows.tsv, whose columns are told there.
type foreignPacket struct {
	name string
	pkt  []byte
	flow Flow
	info PacketInfo
}

func foreignPackets(t testing.TB) []foreignPacket {
	t.Helper()
	text, err := os.ReadFile("testdata/flows.tsv")
	if err != nil {
		t.Fatal(err)
	}
	var all []foreignPacket
	for n, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		if !strings.HasPrefix(line, "#") {
			all = append(all, foreignPacketOf(t, n+1, strings.Split(line, "\t")))
		}
	}
	return all
}

func foreignPacketOf(t testing.TB, line int, column []string) foreignPacket {
	t.Helper()
	number := func(n int) uint64 {
		v, err := strconv.ParseUint(column[n], 0, 32)
		if err != nil {
			t.Fatalf("line %d: %v", line, err)
		}
		return v
	}
	octets, err := hex.DecodeString(column[14])
	if err != nil {
		t.Fatalf("line %d: %v", line, err)
	}
	p := foreignPacket{name: fmt.Sprintf("%s, line %d", column[0], line), pkt: make([]byte, number(6))}
	copy(p.pkt, octets)
	p.flow = Flow{Source: netip.MustParseAddr(column[1]), Destination: netip.MustParseAddr(column[2]), Protocol: uint8(number(3))}
	if p.flow.Opaque = column[12] == "-"; !p.flow.Opaque {
		p.flow.SourcePort, p.flow.DestinationPort = uint16(number(12)), uint16(number(13))
	}
	p.info = PacketInfo{
		Version: 4, HopLimit: uint8(number(4)), TrafficClass: uint8(number(5)), Length: int(number(6)), HeaderLength: int(number(7)),
		DontFragment: number(8) == 1, More: number(9) == 1, FragmentOffset: int(number(10)), ID: uint32(number(11)),
	}
	p.info.Fragment = p.info.More || p.info.FragmentOffset > 0
	return p
}

func TestParseFlowReadsWhatTsharkReads(t *testing.T) {
	fragments := 0
	for _, p := range foreignPackets(t) {
		t.Run(p.name, func(t *testing.T) {
			f, i, err := ParseFlow(p.pkt)
			if err != nil || f != p.flow || i != p.info {
				t.Errorf("got %+v, %+v, %v\nwant %+v, %+v", f, i, err, p.flow, p.info)
			}
		})
		if p.info.Fragment {
			fragments++
		}
	}
	if fragments != 4 {
		t.Errorf("%d fragments in the file, want 4", fragments)
	}
}

// An IKE_AUTH message of a Windows client came in three fragments.
func TestFragmentsOfAWindowsClientGetTheirPorts(t *testing.T) {
	table := NewFragmentTable(4)
	resolved := 0
	for _, p := range foreignPackets(t) {
		f, known := table.Resolve(p.flow, p.info, epoch())
		if p.info.FragmentOffset == 0 {
			continue
		}
		resolved++
		if !known || f.Opaque || f.SourcePort != 4500 || f.DestinationPort != 4500 {
			t.Errorf("%s: %+v, %v", p.name, f, known)
		}
	}
	if resolved != 2 {
		t.Errorf("%d later fragments, want 2", resolved)
	}
}
