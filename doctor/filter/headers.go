package filter

import (
	"bytes"
	"encoding/binary"

	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// registers hold what expressions have loaded. One that is missing has a value that is not known.
type registers map[uint32][]byte

func (r registers) load(register uint32, value []byte) {
	if value == nil {
		delete(r, register)
		return
	}
	r[register] = value
}

func (r registers) compare(e *expr.Cmp) match {
	value, known := r[e.Register]
	if !known || len(e.Data) == 0 {
		return maybe
	}
	order := bytes.Compare(value[:min(len(value), len(e.Data))], e.Data)
	switch e.Op {
	case expr.CmpOpEq:
		return matched(order == 0)
	case expr.CmpOpNeq:
		return matched(order != 0)
	case expr.CmpOpLt:
		return matched(order < 0)
	case expr.CmpOpLte:
		return matched(order <= 0)
	case expr.CmpOpGt:
		return matched(order > 0)
	case expr.CmpOpGte:
		return matched(order >= 0)
	}
	return maybe
}

func (r registers) within(e *expr.Range) match {
	value, known := r[e.Register]
	if !known {
		return maybe
	}
	inside := bytes.Compare(value, e.FromData) >= 0 && bytes.Compare(value, e.ToData) <= 0
	return matched(inside).inverted(e.Op == expr.CmpOpNeq)
}

// masked is value & mask ^ xor.
func masked(value, mask, xor []byte) []byte {
	if len(value) == 0 || len(mask) < len(value) || len(xor) < len(value) {
		return nil
	}
	out := make([]byte, len(value))
	for i := range value {
		out[i] = value[i]&mask[i] ^ xor[i]
	}
	return out
}

// Bits of the state of a connection, of nftables and iptables alike.
const (
	stateEstablished = 2
	stateNew         = 8
)

func (h *headers) state() uint32 {
	if h.packet.Established {
		return stateEstablished
	}
	return stateNew
}

// connection is what connection tracking says of a packet.
func (h *headers) connection(key expr.CtKey) []byte {
	if key != expr.CtKeySTATE {
		return nil
	}
	return binary.NativeEndian.AppendUint32(nil, h.state())
}

// headers are those of a packet, as far as they are known.
type headers struct {
	packet             *Packet
	network, transport []int16 // octets; -1 is not known
}

const unknown = -1

func newHeaders(p *Packet) *headers {
	h := &headers{packet: p}
	if p.Destination.Is4() {
		h.network = octets(20)
		h.network[9] = int16(p.Protocol)
		place(h.network[12:], p.Source.AsSlice())
		place(h.network[16:], p.Destination.AsSlice())
	} else {
		h.network = octets(40)
		h.network[6] = int16(p.Protocol)
		place(h.network[8:], p.Source.AsSlice())
		place(h.network[24:], p.Destination.AsSlice())
	}
	if p.Protocol == unix.IPPROTO_UDP || p.Protocol == unix.IPPROTO_TCP {
		h.transport = octets(4)
		place(h.transport, binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, p.SourcePort), p.DestinationPort))
	}
	return h
}

func octets(n int) []int16 {
	list := make([]int16, n)
	for i := range list {
		list[i] = unknown
	}
	return list
}

func place(at []int16, b []byte) {
	for i := range b {
		at[i] = int16(b[i])
	}
}

// payload returns octets of a header, or nil if one of them is not known.
func (h *headers) payload(base expr.PayloadBase, offset, n int) []byte {
	from := h.network
	switch base {
	case expr.PayloadBaseNetworkHeader:
	case expr.PayloadBaseTransportHeader:
		from = h.transport
	default:
		return nil
	}
	if n <= 0 || offset < 0 || offset+n > len(from) {
		return nil
	}
	value := make([]byte, n)
	for i, o := range from[offset : offset+n] {
		if o == unknown {
			return nil
		}
		value[i] = byte(o)
	}
	return value
}

// meta returns what is to be known beside the headers, or nil.
func (h *headers) meta(key expr.MetaKey) []byte {
	six := h.packet.Destination.Is6()
	switch key {
	case expr.MetaKeyL4PROTO:
		return []byte{h.packet.Protocol}
	case expr.MetaKeyNFPROTO:
		if six {
			return []byte{unix.NFPROTO_IPV6}
		}
		return []byte{unix.NFPROTO_IPV4}
	case expr.MetaKeyPROTOCOL:
		if six {
			return binary.BigEndian.AppendUint16(nil, unix.ETH_P_IPV6)
		}
		return binary.BigEndian.AppendUint16(nil, unix.ETH_P_IP)
	case expr.MetaKeyIIFNAME:
		return interfaceName(h.packet.In)
	case expr.MetaKeyOIFNAME:
		return interfaceName(h.packet.Out)
	}
	return nil
}

// interfaceName is a name as registers have it, padded to 16 octets.
func interfaceName(name string) []byte {
	if name == "" || len(name) >= unix.IFNAMSIZ {
		return nil
	}
	return append([]byte(name), make([]byte, unix.IFNAMSIZ-len(name))...)
}
