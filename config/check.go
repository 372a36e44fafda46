package config

import (
	"fmt"

	"culvert/esp"
	"culvert/explain"
	"culvert/legible"
)

// check compares blocks with each other. It runs when every block by itself is right.
func (d *decoder) check() {
	for _, c := range d.config.Connections {
		d.checkRounds(c)
		d.checkEndpoints(c)
		d.checkPools(c)
		d.checkSent(c)
		d.checkClients(c)
		d.checkSecret(c)
		d.checkPPKs(c)
		d.checkAlgorithms(c)
		d.checkStreams(c)
		d.checkSiblings(c)
		d.checkKernelOptions(c)
	}
	d.checkRivals()
	d.checkWebhooks()
	d.checkTraffic()
	d.checkUnusedSecrets()
	d.checkUnusedAccounts()
	d.checkUnusedPPKs()
	d.checkPoolUse()
	d.checkPoolOverlap()
}

// checkEndpoints compares a connection's ends with what the daemon listens on, and with what its children want.
func (d *decoder) checkEndpoints(c *Connection) {
	daemon := d.config.Daemon
	if p := c.Local.Port; p != 0 && p != daemon.Port && p != daemon.NATPort {
		d.report(explain.ConfigReference, c.Local.span("port"), finding{
			message: fmt.Sprintf("%s sends from port %d, but the daemon listens on %d and %d", c.title(), p, daemon.Port, daemon.NATPort),
			hint:    "set daemon.port or daemon.nat_port, or leave port out"})
	}
	if len(daemon.Listen) > 0 {
		d.checkListen(c)
	}
	if len(c.Children) == 0 && c.Childless != childlessForced {
		d.warn(explain.ConfigUnused, c.block, finding{message: c.title() + " has no child and carries no traffic", hint: `add child "net" { ... }`})
	}
	if !c.Remote.Reachable() {
		d.checkStarts(c)
	}
}

// checkListen reports our addresses on which the daemon does not listen.
func (d *decoder) checkListen(c *Connection) {
	for i, p := range c.Local.Addresses {
		heard := false
		for _, a := range d.config.Daemon.Listen {
			heard = heard || p.Contains(a)
		}
		if !heard {
			d.report(explain.ConfigReference, c.Local.span(element("address", i)), finding{
				message: fmt.Sprintf("the daemon does not listen on %s", Address{Prefix: p}),
				hint:    "daemon.listen is at " + d.config.Daemon.Place("listen").String()})
		}
	}
}

// checkStarts reports what makes us connect to a peer that has no address. In transport mode a trap tells it: it is that of the
// packet.
func (d *decoder) checkStarts(c *Connection) {
	const hint = "give the block remote an address or a name"
	for _, child := range c.Children {
		for _, name := range []string{"start", "on_close", "dpd_action"} {
			if s := child.action(name); s.Starts() || s.Traps() && child.Mode != esp.Transport {
				d.report(explain.ConfigNotReachable, child.span(name), finding{message: fmt.Sprintf("%s asks to connect, but %s has no single address to connect to", name, c.title()), hint: hint})
			}
		}
	}
	if c.Given("keep_up") && c.KeepUp {
		d.report(explain.ConfigNotReachable, c.span("keep_up"), finding{message: fmt.Sprintf("keep_up asks to connect, but %s has no single address to connect to", c.title()), hint: hint})
	}
}

// checkPools looks up the pools of a connection.
func (d *decoder) checkPools(c *Connection) {
	for i, name := range c.Pools {
		if d.config.Pool(name) == nil {
			d.report(explain.ConfigReference, c.span(element("pools", i)), finding{
				message: fmt.Sprintf("there is no pool %s", quote(name)), hint: alternatives("pool", name, labels(d.config.Pools))})
		}
	}
}

// alternatives suggests a block that exists.
func alternatives(kind, name string, names []string) string {
	if near := legible.Closest(name, names); near != "" {
		return fmt.Sprintf("did you mean %s?", quote(near))
	}
	return fmt.Sprintf("add %s %s { ... }", kind, quote(name))
}

// labels lists the names of blocks.
func labels[B interface{ Label() string }](blocks []B) []string {
	names := make([]string, len(blocks))
	for i, b := range blocks {
		names[i] = b.Label()
	}
	return names
}
