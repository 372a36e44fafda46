package cli

import (
	"bufio"
	"fmt"
	"slices"
	"strings"

	"culvert/api"
	"culvert/legible"
)

// showStatus writes the status for people, all of it at once: it can be a hundred thousand lines.
func (a *app) showStatus(s *api.Status) {
	w := bufio.NewWriter(a.Out)
	defer w.Flush()
	out := a.printer(w)
	out.line("culvert %s, up %s, %s, %s, %s", s.Version, a.ago(s.Started), legible.Count(len(s.Connections), "connection"),
		legible.Count(len(s.SAs), "IKE SA"), legible.Count(countChildren(s.SAs), "child"))
	if s.DataplaneReason != "" {
		out.line("packets: %s, since %s", s.Dataplane, s.DataplaneReason)
	}
	if len(s.Connections) > 0 {
		out.line("")
		out.table([]string{"CONNECTION", "STATE", "PEER", "MORE"}, a.connectionRows(out, s))
	}
	for i := range s.SAs {
		out.line("")
		a.showSA(out, &s.SAs[i])
	}
	if len(s.Warnings) > 0 {
		out.line("")
	}
	for _, w := range s.Warnings {
		out.indented("warning: ", strings.TrimSpace(fmt.Sprintf("%s %s [%s]", w.Text, w.Action, w.Code)))
	}
}

func countChildren(sas []api.SA) int {
	n := 0
	for _, sa := range sas {
		n += len(sa.Children)
	}
	return n
}

func (a *app) connectionRows(out *printer, s *api.Status) [][]cell {
	var rows [][]cell
	sas := s.ByConnection()
	for _, c := range s.Connections {
		peer := strings.Join(c.Remote, " ")
		if peer == "" {
			peer = "any"
		}
		state := cell{string(c.State), out.faint}
		switch c.State {
		case api.Up:
			state.paint = out.good
		case api.Connecting, api.Waiting:
			state.paint = out.warn
		}
		rows = append(rows, []cell{plain(c.Name), state, plain(peer), plain(a.more(&c, sas[c.Name]))})
	}
	return rows
}

// more tells what the state alone does not: how much is up, or why nothing is.
func (a *app) more(c *api.Connection, sas []api.SA) string {
	var parts []string
	if len(sas) > 0 {
		parts = append(parts, legible.Count(len(sas), "IKE SA")+", "+legible.Count(countChildren(sas), "child"))
	}
	if c.NextAttempt != nil {
		parts = append(parts, fmt.Sprintf("attempt %d in %s", c.Attempts+1, a.until(*c.NextAttempt)))
	}
	switch down := notUp(c, sas); {
	case c.LastFailure == nil:
	case c.State != api.Up:
		parts = append(parts, c.LastFailure.Error())
	case len(down) > 0:
		parts = append(parts, strings.Join(down, ", ")+" not up: "+c.LastFailure.Error())
	}
	return strings.Join(parts, "; ")
}

// notUp are the configured children of a connection that no IKE SA has.
func notUp(c *api.Connection, sas []api.SA) []string {
	return slices.DeleteFunc(slices.Clone(c.Children), func(name string) bool {
		return slices.ContainsFunc(sas, func(sa api.SA) bool {
			return slices.ContainsFunc(sa.Children, func(child api.Child) bool { return child.Name == name })
		})
	})
}

// userText is who has logged in.
func userText(sa *api.SA) string {
	text := "user " + sa.User
	if len(sa.Groups) > 0 {
		text += " of " + strings.Join(sa.Groups, ", ")
	}
	return text + ", session " + sa.Session
}

// showSA writes one IKE SA with its children.
func (a *app) showSA(out *printer, sa *api.SA) {
	name := sa.Connection
	if name == "" {
		name = "(unknown)"
	}
	arrow := "<-"
	if sa.Initiator {
		arrow = "->"
	}
	out.line("%s  %s", out.bold(name), sa.State)
	out.indented("  ", end(sa.Local)+" "+arrow+" "+end(sa.Remote))
	facts := []string{"spi " + sa.SPI}
	if sa.Established != nil {
		facts = append(facts, "up "+a.ago(*sa.Established))
	}
	if sa.Rekey != nil {
		facts = append(facts, "rekey in "+a.until(*sa.Rekey))
	}
	if sa.Reauth != nil {
		facts = append(facts, "reauthentication in "+a.until(*sa.Reauth))
	}
	if sa.Suite != "" {
		facts = append(facts, sa.Suite)
	}
	out.indented("  ", strings.Join(facts, ", "))
	if sa.Quantum != nil {
		out.indented("  ", quantum(sa.Quantum))
	}
	if text := proofText(sa); text != "" {
		out.indented("  ", text)
	}
	if sa.User != "" {
		out.indented("  ", userText(sa))
	}
	for label, list := range addresses(sa) {
		if len(list) > 0 {
			out.indented("  ", label+" "+strings.Join(list, " "))
		}
	}
	for _, c := range sa.Children {
		a.showChild(out, &c)
	}
}

