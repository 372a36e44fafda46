package config

import (
	"fmt"
	"time"

	"culvert/esp"
	"culvert/spd"
)

// finish computes the lifetimes that are not given and refuses contradictions.
func (c *Child) finish(d *decoder) {
	rekey, life, rand := uint64(c.RekeyTime), uint64(c.LifeTime), uint64(c.RandTime)
	limits := []limit{
		{"time", &rekey, &life, &rand, func(n uint64) string { return formatDuration(time.Duration(n)) }},
		{"bytes", &c.Bytes.Rekey, &c.Bytes.Life, &c.Bytes.Rand, formatSize},
		{"packets", &c.Packets.Rekey, &c.Packets.Life, &c.Packets.Rand, func(n uint64) string { return fmt.Sprint(n) }},
	}
	for _, l := range limits {
		l.finish(d, &c.Origin)
	}
	c.LifeTime, c.RandTime = time.Duration(life), time.Duration(rand)
	c.contradictHooks(d)
	c.contradictions(d)
}

// A limit is the trio of soft limit, hard limit and random part in one unit.
type limit struct {
	unit              string
	rekey, life, rand *uint64
	format            func(uint64) string
}

func (l limit) finish(d *decoder, o *Origin) {
	if !o.Given("life_" + l.unit) {
		*l.life = *l.rekey + *l.rekey/10
	}
	if *l.life != 0 && *l.rekey >= *l.life {
		d.contradiction(o, "life_"+l.unit, "rekey_%s is %s, not below life_%[1]s, which is %[3]s: the child would end before it is rekeyed", l.unit, l.format(*l.rekey), l.format(*l.life))
		return
	}
	if !o.Given("rand_"+l.unit) && *l.life > *l.rekey {
		*l.rand = min(*l.life-*l.rekey, *l.rekey/2)
	}
	if *l.rekey != 0 && *l.rand >= *l.rekey {
		d.contradiction(o, "rand_"+l.unit, "rand_%s is %s, not below rekey_%[1]s, which is %[3]s: rekeying could come at once", l.unit, l.format(*l.rand), l.format(*l.rekey))
	}
}

func (c *Child) contradictions(d *decoder) {
	if c.Mode == esp.Transport {
		c.transportContradictions(d)
	}
	if c.IPTFS.Mode != IPTFSOff {
		c.iptfsContradictions(d)
	}
	if c.Start.Traps() && !c.Block {
		d.contradiction(&c.Origin, "when_down", `a trap holds the first packet back, when_down = "clear" lets it leave unprotected: give one of them`)
	}
	if c.ReqID != 0 && c.PerCPU {
		d.contradiction(&c.Origin, "reqid", "a processor asks for its SA by a reqid that no other child has: leave out reqid or per_cpu_sas")
	}
	if c.Kernel.NoPolicies && c.Start.Traps() {
		d.contradiction(&c.Origin, "install_policies", "a trap is a policy, and there are none: start the child otherwise")
	}
	for _, side := range [][]spd.Selector{c.Local, c.Remote} {
		if len(side) == 0 {
			d.contradiction(&c.Origin, "local", "local and remote need at least one selector each: leave the option out for the addresses of the ends")
			return
		}
	}
	if !sharedFamily(c.Local, c.Remote) {
		d.contradiction(&c.Origin, "remote", "local and remote share no address family: no packet can match both; give both sides selectors of IPv4, of IPv6, or of each")
	}
}

func (c *Child) transportContradictions(d *decoder) {
	if c.Given("tfc") && c.TFC != 0 {
		d.contradiction(&c.Origin, "tfc", "padding by TFC needs tunnel mode: the length of an inner packet tells where it ends")
	}
	for _, name := range []string{"df", "copy_dscp", "copy_ecn"} {
		if c.Given(name) {
			d.contradiction(&c.Origin, name, "transport mode has no outer header to apply it to")
		}
	}
}

func (c *Child) iptfsContradictions(d *decoder) {
	if c.Mode == esp.Transport {
		d.contradiction(&c.Origin, "mode", "IP-TFS is for tunnel mode (RFC 9347, Section 5.1)")
	}
	if !c.IPTFS.Require {
		return
	}
	for _, name := range []string{"tfc", "tfc_rate"} {
		if c.Given(name) {
			d.contradiction(&c.Origin, name, "IP-TFS pads and fills up by itself: the option would have no effect")
		}
	}
}
