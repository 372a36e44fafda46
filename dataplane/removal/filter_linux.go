package removal

import (
	"encoding/binary"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// A filter says which messages are wanted: those of the types, and those of one more type by an octet of their body. What others
// do on a busy host is left in the kernel.
type filter struct {
	types []uint16
	// typed messages are wanted if they have the value at an offset; no message is of type 0.
	typed  uint16
	offset uint32
	value  uint8
}

// typeAt is where the header of a message has its type.
const typeAt = 4

// assemble makes the program that the kernel runs for each message.
func (f filter) assemble() ([]bpf.RawInstruction, error) {
	code := []bpf.Instruction{bpf.LoadAbsolute{Off: typeAt, Size: 2}}
	for i, t := range f.types {
		left := len(f.types) - 1 - i
		code = append(code, bpf.JumpIf{Cond: bpf.JumpEqual, Val: loaded(t), SkipTrue: uint8(left + 3)})
	}
	code = append(code,
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: loaded(f.typed), SkipTrue: 3},
		bpf.LoadAbsolute{Off: f.offset, Size: 1},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: uint32(f.value), SkipTrue: 1},
		bpf.RetConstant{Val: ^uint32(0)},
		bpf.RetConstant{},
	)
	return bpf.Assemble(code)
}

// loaded is a number in the order of the host as the program loads it.
func loaded(v uint16) uint32 {
	return uint32(binary.BigEndian.Uint16(binary.NativeEndian.AppendUint16(nil, v)))
}

func routingFilter(protocol uint8) filter {
	const protocolAt = unix.SizeofNlMsghdr + 5 // in struct rtmsg
	return filter{
		types: []uint16{unix.RTM_NEWLINK, unix.RTM_DELLINK, unix.RTM_NEWADDR, unix.RTM_DELADDR, unix.RTM_DELRULE},
		typed: unix.RTM_DELROUTE, offset: protocolAt, value: protocol,
	}
}

// nftablesFilter has all that may take a rule away: the table, its chains, the rule itself.
func nftablesFilter() filter {
	const family = unix.SizeofNlMsghdr // in struct nfgenmsg
	return filter{
		types: []uint16{nftables(unix.NFT_MSG_DELTABLE), nftables(unix.NFT_MSG_DELCHAIN)},
		typed: nftables(unix.NFT_MSG_DELRULE), offset: family, value: unix.NFPROTO_INET,
	}
}

// Types of messages of XFRM.
const (
	deleteState     = 0x11 // XFRM_MSG_DELSA
	deletePolicy    = 0x14 // XFRM_MSG_DELPOLICY
	flushedStates   = 0x1c // XFRM_MSG_FLUSHSA
	flushedPolicies = 0x1d // XFRM_MSG_FLUSHPOLICY
)

// xfrmFilter leaves states that come in the kernel, whose messages have keys.
func xfrmFilter() filter {
	return filter{types: []uint16{deleteState, deletePolicy, flushedStates, flushedPolicies}}
}

func nftables(message uint16) uint16 { return unix.NFNL_SUBSYS_NFTABLES<<8 | message }
