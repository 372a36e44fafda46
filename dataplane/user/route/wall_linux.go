package route

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"

	"culvert/spd"
)

// A wall is the guard in nftables: two chains, for packets to the host and packets through it.
type wall struct {
	config Config
	conn   *nftables.Conn
	table  *nftables.Table
	knows  bool           // nftables sees the marks of sockets
	past   uint64         // packets dropped by rules that were replaced
	rules  map[string]int // how many there are, by chain
}

// newWall puts up the wall, in place of one that stands there.
func newWall(c Config) (*wall, error) {
	conn, err := nftables.New(nftables.AsLasting())
	if err != nil {
		return nil, err
	}
	w := &wall{config: c, conn: conn, knows: true, table: &nftables.Table{Name: c.Guard, Family: nftables.TableFamilyINet}}
	err = w.set(nil)
	if errors.Is(err, unix.ENOENT) { // a kernel without nft_socket
		w.knows = false
		err = w.set(nil)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("nftables: %w", err), conn.CloseLasting())
	}
	return w, nil
}

// set replaces all rules in one transaction, so that there is always a wall.
func (w *wall) set(rules []guardRule) error {
	past, _ := w.dropped()   // there may be no rules yet
	w.conn.AddTable(w.table) // deleting what is not there would be an error
	w.conn.DelTable(w.table)
	w.conn.AddTable(w.table)
	w.rules = make(map[string]int, 2)
	for _, hook := range []*nftables.ChainHook{nftables.ChainHookInput, nftables.ChainHookForward} {
		w.chain(hook, rules)
	}
	if err := w.conn.Flush(); err != nil {
		return err
	}
	w.past = past
	return nil
}

// before makes the wall look at packets ahead of other filters.
const before = -10

func (w *wall) chain(hook *nftables.ChainHook, rules []guardRule) {
	name := "forward"
	if hook == nftables.ChainHookInput {
		name = "input"
	}
	c := w.conn.AddChain(&nftables.Chain{
		Name: name, Table: w.table, Type: nftables.ChainTypeFilter, Hooknum: hook, Priority: nftables.ChainPriorityRef(before),
	})
	add := func(exprs ...[]expr.Any) {
		var all []expr.Any
		for _, e := range exprs {
			all = append(all, e...)
		}
		w.rules[name]++
		w.conn.AddRule(&nftables.Rule{Table: w.table, Chain: c, Exprs: all})
	}
	input := name == "input"
	if input { // first, since every packet of a tunnel passes here
		w.admitTunnels(add)
	}
	const loopback = 1 // its index in every namespace
	add(meta(expr.MetaKeyIIF, native32(w.config.Index)), pass())
	add(meta(expr.MetaKeyIIF, native32(loopback)), pass())
	if input {
		w.admitOthers(add)
	}
	for _, g := range rules {
		add(g.inbound(), verdict(g.pass))
		if name == "forward" && !g.pass && !(g.local.AnyPort() && g.remote.AnyPort()) {
			add(g.outboundFragment(w.config.Index), verdict(false))
		}
	}
	add(routedInto(w.config.Index), verdict(false))
}

// admitTunnels lets in what tunnels are made of: IKE and ESP.
func (w *wall) admitTunnels(add func(...[]expr.Any)) {
	for _, port := range slices.Backward(w.config.Ports) {
		add(meta(expr.MetaKeyL4PROTO, []byte{unix.IPPROTO_UDP}), transport(2, big16(port), big16(port)), pass())
	}
	add(meta(expr.MetaKeyL4PROTO, []byte{unix.IPPROTO_ESP}), pass())
}

// admitOthers lets in what else tunnels need: streams that carry them, what the path says about the size of packets (RFC 4301,
// Section 8.2), and neighbour discovery, without which IPv6 finds nobody.
func (w *wall) admitOthers(add func(...[]expr.Any)) {
	if w.knows && w.config.Mark != 0 { // streams that carry IKE and ESP (RFC 9329)
		add(meta(expr.MetaKeyL4PROTO, []byte{unix.IPPROTO_TCP}), marked(w.config.Mark), pass())
	}
	const unreachableTooBig, tooBig, firstDiscovery, lastDiscovery = 3<<8 | 4, 2 << 8, 133 << 8, 137<<8 | 255
	add(meta(expr.MetaKeyL4PROTO, []byte{unix.IPPROTO_ICMP}), transport(0, big16(unreachableTooBig), big16(unreachableTooBig)), pass())
	add(meta(expr.MetaKeyL4PROTO, []byte{unix.IPPROTO_ICMPV6}), transport(0, big16(tooBig), big16(tooBig)), pass())
	add(meta(expr.MetaKeyL4PROTO, []byte{unix.IPPROTO_ICMPV6}), transport(0, big16(firstDiscovery), big16(lastDiscovery)), pass())
}

// inbound matches packets that the peer should have sent protected.
func (g guardRule) inbound() []expr.Any {
	e := g.addresses(g.remote, g.local)
	return append(e, g.upper(g.remote, g.local)...)
}

// upper matches protocol and ports. Of protocols with one field, such as ICMP, the sending side's counts.
func (g guardRule) upper(source, destination spd.Selector) []expr.Any {
	var e []expr.Any
	if g.protocol != 0 {
		e = meta(expr.MetaKeyL4PROTO, []byte{g.protocol})
	}
	switch {
	case g.protocol == unix.IPPROTO_ICMP || g.protocol == unix.IPPROTO_ICMPV6:
		return append(e, field(0, source)...)
	case carriesPorts(g.protocol):
		return append(append(e, field(0, source)...), field(2, destination)...)
	}
	return e
}

