package metrics

import "culvert/api"

// trafficFamilies are what children and peers have carried. SAs that are gone count, so that no change of keys makes a sum fall.
func trafficFamilies() []family {
	child := []string{"connection", "child"}
	return []family{
		{name: "ipsec_child_received_bytes_total", kind: counter, labels: child, help: "Octets that came out of the child's tunnels.",
			read: eachChildSum(func(t Traffic) uint64 { return t.InBytes })},
		{name: "ipsec_child_received_packets_total", kind: counter, labels: child, help: "Packets that came out of the child's tunnels.",
			read: eachChildSum(func(t Traffic) uint64 { return t.InPackets })},
		{name: "ipsec_child_sent_bytes_total", kind: counter, labels: child, help: "Octets that went into the child's tunnels.",
			read: eachChildSum(func(t Traffic) uint64 { return t.OutBytes })},
		{name: "ipsec_child_sent_packets_total", kind: counter, labels: child, help: "Packets that went into the child's tunnels.",
			read: eachChildSum(func(t Traffic) uint64 { return t.OutPackets })},
	}
}

// eachChildSum reads what each child has carried, configured ones that never were up included.
func eachChildSum(read func(Traffic) uint64) func(*Snapshot, func(float64, ...string)) {
	return func(s *Snapshot, give func(float64, ...string)) {
		sums := s.Counts.Carried.Children
		for child, t := range sums {
			give(float64(read(t)), child.Connection, child.Name)
		}
		for _, c := range s.Status.Connections {
			for _, child := range c.Children {
				if _, there := sums[Pair{c.Name, child}]; !there {
					give(0, c.Name, child)
				}
			}
		}
	}
}

// peerFamilies are about single peers, the first ones that came. Those that are away stay.
func peerFamilies() []family {
	peer := []string{"connection", "peer"}
	return []family{
		{name: "ipsec_peer_up", kind: gauge, labels: peer, help: "Whether a peer that was once here has an established IKE SA.", read: peersUp},
		{name: "ipsec_peer_received_bytes_total", kind: counter, labels: peer, help: "Octets that came from the peer.",
			read: eachPeerSum(func(t Traffic) uint64 { return t.InBytes })},
		{name: "ipsec_peer_sent_bytes_total", kind: counter, labels: peer, help: "Octets that went to the peer.",
			read: eachPeerSum(func(t Traffic) uint64 { return t.OutBytes })},
		{name: "ipsec_peers_unlisted_total", kind: counter, help: "IKE SAs of peers that have no series of their own, for there were too many before them (metrics.peers).",
			read: func(s *Snapshot, give func(float64, ...string)) { give(float64(s.Counts.Unlisted)) }},
	}
}

func eachPeerSum(read func(Traffic) uint64) func(*Snapshot, func(float64, ...string)) {
	return func(s *Snapshot, give func(float64, ...string)) {
		for peer, t := range s.Counts.Carried.Peers {
			give(float64(read(t)), peer.Connection, peer.Name)
		}
	}
}

func peersUp(s *Snapshot, give func(float64, ...string)) {
	up := map[Pair]bool{}
	for _, sa := range s.Status.SAs {
		if sa.State == api.SAEstablished {
			up[Pair{sa.Connection, peerLabel(sa.Remote.ID)}] = true
		}
	}
	for peer := range s.Counts.Carried.Peers {
		give(truth(up[peer]), peer.Connection, peer.Name)
	}
}
