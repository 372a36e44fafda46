package removal

import (
	"encoding/binary"
	"net/netip"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// Sizes of what stands before the attributes of a message.
const (
	linkHeader   = 16 // struct ifinfomsg
	addrHeader   = 8  // struct ifaddrmsg
	routeHeader  = 12 // struct rtmsg, struct fib_rule_hdr
	filterHeader = 4  // struct nfgenmsg
)

// readRouting reads a message of rtnetlink. What cannot be read is a reason to look at everything.
func readRouting(m netlink.Message) (Event, bool) {
	var e Event
	var ok bool
	switch m.Header.Type {
	case unix.RTM_NEWLINK, unix.RTM_DELLINK:
		e, ok = readLink(m)
	case unix.RTM_NEWADDR, unix.RTM_DELADDR:
		e, ok = readAddress(m)
	case unix.RTM_DELRULE:
		e, ok = readRule(m.Data)
	case unix.RTM_DELROUTE:
		e, ok = readRoute(Route, m.Data)
	case unix.RTM_NEWROUTE:
		e, ok = readRoute(Displaced, m.Data)
	default:
		return Event{}, false
	}
	if !ok {
		e = Event{Kind: Lost}
	}
	return e, true
}

func readLink(m netlink.Message) (Event, bool) {
	if len(m.Data) < linkHeader {
		return Event{}, false
	}
	e := Event{Kind: Link, Link: int(native32(m.Data[4:])), Up: native32(m.Data[8:])&unix.IFF_UP != 0}
	if m.Header.Type == unix.RTM_DELLINK {
		e.Kind = Unlinked
	}
	return e, true
}

func readAddress(m netlink.Message) (Event, bool) {
	if len(m.Data) < addrHeader {
		return Event{}, false
	}
	e := Event{Kind: Arrival, Link: int(native32(m.Data[4:]))}
	if m.Header.Type == unix.RTM_DELADDR {
		e.Kind = Address
	}
	return e, true
}

func readRule(b []byte) (Event, bool) {
	if len(b) < routeHeader {
		return Event{}, false
	}
	e := Event{Kind: Rule, V6: b[0] == unix.AF_INET6}
	d, err := netlink.NewAttributeDecoder(b[routeHeader:])
	if err != nil {
		return Event{}, false
	}
	const priority, table = 6, 15 // FRA_PRIORITY, FRA_TABLE
	for d.Next() {
		switch d.Type() {
		case priority:
			e.Preference = int(d.Uint32())
		case table:
			e.Table = int(d.Uint32())
		}
	}
	return e, d.Err() == nil
}

func readRoute(k Kind, b []byte) (Event, bool) {
	if len(b) < routeHeader {
		return Event{}, false
	}
	e, to := Event{Kind: k, V6: b[0] == unix.AF_INET6}, netip.IPv4Unspecified()
	if e.V6 {
		to = netip.IPv6Unspecified()
	}
	d, err := netlink.NewAttributeDecoder(b[routeHeader:])
	if err != nil {
		return Event{}, false
	}
	for d.Next() {
		switch d.Type() {
		case unix.RTA_TABLE:
			e.Table = int(d.Uint32())
		case unix.RTA_DST:
			to, _ = netip.AddrFromSlice(d.Bytes())
		}
	}
	e.Remote = netip.PrefixFrom(to, int(b[1]))
	return e, d.Err() == nil && e.Remote.IsValid()
}

// readNFTables reads a message of nftables: tables, chains and rules all name their table first.
func readNFTables(m netlink.Message) (Event, bool) {
	if len(m.Data) < filterHeader {
		return Event{Kind: Lost}, true
	}
	d, err := netlink.NewAttributeDecoder(m.Data[filterHeader:])
	if err != nil {
		return Event{Kind: Lost}, true
	}
	const tableName = 1 // NFTA_TABLE_NAME, NFTA_CHAIN_TABLE, NFTA_RULE_TABLE
	e := Event{Kind: Filter}
	for d.Next() {
		if d.Type() == tableName {
			e.Name = d.String()
		}
	}
	return e, e.Name != ""
}

func readXFRM(m netlink.Message) Event {
	if t := m.Header.Type; t == deletePolicy || t == flushedPolicies {
		return Event{Kind: Policy}
	}
	return Event{Kind: State}
}

func native32(b []byte) uint32 { return binary.NativeEndian.Uint32(b) }
