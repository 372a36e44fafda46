package capture

import (
	"net/netip"
	"slices"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/ip4defrag"
	"github.com/gopacket/gopacket/ip6defrag"
	"github.com/gopacket/gopacket/layers"
)

// maxPieces is how many fragments of IP are held at a time.
const maxPieces = 16 << 10

// A datagramID tells packets in fragments apart (RFC 791, Section 2.3; RFC 8200, Section 4.5).
type datagramID struct {
	from, to netip.Addr
	protocol layers.IPProtocol // of IPv4
	id       uint32
}

// fragments puts packets of IP together. What never becomes whole stays until there is too much. Another packet with the same
// identification may then be put together wrongly, which IKE and ESP notice.
type fragments struct {
	four *ip4defrag.IPv4Defragmenter
	six  *ip6defrag.IPv6Defragmenter
	open map[datagramID]int // how many pieces there are
	held int                // pieces of all that are open
}

func newFragments() *fragments {
	return &fragments{four: ip4defrag.NewIPv4Defragmenter(), six: ip6defrag.NewIPv6Defragmenter(), open: map[datagramID]int{}}
}

func isFragment(p gopacket.Packet) bool {
	switch ip := p.NetworkLayer().(type) {
	case *layers.IPv4:
		return ip.FragOffset != 0 || ip.Flags&layers.IPv4MoreFragments != 0
	case *layers.IPv6:
		return ip.NextHeader == layers.IPProtocolIPv6Fragment
	}
	return false
}

// join takes a fragment. It returns the packet that is whole with it, and how many pieces that had, or nil.
func (f *fragments) join(p *recorded) (joined *recorded, pieces int) {
	if !p.whole {
		return nil, 0
	}
	if f.held >= maxPieces {
		*f = *newFragments()
	}
	id, layer := f.add(p)
	f.open[id]++
	f.held++
	if layer == nil {
		return nil, 0
	}
	pieces = f.open[id]
	delete(f.open, id)
	f.held -= pieces
	b := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, layer, gopacket.Payload(layer.LayerPayload())); err != nil {
		return nil, 0
	}
	if ip := networkPacket(b.Bytes(), layers.LinkTypeRaw); ip != nil {
		return &recorded{ip: ip, at: p.at, whole: true}, pieces
	}
	return nil, 0
}

// An ipLayer is a packet without its encoding.
type ipLayer interface {
	gopacket.SerializableLayer
	LayerPayload() []byte
}

// add gives a fragment, in memory of its own, to those who put it together. The layer is nil until they have.
func (f *fragments) add(p *recorded) (datagramID, ipLayer) {
	network := p.ip.NetworkLayer()
	own := networkPacket(slices.Concat(network.LayerContents(), network.LayerPayload()), layers.LinkTypeRaw)
	if own == nil { // its version is not that of its frame
		return datagramID{}, nil
	}
	switch ip := own.NetworkLayer().(type) {
	case *layers.IPv4:
		id := datagramID{address(ip.SrcIP), address(ip.DstIP), ip.Protocol, uint32(ip.Id)}
		if whole, err := f.four.DefragIPv4(ip); err == nil && whole != nil {
			return id, whole
		}
		return id, nil
	case *layers.IPv6:
		h, ok := own.Layer(layers.LayerTypeIPv6Fragment).(*layers.IPv6Fragment)
		if !ok {
			return datagramID{}, nil
		}
		id := datagramID{address(ip.SrcIP), address(ip.DstIP), 0, h.Identification}
		if whole := f.six.DefragIPv6(ip, h); whole != nil {
			return id, whole
		}
		return id, nil
	}
	return datagramID{}, nil
}
