package swanctl

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"culvert/config"
	"culvert/explain"
	"culvert/swanctl/settings"
)

// A connection is one that is being translated.
type connection struct {
	*translation
	origin
	out           *block
	loader        string
	local, remote *block // the first round of each side
	locals        []*round
	remotes       []*round
	children      []*child

	reachable   bool
	rekey       *time.Duration
	reauth      *time.Duration
	over        *time.Duration
	ppk         value
	ppkRequired bool
	pools       value
	ocsp        string
	sendCert    string
}

// connection translates one connection with its rounds and children.
func (t *translation) connection(o Object) {
	if !t.nameable(o, "connections") {
		return
	}
	at := o.origin("connections")
	out := t.text(o.Loader).open(at, "connection", o.Name)
	c := &connection{translation: t, origin: at, out: out, loader: o.Loader, ocsp: "reply", sendCert: "ifasked"}
	c.local, c.remote = out.open(at, "local", ""), out.open(at, "remote", "")
	c.defaults()
	walk(t, connectionRows(), c, at, o.Section)
	c.finish()
}

// defaults are those of strongSwan that Culvert has otherwise.
func (c *connection) defaults() {
	c.out.set(c.origin, "dpd_delay", `"0s"`)
	c.out.set(c.origin, "post_quantum", `"off"`)
	c.out.set(c.origin, "tries", "1")
	c.out.set(c.origin, "always_nat_port", "true")
}

func (c *connection) finish() {
	if _, file := c.where.(onDisk); file && c.onlyPolicies() {
		c.leaveOut()
		return
	}
	c.finishRounds()
	if c.rekey == nil && c.reauth != nil {
		c.out.set(c.origin, "rekey_time", `"0s"`)
	}
	c.finishLifetime()
	c.finishPPK()
	c.finishPools()
	for _, child := range c.children {
		child.finish()
	}
}

// onlyPolicies tells whether a connection is there for children alone that let traffic pass or drop it.
func (c *connection) onlyPolicies() bool {
	return len(c.children) > 0 && !slices.ContainsFunc(c.children, func(x *child) bool { return x.mode != "pass" && x.mode != "drop" })
}

// leaveOut writes the policies without the connection, which has no keys and is for no peer.
func (c *connection) leaveOut() {
	t := c.text(c.loader)
	t.blocks = slices.DeleteFunc(t.blocks, func(b *block) bool { return b == c.out })
	for _, child := range c.children {
		child.finish()
	}
}

// longestLifetime is the most that auth_lifetime takes.
const longestLifetime = 365 * 24 * time.Hour

// finishLifetime has a responder tell when an IKE SA has to be authenticated again (RFC 4478, Section 2): reauth_time is for both
// sides, and an initiator with another one would lose the tunnel otherwise.
func (c *connection) finishLifetime() {
	if c.reauth == nil || *c.reauth == 0 {
		return
	}
	over := *c.reauth / 10
	switch {
	case c.over != nil:
		over = *c.over
	case c.rekey != nil:
		over = max(over, *c.rekey/10)
	}
	c.out.set(c.origin, "auth_lifetime", duration(min(*c.reauth, longestLifetime)))
	c.out.set(c.origin, "auth_grace", duration(min(over, longestLifetime)))
}

// section reads what stands in braces in a connection.
func (c *connection) round(v value, local bool) {
	side, rounds := "remote", &c.remotes
	if local {
		side, rounds = "local", &c.locals
	}
	r := &round{connection: c, origin: v.origin, side: side, local: local}
	walk(c.translation, roundRows(local), r, v.origin, v.item.Section)
	at := len(*rounds)
	for at > 0 && (*rounds)[at-1].number > r.number {
		at--
	}
	*rounds = append((*rounds)[:at], append([]*round{r}, (*rounds)[at:]...)...)
}

// finishRounds writes the rounds in their order. A side without any has an empty one.
func (c *connection) finishRounds() {
	for _, s := range []struct {
		rounds *[]*round
		first  *block
		local  bool
	}{{&c.locals, c.local, true}, {&c.remotes, c.remote, false}} {
		if len(*s.rounds) == 0 {
			*s.rounds = []*round{{connection: c, origin: c.origin, side: s.first.kind, local: s.local}}
		}
		for i, r := range *s.rounds {
			switch i {
			case 0:
				s.first.origin = r.origin
				r.out = s.first
			case 1:
				r.out = s.first.open(r.origin, "second", "")
			default:
				c.refuse(r.diagnostic(config.Error, explain.ConfigContradiction, "two rounds of authentication are the most that there are here", "leave out the others"))
				return
			}
		}
	}
	for _, r := range append(c.remotes[:len(c.remotes):len(c.remotes)], c.locals...) {
		r.finish()
	}
}

// finishPPK names the keys that the identity asks for. Without an identity peers that connect may use any of them, and we ask for none.
func (c *connection) finishPPK() {
	wish := c.ppk.text()
	var names []string
	for _, p := range c.ppks() {
		if wish == "" || p.fits(wish) {
			names = append(names, p.name)
		}
	}
	switch {
	case wish != "" && len(names) == 0:
		c.warn(c.ppk.origin, explain.ConfigReference, fmt.Sprintf("there is no secret ppk for %q", wish), "add it to the secrets")
	case wish != "":
		c.out.set(c.ppk.origin, "ppk", list(names...))
	case len(names) > 0 && !c.reachable:
		c.out.set(c.origin, "ppk", list(names...))
	}
	if c.ppkRequired && c.out.has("ppk") {
		c.out.set(c.origin, "ppk_required", "true")
	} else if c.ppkRequired {
		c.refuse(c.diagnostic(config.Error, explain.ConfigContradiction, "ppk_required needs a ppk_id with a secret, else nobody could connect", "set ppk_id, and add the secret"))
	}
}

// finishPools names the pools that there are.
func (c *connection) finishPools() {
	var names []string
	for _, name := range c.pools.texts() {
		if t := c.find(name); t {
			names = append(names, name)
			continue
		}
		c.warn(c.pools.origin, explain.ConfigReference, fmt.Sprintf("there is no pool %s", name), "peers get no address from it until it is loaded")
	}
	if len(names) > 0 {
		c.out.set(c.pools.origin, "pools", list(names...))
	}
}

func (c *connection) find(pool string) bool {
	for _, p := range c.setup.Pools {
		if p.Name == pool {
			return true
		}
	}
	return false
}

// readChildren reads the children of a connection.
func (c *connection) readChildren(v value) error {
	for _, i := range v.item.Section.Items {
		at := v.in(i)
		if i.Kind != settings.Sub {
			c.unknown(value{at, i}, nil)
			continue
		}
		if !c.nameable(Object{Name: i.Name, Place: at.place}, strings.TrimSuffix(at.path, "."+i.Name)) {
			continue
		}
		child := &child{connection: c, origin: at, name: i.Name, mode: "tunnel", limits: map[string]value{}}
		child.out = &block{origin: at, kind: "child", label: i.Name}
		walk(c.translation, childRows(), child, at, i.Section)
		c.children = append(c.children, child)
	}
	return nil
}
