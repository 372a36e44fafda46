package nl

import "net/netip"

// StateFlags change how a state works.
type StateFlags uint8

// The flags of states.
const (
	NoECN      StateFlags = 1   // inbound: the outer congestion mark does not go to the inner header; outbound: likewise
	DecapDSCP  StateFlags = 2   // inbound: the outer DSCP goes to the inner header
	ClearDF    StateFlags = 4   // outbound: packets may be fragmented on their way
	ICMP       StateFlags = 16  // ICMP errors are judged by the packet that they quote
	AnyFamily  StateFlags = 32  // what is inside may be of both families
	ESN        StateFlags = 128 // extended sequence numbers (RFC 4303, Section 2.2.1)
	stateFixed            = 224 // octets of a state before its attributes
)

// DontEncapDSCP is the extra flag that keeps the inner DSCP out of the outer header.
const DontEncapDSCP = 1

// Direction is that of a state, which Linux knows from 6.10 on. 0 is not told.
type Direction uint8

// The directions.
const (
	DirectionIn  Direction = 1
	DirectionOut Direction = 2
)

// A Mark is a value and the bits of it that count.
type Mark struct{ Value, Mask uint32 }

// A StateID names a state: no two have the same destination, SPI and mark.
type StateID struct {
	Destination netip.Addr
	SPI         uint32
	Mark        Mark
}

// A State is an SA, one direction. What has a zero value is left out.
type State struct {
	StateID
	Source    netip.Addr
	Selector  Selector // of the packets that it may carry, beside what policies say
	Limits    Limits
	Usage     Usage
	Failures  Failures
	ReqID     uint32
	Mode      Mode
	Window    uint8 // of up to 32 packets; larger ones are in Replay
	Flags     StateFlags
	Extra     uint32
	Acquire   uint32 // sequence number of the acquire that asked for it
	Crypt     Algorithm
	Auth      Algorithm
	AEAD      Algorithm
	Encap     Encap
	SetMark   Mark // on what leaves the state
	IfID      uint32
	Offload   Offload
	Replay    *Replay
	TFC       uint32
	CPU       *uint32
	Direction Direction
	IPTFS     *IPTFS
	Label     string
	LastUsed  uint64 // Unix seconds

	Events *Events
	// MappingEvery is the least number of seconds between two events about a peer's new address; 0 is none.
	MappingEvery uint32
}

// Failures count what an inbound state refused.
type Failures struct{ Window, Replay, Integrity uint32 }

// Events say when the kernel tells about a state's counters: when sequence numbers went on by Packets, and after Tenths
// seconds; 0 is never. Without them the kernel has values of its own.
type Events struct{ Packets, Tenths uint32 }

// EncapType is what ESP is encapsulated in.
type EncapType uint16

// The encapsulations.
const (
	EncapUDP EncapType = 2 // RFC 3948
	EncapTCP EncapType = 7 // RFC 9329
)

// Encap is the encapsulation of a state. Ports are those of the outer header.
type Encap struct {
	Type                        EncapType
	SourcePort, DestinationPort uint16
	Original                    netip.Addr // of the source, before NAT
}

// An Offload asks a device for help.
type Offload struct {
	Interface int
	Flags     uint8
}

// Flags of an offload. Without OffloadPacket the device does the cryptography alone.
const (
	OffloadInbound = 2
	OffloadPacket  = 4
)

// IPTFS are the parameters of aggregation and fragmentation (RFC 9347) as the kernel has them; times are microseconds.
type IPTFS struct {
	DropTime      uint32 // inbound: how long a missing packet is waited for
	ReorderWindow uint16 // inbound: packets
	DontFragment  bool   // outbound: no inner packet is cut
	InitDelay     uint32 // outbound: how long the first packet waits for others
	MaxQueue      uint32 // outbound: octets that may wait
	PacketSize    uint32 // outbound: of the outer packets; 0 is the path's MTU
}

// Append encodes a state as NewSA and UpdSA have it.
func (s *State) Append(b []byte) []byte {
	w := writer(b)
	s.append(&w)
	s.appendAlgorithms(&w)
	s.appendTraffic(&w)
	s.appendNewer(&w)
	return w
}

