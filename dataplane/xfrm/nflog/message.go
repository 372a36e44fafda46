package nflog

import (
	"encoding/binary"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// Subsystems of NETLINK_NETFILTER, in the upper octet of a message's type.
const (
	subsystemLog    = 4 << 8
	subsystemTables = 10 << 8
)

// message makes one of netfilter: behind the family and the version there are two octets of which subsystems make different things.
func message(kind, flags uint16, family uint8, extra uint16, body []byte) netlink.Message {
	head := binary.BigEndian.AppendUint16([]byte{family, unix.NFNETLINK_V0}, extra)
	return netlink.Message{
		Header: netlink.Header{Type: netlink.HeaderType(kind), Flags: netlink.Request | netlink.HeaderFlags(flags)},
		Data:   append(head, body...),
	}
}

// headLength is that of what stands before the attributes.
const headLength = 4

// attributes are those of a message, in the order of the network.
type attributes []byte

// add appends an attribute, padded to four octets.
func (a *attributes) add(kind uint16, value []byte) {
	const header = 4
	*a = binary.NativeEndian.AppendUint16(*a, uint16(header+len(value)))
	*a = binary.NativeEndian.AppendUint16(*a, kind)
	*a = append(*a, value...)
	*a = append(*a, make([]byte, -len(*a)&3)...)
}

func (a *attributes) u16(kind, v uint16) { a.add(kind, binary.BigEndian.AppendUint16(nil, v)) }

func (a *attributes) u32(kind uint16, v uint32) { a.add(kind, binary.BigEndian.AppendUint32(nil, v)) }

func (a *attributes) text(kind uint16, s string) { a.add(kind, append([]byte(s), 0)) }

// nest appends what f writes as one attribute.
func (a *attributes) nest(kind uint16, f func(*attributes)) {
	var inner attributes
	f(&inner)
	a.add(kind|unix.NLA_F_NESTED, inner)
}
