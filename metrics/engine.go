package metrics

import (
	"strings"

	"culvert/api"
)

// engineFamilies are what IKE does and what goes wrong there.
func engineFamilies() []family {
	connection := []string{"connection"}
	return []family{
		{name: "ike_attempts_total", kind: counter, labels: connection, help: "IKE SAs that we have begun.", read: eachCount(func(c Connection) uint64 { return c.Attempts })},
		{name: "ike_established_total", kind: counter, labels: connection, help: "IKE SAs that were established, by either side; rekeying does not count.",
			read: eachCount(func(c Connection) uint64 { return c.Established })},
		{name: "ike_closed_total", kind: counter, labels: connection, help: "IKE SAs that have ended, those included that never were established.", read: eachCount(func(c Connection) uint64 { return c.Closed })},
		{name: "ike_rekeys_total", kind: counter, labels: connection, help: "IKE SAs that were rekeyed.", read: eachCount(func(c Connection) uint64 { return c.Rekeyed })},
		{name: "ipsec_child_rekeys_total", kind: counter, labels: []string{"connection", "child"}, help: "Child SAs that were rekeyed.", read: eachPair(func(c *Counts) map[Pair]uint64 { return c.Rekeyed })},
		{name: "ike_peer_moves_total", kind: counter, labels: connection, help: "Times that a peer has come from another address.", read: eachCount(func(c Connection) uint64 { return c.Moved })},
		{name: "ike_retransmits_total", kind: counter, labels: connection, help: "Messages that were sent again.", read: eachCount(func(c Connection) uint64 { return c.Retransmits })},
		{name: "ike_failures_total", kind: counter, labels: []string{"connection", "code"}, help: "Exchanges and IKE SAs that failed, by the stable code that culvert explain tells more about.",
			read: eachPair(func(c *Counts) map[Pair]uint64 { return c.Failures })},
		{name: "ike_handshake_duration_seconds", kind: histogram, labels: connection, help: "Time from the first message of an IKE SA until it was established.", times: handshakes},
		{name: "ike_half_open_sas", kind: gauge, help: "IKE SAs whose initiator has not authenticated yet.", read: halfOpen},
		{name: "ike_cookies_demanded_total", kind: counter, help: "First messages that were answered with a cookie to return (RFC 7296, Section 2.6).",
			read: func(s *Snapshot, give func(float64, ...string)) {
				give(float64(s.Status.Counters["ike_dropped_cookie"]))
			}},
		{name: "ike_messages_total", kind: counter, labels: []string{"direction", "exchange", "type"}, help: "IKE messages by exchange; type is request or response.", read: messages},
		{name: "ike_dropped_messages_total", kind: counter, labels: []string{"reason"}, help: "IKE messages that were dropped without an answer.", read: counters("ike_dropped_")},
	}
}

func eachCount(read func(Connection) uint64) func(*Snapshot, func(float64, ...string)) {
	return func(s *Snapshot, give func(float64, ...string)) {
		for name, c := range s.Counts.Connections {
			give(float64(read(c)), name)
		}
		for _, c := range s.Status.Connections {
			if _, there := s.Counts.Connections[c.Name]; !there {
				give(0, c.Name)
			}
		}
	}
}

func eachPair(read func(*Counts) map[Pair]uint64) func(*Snapshot, func(float64, ...string)) {
	return func(s *Snapshot, give func(float64, ...string)) {
		for key, n := range read(&s.Counts) {
			give(float64(n), key.Connection, key.Name)
		}
	}
}

func handshakes(s *Snapshot, give func(Histogram, ...string)) {
	for name, c := range s.Counts.Connections {
		if c.Handshakes.Count > 0 {
			give(c.Handshakes, name)
		}
	}
}

func halfOpen(s *Snapshot, give func(float64, ...string)) {
	n := 0
	for _, sa := range s.Status.SAs {
		if !sa.Initiator && (sa.State == api.SAConnecting || sa.State == api.SAAuthenticating) {
			n++
		}
	}
	give(float64(n))
}

// messages are counters such as ike_sent_create_child_sa_request.
func messages(s *Snapshot, give func(float64, ...string)) {
	for name, n := range s.Status.Counters {
		for _, direction := range []string{"sent", "received"} {
			rest, ok := strings.CutPrefix(name, "ike_"+direction+"_")
			if i := strings.LastIndexByte(rest, '_'); ok && i > 0 {
				give(float64(n), direction, rest[:i], rest[i+1:])
			}
		}
	}
}

// counters makes series of the daemon's counters whose names begin so; the rest of the name is the label.
func counters(prefix string) func(*Snapshot, func(float64, ...string)) {
	return func(s *Snapshot, give func(float64, ...string)) {
		for name, n := range s.Status.Counters {
			if rest, ok := strings.CutPrefix(name, prefix); ok {
				give(float64(n), rest)
			}
		}
	}
}
