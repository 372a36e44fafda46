package trace

import (
	"fmt"
	"slices"
	"strings"

	"culvert/api"
	"culvert/auth"
	"culvert/explain"
	"culvert/wire"
)

// silence stands for what a peer thinks that has not told it.
const silence = "the peer does not tell: a notify names no values"

// An advice fills in an explanation what the messages tell beside the failure.
type advice struct {
	r *record
	f *finding
	e *api.Explanation
}

// give adds both sides' values and the next action.
func (a *advice) give() {
	switch a.f.Code {
	case explain.IKENoProposal, explain.IKEWeakGroup, explain.IKEBadProposal, explain.IKEKeyExchangeLoop:
		a.proposals()
	case explain.IKETSUnacceptable:
		a.selectors()
	case explain.AuthIDRefused, explain.AuthIDMismatch, explain.IKENoConnection:
		a.identities()
	case explain.IKEAuthPeerRejected:
		a.rejected()
	case explain.AuthMethodRefused:
		a.e.Ours, a.e.Theirs = a.f.PeerAuth, a.r.received(methods)
	case explain.AuthCertUntrusted, explain.AuthCertExpired, explain.AuthCertNotYetValid, explain.AuthCertMissing,
		explain.AuthCertRevoked, explain.AuthRevocationUnknown, explain.AuthCertConstraint:
		a.certificates()
	case explain.IKETimeout, explain.IKEHalfOpen, explain.IKEUDPSilent:
		a.silent()
	case explain.IKENoAddress, explain.IKEAddressRequired:
		a.addresses()
	default:
		if strings.HasPrefix(string(a.f.Code), "EAP-") {
			a.conversation()
		}
	}
}

// connection names the block of the configuration.
func (a *advice) connection() string {
	if a.e.Connection == "" {
		return "the connection"
	}
	return fmt.Sprintf("connection %q", a.e.Connection)
}

// received collects what a function finds in the peer's messages.
func (r *record) received(of func(wire.Payload) []string) []string { return r.collect(false, of) }

// sent does so with ours.
func (r *record) sent(of func(wire.Payload) []string) []string { return r.collect(true, of) }

// collect takes the newest message in which there is something.
func (r *record) collect(sent bool, of func(wire.Payload) []string) []string {
	for i := len(r.messages) - 1; i >= 0; i-- {
		if r.messages[i].sent != sent {
			continue
		}
		var found []string
		for _, k := range r.messages[i].payloads {
			found = append(found, of(k.payload)...)
		}
		if len(found) > 0 {
			return found
		}
	}
	return nil
}

// about returns the proposals of a payload that are for a protocol.
func about(protocol wire.ProtocolID) func(wire.Payload) []string {
	return func(p wire.Payload) []string {
		sa, ok := p.(*wire.SA)
		if !ok {
			return nil
		}
		return proposalTexts(slices.DeleteFunc(slices.Clone(sa.Proposals), func(p wire.Proposal) bool { return p.Protocol != protocol }))
	}
}

