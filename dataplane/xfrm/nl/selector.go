package nl

import "net/netip"

// A Port matches the ports that agree with Value where Mask has bits. The zero Port matches all.
type Port struct{ Value, Mask uint16 }

// A Selector says to which packets a policy applies. Source and Destination are those of the packet. For ICMP and Mobility
// Headers the source port is the type, the destination port the code. The zero Selector is of no family and matches all.
type Selector struct {
	Source, Destination         netip.Prefix
	SourcePort, DestinationPort Port
	Protocol                    uint8  // 0 is any
	Device                      uint32 // index of the network device that packets arrive or leave through; 0 is any
}

func (s *Selector) append(w *writer) {
	w.addr(s.Destination.Addr())
	w.addr(s.Source.Addr())
	for _, p := range []Port{s.DestinationPort, s.SourcePort} {
		w.be16(p.Value)
		w.be16(p.Mask)
	}
	w.u16(family(s.Destination.Addr()))
	w.u8(uint8(max(0, s.Destination.Bits())), uint8(max(0, s.Source.Bits())), s.Protocol)
	w.zero(3)
	w.u32(s.Device)
	w.zero(4) // user: any
}

// readSelector takes a selector. Prefixes that no address of the family has become invalid.
func readSelector(r *reader) (s Selector) {
	destination, source := r.raw(), r.raw()
	for _, p := range []*Port{&s.DestinationPort, &s.SourcePort} {
		p.Value, p.Mask = r.be16(), r.be16()
	}
	f := r.u16()
	to, from := r.u8(), r.u8()
	s.Protocol = r.u8()
	r.skip(3)
	s.Device = r.u32()
	r.skip(4)
	if f == familyIPv4 || f == familyIPv6 {
		s.Destination = netip.PrefixFrom(place(destination, f), int(to))
		s.Source = netip.PrefixFrom(place(source, f), int(from))
	}
	return s
}
