package cli

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"culvert/api"
	"culvert/explain"
	"culvert/legible"
	"culvert/probe"
)

func (a *app) probeCommand() *cobra.Command {
	c := probe.DefaultConfig()
	cmd := &cobra.Command{
		Use: "probe HOST[:PORT]", Short: "Find out what a peer speaks before anybody authenticates",
		Long: fmt.Sprintf(`Ask a peer what it speaks: transports, cookies, key exchanges in the order of its
preference, encryption, integrity and pseudorandom functions, extensions, vendor IDs,
round-trip time, NAT on the way and the MTU of the way. Only what is told before
authentication can be known; the last lines say what cannot.

Each question is one IKE_SA_INIT request; all but one leave no state with the peer. At most
%d datagrams are sent, one in %v. Probe peers that are yours, or whose owners
agree. No root and no daemon are needed. With a port, that one is asked, over UDP and TCP.`, c.Limit, c.Interval),
		Example: `  culvert probe vpn.example.net
  culvert probe [2001:db8::1]:4500 --json`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage("%s takes one host, as in %[1]s vpn.example.net", cmd.CommandPath())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return a.probe(cmd.Context(), c, args[0]) },
	}
	cmd.Flags().IntVar(&c.Limit, "limit", c.Limit, "datagrams to send at most")
	cmd.Flags().DurationVar(&c.Interval, "interval", c.Interval, "time between datagrams")
	cmd.Flags().DurationVar(&c.Timeout, "timeout", c.Timeout, "time to wait for an answer")
	cmd.Flags().IntVar(&c.Tries, "tries", c.Tries, "datagrams for a question that is not answered")
	return cmd
}

func (a *app) probe(ctx context.Context, c probe.Config, target string) error {
	host, port, err := hostPort(target)
	if err != nil {
		return err
	}
	if c.Limit < 1 || c.Interval < 0 || c.Timeout <= 0 || c.Tries < 1 {
		return usage("--limit, --tries and --timeout are to be above 0, --interval not below it")
	}
	if c.Peer, err = a.resolve(ctx, host); err != nil {
		return err
	}
	c.Port = port
	if a.Terminal && !a.json && !a.dumb() {
		c.Progress = func(what string) { fmt.Fprintf(a.Err, "\r\x1b[K... %s", legible.Clean(what)) }
	}
	r, err := probe.Run(ctx, c)
	if c.Progress != nil {
		fmt.Fprint(a.Err, "\r\x1b[K")
	}
	if err != nil {
		return err
	}
	if a.json {
		a.printJSON(r)
	} else {
		a.showProbe(r)
	}
	if r.Suite == "" && r.Groups == nil {
		code := explain.IKEPeerRefused
		if r.RTT == 0 {
			code = explain.IKETimeout
		}
		return silent{api.NewProblem(0, code, "", "%s tells nothing: %s", host, r.Refusal)}
	}
	return nil
}

// hostPort reads "host", "host:port" or "[address]:port".
func hostPort(s string) (string, uint16, error) {
	if _, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil || !strings.Contains(s, ":") {
		return strings.Trim(s, "[]"), 0, nil
	}
	host, text, err := net.SplitHostPort(s)
	if err != nil {
		return "", 0, usage("%q is no host with a port: %v", s, err)
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil || port == 0 {
		return "", 0, usage("%q is no port", text)
	}
	return host, uint16(port), nil
}

// resolve returns the first address of a host.
func (a *app) resolve(ctx context.Context, host string) (netip.Addr, error) {
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.Unmap(), nil
	}
	found, err := a.Host.Lookup(ctx, host)
	if err != nil || len(found) == 0 {
		return netip.Addr{}, api.NewProblem(0, explain.IKEPeerUnresolved, "", "%s cannot be resolved: %v", host, err)
	}
	return found[0].Unmap(), nil
}

func (a *app) showProbe(r *probe.Report) {
	out := a.out()
	out.line("%s", out.bold(r.Peer))
	for _, t := range r.Transports {
		mark := out.bad("no ")
		if t.Answers {
			mark = out.good("yes")
		}
		out.line("  %-10s %s  %s%s", t.Name, mark, t.Detail, roundTrip(t.RTT))
	}
	if r.Suite != "" {
		out.indented("  chooses    ", r.Suite)
	}
	for _, list := range []struct {
		title string
		found []probe.Algorithm
	}{
		{"key exchange, in its order", r.Groups}, {"additional key exchange", r.Additional},
		{"encryption", r.Encryption}, {"integrity", r.Integrity}, {"pseudorandom function", r.PRF},
	} {
		a.showAlgorithms(list.title, list.found)
	}
	a.showExtensions(r)
	a.showWay(r)
	out.line("%s", out.bold("cannot be told"))
	for _, u := range r.Untold {
		out.indented("  ", u)
	}
	out.line("%d datagrams in %.1f s", r.Datagrams, r.Seconds)
}

func roundTrip(seconds float64) string {
	if seconds == 0 {
		return ""
	}
	return fmt.Sprintf(", %v", time.Duration(seconds*float64(time.Second)).Round(10*time.Microsecond))
}

// showAlgorithms writes what is accepted, what is not, and what is not known.
func (a *app) showAlgorithms(title string, found []probe.Algorithm) {
	if len(found) == 0 {
		return
	}
	out := a.out()
	out.line("%s", out.bold(title))
	for _, group := range []struct {
		is    probe.Accepted
		paint func(string) styled
	}{{probe.Yes, out.good}, {probe.No, out.faint}, {probe.Unknown, out.warn}} {
		var names []string
		for _, f := range found {
			if f.Accepted == group.is {
				names = append(names, strings.TrimSuffix(f.Name+" "+map[bool]string{true: "(weak)"}[f.Weak], " "))
			}
		}
		if len(names) > 0 {
			out.hanging(fmt.Sprintf("  %-9s", group.is), cell{strings.Join(names, ", "), group.paint})
		}
	}
}

func (a *app) showExtensions(r *probe.Report) {
	out := a.out()
	if len(r.Extensions) > 0 {
		out.line("%s", out.bold("announces"))
	}
	for _, e := range r.Extensions {
		out.indented("  "+e.Notify+"  ", e.Meaning)
	}
	if len(r.Hashes) > 0 {
		out.indented("  hashes of signatures: ", strings.Join(r.Hashes, ", "))
	}
	for _, v := range r.Vendors {
		out.indented("  vendor ID: ", v)
	}
}

// showWay writes what is between us and the peer.
func (a *app) showWay(r *probe.Report) {
	out := a.out()
	out.line("%s", out.bold("way"))
	if r.RTT > 0 {
		out.line("  round trip%s", strings.TrimPrefix(roundTrip(r.RTT), ","))
	}
	if r.Cookie {
		out.line("  it asks for cookies: it is under load, or careful")
	}
	if n := r.NAT; n != nil {
		out.line("  NAT: %s", map[probe.NAT]string{{}: "none", {Local: true}: "we are behind one", {Peer: true}: "the peer is behind one, or says so to have ESP in UDP", {Local: true, Peer: true}: "both are behind one"}[*n])
	}
	if r.MTU > 0 {
		out.line("  MTU: packets of %d octets arrive whole", r.MTU)
	}
	if r.Redirect != "" {
		out.line("  it sends clients to %s", r.Redirect)
	}
	if r.Refusal != "" {
		out.indented("  no more: ", r.Refusal)
	}
	if r.Limited {
		out.line("  the limit of datagrams ended it early; --limit allows more")
	}
}
