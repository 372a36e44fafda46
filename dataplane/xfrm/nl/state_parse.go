package nl

import (
	"bytes"
	"fmt"
)

// ParseState decodes what NewSA, UpdSA and an expiry carry of a state. Of other protocols than ESP it is an error.
func ParseState(b []byte) (*State, error) {
	s := new(State)
	r := reader{b: b}
	protocol := s.read(&r)
	if err := r.err(); err != nil {
		return nil, fmt.Errorf("state: %w", err)
	}
	if protocol != ProtocolESP {
		return nil, fmt.Errorf("state: protocol %d: %w", protocol, ErrMalformed)
	}
	if err := attributes(r.b, s.attribute); err != nil {
		return nil, fmt.Errorf("state: %w", err)
	}
	return s, nil
}

// read takes the fixed part, and returns the protocol.
func (s *State) read(r *reader) (protocol uint8) {
	s.Selector = readSelector(r)
	destination := r.raw()
	s.SPI = r.be32()
	protocol = r.u8()
	r.skip(3)
	source := r.raw()
	s.Limits, s.Usage = readLimits(r), readUsage(r)
	for _, v := range []*uint32{&s.Failures.Window, &s.Failures.Replay, &s.Failures.Integrity, &s.Acquire, &s.ReqID} {
		*v = r.u32()
	}
	addresses := r.u16()
	s.Mode, s.Window, s.Flags = Mode(r.u8()), r.u8(), StateFlags(r.u8())
	r.skip(7)
	s.Destination, s.Source = place(destination, addresses), place(source, addresses)
	return protocol
}

// attribute takes one attribute.
func (s *State) attribute(t attribute, r *reader) {
	switch t {
	case algCrypt:
		s.Crypt = readAlgorithm(r, false)
	case algAuthTrunc:
		s.Auth = readAlgorithm(r, true)
	case algAEAD:
		s.AEAD = readAlgorithm(r, true)
	case replayESN:
		s.Replay = readReplayESN(r)
	case replayValue:
		if s.Replay == nil {
			s.Replay = readReplay(r)
		}
	case replayThreshold:
		s.events().Packets = r.u32()
	case timerThreshold:
		s.events().Tenths = r.u32()
	case encapsulation:
		s.Encap = readEncap(r, family(s.Destination))
	case markAttribute:
		s.Mark = readMark(r)
	case tfcPad:
		s.TFC = r.u32()
	case extraFlags:
		s.Extra = r.u32()
	case setMark:
		s.SetMark.Value = r.u32()
	case setMarkMask:
		s.SetMark.Mask = r.u32()
	case interfaceID:
		s.IfID = r.u32()
	default:
		s.newer(t, r)
	}
}

func (s *State) newer(t attribute, r *reader) {
	switch t {
	case mappingThreshold:
		s.MappingEvery = r.u32()
	case securityContext:
		s.Label = readLabel(r)
	case offloadDevice:
		s.Offload = Offload{int(int32(r.u32())), r.u8()}
	case saDirection:
		s.Direction = Direction(r.u8())
	case saCPU:
		cpu := r.u32()
		s.CPU = &cpu
	case lastUsed:
		s.LastUsed = r.u64()
	default:
		s.iptfsAttribute(t, r)
	}
}

func (s *State) iptfsAttribute(t attribute, r *reader) {
	if t < iptfsDropTime || t > iptfsPacketSize {
		return
	}
	if s.IPTFS == nil {
		s.IPTFS = new(IPTFS)
	}
	switch t {
	case iptfsDropTime:
		s.IPTFS.DropTime = r.u32()
	case iptfsReorder:
		s.IPTFS.ReorderWindow = r.u16()
	case iptfsDontFragment:
		s.IPTFS.DontFragment = true
	case iptfsInitDelay:
		s.IPTFS.InitDelay = r.u32()
	case iptfsMaxQueue:
		s.IPTFS.MaxQueue = r.u32()
	case iptfsPacketSize:
		s.IPTFS.PacketSize = r.u32()
	}
}

func (s *State) events() *Events {
	if s.Events == nil {
		s.Events = new(Events)
	}
	return s.Events
}

func readEncap(r *reader, family uint16) Encap {
	e := Encap{Type: EncapType(r.u16()), SourcePort: r.be16(), DestinationPort: r.be16()}
	r.skip(2)
	if original := place(r.raw(), family); original.IsValid() && !original.IsUnspecified() {
		e.Original = original
	}
	return e
}

func readMark(r *reader) Mark { return Mark{r.u32(), r.u32()} }

func readLabel(r *reader) string {
	r.skip(6)
	text := bytes.Clone(r.take(int(r.u16())))
	return string(bytes.TrimRight(text, "\x00"))
}
