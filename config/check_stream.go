package config

import (
	"culvert/explain"
	"culvert/ike"
)

// checkStreams warns of a connection that peers alone could open TCP streams for, while the daemon takes none (RFC 9329,
// Section 2).
func (d *decoder) checkStreams(c *Connection) {
	if c.Transport == ike.TransportUDP || c.Remote.Reachable() || len(d.config.Daemon.TCPPorts) > 0 {
		return
	}
	d.warn(explain.ConfigUnused, c.span("transport"), finding{
		message: c.title() + " lets peers connect over TCP, but the daemon accepts no streams",
		hint:    "set daemon.tcp_ports, usually to [4500]"})
}