// proofText tells how both ends have authenticated.
func proofText(sa *api.SA) string {
	if len(sa.Local.Auth)+len(sa.Remote.Auth) == 0 {
		return ""
	}
	text := fmt.Sprintf("authenticated by %s, peer by %s", strings.Join(sa.Local.Auth, " and "), strings.Join(sa.Remote.Auth, " and "))
	if sa.Remote.IKEID != "" {
		text += ", which calls itself " + sa.Remote.IKEID
	}
	return text
}

// quantum says plainly whether an IKE SA withstands quantum computers, and by what.
func quantum(q *api.Quantum) string {
	switch means := strings.Join(q.Means, "; "); {
	case q.IKE:
		return "quantum-resistant: " + means
	case q.Children:
		return "quantum-resistant in part: " + means
	}
	return "not quantum-resistant"
}

// addresses yields the addresses that came with an IKE SA.
func addresses(sa *api.SA) func(yield func(string, []string) bool) {
	return func(yield func(string, []string) bool) {
		_ = yield("virtual addresses", sa.VirtualIPs) && yield("leased", sa.Leases) && yield("DNS servers", sa.DNS) && yield("networks of the peer", sa.Subnets) &&
			yield("told by the peer", attributes(sa.Attributes))
	}
}

// attributes writes what a gateway has told beside addresses, as "INTERNAL_IP4_NBNS 10.1.0.7".
func attributes(list []api.Attribute) (texts []string) {
	for _, a := range list {
		texts = append(texts, a.Name+" "+a.Value)
	}
	return texts
}

// end writes one end of an IKE SA: "192.0.2.1:500 (gw.example.org, behind NAT)".
func end(e api.Endpoint) string {
	var inner []string
	if e.ID != "" {
		inner = append(inner, e.ID)
	}
	if e.NAT {
		inner = append(inner, "behind NAT")
	}
	if len(inner) == 0 {
		return e.Address
	}
	return e.Address + " (" + strings.Join(inner, ", ") + ")"
}

// kernelFacts tell marks and numbers of interfaces: "mark in 0x7/0xff", "if_id out 3".
func kernelFacts(c *api.Child) (facts []string) {
	for _, f := range [][2]string{{"mark in", markText(c.MarkIn)}, {"mark out", markText(c.MarkOut)}, {"if_id in", numberText(c.IfIDIn)}, {"if_id out", numberText(c.IfIDOut)}} {
		if f[1] != "" {
			facts = append(facts, f[0]+" "+f[1])
		}
	}
	return facts
}

// markText writes a mark; "" for none.
func markText(m *api.Mark) string {
	switch {
	case m == nil:
		return ""
	case m.Mask == 1<<32-1:
		return fmt.Sprintf("%#x", m.Value)
	}
	return fmt.Sprintf("%#x/%#x", m.Value, m.Mask)
}

func numberText(n uint32) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}

func (a *app) showChild(out *printer, c *api.Child) {
	transport := map[string]string{"esp": "raw ESP", "udp": "ESP in UDP", "tcp": "ESP in TCP"}
	facts := []string{string(c.State), c.Mode, transport[c.Encapsulation], c.Suite}
	if m := c.MTU; m != nil && m.Effective > 0 {
		facts = append(facts, fmt.Sprintf("MTU %d (path %d by %s)", m.Effective, m.Path, m.Source))
	}
	if c.Resource > 0 {
		facts = append(facts, fmt.Sprintf("of worker %d", c.Resource))
	}
	facts = append(facts, kernelFacts(c)...)
	if c.Rekey != nil {
		facts = append(facts, "rekey in "+a.until(*c.Rekey))
	}
	out.indented("  "+c.Name+"  ", strings.Join(facts, ", "))
	out.indented("    ", "keys from "+keySources(c))
	out.indented("    ", strings.Join(c.Local, " ")+" === "+strings.Join(c.Remote, " "))
	out.line("    in  %s", a.traffic(c.InSPI, c.In))
	out.line("    out %s", a.traffic(c.OutSPI, c.Out))
	if c.Out.IPTFS != nil && c.In.IPTFS != nil {
		out.indented("    ", iptfsFacts(c))
	}
	if c.IPTFSDeclined {
		out.line("    no IP-TFS: the peer does not use it, and traffic shows its shape")
	}
}

// keySources tells what the keys of a child were made of.
func keySources(c *api.Child) string {
	sources := append([]string{"the IKE SA"}, c.KeyExchanges...)
	if c.PPK != "" {
		sources = append(sources, "PPK "+c.PPK)
	}
	return strings.Join(sources, " + ")
}

func (a *app) traffic(spi string, t api.Traffic) string {
	text := fmt.Sprintf("%s  %10s %9s", spi, legible.Octets(t.Bytes), fmt.Sprintf("%d pkt", t.Packets))
	if t.LastUse != nil {
		text += fmt.Sprintf("  %s ago", a.ago(*t.LastUse))
	}
	return text
}
