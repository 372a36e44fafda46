package metrics

import (
	"cmp"
	"time"

	"culvert/api"
)

// connectionFamilies tell how configured connections and their children are. Those that are down are there as well.
func connectionFamilies() []family {
	connection, child := []string{"connection"}, []string{"connection", "child"}
	return []family{
		{name: "ipsec_connection_up", kind: gauge, labels: connection, help: "Whether the connection has an established IKE SA.",
			read: eachConnection(func(c *api.Connection) float64 { return truth(c.State == api.Up) })},
		{name: "ipsec_connection_state", kind: gauge, labels: []string{"connection", "state"}, help: "1 for the state that the connection is in; connecting and waiting: it should be up and is not.", read: states},
		{name: "ipsec_connection_pending_attempts", kind: gauge, labels: connection, help: "Attempts to connect since the connection was last up.",
			read: eachConnection(func(c *api.Connection) float64 { return float64(c.Attempts) })},
		{name: "ipsec_connection_next_attempt_timestamp_seconds", kind: gauge, labels: connection, help: "When the next attempt to connect comes; missing: none is due.", read: nextAttempts},
		{name: "ipsec_child_up", kind: gauge, labels: child, help: "Whether the configured child has a Child SA.", read: childrenUp},
		{name: "ipsec_child_sas", kind: gauge, labels: child, help: "Pairs of Child SAs of the child, for all peers.", read: childCounts},
		{name: "ipsec_child_expire_timestamp_seconds", kind: gauge, labels: child, help: "When the first of the child's SAs ends unless it is rekeyed before.",
			read: eachChild(func(c *api.Child) *time.Time { return c.Expire }, earlier)},
		{name: "ipsec_child_last_received_timestamp_seconds", kind: gauge, labels: child, help: "When the child's living SAs last opened a packet.",
			read: eachChild(func(c *api.Child) *time.Time { return c.In.LastUse }, later)},
		{name: "ipsec_child_last_sent_timestamp_seconds", kind: gauge, labels: child, help: "When the child's living SAs last sealed a packet.",
			read: eachChild(func(c *api.Child) *time.Time { return c.Out.LastUse }, later)},
		{name: "ipsec_child_mtu_bytes", kind: gauge, labels: child, help: "The smallest MTU inside of the child's tunnels.", read: mtus},
		{name: "ike_sas", kind: gauge, labels: []string{"connection", "state"}, help: "IKE SAs; the connection is empty while it is not known.", read: saCounts},
		{name: "ike_sas_quantum_resistant", kind: gauge, labels: connection, help: "Established IKE SAs whose children stay secret from quantum computers.", read: resistant},
	}
}

func eachConnection(value func(*api.Connection) float64) func(*Snapshot, func(float64, ...string)) {
	return func(s *Snapshot, give func(float64, ...string)) {
		for i := range s.Status.Connections {
			c := &s.Status.Connections[i]
			give(value(c), c.Name)
		}
	}
}

func states(s *Snapshot, give func(float64, ...string)) {
	for _, c := range s.Status.Connections {
		for _, state := range []api.ConnectionState{api.Idle, api.Listening, api.Trapped, api.Connecting, api.Waiting, api.Up} {
			give(truth(c.State == state), c.Name, string(state))
		}
	}
}

func nextAttempts(s *Snapshot, give func(float64, ...string)) {
	for _, c := range s.Status.Connections {
		if c.NextAttempt != nil {
			give(unix(*c.NextAttempt), c.Name)
		}
	}
}

// installed counts the pairs of Child SAs by child. Configured children are there if they have none.
func installed(s *Snapshot) map[Pair]int {
	counts := map[Pair]int{}
	for _, c := range s.Status.Connections {
		for _, child := range c.Children {
			counts[Pair{c.Name, child}] = 0
		}
	}
	for _, sa := range s.Status.SAs {
		for _, child := range sa.Children {
			counts[Pair{sa.Connection, child.Name}]++
		}
	}
	return counts
}

func childrenUp(s *Snapshot, give func(float64, ...string)) {
	for child, n := range installed(s) {
		give(truth(n > 0), child.Connection, child.Name)
	}
}

func childCounts(s *Snapshot, give func(float64, ...string)) {
	for child, n := range installed(s) {
		give(float64(n), child.Connection, child.Name)
	}
}

// eachChild reads a time of all SAs of a child and chooses one of them.
func eachChild(read func(*api.Child) *time.Time, choose func(a, b time.Time) time.Time) func(*Snapshot, func(float64, ...string)) {
	return func(s *Snapshot, give func(float64, ...string)) {
		chosen := map[Pair]time.Time{}
		for _, sa := range s.Status.SAs {
			for i := range sa.Children {
				t, key := read(&sa.Children[i]), Pair{sa.Connection, sa.Children[i].Name}
				if t == nil {
					continue
				}
				if other, ok := chosen[key]; ok {
					chosen[key] = choose(*t, other)
				} else {
					chosen[key] = *t
				}
			}
		}
		for key, t := range chosen {
			give(unix(t), key.Connection, key.Name)
		}
	}
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func mtus(s *Snapshot, give func(float64, ...string)) {
	smallest := map[Pair]int{}
	for _, sa := range s.Status.SAs {
		for _, child := range sa.Children {
			if child.MTU == nil || child.MTU.Effective == 0 {
				continue
			}
			key := Pair{sa.Connection, child.Name}
			smallest[key] = min(child.MTU.Effective, cmp.Or(smallest[key], child.MTU.Effective))
		}
	}
	for key, n := range smallest {
		give(float64(n), key.Connection, key.Name)
	}
}

func saCounts(s *Snapshot, give func(float64, ...string)) {
	counts := map[Pair]int{}
	for _, c := range s.Status.Connections {
		counts[Pair{c.Name, string(api.SAEstablished)}] = 0
	}
	for _, sa := range s.Status.SAs {
		counts[Pair{sa.Connection, string(sa.State)}]++
	}
	for key, n := range counts {
		give(float64(n), key.Connection, key.Name)
	}
}

func resistant(s *Snapshot, give func(float64, ...string)) {
	counts := map[string]int{}
	for _, c := range s.Status.Connections {
		counts[c.Name] = 0
	}
	for _, sa := range s.Status.SAs {
		if sa.State == api.SAEstablished && sa.Quantum != nil && sa.Quantum.Children {
			counts[sa.Connection]++
		}
	}
	for name, n := range counts {
		give(float64(n), name)
	}
}

// unix is a time as a gauge has it.
func unix(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
