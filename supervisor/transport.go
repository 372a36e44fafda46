package supervisor

import (
	"cmp"
	"net/netip"
	"time"

	"culvert/dataplane"
	"culvert/explain"
	"culvert/ike"
)

// streamMemory is how long a peer that did not answer over UDP is asked in a TCP stream at once: the network may have changed, and
// UDP is better where it passes (RFC 9329, Section 5.1).
const streamMemory = 10 * time.Minute

// transport is what an attempt begins with.
func (s *Supervisor) transport(l *link, peer netip.Addr) dataplane.Transport {
	if l.conn.Transport == ike.TransportTCP || l.conn.Transport == ike.TransportAuto && s.now.Before(l.streams[peer]) {
		return dataplane.TransportTCP
	}
	return dataplane.TransportUDP
}

func remotePort(c *ike.Connection, t dataplane.Transport) uint16 {
	if t == dataplane.TransportTCP {
		return cmp.Or(c.TCPPort, 4500)
	}
	return cmp.Or(c.RemotePort, 500)
}

// fallBack tries a stream when UDP found no answer. It is the same attempt, with a new IKE SA (RFC 9329, Section 5.1).
func (s *Supervisor) fallBack(l *link, a *attempt, n ike.News) bool {
	if !a.fallback || n.Failure == nil || n.Failure.Code != explain.IKEUDPSilent {
		return false
	}
	s.try(l, a, dataplane.TransportTCP)
	return true
}

// learnTransport remembers what the peer could be reached by, or forgets it when that does not work any more.
func (s *Supervisor) learnTransport(l *link, a *attempt, reached bool) {
	if l.conn.Transport != ike.TransportAuto || !a.addr.IsValid() {
		return
	}
	if reached && !a.fallback {
		l.streams[a.addr] = s.now.Add(streamMemory)
		return
	}
	delete(l.streams, a.addr)
}
