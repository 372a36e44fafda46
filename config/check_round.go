package config

import (
	"fmt"

	"culvert/auth"
	"culvert/explain"
)

// checkRounds compares how both sides of a connection authenticate.
func (d *decoder) checkRounds(c *Connection) {
	for _, l := range c.Local.Rounds() {
		d.checkLocalRound(c, l)
		d.checkEAPClient(c, &l.EAP)
	}
	for _, r := range c.Remote.Rounds() {
		d.checkRemoteRound(c, r)
		d.checkEAPServer(c, &r.EAP)
		d.checkSubscribers(&r.EAP)
	}
}

// checkLocalRound looks at what a round of ours needs of the other side.
func (d *decoder) checkLocalRound(c *Connection, l *LocalRound) {
	byEAP := c.Remote.Auth == auth.MethodEAP
	switch {
	case l.Auth == auth.MethodEAP && !l.EAP.Present() && (l != &c.Local.LocalRound || !byEAP):
		d.missing(&l.Origin, "local", "eap", "add a block eap with a user's name and password")
	case l.Auth == auth.MethodEAP && c.Remote.Auth == auth.MethodNULL:
		d.contradiction(&l.Origin, "auth", `a responder that proves nothing gets no EAP from us (RFC 7619, Section 2): set auth of the block remote`)
	case l.EAPOnly && !byEAP:
		d.contradiction(&l.Origin, "eap_only", `it is for initiators that authenticate by EAP: set auth = "eap" in the block remote, or leave it out`)
	case l.Auth == auth.MethodNULL && c.Local.Second.Present():
		d.contradiction(&l.Origin, "auth", `"null" proves nothing: a second round beside it makes no sense`)
	}
}

// checkRemoteRound looks at what a round of the peer's needs of our side.
func (d *decoder) checkRemoteRound(c *Connection, r *RemoteRound) {
	if name := r.EAP.Users; name != "" && d.config.UsersOf(name) == nil {
		d.report(explain.ConfigReference, r.EAP.span("users"), finding{
			message: "there are no users " + quote(name), hint: alternatives("users", name, labels(d.config.Users))})
	}
	if name := r.EAP.RADIUS; name != "" && d.config.RADIUSGroup(name) == nil {
		d.report(explain.ConfigReference, r.EAP.span("radius"), finding{
			message: "there is no radius " + quote(name), hint: alternatives("radius", name, labels(d.config.RADIUS))})
	}
	switch {
	case r.Auth == auth.MethodEAP && c.Local.Auth == auth.MethodNULL:
		d.contradiction(&r.Origin, "auth", `EAP needs a proof of ours (RFC 7619, Section 2): set auth of the block local`)
	case r.Auth == auth.MethodEAP && c.Local.Auth == auth.MethodPSK && r.EAP.Present():
		d.warn(explain.ConfigContradiction, r.EAP.block, finding{
			message: c.title() + " authenticates itself to users of EAP with a secret that all of them know, so that each can pose as the gateway",
			hint:    `give the block local a certificate and key (RFC 7296, Section 2.16)`})
	case r.EAPOnly && c.Local.Auth != auth.MethodEAP:
		d.contradiction(&r.Origin, "eap_only", `it is for us as initiator with EAP: set auth = "eap" in the block local, or leave it out`)
	case r.Auth == auth.MethodNULL && c.Remote.Second.Present():
		d.contradiction(&r.Origin, "auth", `"null" proves nothing: a second round beside it makes no sense`)
	case r.Auth == auth.MethodNULL:
		d.checkAnonymous(c)
	}
}

// checkAnonymous sees to it that a peer that proves nothing cannot take traffic which is meant for others (RFC 7619,
// Section 2.5).
func (d *decoder) checkAnonymous(c *Connection) {
	for _, child := range c.Children {
		for _, s := range child.Remote {
			if s.Start.IsValid() {
				d.contradiction(&child.Origin, "remote", `anybody can be the peer of %s: "dynamic" is all that may stand here, the peer's own address or the one it gets from a pool (RFC 7619, Section 2.5)`, c.title())
			}
		}
	}
}

// checkUnusedAccounts warns of users and servers that nobody asks, and refuses two groups of servers that hear requests in one
// place.
func (d *decoder) checkUnusedAccounts() {
	used := map[string]bool{}
	for _, c := range d.config.Connections {
		for _, r := range c.Remote.Rounds() {
			used["users "+r.EAP.Users], used["radius "+r.EAP.RADIUS] = true, true
		}
	}
	for _, u := range d.config.Users {
		if !used["users "+u.Name] {
			d.warn(explain.ConfigUnused, u.block, finding{message: u.title() + " is not used", hint: "name it in remote { eap { users = " + quote(u.Name) + " } } of a connection"})
		}
	}
	for i, r := range d.config.RADIUS {
		if !used["radius "+r.Name] {
			d.warn(explain.ConfigUnused, r.block, finding{message: "radius " + quote(r.Name) + " is not used", hint: "name it in remote { eap { radius = " + quote(r.Name) + " } } of a connection"})
		}
		for _, other := range d.config.RADIUS[:i] {
			if r.DAE.rivals(&other.DAE) {
				d.report(explain.ConfigOverlap, r.DAE.span("port"), finding{
					message: fmt.Sprintf("radius %s hears requests at the same address and port as radius %s", quote(r.Name), quote(other.Name)), hint: "give dae another port or listen"})
			}
		}
	}
}
