package capture

import (
	"bytes"
	"encoding/binary"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"culvert/internal/heapuse"
	"culvert/keylog"
	"culvert/wire"
)

// message is a message of IKE in UDP, too long for a packet of 1280 octets.
func message() []byte {
	m := wire.Message{Header: wire.Header{InitiatorSPI: 1, Exchange: wire.ExchangeSAInit, Flags: wire.FlagInitiator},
		Payloads: []wire.Payload{&wire.Nonce{Data: bytes.Repeat([]byte{7}, 32)}, &wire.VendorID{Data: bytes.Repeat([]byte{8}, 2900)}}}
	b := m.Append(nil)
	udp := append([]byte{1, 244, 1, 244}, binary.BigEndian.AppendUint16(nil, uint16(8+len(b)))...)
	return append(append(udp, 0, 0), b...)
}

// cut makes fragments of IP of so many octets each.
func cut(t testing.TB, v6 bool, id uint16, payload []byte, size int) (pieces [][]byte) {
	t.Helper()
	for at := 0; at < len(payload); at += size {
		piece := payload[at:min(at+size, len(payload))]
		more := at+size < len(payload)
		b := gopacket.NewSerializeBuffer()
		four := &layers.IPv4{Version: 4, TTL: 9, Id: id, FragOffset: uint16(at / 8), Protocol: layers.IPProtocolUDP, SrcIP: []byte{192, 0, 2, 1}, DstIP: []byte{192, 0, 2, 2}}
		if more {
			four.Flags = layers.IPv4MoreFragments
		}
		list := []gopacket.SerializableLayer{four, gopacket.Payload(piece)}
		if v6 {
			head := []byte{byte(layers.IPProtocolUDP), 0, byte(at >> 8), byte(at), 0, 0, byte(id >> 8), byte(id)}
			if more {
				head[3] |= 1
			}
			six := &layers.IPv6{Version: 6, HopLimit: 9, NextHeader: layers.IPProtocolIPv6Fragment, SrcIP: make([]byte, 16), DstIP: bytes.Repeat([]byte{1}, 16)}
			list = []gopacket.SerializableLayer{six, gopacket.Payload(append(head, piece...))}
		}
		if err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true}, list...); err != nil {
			t.Fatal(err)
		}
		pieces = append(pieces, b.Bytes())
	}
	return pieces
}

func TestPacketsInFragmentsArePutTogether(t *testing.T) {
	for name, v6 := range map[string]bool{"IPv4": false, "IPv6": true} {
		t.Run(name, func(t *testing.T) {
			one, other := cut(t, v6, 1, message(), 1024), cut(t, v6, 2, message(), 1024)
			slices.Reverse(other)
			var seen []*Packet
			order := [][]byte{one[0], other[0], one[1], one[1], other[1], one[2], other[2]} // one of them twice
			totals, err := Decrypt(file(t, nil, order...), keylog.NewRing(), func(p *Packet) error { seen = append(seen, p); return nil })
			if err != nil || totals.IKERead != 2 || totals.Fragments != 0 || len(seen) != 2 {
				t.Fatalf("%+v, %v, %d packets", totals, err, len(seen))
			}
			if !strings.HasPrefix(seen[0].Comment, "IKE_SA_INIT request 0 [ Ni V ]") || !bytes.HasSuffix(seen[0].Data, message()) {
				t.Errorf("%d octets: %s", len(seen[0].Data), seen[0].Comment)
			}
		})
	}
}

// A recording of Zeek's test suite has three times the same request in three fragments each.
func TestForeignFragmentsArePutTogether(t *testing.T) {
	packets, totals := decrypted(t, "ipsec_client.pcap", nil)
	if totals.Fragments != 0 || totals.IKE != 5 || strings.Count(comments(packets, IKE), "IKE_AUTH request 1; there is no key") != 3 {
		t.Errorf("%+v\n%s", totals, comments(packets, IKE))
	}
}

// What lacks a fragment, or has one that the capture has cut, is counted.
func TestFragmentsThatLackOthersAreCounted(t *testing.T) {
	pieces := cut(t, false, 1, message(), 1024)
	short := append(section(), rawLink()...)
	for i, p := range pieces {
		kept := len(p) - i/2
		short = append(short, packetOf(0, uint32(kept), uint32(len(p)), p[:kept]...)...)
	}
	for name, f := range map[string]*bytes.Buffer{"lost": file(t, nil, pieces[0], pieces[1]), "cut": bytes.NewBuffer(short)} {
		if totals, err := reads(f); err != nil || totals.Fragments != totals.Packets || totals.IKE != 0 {
			t.Errorf("%s: %+v, %v", name, totals, err)
		}
	}
}

// First fragments without end cost no more than their bound, and packets become whole all the same.
func TestFragmentsHoldLittle(t *testing.T) {
	f := newFragments()
	before := heapuse.Octets()
	for i := range 10 * maxPieces {
		p := cut(t, true, uint16(i), make([]byte, 32), 16)[0]
		binary.BigEndian.PutUint32(p[44:], uint32(i))
		f.join(&recorded{ip: networkPacket(p, layers.LinkTypeRaw), whole: true})
	}
	if after := heapuse.Octets(); f.held > maxPieces || after > before+64<<20 {
		t.Errorf("%d pieces are held, with %d octets", f.held, after-before)
	}
	runtime.KeepAlive(f)
	for i, p := range cut(t, false, 1, message(), 1024) {
		if whole, n := f.join(&recorded{ip: networkPacket(p, layers.LinkTypeRaw), whole: true}); (whole != nil) != (n == 3) || (n == 3) != (i == 2) {
			t.Errorf("piece %d: %v of %d", i, whole, n)
		}
	}
}

// IKEv1 and AH are counted, and not taken for something else.
func TestWhatIsNotReadIsCounted(t *testing.T) {
	old := message()
	old[8+17] = 0x10
	totals, err := reads(file(t, nil, slices.Concat(cut(t, false, 1, old, 4000), [][]byte{append(inside("x")[:9:9], append([]byte{51}, inside("x")[10:]...)...)})...))
	if err != nil || totals.IKEv1 != 1 || totals.AH != 1 || totals.IKE != 0 {
		t.Errorf("%+v, %v", totals, err)
	}
}

// A packet whose version is not that of its frame is none, in fragments or not.
func TestFragmentsOfAnotherVersionArePassedOver(t *testing.T) {
	piece := cut(t, false, 1, message(), 16)[0]
	for version := range byte(16) {
		piece[0] = version<<4 | 5
		frame := append([]byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0}, piece...)
		p := networkPacket(frame, layers.LinkTypeEthernet)
		if p == nil {
			continue
		}
		if joined, _ := newFragments().join(&recorded{ip: p, whole: true}); joined != nil {
			t.Errorf("version %d is whole", version)
		}
	}
}
