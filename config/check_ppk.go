package config

import (
	"bytes"
	"fmt"
	"slices"

	"culvert/auth"
	"culvert/explain"
)

// maxPPKs is how many a message offers.
const maxPPKs = 64

// checkPPKs looks up the PPKs of a connection.
func (d *decoder) checkPPKs(c *Connection) {
	for i, name := range c.PPKNames {
		if named(d.config.PPKs, name) == nil {
			d.report(explain.ConfigReference, c.span(element("ppk", i)), finding{
				message: fmt.Sprintf("there is no ppk %s", quote(name)), hint: alternatives("ppk", name, labels(d.config.PPKs))})
		}
	}
	list := d.config.PPKsOf(c)
	for i, p := range list {
		if slices.ContainsFunc(list[:i], func(o auth.PPK) bool { return bytes.Equal(o.ID, p.ID) }) {
			d.contradiction(&c.Origin, "ppk", "%s has two PPKs with the identity %s", c.title(), quote(string(p.ID[1:])))
		}
	}
	if len(list) > maxPPKs {
		d.contradiction(&c.Origin, "ppk", "%s has %d PPKs, %d can be offered", c.title(), len(list), maxPPKs)
	}
}

// minPPKOctets is the length of a PPK that leaves 128 bits to a quantum computer (RFC 8784, Section 6).
const minPPKOctets = 32

// checkUnusedPPKs warns of PPKs that no connection names and of those that are too short.
func (d *decoder) checkUnusedPPKs() {
	for _, p := range d.config.PPKs {
		if !slices.ContainsFunc(d.config.Connections, func(c *Connection) bool { return slices.Contains(c.PPKNames, p.Name) }) {
			d.warn(explain.ConfigUnused, p.block, finding{message: p.title() + " is not used: no connection names it"})
		}
		for _, key := range p.Keys {
			if len(key.Key) < minPPKOctets {
				d.warn(explain.AuthPSKWeak, p.span(p.first("key", "keys")), finding{
					message: fmt.Sprintf("PPK %s has %d octets, %d random ones withstand a quantum computer (RFC 8784, Section 6)", quote(key.Name), len(key.Key), minPPKOctets),
					hint:    "make one with `openssl rand -hex 32` behind 0x"})
			}
		}
	}
}