// proposals shows both sides' algorithms of the layer that did not come about.
func (a *advice) proposals() {
	protocol, option := wire.ProtocolIKE, "proposals"
	a.e.Ours = a.f.IKE
	if a.ofChild() {
		protocol, option = wire.ProtocolESP, "esp_proposals"
		a.e.Ours = a.esp()
	}
	if len(a.e.Ours) == 0 {
		a.e.Ours = a.r.sent(about(protocol))
	}
	if a.e.Theirs = a.r.received(about(protocol)); a.e.Refused == api.SidePeer {
		a.e.Theirs = []string{silence}
		a.e.Differs = "unknown: the peer takes none of what we offer"
		a.e.Action = fmt.Sprintf("Allow one of ours on the peer (strongSwan: %s in swanctl.conf), or look up there what it allows and set %s of %s in culvert.hcl to that.",
			option, option, a.connection())
		if protocol == wire.ProtocolIKE {
			a.e.Action += fmt.Sprintf(" Some peers, strongSwan among them, say the same when they have no connection for our address, %v: their log tells.", a.r.local.Addr())
		}
		return
	}
	if a.e.Refused == api.SideUs {
		a.e.Action = fmt.Sprintf("Set %s of %s in culvert.hcl to one that the peer offers, such as %q, or allow one of ours on the peer.",
			option, a.connection(), first(a.e.Theirs))
	}
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

// ofChild tells whether proposals of a Child SA were refused: those of IKE are, in the exchange that begins an IKE SA.
func (a *advice) ofChild() bool {
	return a.f.Child != "" || strings.Contains(a.f.Text, "ESP") || strings.Contains(a.f.Text, "child ")
}

func (a *advice) esp() []string {
	var list []string
	for _, c := range a.f.Children {
		if a.f.Child == "" || a.f.Child == c.Name {
			for _, p := range c.ESP {
				list = append(list, c.Name+": "+p)
			}
		}
	}
	return list
}

// selectors shows both sides' traffic, ours first on both lines.
func (a *advice) selectors() {
	for _, c := range a.f.Children {
		if a.f.Child == "" || a.f.Child == c.Name {
			a.e.Ours = append(a.e.Ours, fmt.Sprintf("%s: %s === %s", c.Name, strings.Join(c.Local, " "), strings.Join(c.Remote, " ")))
		}
	}
	initiator, responder := a.r.received(traffic(wire.PayloadTSi)), a.r.received(traffic(wire.PayloadTSr))
	if len(initiator) == 0 || len(responder) == 0 {
		a.e.Theirs = []string{silence}
		a.e.Differs = "unknown: the peer has no child for what we ask for"
		a.e.Action = fmt.Sprintf("Compare local and remote of the child of %s with the peer's (strongSwan: local_ts and remote_ts of the child): its local is our remote, and its remote our local.", a.connection())
		return
	}
	a.e.Theirs = []string{fmt.Sprintf("%s === %s", strings.Join(responder, " "), strings.Join(initiator, " "))}
	a.e.Differs = "no child of ours covers what the peer asks for"
	a.e.Action = fmt.Sprintf("Make one of them fit: in culvert.hcl, %s, set local = [%s] and remote = [%s] for the child, or correct the networks of the peer.",
		a.connection(), quoted(responder), quoted(initiator))
}

func quoted(list []string) string {
	words := make([]string, len(list))
	for i, s := range list {
		words[i] = fmt.Sprintf("%q", s)
	}
	return strings.Join(words, ", ")
}

func traffic(kind wire.PayloadType) func(wire.Payload) []string {
	return func(p wire.Payload) []string {
		ts, ok := p.(*wire.TS)
		if !ok || ts.Payload != kind {
			return nil
		}
		var list []string
		for _, s := range ts.Selectors {
			list = append(list, selectorText(s))
		}
		return list
	}
}

func identity(kind wire.PayloadType) func(wire.Payload) []string {
	return func(p wire.Payload) []string {
		id, ok := p.(*wire.Identification)
		if !ok || id.Payload != kind {
			return nil
		}
		return []string{auth.Identity{Type: id.IDType, Data: string(id.Data)}.String()}
	}
}

// theirID is the kind of the peer's ID payload.
func (a *advice) theirID() wire.PayloadType {
	if a.r.initiator {
		return wire.PayloadIDr
	}
	return wire.PayloadIDi
}

// ourID is the kind of ours.
func (a *advice) ourID() wire.PayloadType {
	if a.r.initiator {
		return wire.PayloadIDi
	}
	return wire.PayloadIDr
}

func (a *advice) identities() {
	theirs := a.r.received(identity(a.theirID()))
	for _, id := range a.f.PeerIDs {
		a.e.Ours = append(a.e.Ours, "the peer has to be "+id)
	}
	for _, id := range theirs {
		a.e.Theirs = append(a.e.Theirs, "it says that it is "+id)
	}
	for _, id := range a.r.received(identity(a.ourID())) {
		a.e.Theirs = append(a.e.Theirs, "it wants us to be "+id)
	}
	switch {
	case a.f.Code == explain.IKENoConnection && len(theirs) == 0:
		a.e.Differs = fmt.Sprintf("no connection is for a peer at %v and us at %v", a.r.remote.Addr(), a.r.local.Addr())
		a.e.Action = fmt.Sprintf("If the peer is meant, set remote { address = %q } of its connection in culvert.hcl, or leave the address out to take it from anywhere. Behind a NAT, or with several addresses, the one that we see is not the one that the peer has configured.",
			a.r.remote.Addr().String())
	case len(theirs) > 0:
		a.e.Differs = fmt.Sprintf("the identity: %s", theirs[0])
		a.e.Action = fmt.Sprintf("Set remote { id = %q } of %s in culvert.hcl, or correct the identity that the peer sends (strongSwan: local { id = ... } in swanctl.conf).", theirs[0], a.connection())
	}
}

func methods(p wire.Payload) []string {
	if m, ok := p.(*wire.Auth); ok {
		return []string{showAuth(m, 0).summary}
	}
	return nil
}

// rejected is for a peer that does not accept us and does not say why. What we have sent narrows it down.
func (a *advice) rejected() {
	var proof string
	for _, id := range a.r.sent(identity(a.ourID())) {
		a.e.Ours = append(a.e.Ours, "we say that we are "+id)
	}
	for _, id := range a.r.sent(identity(a.theirID())) {
		a.e.Ours = append(a.e.Ours, "we want the peer to be "+id)
	}
	for _, m := range a.r.sent(methods) {
		a.e.Ours, proof = append(a.e.Ours, "we prove it by "+m), m
	}
	a.e.Theirs = []string{"the peer does not tell: AUTHENTICATION_FAILED names no reason"}
	a.e.Differs = "one of: our identity, our proof, the identity that we want of the peer"
	hint := "that the CA of our certificate is trusted there (" + issuers(a.r) + "), and that the certificate names our identity and is neither expired nor revoked by the peer's clock"
	switch {
	case proof == wire.AuthSharedKey.String():
		hint = "that both sides have the same pre-shared key for these two identities (strongSwan: the secrets of swanctl.conf)"
	case proof == "":
		hint = "the user name and password, and that both sides have an EAP method in common"
	}
	a.e.Action = "On the peer read the log of this moment; strongSwan says there `no matching peer config found`, `no shared key found`, `MAC mismatched` or `no trusted ... public key found`. Check " + hint + "."
}

// issuers are those of the certificates that we have sent.
func issuers(r *record) string {
	list := r.sent(func(p wire.Payload) []string { return certFacts(p, "issuer") })
	if len(list) == 0 {
		return "we have sent no certificate"
	}
	return "issued by " + strings.Join(list, ", ")
}

// certFacts are the fields of some name of an X.509 certificate.
func certFacts(p wire.Payload, names ...string) []string {
	c, ok := p.(*wire.Cert)
	if !ok || c.Encoding != wire.CertX509Signature {
		return nil
	}
	var parts []string
	for _, f := range showCert(c, len(c.Data)).fields {
		if slices.Contains(names, f.Name) {
			parts = append(parts, f.Value)
		}
	}
	return parts
}

func (a *advice) certificates() {
	for _, ca := range a.f.CAs {
		a.e.Ours = append(a.e.Ours, "we trust "+ca)
	}
	if len(a.f.CAs) == 0 {
		a.e.Ours = []string{"we trust no CA"}
	}
	a.e.Theirs = a.r.received(func(p wire.Payload) []string {
		facts := certFacts(p, "subject", "issuer", "not before", "not after")
		if len(facts) < 4 {
			return nil
		}
		return []string{fmt.Sprintf("certificate %s, issued by %s, valid from %s to %s", facts[0], facts[1], facts[2], facts[3])}
	})
	if len(a.e.Theirs) == 0 {
		a.e.Theirs = []string{"the peer sent no certificate"}
	}
	a.e.Differs = map[explain.Code]string{
		explain.AuthCertUntrusted:   "the issuer of the peer's certificate is none of the CAs that we trust",
		explain.AuthCertExpired:     "the time: the certificate ended before now by our clock",
		explain.AuthCertNotYetValid: "the time: the certificate begins after now by our clock",
		explain.AuthCertMissing:     "we need a certificate, the peer sends none",
		explain.AuthCertRevoked:     "the CA has revoked the certificate",
	}[a.f.Code]
}

func (a *advice) addresses() {
	a.e.Ours = a.r.sent(configuration)
	a.e.Theirs = a.r.received(configuration)
	if a.e.Refused == api.SidePeer {
		a.e.Theirs = append(a.e.Theirs, "it has no address for us")
		a.e.Differs = "we ask for a virtual address, the peer has none left or none at all"
		a.e.Action = fmt.Sprintf("Give the peer a pool with free addresses for this connection (strongSwan: pools in swanctl.conf; swanctl --list-pools --leases shows how full it is), or leave virtual_ips out of %s in culvert.hcl.", a.connection())
	} else if a.e.Refused == api.SideUs {
		a.e.Differs = "the peer asks for a virtual address, our pool has none left"
		a.e.Action = fmt.Sprintf("Enlarge the pool of %s in culvert.hcl; `culvert pools --leases` shows who has its addresses.", a.connection())
	}
}

// conversation shows the last EAP packets of both sides: what was asked for, and what was refused.
func (a *advice) conversation() {
	a.e.Ours, a.e.Theirs = a.r.everySent(eapText), a.r.everyReceived(eapText)
	if a.f.Code == explain.EAPRejected || a.f.Code == explain.EAPNoMethod {
		a.e.Differs = "the EAP method: what one side wants, the other does not have"
		if a.f.Code == explain.EAPRejected {
			a.e.Differs = "the credentials: the server does not take them"
			a.e.Action = "Compare user name and password with those of the server, and read the log of the server, or of the RADIUS server behind it."
		}
	}
}

func eapText(p wire.Payload) []string {
	if e, ok := p.(*wire.EAP); ok {
		return []string{showEAP(e, len(e.Data)).summary}
	}
	return nil
}

// everySent and everyReceived collect from all messages of one side, the first few.
func (r *record) everySent(of func(wire.Payload) []string) []string { return r.every(true, of) }

func (r *record) everyReceived(of func(wire.Payload) []string) []string { return r.every(false, of) }

func (r *record) every(sent bool, of func(wire.Payload) []string) []string {
	var list []string
	for i := range r.messages {
		for _, k := range r.messages[i].payloads {
			if r.messages[i].sent == sent && len(list) < maxNames {
				list = append(list, of(k.payload)...)
			}
		}
	}
	return list
}

func configuration(p wire.Payload) []string {
	c, ok := p.(*wire.Configuration)
	if !ok {
		return nil
	}
	list := []string{c.ConfigType.String()}
	for _, at := range c.Attributes {
		list = append(list, strings.TrimSpace(at.Type.String()+" "+AttributeText(at)))
	}
	return list
}
