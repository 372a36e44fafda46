package swanctl

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"culvert/explain"
)

// A child is one that is being translated.
type child struct {
	*connection
	origin
	name string
	out  *block

	mode    string
	modeAt  origin
	limits  map[string]value
	start   value
	local   []string
	remote  []string
	actions []string // options that ask to connect
	header  []value  // keys about the outer header
	host    value    // whether the command of updown hears of the gateway itself
	command bool     // there is such a command
}

func (c *child) setter() *block { return c.out }

// finish writes what several keys make together, and puts the block where it belongs.
func (c *child) finish() {
	if c.mode == "pass" || c.mode == "drop" {
		c.policy()
		return
	}
	c.connection.out.blocks = append(c.connection.out.blocks, c.out)
	if c.mode == "iptfs" {
		iptfs := c.out.open(c.modeAt, "iptfs", "")
		iptfs.set(c.modeAt, "mode", `"as-needed"`)
		iptfs.set(c.modeAt, "require", "false")
	}
	c.finishHeader()
	c.finishHook()
	c.finishLimits()
	c.finishActions()
}

// finishActions leaves out what connects to a peer that has no address, as strongSwan cannot do it either. In transport mode a trap
// can: it is with the host that a packet is for.
func (c *child) finishActions() {
	trap := strings.Contains(c.start.text(), "trap") || strings.Contains(c.start.text(), "route")
	if !c.reachable {
		kept := c.out.options[:0]
		for _, o := range c.out.options {
			if !c.unreachable(&o) {
				kept = append(kept, o)
			}
		}
		c.out.options = kept
		trap = trap && c.mode == "transport"
	}
	if !trap {
		c.out.set(c.origin, "when_down", `"clear"`)
	}
}

// unreachable tells whether an option asks in vain to connect. Of a trap that connects at once as well the trap stays.
func (c *child) unreachable(o *option) bool {
	if !slices.Contains(c.actions, o.name) || c.mode == "transport" && o.value == quote("trap") {
		return false
	}
	c.warn(o.origin, explain.ConfigNotReachable, "it asks to connect, but remote_addrs has nothing to connect to", "it has no effect")
	if c.mode == "transport" && strings.Contains(o.value, "trap") {
		o.value = quote("trap")
		return false
	}
	return true
}

// finishHeader leaves out what is about an outer header where there is none.
func (c *child) finishHeader() {
	for _, v := range c.header {
		name := map[string]string{"copy_df": "df", "copy_dscp": "copy_dscp", "copy_ecn": "copy_ecn"}[strings.ToLower(v.item.Name)]
		if c.mode == "transport" {
			continue
		}
		switch text := strings.ToLower(v.text()); {
		case name == "df" && isNo(text):
			c.out.set(v.origin, name, `"clear"`)
		case name == "copy_dscp":
			c.out.set(v.origin, name, map[string]string{"out": "true", "no": "false", "in": quote("in"), "yes": quote("both")}[text])
		case name == "copy_ecn" && isNo(text):
			c.out.set(v.origin, name, "false")
		}
	}
}

// finishHook has a command hear of the gateway itself. Without a command nobody does, in strongSwan neither.
func (c *child) finishHook() {
	switch hears, _ := yes(c.host.text()); {
	case hears && c.command:
		c.out.set(c.host.origin, "host_access", "true")
	case hears:
		c.warn(c.host.origin, explain.ConfigUnused, "it is for the command of updown, and there is none", "it has no effect")
	}
}

// finishLimits writes the lifetimes. A soft limit that is not given is the hard one less a tenth.
func (c *child) finishLimits() {
	for _, unit := range []string{"time", "bytes", "packets"} {
		life, hasLife := c.limits["life_"+unit]
		if _, hasRekey := c.limits["rekey_"+unit]; hasLife && !hasRekey {
			if n, err := limit(unit, life.text()); err == nil && n > 0 {
				c.out.set(life.origin, "rekey_"+unit, limitText(unit, n*10/11))
			}
		}
		for _, kind := range []string{"rekey_", "life_", "rand_"} {
			v, ok := c.limits[kind+unit]
			if !ok {
				continue
			}
			if n, err := limit(unit, v.text()); err == nil {
				c.out.set(v.origin, kind+unit, limitText(unit, n))
			}
		}
	}
}

// limit reads a lifetime in seconds, octets or packets.
func limit(unit, s string) (uint64, error) {
	switch unit {
	case "time":
		d, err := seconds(s)
		return uint64(d / time.Second), err
	case "bytes":
		return octets(s)
	}
	n, err := whole(s, 63)
	return n, err
}

// limitText writes a lifetime.
func limitText(unit string, n uint64) string {
	switch unit {
	case "time":
		return duration(time.Duration(n) * time.Second)
	case "bytes":
		return volume(n)
	}
	return strconv.FormatUint(n, 10)
}

// policy writes a child that lets traffic pass or drops it. It is there if start_action is trap.
func (c *child) policy() {
	if !strings.Contains(c.start.text(), "trap") && !strings.Contains(c.start.text(), "route") {
		c.warn(c.origin, explain.ConfigUnused, "the policy is not there without start_action = trap", "set it, or leave the child out")
		return
	}
	p := c.translation.text(c.loader).open(c.origin, "policy", c.translation.name("policy", c.connection.out.label+"-"+c.name))
	action := map[string]string{"pass": "bypass", "drop": "discard"}[c.mode]
	p.set(c.modeAt, "action", quote(action))
	p.set(c.origin, "local", list(everywhere(c.local)...))
	p.set(c.origin, "remote", list(everywhere(c.remote)...))
	for _, o := range c.out.options {
		if o.name == "priority" {
			p.set(o.origin, o.name, o.value)
		}
	}
}

// everywhere puts all addresses in the place of dynamic ones: a policy has no peer.
func everywhere(selectors []string) (all []string) {
	if len(selectors) == 0 {
		selectors = []string{"dynamic"}
	}
	for _, s := range selectors {
		upper, dynamic := strings.CutPrefix(s, "dynamic")
		if !dynamic {
			all = append(all, s)
			continue
		}
		all = append(all, "0.0.0.0/0"+upper, "::/0"+upper)
	}
	return all
}
