package xfrm

import (
	"errors"
	"net/netip"
	"time"

	"culvert/dataplane"
	"culvert/dataplane/xfrm/nl"
	"culvert/esp"
	"culvert/suite"
)

// sa is what the backend knows about an SA.
type sa struct {
	direction  dataplane.Direction
	policy     dataplane.PolicyID
	path       dataplane.Path
	offload    dataplane.Offload
	state      nl.State // as the kernel was given it, keys included
	transforms suite.ESP
	told       netip.AddrPort
	waiting    bool // for the first packet
	soft       bool // the soft limit was told
	hard       bool // the hard limit was reached: the kernel has it no more
	last       dataplane.Counters
}

// smallWindow is the largest replay window that fits the kernel's old form.
const smallWindow = 32

// mappingEvery is how often the kernel tells of a peer's new address, in seconds.
const mappingEvery = 1

// newState says how the kernel is to do an SA.
func (b *Backend) newState(sa *dataplane.SA, reqID uint32) (*nl.State, error) {
	s := &nl.State{ReqID: reqID, Mode: nl.ModeTunnel, Limits: limitsOf(sa)}
	s.SPI = sa.SPI
	if sa.Mode == esp.Transport {
		s.Mode = nl.ModeTransport
	}
	if err := setAlgorithms(s, sa.Transforms, sa.EncrKey, sa.IntegKey); err != nil {
		return nil, err
	}
	if err := setPath(s, sa.Direction, &sa.Path); err != nil {
		return nil, err
	}
	if err := b.setReplay(s, sa); err != nil {
		return nil, err
	}
	if err := errors.Join(b.setResource(s, sa.Resource), b.setAggFrag(s, sa)); err != nil {
		return nil, err
	}
	return s, b.setTraffic(s, sa)
}

func limitsOf(sa *dataplane.SA) nl.Limits {
	return nl.Limits{
		SoftBytes: limit(sa.SoftBytes), HardBytes: limit(sa.HardBytes), SoftPackets: limit(sa.SoftPackets), HardPackets: limit(sa.HardPackets),
	}
}

func limit(n uint64) uint64 {
	if n == 0 {
		return nl.Unlimited
	}
	return n
}

// setPath gives a state its addresses and what ESP is encapsulated in.
func setPath(s *nl.State, d dataplane.Direction, p *dataplane.Path) error {
	from, to := p.Local, p.Remote
	if d == dataplane.Inbound {
		from, to = to, from
	}
	original := s.Encap.Original
	s.Source, s.Destination, s.Encap = bare(from), bare(to), nl.Encap{}
	switch p.Transport {
	case dataplane.TransportTCP:
		return &UnsupportedError{"ESP in TCP"}
	case dataplane.TransportUDP:
		s.Encap = nl.Encap{Type: nl.EncapUDP, SourcePort: from.Port(), DestinationPort: to.Port(), Original: original}
	}
	return nil
}

// bare is an address as the kernel has it: without zone.
func bare(a netip.AddrPort) netip.Addr { return a.Addr().Unmap().WithZone("") }

// setReplay gives a state its window. The kernel has none of more than nl.MaxWindow packets, which is no reason to refuse.
func (b *Backend) setReplay(s *nl.State, sa *dataplane.SA) error {
	if sa.Transforms.ESN {
		s.Flags |= nl.ESN
	}
	s.Events = &nl.Events{}
	if sa.Direction == dataplane.Outbound {
		if sa.Transforms.ESN {
			s.Replay = nl.NewReplay(b.outWindow())
		}
		return nil
	}
	switch {
	case sa.Transforms.ESN && sa.ReplayWindow == 0:
		return &UnsupportedError{"extended sequence numbers without a replay window"}
	case sa.Transforms.ESN || sa.ReplayWindow > smallWindow:
		s.Replay = nl.NewReplay(sa.ReplayWindow)
	default:
		s.Window = uint8(sa.ReplayWindow)
	}
	if sa.ReplayWindow > 0 {
		s.Events.Packets = 1 // the first packet is told
	}
	return nil
}

// outWindow is the window that the kernel wants of outbound states with ESN: none, if it knows that they are outbound.
func (b *Backend) outWindow() int {
	if b.features.Direction {
		return 0
	}
	return smallWindow
}

// setResource binds a state to a CPU (RFC 9611, Section 3).
func (b *Backend) setResource(s *nl.State, resource int) error {
	if resource == 0 {
		return nil
	}
	if !b.features.PerCPU {
		return &UnsupportedError{"SAs of single CPUs before Linux 6.13"}
	}
	cpu := uint32(resource - 1)
	s.CPU = &cpu
	return nil
}

