package config

import (
	"fmt"
	"slices"

	"culvert/auth"
	"culvert/explain"
)

// secretsFor returns the secrets that a connection may use: its own one, or else all that have identities.
func (c *Config) secretsFor(conn *Connection) []auth.Secret {
	var shared []auth.Secret
	for _, s := range c.Secrets {
		switch {
		case len(s.IDs) > 0:
			shared = append(shared, s.auth())
		case s.Name == conn.Name:
			return []auth.Secret{s.auth()}
		}
	}
	return shared
}

// PSKs returns the pre-shared keys that a connection may use.
func (c *Config) PSKs(conn *Connection) *auth.Secrets { return auth.NewSecrets(c.secretsFor(conn)...) }

func (s *Secret) auth() auth.Secret { return auth.Secret{Name: s.Name, IDs: s.IDs, PSK: s.PSK} }

// sharesSecret reports whether one of the sides authenticates with a secret that both know, in one of its rounds.
func (c *Connection) sharesSecret() bool {
	return slices.ContainsFunc(c.Local.Rounds(), func(l *LocalRound) bool { return l.Auth == auth.MethodPSK }) ||
		slices.ContainsFunc(c.Remote.Rounds(), func(r *RemoteRound) bool { return r.Auth == auth.MethodPSK })
}

// checkSecret looks for the secret of a connection that needs one.
func (d *decoder) checkSecret(c *Connection) {
	if !c.sharesSecret() {
		return
	}
	remote := c.Remote.ID
	if remote.IsPattern() {
		remote = auth.Identity{}
	}
	secrets := d.config.secretsFor(c)
	if _, ok := auth.NewSecrets(secrets...).Lookup(c.localIdentity(), remote); ok || remote.IsAny() && len(secrets) > 0 {
		return
	}
	say := d.report
	if d.fragment(&c.Origin) {
		say = d.warn // it may be loaded later
	}
	say(explain.ConfigNoSecret, c.block, finding{
		message: fmt.Sprintf("%s authenticates with a secret, but there is none%s", c.title(), forWhom(c.localIdentity(), c.Remote.ID)),
		hint:    fmt.Sprintf("add secret %s { psk = file(\"%s.psk\") }, or add the identity to the ids of a secret", quote(c.Name), c.Name)})
}

// localIdentity returns our identity as far as it is known: it may be that of an address that is chosen later.
func (c *Connection) localIdentity() auth.Identity {
	if c.Local.ID.IsAny() && len(c.Local.Addresses) == 1 && c.Local.Addresses[0].IsSingleIP() {
		return auth.AddressIdentity(c.Local.Addresses[0].Addr())
	}
	return c.Local.ID
}

// forWhom names those of two identities that are given.
func forWhom(local, remote auth.Identity) string {
	if local.IsAny() && remote.IsAny() {
		return ""
	}
	return " for " + describeID(local) + " and " + describeID(remote)
}

func describeID(id auth.Identity) string {
	if id.IsAny() {
		return "any identity"
	}
	return id.String()
}

// checkUnusedSecrets warns of secrets that nobody can use or that can be guessed.
func (d *decoder) checkUnusedSecrets() {
	for _, s := range d.config.Secrets {
		if weak, ok := auth.WeakPSK(s.auth()); ok {
			d.warn(weak.Code, s.span("psk"), finding{message: weak.Text})
		}
		conn := d.config.Connection(s.Name)
		switch {
		case len(s.IDs) > 0:
		case conn == nil:
			d.report(explain.ConfigReference, s.block, finding{
				message: fmt.Sprintf("secret %s has no ids, and there is no connection of this name", quote(s.Name)),
				hint:    alternatives("connection", s.Name, labels(d.config.Connections))})
		case !conn.sharesSecret():
			d.warn(explain.ConfigUnused, s.block, finding{message: fmt.Sprintf("secret %s is not used: both sides of the connection authenticate otherwise", quote(s.Name))})
		}
	}
}
