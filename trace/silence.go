package trace

import (
	"fmt"

	"culvert/explain"
	"culvert/legible"
	"culvert/wire"
)

// largeMessage is what does not fit a packet that passes everywhere: larger ones are cut by IP, and many firewalls drop the parts
// (RFC 7383, Section 1).
const largeMessage = 1200

// silent is for messages that had no answer. What was answered before tells how far they get.
func (a *advice) silent() {
	asked, answered := a.r.unanswered(), a.r.heard()
	if asked != nil {
		a.e.Ours = []string{fmt.Sprintf("%v request %d to %s, %s in %s, sent %s", asked.header.Exchange, asked.header.MessageID,
			endpoint(a.r.remote), octets(asked.size), legible.Count(asked.datagrams, "datagram"), times(1+asked.repeated))}
	}
	if answered == nil {
		a.e.Theirs = []string{"nothing came from " + a.r.remote.Addr().String()}
	} else {
		a.e.Theirs = []string{fmt.Sprintf("last came %v %s, %s after the start", answered.header.Exchange, kindOf(answered), elapsed(answered.last.Sub(a.r.started))[1:])}
	}
	switch {
	case a.f.Code == explain.IKEHalfOpen:
		a.halfOpen()
	case asked == nil:
	case answered == nil:
		a.e.Action = fmt.Sprintf("Check that %s is the peer's address (`ping`), that its IKE daemon runs, and that UDP port %d is open both ways (`tcpdump -ni any udp port %d` on both sides). A peer may also ignore addresses that it does not know: read its log.",
			a.r.remote.Addr(), a.r.remote.Port(), a.r.remote.Port())
	case asked.header.Exchange == wire.ExchangeAuth || asked.header.Exchange == wire.ExchangeIntermediate:
		a.lost(asked)
	default:
		a.e.Differs = "the peer was there and is no longer"
		a.e.Action = "Look whether the peer was restarted or the way to it has changed. The connection comes back by itself with keep_up or start = \"trap\"."
	}
}

// lost is for what follows the first exchange, which goes through: another port, and larger messages.
func (a *advice) lost(asked *message) {
	port := a.r.remote.Port()
	a.e.Differs = fmt.Sprintf("IKE_SA_INIT was answered, and this was not: it went to UDP port %d and has %s in %s", port, octets(asked.size), legible.Count(asked.datagrams, "datagram"))
	a.e.Action = fmt.Sprintf("Open UDP port %d both ways on firewalls in between.", port)
	if asked.size > largeMessage && asked.datagrams <= 1 {
		a.e.Action = fmt.Sprintf("The message is larger than what passes everywhere, and is cut by IP: have both sides fragment IKE messages (fragmentation = \"yes\" for %s in culvert.hcl, fragmentation = yes on strongSwan). Else open UDP port %d both ways on firewalls in between.",
			a.connection(), port)
	} else if asked.datagrams > 1 {
		a.e.Action += " If it is open, the datagrams are too large for the way: set fragment_size of " + a.connection() + " in culvert.hcl to 1000 or less."
	}
}

// halfOpen is for a peer that begins and does not go on.
func (a *advice) halfOpen() {
	a.e.Differs = "the peer's IKE_SA_INIT came and was answered, its IKE_AUTH did not come"
	a.e.Action = "Read the peer's log: either it refused our answer quietly, or its IKE_AUTH is lost. Then open UDP port 4500 both ways on firewalls in between, and have both sides fragment IKE messages (fragmentation = \"yes\"), as large ones do not pass everywhere."
	for i := range a.r.messages {
		if m := &a.r.messages[i]; !m.sent && m.dropped != "" {
			a.e.Theirs = append(a.e.Theirs, fmt.Sprintf("%v %s came and was dropped: %s", m.header.Exchange, kindOf(m), m.dropped))
		}
	}
}

func kindOf(m *message) string {
	if m.header.IsResponse() {
		return "response"
	}
	return "request"
}

// unanswered is the last request of ours without a response.
func (r *record) unanswered() *message {
	for i := len(r.messages) - 1; i >= 0; i-- {
		m := &r.messages[i]
		if m.sent && !m.header.IsResponse() {
			if r.find(m.sa, m.header, false, true) != nil {
				return nil
			}
			return m
		}
	}
	return nil
}

// heard is the last message of the peer that counted.
func (r *record) heard() *message {
	for i := len(r.messages) - 1; i >= 0; i-- {
		if m := &r.messages[i]; !m.sent && m.dropped == "" {
			return m
		}
	}
	return nil
}
