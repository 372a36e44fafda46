package config

import (
	"slices"

	"culvert/eap"
	"culvert/eap/usim"
	"culvert/explain"
)

// simKeys is the slot of the keys of a SIM.
func simKeys(dst **usim.Keys) slot {
	return &presharedKey[*usim.Keys]{dst, new(string), func(text string) (*usim.Keys, error) {
		keys, err := usim.ParseKeys(text)
		return &keys, err
	}}
}

// byCard reports whether a method authenticates with a SIM.
func byCard(m eap.Type) bool { return m == eap.TypeAKA || m == eap.TypeAKAPrime }

// checkCard looks whether methods of ours and the keys of a SIM belong together.
func (e *LocalEAP) checkCard(d *decoder) {
	switch isCard := slices.ContainsFunc(e.Methods, byCard); {
	case e.Present() && isCard && e.SIM == nil && !e.Given("sim"):
		d.missing(&e.Origin, "eap", "sim", "EAP-AKA needs the keys of a SIM: `culvert user sim` makes them")
	case e.Given("sim") && !isCard:
		d.contradiction(&e.Origin, "sim", `none of methods uses a SIM: add "aka_prime" or "aka", or leave it out`)
	}
	d.checkNetwork(&e.Origin, e.Methods)
}

// checkBidding refuses to offer AKA before AKA': clients that have both take it for an attack (RFC 9048, Section 4).
func (e *RemoteEAP) checkBidding(d *decoder) {
	plain, prime := slices.Index(e.Methods, eap.TypeAKA), slices.Index(e.Methods, eap.TypeAKAPrime)
	if plain >= 0 && plain < prime {
		d.contradiction(&e.Origin, "methods", `put "aka_prime" before "aka": clients with both take the other order for an attack`)
	}
}

// checkNetwork looks whether a method has a use for the name of the access network.
func (d *decoder) checkNetwork(o *Origin, methods []eap.Type) {
	if o.Given("network") && !slices.Contains(methods, eap.TypeAKAPrime) {
		d.contradiction(o, "network", `only "aka_prime" has a name of the network: add it to methods, or leave the name out`)
	}
}

// checkSubscribers warns of a gateway that offers EAP-AKA to users of whom none has a SIM.
func (d *decoder) checkSubscribers(e *RemoteEAP) {
	u := d.config.UsersOf(e.Users)
	if u == nil || !slices.ContainsFunc(e.Methods, byCard) || slices.ContainsFunc(u.List, func(user *User) bool { return user.SIM != nil }) {
		return
	}
	d.warn(explain.ConfigUnused, e.span("methods"), finding{
		message: "EAP-AKA is of no use: none of " + u.title() + " has a sim", hint: "`culvert user sim` makes the entry of a user with the keys of a SIM"})
}
