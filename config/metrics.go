package config

import (
	"fmt"
	"net/netip"
)

// Metrics say where counters and states are served to Prometheus besides the management socket.
type Metrics struct {
	Origin
	Listen []netip.AddrPort // empty: nowhere
	Peers  int              // peers that have series of their own
}

func newMetrics() Metrics { return Metrics{Peers: 100} }

func (m *Metrics) schema() schema {
	return schema{
		kind: "metrics", origin: &m.Origin,
		doc: "Metrics for Prometheus. The management socket serves them in any case, at `/metrics`; docs/metrics.md lists them.",
		options: []option{
			{name: "listen", slot: many(&m.Listen, endpoint()),
				doc: "Addresses with TCP ports, usually `[\"127.0.0.1:9500\"]`, on which `/metrics` is served by HTTP, to read and nothing else. There is neither encryption nor a password, and the identities of peers are told: keep it on loopback, or on a network for management. Empty: none."},
			{name: "peers", slot: one(&m.Peers, number[int](0, 100000)),
				doc: "Peers that have series of their own. The first ones count; what the others carry is in the sums of their connections and children, so that thousands of clients do not become thousands of series."},
		},
	}
}

// endpoint reads addresses with ports.
func endpoint() reader[netip.AddrPort] {
	return textual("address with port", `an address with a port such as "127.0.0.1:9500" or "[::1]:9500"`, func(s string) (netip.AddrPort, error) {
		a, err := netip.ParseAddrPort(s)
		if err != nil || a.Port() == 0 || a.Addr().Zone() != "" {
			return a, fmt.Errorf("%q is no address with a port", s)
		}
		return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()), nil
	}, netip.AddrPort.String)
}