func (s *State) append(w *writer) {
	s.Selector.append(w)
	w.addr(s.Destination)
	w.be32(s.SPI)
	w.u8(ProtocolESP, 0, 0, 0)
	w.addr(s.Source)
	s.Limits.append(w)
	s.Usage.append(w)
	for _, v := range []uint32{s.Failures.Window, s.Failures.Replay, s.Failures.Integrity, s.Acquire, s.ReqID} {
		w.u32(v)
	}
	w.u16(family(s.Destination))
	w.u8(uint8(s.Mode), s.Window, uint8(s.Flags))
	w.zero(7)
}

func (s *State) appendAlgorithms(w *writer) {
	w.algorithm(algCrypt, &s.Crypt, false)
	w.algorithm(algAuthTrunc, &s.Auth, true)
	w.algorithm(algAEAD, &s.AEAD, true)
	w.replay(s.Replay)
	w.events(s.Events)
}

func (w *writer) events(e *Events) {
	if e != nil {
		w.attr32(replayThreshold, e.Packets)
		w.attr32(timerThreshold, e.Tenths)
	}
}

func (s *State) appendTraffic(w *writer) {
	if s.Encap != (Encap{}) {
		w.attr(encapsulation, s.Encap.append)
	}
	w.mark(s.Mark)
	w.optional32(tfcPad, s.TFC)
	w.optional32(extraFlags, s.Extra)
	if s.SetMark != (Mark{}) {
		w.attr32(setMark, s.SetMark.Value)
		w.attr32(setMarkMask, s.SetMark.Mask)
	}
	w.optional32(interfaceID, s.IfID)
	w.optional32(mappingThreshold, s.MappingEvery)
	w.label(s.Label)
	w.offload(s.Offload)
}

func (s *State) appendNewer(w *writer) {
	if s.Direction != 0 {
		w.attr(saDirection, func(w *writer) { w.u8(uint8(s.Direction)) })
	}
	if s.CPU != nil {
		w.attr32(saCPU, *s.CPU)
	}
	if s.IPTFS != nil {
		s.IPTFS.append(w, s.Direction)
	}
	if s.LastUsed != 0 {
		w.attr(lastUsed, func(w *writer) { w.u64(s.LastUsed) })
	}
}

func (w *writer) mark(m Mark) {
	if m != (Mark{}) {
		w.attr(markAttribute, func(w *writer) { w.u32(m.Value); w.u32(m.Mask) })
	}
}

func (w *writer) offload(o Offload) {
	if o != (Offload{}) {
		w.attr(offloadDevice, func(w *writer) { w.u32(uint32(o.Interface)); w.u8(o.Flags, 0, 0, 0) })
	}
}

func (e *Encap) append(w *writer) {
	w.u16(uint16(e.Type))
	w.be16(e.SourcePort)
	w.be16(e.DestinationPort)
	w.zero(2)
	w.addr(e.Original)
}

// append leaves out what the kernel knows in the other direction alone, which it refuses.
func (t *IPTFS) append(w *writer, d Direction) {
	if d == DirectionIn {
		w.attr32(iptfsDropTime, t.DropTime)
		w.attr(iptfsReorder, func(w *writer) { w.u16(t.ReorderWindow) })
		return
	}
	if t.DontFragment {
		w.attr(iptfsDontFragment, func(*writer) {})
	}
	w.attr32(iptfsInitDelay, t.InitDelay)
	w.attr32(iptfsMaxQueue, t.MaxQueue)
	w.attr32(iptfsPacketSize, t.PacketSize)
}

// A security label's domain of interpretation and algorithm: that of the security module, SELinux.
const (
	labelDomain    = 1
	labelAlgorithm = 1
	labelHeader    = 8
)

// label appends the security context of a state or policy.
func (w *writer) label(l string) {
	if l == "" {
		return
	}
	text := append([]byte(l), 0)
	w.attr(securityContext, func(w *writer) {
		w.u16(uint16(labelHeader + len(text)))
		w.u16(uint16(securityContext))
		w.u8(labelAlgorithm, labelDomain)
		w.u16(uint16(len(text)))
		w.u8(text...)
	})
}
