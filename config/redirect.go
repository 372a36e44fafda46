package config

import (
	"errors"
	"time"

	"culvert/ike"
	"culvert/wire"
)

// Redirect is how a connection deals with redirects (RFC 5685).
type Redirect struct {
	Follow ike.RedirectRule // as client
	To     wire.Gateway     // as gateway: where clients are sent; zero: they may stay
	Late   bool             // once they have proven who they are
	Wait   time.Duration
}

func (c *Connection) redirectOptions() []option {
	r := &c.Redirect
	return []option{
		{name: "follow_redirects", slot: one(&r.Follow, choice("rule", value("yes", ike.RedirectFollow), value("authenticated", ike.RedirectAuthenticated), value("no", ike.RedirectIgnore))),
			rfc: "RFC 5685", aka: "charon.follow_redirects",
			doc: "As client: go where the gateway sends us, which has to prove the same identity. `authenticated`: only once the gateway has proven who it is; `no`: never."},
		{name: "redirect_clients", slot: one(&r.To, gateway()), rfc: "RFC 5685, Sections 3 and 6",
			doc: "As gateway: address or name of another gateway that clients are sent to, if they know how to follow. Others are served."},
		{name: "redirect_when", slot: one(&r.Late, choice("time", value("init", false), value("auth", true))), rfc: "RFC 5685, Sections 3 and 6",
			doc: "When clients are sent away: `init`, by the answer to their first message, which costs next to nothing; `auth`, once they have proven who they are."},
		{name: "redirect_wait", slot: one(&r.Wait, duration(time.Second, time.Hour)), rfc: "RFC 5685, Section 5",
			doc: "Time that a client has to leave an IKE SA after it was sent away."},
	}
}

// gateway reads the address or name of one gateway.
func gateway() reader[wire.Gateway] {
	return textual("address or name", `an address or name such as "gw2.example.org"`, func(s string) (g wire.Gateway, err error) {
		h, err := parseHost(s)
		switch {
		case err != nil:
			return g, err
		case h.Name != "":
			return wire.Gateway{Name: h.Name}, nil
		case !h.Prefix.IsSingleIP():
			return g, errors.New("it is not one gateway")
		}
		return wire.Gateway{Addr: h.Prefix.Addr()}, nil
	}, wire.Gateway.String)
}

// contradictRedirects reports options without the one that they are for.
func (c *Connection) contradictRedirects(d *decoder) {
	if option := c.first("redirect_when"); option != "" && c.Redirect.To.IsZero() {
		d.contradiction(&c.Origin, option, "%s has no effect without redirect_clients", option)
	}
}
