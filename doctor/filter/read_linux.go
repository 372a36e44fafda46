package filter

import (
	"encoding/binary"
	"fmt"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// Read asks the kernel for the rules of the network namespace of the calling thread. It needs CAP_NET_ADMIN.
func Read() (*Ruleset, error) {
	conn, err := nftables.New(nftables.AsLasting())
	if err != nil {
		return nil, fmt.Errorf("nftables: %w", err)
	}
	defer conn.CloseLasting()
	r := &Ruleset{}
	chains, err := conn.ListChains()
	if err != nil {
		return nil, fmt.Errorf("nftables: %w", err)
	}
	for _, c := range chains {
		if err := r.add(conn, c); err != nil {
			return nil, fmt.Errorf("nftables: rules of %s %s: %w", c.Table.Name, c.Name, err)
		}
	}
	tables, err := conn.ListTables()
	for _, t := range tables {
		r.addSets(conn, t)
	}
	return r, err
}

func (r *Ruleset) add(conn *nftables.Conn, c *nftables.Chain) error {
	chain := Chain{Family: c.Table.Family, Table: c.Table.Name, Name: c.Name, Type: c.Type, Hook: c.Hooknum}
	if c.Priority != nil {
		chain.Priority = int(*c.Priority)
	}
	chain.Drop = c.Policy != nil && *c.Policy == nftables.ChainPolicyDrop
	rules, err := conn.GetRules(c.Table, c)
	for _, rule := range rules {
		chain.Rules = append(chain.Rules, rule.Exprs)
	}
	r.Chains = append(r.Chains, chain)
	return err
}

// addSets reads the sets of a table. One that cannot be read stays opaque.
func (r *Ruleset) addSets(conn *nftables.Conn, t *nftables.Table) {
	sets, err := conn.GetSets(t)
	if err != nil {
		return
	}
	for _, s := range sets {
		elements, err := conn.GetSetElements(s)
		for i := range elements {
			if s.IsMap {
				elements[i].VerdictData = verdictOf(elements[i].Val)
			}
		}
		r.Sets = append(r.Sets, Set{
			Family: t.Family, Table: t.Name, Name: s.Name, Interval: s.Interval,
			Opaque: err != nil || s.Concatenation, Elements: elements,
		})
	}
}

// verdictOf reads the verdict of an element as the kernel gives it, which is nil if it makes no sense.
func verdictOf(attributes []byte) *expr.Verdict {
	ad, err := netlink.NewAttributeDecoder(attributes)
	if err != nil {
		return nil
	}
	ad.ByteOrder = binary.BigEndian
	var v *expr.Verdict
	for ad.Next() {
		switch ad.Type() {
		case unix.NFTA_VERDICT_CODE:
			v = &expr.Verdict{Kind: expr.VerdictKind(int32(ad.Uint32()))}
		case unix.NFTA_VERDICT_CHAIN:
			if v != nil {
				v.Chain = ad.String()
			}
		}
	}
	return v
}