// setAggFrag makes a state one in AGGFRAG mode (RFC 9347). The kernel sends as needed, and reports nothing.
func (b *Backend) setAggFrag(s *nl.State, sa *dataplane.SA) error {
	a := sa.AggFrag
	switch {
	case sa.Cover > 0:
		return &UnsupportedError{"dummy packets at a rate"}
	case a == nil:
		return nil
	case !b.features.IPTFS:
		return &UnsupportedError{"AGGFRAG mode (IP-TFS) before Linux 6.14"}
	case a.Reports || a.Sending != dataplane.SendAsNeeded:
		return &UnsupportedError{"AGGFRAG mode at a rate of its own"}
	}
	s.Mode = nl.ModeIPTFS
	s.IPTFS = &nl.IPTFS{
		DropTime: uint32(a.LostPacketTimer.Microseconds()), ReorderWindow: uint16(a.WindowSize),
		DontFragment: a.Whole, InitDelay: uint32(a.MaxAggregationTime.Microseconds()), MaxQueue: maxQueue, PacketSize: uint32(a.PacketSize),
	}
	return nil
}

// maxQueue is what may wait to be aggregated, in octets.
const maxQueue = 1 << 20

// setTraffic says to which packets a state applies, and how it treats their headers.
func (b *Backend) setTraffic(s *nl.State, sa *dataplane.SA) error {
	k := &sa.Kernel
	s.Label = k.Label
	if sa.DF == dataplane.DFSet {
		return &UnsupportedError{`df = "set"`}
	}
	if sa.NoECN {
		s.Flags |= nl.NoECN
	}
	if k.ICMP {
		s.Flags |= nl.ICMP
	}
	if sa.Direction == dataplane.Inbound {
		b.setInbound(s, sa)
	} else {
		b.setOutbound(s, sa)
	}
	return setSelector(s, sa)
}

func (b *Backend) setInbound(s *nl.State, sa *dataplane.SA) {
	k := &sa.Kernel
	s.SetMark, s.IfID = markOf(k.SetMarkIn), k.IfIDIn.Number
	if k.MarkInSA {
		s.Mark = markOf(k.MarkIn)
	}
	if sa.CopyDSCP && sa.Mode == esp.Tunnel {
		s.Flags |= nl.DecapDSCP
	}
	if s.Encap != (nl.Encap{}) {
		s.MappingEvery = mappingEvery
		s.Encap.Original = sa.OriginalRemote
	}
	if b.features.Direction {
		s.Direction = nl.DirectionIn
	}
}

func (b *Backend) setOutbound(s *nl.State, sa *dataplane.SA) {
	k := &sa.Kernel
	s.Mark, s.SetMark, s.IfID = markOf(k.MarkOut), markOf(k.SetMarkOut), k.IfIDOut.Number
	if k.SetMarkOut == (dataplane.Mark{}) {
		s.SetMark = nl.Mark{Value: b.config.Mark, Mask: ^uint32(0)} // so that our own routes are not for it
	}
	if !sa.CopyDSCP {
		s.Extra |= nl.DontEncapDSCP
	}
	if sa.DF == dataplane.DFClear && sa.Mode == esp.Tunnel {
		s.Flags |= nl.ClearDF
	}
	if sa.Mode == esp.Tunnel {
		s.TFC = padding(sa.TFC)
	}
	if b.features.Direction {
		s.Direction = nl.DirectionOut
	}
}

func markOf(m dataplane.Mark) nl.Mark { return nl.Mark{Value: m.Value, Mask: m.Mask} }

// padding is the size to which packets are padded; the kernel stops at the path's MTU.
func padding(tfc int) uint32 {
	if tfc < 0 {
		return 1<<16 - 1
	}
	return uint32(tfc)
}

// setSelector binds a state in tunnel mode to the packets of its selectors where one selector of the kernel can express them
// (RFC 4301, Section 5.2). Otherwise policies alone do.
func setSelector(s *nl.State, sa *dataplane.SA) error {
	from, to := sa.Local, sa.Remote
	if sa.Direction == dataplane.Inbound {
		from, to = to, from
	}
	list, err := matches(from, to)
	if err != nil {
		return err
	}
	switch {
	case sa.Mode == esp.Transport:
	case len(list) == 1:
		s.Selector = list[0].Selector
	default:
		s.Flags |= nl.AnyFamily
	}
	return nil
}

// countersOf reads what a state has carried.
func countersOf(d dataplane.Direction, s *nl.State) dataplane.Counters {
	c := dataplane.Counters{Bytes: s.Usage.Bytes, Packets: s.Usage.Packets, LastUse: int64(s.LastUsed) * int64(time.Second)}
	if s.Replay == nil {
		return c
	}
	c.Sequence = s.Replay.In
	if d == dataplane.Outbound {
		c.Sequence = s.Replay.Out
	}
	return c
}
