package metrics

import (
	"math/big"
	"runtime"
	"strings"
	"time"
)

// hostFamilies are about packets that went no further, certificates, pools and the process.
func hostFamilies() []family {
	return []family{
		{name: "ipsec_dropped_packets_total", kind: counter, labels: []string{"reason"}, help: "Packets that the data plane has dropped.", read: counters("esp_dropped_")},
		{name: "ipsec_kernel_counters_total", kind: counter, labels: []string{"name"}, help: "What the kernel has counted, with its data plane; docs/kernel.md has it in words.", read: counters("xfrm_")},
		{name: "ipsec_socket_events_total", kind: counter, labels: []string{"event"}, help: "What passed the sockets, and every cause of a loss there.", read: counters("net_")},
		{name: "ipsec_other_events_total", kind: counter, labels: []string{"event"}, help: "Further counters of the daemon, under the names that culvert status --json has.", read: otherCounters},
		{name: "ipsec_certificate_expiry_timestamp_seconds", kind: gauge, labels: []string{"connection", "use", "subject"}, help: "When the certificate ends; use is local for ours, ca for authorities of peers.", read: certificates},
		{name: "ipsec_pool_addresses", kind: gauge, labels: []string{"pool"}, help: "Addresses that the pool can lease.", read: poolSizes},
		{name: "ipsec_pool_leases", kind: gauge, labels: []string{"pool", "state"}, help: "Leases; online ones are in use, offline ones are kept for peers that are away.", read: poolLeases},
		{name: "ipsec_warnings", kind: gauge, labels: []string{"code"}, help: "What deserves a look, as culvert status shows it.", read: warnings},
		{name: "ipsec_build_info", kind: gauge, labels: []string{"version", "goversion", "dataplane"}, help: "1, with the version of the daemon and what carries its packets.",
			read: func(s *Snapshot, give func(float64, ...string)) {
				give(1, s.Status.Version, runtime.Version(), s.Status.Dataplane)
			}},
		{name: "ipsec_start_timestamp_seconds", kind: gauge, help: "When the daemon was started.", read: func(s *Snapshot, give func(float64, ...string)) { give(unix(s.Status.Started)) }},
		{name: "ipsec_config_loaded_timestamp_seconds", kind: gauge, help: "When the configuration in use was read.", read: func(s *Snapshot, give func(float64, ...string)) { give(unix(s.Status.Loaded)) }},
		{name: "ipsec_process_heap_bytes", kind: gauge, help: "Octets of objects that the last garbage collection left.", read: func(s *Snapshot, give func(float64, ...string)) { give(float64(s.Status.Process.Heap)) }},
		{name: "ipsec_process_goroutines", kind: gauge, help: "Goroutines of the daemon.", read: func(s *Snapshot, give func(float64, ...string)) { give(float64(s.Status.Process.Goroutines)) }},
	}
}

// elsewhere tells whether a counter of the daemon is in a family of its own.
func elsewhere(name string) bool {
	for _, prefix := range []string{"esp_in_", "esp_out_", "esp_dropped_", "xfrm_", "net_", "ike_sent_", "ike_received_", "ike_dropped_"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

func otherCounters(s *Snapshot, give func(float64, ...string)) {
	for name, n := range s.Status.Counters {
		if !elsewhere(name) {
			give(float64(n), name)
		}
	}
}

// certificates gives the first one to end of those that have the same labels.
func certificates(s *Snapshot, give func(float64, ...string)) {
	ends := map[[3]string]time.Time{}
	for _, c := range s.Certificates {
		key := [3]string{c.Connection, c.Use, peerLabel(c.Subject)}
		if other, there := ends[key]; !there || c.NotAfter.Before(other) {
			ends[key] = c.NotAfter
		}
	}
	for key, end := range ends {
		give(unix(end), key[:]...)
	}
}

func poolSizes(s *Snapshot, give func(float64, ...string)) {
	for _, p := range s.Pools {
		if size, ok := new(big.Float).SetString(p.Size); ok {
			n, _ := size.Float64()
			give(n, p.Name)
		}
	}
}

func poolLeases(s *Snapshot, give func(float64, ...string)) {
	for _, p := range s.Pools {
		give(float64(p.Online), p.Name, "online")
		give(float64(p.Offline), p.Name, "offline")
	}
}

func warnings(s *Snapshot, give func(float64, ...string)) {
	counts := map[string]int{}
	for _, w := range s.Status.Warnings {
		counts[string(w.Code)]++
	}
	for code, n := range counts {
		give(float64(n), code)
	}
}
