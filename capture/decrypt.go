package capture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net/netip"
	"slices"
	"time"

	"github.com/gopacket/gopacket/layers"

	"culvert/dataplane"
	"culvert/keylog"
	"culvert/wire"
)

// Totals tell what became of the packets of a file.
type Totals struct {
	Packets int `json:"packets"` // of IP
	IKE     int `json:"ike"`     // messages, and of them
	IKERead int `json:"ike_read"`
	ESP     int `json:"esp"` // packets, and of them
	ESPRead int `json:"esp_read"`
	Inner   int `json:"inner"` // IP packets inside
	IKEv1   int `json:"ikev1"` // messages, and
	AH      int `json:"ah"`    // packets, which are not read

	Fragments int    `json:"ip_fragments"`  // of IP whose packet did not become whole
	Cut       string `json:"cut,omitempty"` // that the file ends too early, and where
}

// Decrypt reads a pcap or pcapng file, opens what a ring has keys for, and gives each packet of IKE and ESP with a comment, in the
// order of the file, and behind it what was inside. Packets in fragments of IP come with their last one. Packets that were cut are
// counted and not opened. The error is one of the file with its place, or of each.
func Decrypt(file io.Reader, ring *keylog.Ring, each func(*Packet) error) (Totals, error) {
	d := &decrypter{
		ike:       ikeView{ring, map[*keylog.IKE][2]wire.Protector{}, map[messageID]*wire.Reassembler{}, nil},
		esp:       espView{ring, map[uint32][]*espSA{}, maxGuessed},
		tcp:       map[streamID]*stream{},
		fragments: newFragments(),
		each:      each,
	}
	r, err := openFile(file)
	if err != nil {
		return d.totals, err
	}
	for {
		p, err := r.next()
		if cut := (*CutError)(nil); errors.As(err, &cut) { // a capture that was interrupted ends anywhere
			d.totals.Cut = cut.Error()
		}
		if atEnd(err) {
			return d.totals, nil
		}
		if err != nil {
			return d.totals, err
		}
		d.totals.Packets++
		if err := d.packet(p); err != nil {
			return d.totals, err
		}
	}
}

// A decrypter is the work on one file.
type decrypter struct {
	ike       ikeView
	esp       espView
	tcp       map[streamID]*stream
	fragments *fragments
	each      func(*Packet) error
	totals    Totals
}

// An envelope is what is around a message of IKE or a packet of ESP.
type envelope struct {
	at       time.Time
	ip       []byte // the whole packet
	from, to netip.Addr
	tos      uint8
	whole    bool
}

// packet finds IKE and ESP in a packet of IP, or in the one that its last fragment makes whole.
func (d *decrypter) packet(p *recorded) error {
	if isFragment(p.ip) {
		d.totals.Fragments++
		joined, pieces := d.fragments.join(p)
		if joined == nil {
			return nil
		}
		d.totals.Fragments -= pieces
		p = joined
	}
	e := envelope{at: p.at, whole: p.whole}
	network := p.ip.NetworkLayer()
	e.ip = slices.Concat(network.LayerContents(), network.LayerPayload())
	protocol := layers.IPProtocol(0)
	switch ip := network.(type) {
	case *layers.IPv4:
		e.from, e.to = address(ip.SrcIP), address(ip.DstIP)
		e.tos, protocol = ip.TOS, ip.Protocol
	case *layers.IPv6:
		e.from, e.to = address(ip.SrcIP), address(ip.DstIP)
		e.tos, protocol = ip.TrafficClass, ip.NextHeader
	}
	return d.carried(&e, protocol, network.LayerPayload())
}

// carried finds IKE and ESP in what a packet of IP carries.
func (d *decrypter) carried(e *envelope, protocol layers.IPProtocol, payload []byte) error {
	switch protocol {
	case layers.IPProtocolESP:
		return d.sealed(e, payload)
	case layers.IPProtocolAH:
		d.totals.AH++
	case layers.IPProtocolUDP:
		if len(payload) > 8 {
			const nat = 4500 // where ESP is without being asked (RFC 3948, Section 2)
			ours := binary.BigEndian.Uint16(payload) == nat || binary.BigEndian.Uint16(payload[2:]) == nat
			return d.datagram(e, payload[8:], ours)
		}
	case layers.IPProtocolTCP:
		return d.segment(e, payload)
	}
	return nil
}

func address(b []byte) netip.Addr {
	a, _ := netip.AddrFromSlice(b)
	return a.Unmap()
}

// datagram tells IKE from ESP, and both from anything else (RFC 3948, Section 2). Ports may be any; nat says that it is that of both.
func (d *decrypter) datagram(e *envelope, b []byte, nat bool) error {
	if len(b) < 8 {
		return nil
	}
	for _, m := range [][]byte{b, bytes.TrimPrefix(b, []byte(wire.NonESPMarker))} { // an SPI may look like the marker
		h, _ := wire.ParseHeader(m)
		switch {
		case int(h.Length) != len(m) || h.InitiatorSPI == 0:
		case h.Major() == 2:
			return d.message(e, m)
		case h.Major() == 1:
			d.totals.IKEv1++
			return nil
		}
	}
	spi := binary.BigEndian.Uint32(b)
	if _, ok := d.esp.ring.ESP[spi]; ok || nat && spi != 0 {
		return d.sealed(e, b)
	}
	return nil
}

// message shows a message of IKE.
func (d *decrypter) message(e *envelope, b []byte) error {
	d.totals.IKE++
	comment, sealed, read := d.ike.open(b)
	if read || !sealed && comment != "" {
		d.totals.IKERead++
	}
	return d.give(e, IKE, e.ip, comment)
}

// sealed shows a packet of ESP, and what is inside.
func (d *decrypter) sealed(e *envelope, b []byte) error {
	d.totals.ESP++
	if !e.whole {
		return d.give(e, ESP, e.ip, "ESP, cut by the capture")
	}
	o, comment := d.esp.open(b)
	if o.sa == nil {
		return d.give(e, ESP, e.ip, comment)
	}
	d.totals.ESPRead++
	packets, more := o.inner(e.from, e.to, e.tos, e.at)
	if err := d.give(e, ESP, e.ip, comment+more); err != nil {
		return err
	}
	for _, inner := range packets {
		d.totals.Inner++
		if err := d.give(e, Inner, inner, "out of "+comment); err != nil {
			return err
		}
	}
	return nil
}

func (d *decrypter) give(e *envelope, l Layer, data []byte, comment string) error {
	return d.each(&Packet{Time: e.at, Layer: l, Direction: dataplane.Direction(0), Data: data, Comment: comment})
}
