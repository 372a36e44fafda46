package wgconf

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
)

// Twin writes a configuration of Culvert that does what the tunnel does. name is that of the interface. Keys are not carried over:
// the placeholders in their place have to be filled in on both sides before the tunnel can come up.
func (t *Tunnel) Twin(name string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Made from the WireGuard tunnel %s: what it would be with IKEv2.\n#\n", oneLine(name))
	b.WriteString("# Keys cannot be carried over: those of WireGuard make no signatures. Peers show that they know a secret here, one for each;\n" +
		"# put the same into the configuration of the other side, made by `openssl rand -hex 32` behind 0x. Addresses of the interface\n" +
		"# are the selectors of children; peers do not move to what sends good packets, but keep their address or connect again.\n")
	for _, line := range t.LeftOut {
		fmt.Fprintf(&b, "# left out: %s\n", oneLine(line))
	}
	if t.Port != 0 {
		fmt.Fprintf(&b, "# UDP port %d is not in use: IKEv2 has 500 and 4500 (daemon { port nat_port } changes ours).\n", t.Port)
	}
	for i := range t.Peers {
		t.peer(&b, fmt.Sprintf("%s-%d", label(name), i+1), &t.Peers[i])
	}
	return b.String()
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// label makes a name of a block.
func label(name string) string {
	name = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-' {
			return r
		}
		return '_'
	}, name)
	return "wg" + strings.TrimPrefix(name[:min(len(name), 40)], "wg")
}

// peer writes a connection and its secret.
func (t *Tunnel) peer(b *strings.Builder, name string, p *Peer) {
	fmt.Fprintf(b, "\nconnection %q {\n", name)
	fmt.Fprintf(b, "  local {\n    auth = \"psk\"\n    id   = \"keyid:%s-here\"\n  }\n", name)
	b.WriteString("  remote {\n    auth = \"psk\"\n")
	if host, ok := endpoint(p.Endpoint); ok {
		fmt.Fprintf(b, "    address = [%q]\n", host)
	}
	fmt.Fprintf(b, "    id = \"keyid:%s-there\"\n  }\n", name)
	if p.Keepalive > 0 {
		fmt.Fprintf(b, "  keepalive = \"%ds\"\n  dpd_delay = \"%ds\"\n", min(p.Keepalive, 3600), max(p.Keepalive, 10))
	}
	if p.Preshared {
		b.WriteString("  # The preshared key of WireGuard is for quantum computers; ML-KEM does that here.\n  post_quantum = \"require\"\n")
	}
	t.child(b, p)
	b.WriteString("}\n")
	fmt.Fprintf(b, "\nsecret %q {\n  ids = [%q, %q]\n  psk = \"replace me by openssl rand -hex 32\"\n}\n", name, "keyid:"+name+"-here", "keyid:"+name+"-there")
}

// child writes the traffic: ours to what the peer may have.
func (t *Tunnel) child(b *strings.Builder, p *Peer) {
	b.WriteString("  child \"net\" {\n")
	if local := networks(t.Address, false); len(local) > 0 {
		fmt.Fprintf(b, "    local  = [%s]\n", strings.Join(local, ", "))
	}
	if remote := networks(p.Allowed, true); len(remote) > 0 {
		fmt.Fprintf(b, "    remote = [%s]\n", strings.Join(remote, ", "))
	}
	if _, ok := endpoint(p.Endpoint); ok {
		b.WriteString("    start  = \"trap\" # the tunnel comes up with the first packet, as that of WireGuard does\n")
	}
	b.WriteString("  }\n")
}

// networks writes prefixes, or only the addresses in them.
func networks(list []netip.Prefix, whole bool) (all []string) {
	for _, p := range list {
		if whole {
			all = append(all, fmt.Sprintf("%q", p.Masked()))
		} else {
			all = append(all, fmt.Sprintf("%q", p.Addr()))
		}
	}
	return all
}

// endpoint returns the host of an endpoint.
func endpoint(s string) (string, bool) {
	host, _, err := net.SplitHostPort(s)
	return host, err == nil && host != ""
}