// outboundFragment matches fragments on their way past the device. They may belong to packets that the policy protects,
// and no rule of routing can tell: it sees ports in whole packets only (RFC 4301, Section 7). Hosts that track
// connections put fragments together before they look.
func (g guardRule) outboundFragment(index int) []expr.Any {
	e := []expr.Any{
		&expr.Meta{Key: expr.MetaKeyOIF, Register: 1},
		&expr.Cmp{Op: expr.CmpOpNeq, Register: 1, Data: native32(index)},
	}
	e = append(e, g.addresses(g.local, g.remote)...)
	if !g.local.Is4() { // matches if the header is there; what follows it is not looked at
		return append(e, &expr.Exthdr{DestRegister: 1, Type: unix.IPPROTO_FRAGMENT, Offset: 0, Len: 1, Op: expr.ExthdrOpIpv6})
	}
	const offset, moreAndOffset = 6, 0x3fff
	e = append(e,
		&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseNetworkHeader, Offset: offset, Len: 2},
		&expr.Bitwise{SourceRegister: 1, DestRegister: 1, Len: 2, Mask: big16(moreAndOffset), Xor: big16(0)},
		&expr.Cmp{Op: expr.CmpOpNeq, Register: 1, Data: big16(0)})
	if g.protocol != 0 {
		e = append(e, meta(expr.MetaKeyL4PROTO, []byte{g.protocol})...)
	}
	return e
}

func (g guardRule) addresses(source, destination spd.Selector) []expr.Any {
	family, at := byte(unix.NFPROTO_IPV4), [2]uint32{12, 16}
	if !g.local.Is4() {
		family, at = unix.NFPROTO_IPV6, [2]uint32{8, 24}
	}
	e := meta(expr.MetaKeyNFPROTO, []byte{family})
	for i, s := range []spd.Selector{source, destination} {
		e = append(e, between(expr.PayloadBaseNetworkHeader, at[i], s.Start.AsSlice(), s.End.AsSlice())...)
	}
	return e
}

// field matches the ports of a selector, or an ICMP type and code, which stand in the first octets.
func field(offset uint32, s spd.Selector) []expr.Any {
	if s.AnyPort() || s.IsOpaque() {
		return nil
	}
	return transport(offset, big16(s.StartPort), big16(s.EndPort))
}

func transport(offset uint32, from, to []byte) []expr.Any {
	return between(expr.PayloadBaseTransportHeader, offset, from, to)
}

// between matches octets of the packet in a range.
func between(base expr.PayloadBase, offset uint32, from, to []byte) []expr.Any {
	return []expr.Any{
		&expr.Payload{DestRegister: 1, Base: base, Offset: offset, Len: uint32(len(from))},
		&expr.Range{Op: expr.CmpOpEq, Register: 1, FromData: from, ToData: to},
	}
}

// routedInto matches packets to whose sender the route leads into the device, on which they did not arrive.
func routedInto(index int) []expr.Any {
	return []expr.Any{
		&expr.Fib{Register: 1, ResultOIF: true, FlagSADDR: true},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: native32(index)},
	}
}

func meta(key expr.MetaKey, value []byte) []expr.Any {
	return []expr.Any{&expr.Meta{Key: key, Register: 1}, &expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: value}}
}

// marked matches packets for sockets that bear a mark.
func marked(mark uint32) []expr.Any {
	return []expr.Any{
		&expr.Socket{Key: expr.SocketKeyMark, Register: 1},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: native32(int(mark))},
	}
}

func pass() []expr.Any { return verdict(true) }

// verdict leaves the chain, or counts and drops.
func verdict(pass bool) []expr.Any {
	if pass {
		return []expr.Any{&expr.Verdict{Kind: expr.VerdictReturn}}
	}
	return []expr.Any{&expr.Counter{}, &expr.Verdict{Kind: expr.VerdictDrop}}
}

func native32(v int) []byte { return binary.NativeEndian.AppendUint32(nil, uint32(v)) }
func big16(v uint16) []byte { return binary.BigEndian.AppendUint16(nil, v) }

// dropped sums the counters of all rules, past ones included.
func (w *wall) dropped() (total uint64, err error) {
	total = w.past
	for _, name := range []string{"input", "forward"} {
		rules, err := w.conn.GetRules(w.table, &nftables.Chain{Name: name, Table: w.table})
		if err != nil {
			return w.past, err
		}
		for _, r := range rules {
			for _, e := range r.Exprs {
				if c, ok := e.(*expr.Counter); ok {
					total += c.Packets
				}
			}
		}
	}
	return total, nil
}

// whole tells whether all rules are there.
func (w *wall) whole() bool {
	for name, n := range w.rules {
		rules, err := w.conn.GetRules(w.table, &nftables.Chain{Name: name, Table: w.table})
		if err != nil || len(rules) != n {
			return false
		}
	}
	return true
}

// close tears the wall down.
func (w *wall) close() error {
	w.conn.DelTable(w.table)
	return errors.Join(w.conn.Flush(), w.conn.CloseLasting())
}
