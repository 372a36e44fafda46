package removal

import (
	"encoding/binary"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// A filter lists the messages that are wanted. What others do on a busy host is left in the kernel.
type filter []wanted

// Wanted are messages of a type that pass all tests.
type wanted struct {
	message uint16
	tests   []test
}

// A test asks for octets of a message to have a value below a mask, or to have another one.
type test struct {
	offset, size uint32
	mask, value  uint32
	other        bool
}

// octet is a test of one octet.
func octet(offset uint32, value uint8) test { return test{offset, 1, 0xff, uint32(value), false} }

// Where the header of a message has its type and its flags.
const (
	typeAt  = 4
	flagsAt = 6
)

// ofTypes wants all messages of some types.
func ofTypes(types ...uint16) (f filter) {
	for _, t := range types {
		f = append(f, wanted{message: t})
	}
	return f
}

// assemble makes the program that the kernel runs for each message.
func (f filter) assemble() ([]bpf.RawInstruction, error) {
	const each = 3 // instructions of a test
	var code []bpf.Instruction
	for _, w := range f {
		next := each*len(w.tests) + 1 // instructions to what is wanted next
		code = append(code, bpf.LoadAbsolute{Off: typeAt, Size: 2}, bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: loaded(w.message), SkipTrue: uint8(next)})
		for _, t := range w.tests {
			next -= each
			fails := bpf.JumpNotEqual
			if t.other {
				fails = bpf.JumpEqual
			}
			code = append(code, bpf.LoadAbsolute{Off: t.offset, Size: int(t.size)}, bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: t.mask},
				bpf.JumpIf{Cond: fails, Val: t.value, SkipTrue: uint8(next)})
		}
		code = append(code, bpf.RetConstant{Val: ^uint32(0)})
	}
	return bpf.Assemble(append(code, bpf.RetConstant{}))
}

// loaded is a number in the order of the host as the program loads it.
func loaded(v uint16) uint32 {
	return uint32(binary.BigEndian.Uint16(binary.NativeEndian.AppendUint16(nil, v)))
}

// routingFilter has what is removed from the routing: of routes those with a protocol number, and those of other programs that take the
// place of one in a table with a number above 255, as ours have.
func routingFilter(protocol uint8) filter {
	const tableAt, protocolAt = unix.SizeofNlMsghdr + 4, unix.SizeofNlMsghdr + 5 // in struct rtmsg
	replaced := loaded(unix.NLM_F_REPLACE)
	theirs := octet(protocolAt, protocol)
	theirs.other = true
	return append(ofTypes(unix.RTM_NEWLINK, unix.RTM_DELLINK, unix.RTM_NEWADDR, unix.RTM_DELADDR, unix.RTM_DELRULE),
		wanted{unix.RTM_DELROUTE, []test{octet(protocolAt, protocol)}},
		wanted{unix.RTM_NEWROUTE, []test{{flagsAt, 2, replaced, replaced, false}, octet(tableAt, unix.RT_TABLE_COMPAT), theirs}})
}

// nftablesFilter has all that may take a rule away: the table, its chains, the rule itself.
func nftablesFilter() filter {
	const family = unix.SizeofNlMsghdr // in struct nfgenmsg
	return append(ofTypes(nftables(unix.NFT_MSG_DELTABLE), nftables(unix.NFT_MSG_DELCHAIN)),
		wanted{nftables(unix.NFT_MSG_DELRULE), []test{octet(family, unix.NFPROTO_INET)}})
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
	return ofTypes(deleteState, deletePolicy, flushedStates, flushedPolicies)
}

func nftables(message uint16) uint16 { return unix.NFNL_SUBSYS_NFTABLES<<8 | message }
