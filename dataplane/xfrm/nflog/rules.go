package nflog

import (
	"fmt"
	"math"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// Registers of nftables, of 16 octets each.
const (
	register     = unix.NFT_REG_1
	keepMark     = unix.NFT_REG_2
	markOfPacket = 3 // NFT_META_MARK
	l4Protocol   = unix.NFT_META_L4PROTO
)

// Keys and directions of the expression xfrm.
const (
	xfrmSPI      = 6 // NFT_XFRM_KEY_SPI
	xfrmInbound  = 0
	xfrmOutbound = 1
)

// Prefixes of what is logged tell the kinds of packets apart.
const (
	sealedPrefix = "esp"
	innerPrefix  = "inner"
)

// A chain is where rules look at packets. They go before everybody else's where packets arrive, and behind them where they leave.
type chain struct {
	name     string
	hook     uint32
	priority int32
	rules    [][]expression
}

// An expression is one step of a rule.
type expression struct {
	name string
	data attributes
}

// expr makes an expression.
func expr(name string, fill func(*attributes)) expression {
	e := expression{name: name}
	fill(&e.data)
	return e
}

// chains are all that is looked at: ESP, ESP in UDP at the given port, and what is inside.
func chains(group, port uint16) []chain {
	return []chain{
		{"arriving", unix.NF_INET_LOCAL_IN, -1000, [][]expression{sealed(group), inUDP(group, port, destinationPort)}},
		{"opened", unix.NF_INET_PRE_ROUTING, -1000, [][]expression{inside(group, xfrmInbound)}},
		{"leaving", unix.NF_INET_POST_ROUTING, math.MaxInt32, [][]expression{inside(group, xfrmOutbound), sealed(group), inUDP(group, port, sourcePort)}},
	}
}

// sealed logs packets of ESP.
func sealed(group uint16) []expression {
	return append(protocol(unix.IPPROTO_ESP), log(group, sealedPrefix))
}

// Offsets in the header of UDP, and of what follows it: an SPI, or the non-ESP marker (RFC 3948, Section 2.2).
const (
	sourcePort      = 0
	destinationPort = 2
	behindHeader    = 8
)

// inUDP logs packets of ESP in UDP whose port at the given offset is ours, and neither IKE nor keepalives: those have no
// fourth octet.
func inUDP(group, port uint16, offset uint32) []expression {
	list := protocol(unix.IPPROTO_UDP)
	list = append(list, transport(offset, 2), compare(unix.NFT_CMP_EQ, []byte{byte(port >> 8), byte(port)}))
	list = append(list, transport(behindHeader, 4), compare(unix.NFT_CMP_NEQ, make([]byte, 4)))
	return append(list, log(group, sealedPrefix))
}

// inside logs packets that belong to an SA, with its SPI in the place of their mark, which they have again behind that. The
// rule ends for packets without an SA where the SPI is asked for.
func inside(group uint16, direction uint8) []expression {
	return []expression{
		expr("meta", func(a *attributes) { a.u32(unix.NFTA_META_KEY, markOfPacket); a.u32(unix.NFTA_META_DREG, keepMark) }),
		expr("xfrm", func(a *attributes) {
			a.u32(1, register) // NFTA_XFRM_DREG
			a.u32(2, xfrmSPI)  // NFTA_XFRM_KEY
			a.add(3, []byte{direction})
		}),
		setMark(register), log(group, innerPrefix), setMark(keepMark),
	}
}

func setMark(from uint32) expression {
	return expr("meta", func(a *attributes) { a.u32(unix.NFTA_META_KEY, markOfPacket); a.u32(unix.NFTA_META_SREG, from) })
}

func protocol(number uint8) []expression {
	return []expression{
		expr("meta", func(a *attributes) { a.u32(unix.NFTA_META_KEY, l4Protocol); a.u32(unix.NFTA_META_DREG, register) }),
		compare(unix.NFT_CMP_EQ, []byte{number}),
	}
}

func compare(operation uint32, value []byte) expression {
	return expr("cmp", func(a *attributes) {
		a.u32(unix.NFTA_CMP_SREG, register)
		a.u32(unix.NFTA_CMP_OP, operation)
		a.nest(unix.NFTA_CMP_DATA, func(a *attributes) { a.add(unix.NFTA_DATA_VALUE, value) })
	})
}

// transport loads octets of the header behind IP.
func transport(offset, length uint32) expression {
	return expr("payload", func(a *attributes) {
		a.u32(unix.NFTA_PAYLOAD_DREG, register)
		a.u32(unix.NFTA_PAYLOAD_BASE, unix.NFT_PAYLOAD_TRANSPORT_HEADER)
		a.u32(unix.NFTA_PAYLOAD_OFFSET, offset)
		a.u32(unix.NFTA_PAYLOAD_LEN, length)
	})
}

func log(group uint16, prefix string) expression {
	return expr("log", func(a *attributes) { a.u16(unix.NFTA_LOG_GROUP, group); a.text(unix.NFTA_LOG_PREFIX, prefix) })
}

// ownedTable is NFT_TABLE_F_OWNER: the table goes with the socket that made it, and nobody else changes it.
const ownedTable = 2

// install is the transaction that makes the table of a group of the log, with all that is in it.
func install(group, port uint16) []netlink.Message {
	table := fmt.Sprintf("culvert-capture-%d", group)
	list := []netlink.Message{batch(unix.NFNL_MSG_BATCH_BEGIN), add(unix.NFT_MSG_NEWTABLE, func(a *attributes) {
		a.text(unix.NFTA_TABLE_NAME, table)
		a.u32(unix.NFTA_TABLE_FLAGS, ownedTable)
	})}
	for _, c := range chains(group, port) {
		list = append(list, c.message(table))
		for _, r := range c.rules {
			list = append(list, ruleMessage(table, c.name, r))
		}
	}
	return append(list, batch(unix.NFNL_MSG_BATCH_END))
}

func batch(kind uint16) netlink.Message {
	return message(kind, 0, unix.AF_UNSPEC, subsystemTables>>8, nil)
}

func add(kind uint16, fill func(*attributes)) netlink.Message {
	var a attributes
	fill(&a)
	return message(subsystemTables|kind, unix.NLM_F_CREATE|unix.NLM_F_APPEND|unix.NLM_F_ACK, unix.NFPROTO_INET, 0, a)
}

func (c *chain) message(table string) netlink.Message {
	return add(unix.NFT_MSG_NEWCHAIN, func(a *attributes) {
		a.text(unix.NFTA_CHAIN_TABLE, table)
		a.text(unix.NFTA_CHAIN_NAME, c.name)
		a.nest(unix.NFTA_CHAIN_HOOK, func(a *attributes) {
			a.u32(unix.NFTA_HOOK_HOOKNUM, c.hook)
			a.u32(unix.NFTA_HOOK_PRIORITY, uint32(c.priority))
		})
		a.text(unix.NFTA_CHAIN_TYPE, "filter")
	})
}

func ruleMessage(table, chain string, rule []expression) netlink.Message {
	return add(unix.NFT_MSG_NEWRULE, func(a *attributes) {
		a.text(unix.NFTA_RULE_TABLE, table)
		a.text(unix.NFTA_RULE_CHAIN, chain)
		a.nest(unix.NFTA_RULE_EXPRESSIONS, func(a *attributes) {
			for _, e := range rule {
				a.nest(unix.NFTA_LIST_ELEM, func(a *attributes) {
					a.text(unix.NFTA_EXPR_NAME, e.name)
					a.add(unix.NFTA_EXPR_DATA|unix.NLA_F_NESTED, e.data)
				})
			}
		})
	})
}
