package bench_test

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"culvert/ike"
	"culvert/interop/lab"
)

// A stage is a client host and a gateway host, the latter for one responder.
type stage struct {
	*parties
	responder
	sun       *lab.Host
	generator *generator
}

// The addresses of the two hosts.
const (
	moonAddr = "10.99.0.1"
	sunAddr  = "10.99.0.2"
)

func newStage(t *testing.T, r responder) *stage {
	l := lab.New(t)
	moon, sun := l.Host("moon"), l.Host("sun")
	l.Link(moon, sun, []string{moonAddr + "/24"}, []string{sunAddr + "/24"})
	sun.Address(networkOfSun)
	local := netip.MustParseAddr(moonAddr)
	g := newGenerator(t, moon.ListenUDP(netip.AddrPortFrom(local, portIKE)), moon.ListenUDP(netip.AddrPortFrom(local, portNAT)))
	return &stage{parties: &parties{Lab: l}, responder: r, sun: sun, generator: g}
}

// A round is what one responder took for all clients.
type round struct {
	rate     float64 // handshakes per second
	cpu      time.Duration
	resident int // octets
	p50, p99 time.Duration
}

// round starts the responder anew and has all clients connect to it.
func (s *stage) round(connections []*ike.Connection, parallel int) round {
	s.Helper()
	daemon := s.start(s.sun, s.parties)
	defer daemon.Kill()
	before := usageOf(s, daemon.PID())
	took := s.generator.run(netip.MustParseAddr(sunAddr), connections, parallel)
	used := usageOf(s, daemon.PID()).sub(before)
	latency := s.generator.latency
	slices.Sort(latency)
	return round{
		rate: clients / took.Seconds(), cpu: used.cpu / clients, resident: used.resident / clients,
		p50: latency[clients/2], p99: latency[clients*99/100],
	}
}

// of returns the median of one figure over rounds.
func of[T float64 | time.Duration | int](list []round, figure func(round) T) T {
	values := make([]T, len(list))
	for i, r := range list {
		values[i] = figure(r)
	}
	return median(values)
}

// row shows the medians of a responder.
func (s *stage) row(t *table, what string, list []round) {
	t.row(what, s.name,
		fmt.Sprintf("%.0f/s", of(list, func(r round) float64 { return r.rate })),
		of(list, cpu).Round(time.Microsecond).String(),
		fmt.Sprintf("%.1f KiB", float64(of(list, func(r round) int { return r.resident }))/1024),
		of(list, func(r round) time.Duration { return r.p50 }).Round(10*time.Microsecond).String(),
		of(list, func(r round) time.Duration { return r.p99 }).Round(10*time.Microsecond).String())
}

func cpu(r round) time.Duration { return r.cpu }

// acceptable is the part of charon's CPU from which on something has gone wrong. The aim is a third of it; on a machine that
// has other things to do the figures scatter.
const acceptable = 0.6

// Handshakes of IKE SAs with a child, with the daemons as responders to the same initiator.
func TestBenchHandshakes(t *testing.T) {
	needBench(t)
	var stages []*stage
	for _, r := range responders() {
		stages = append(stages, newStage(t, r))
	}
	results := newTable("handshake", "responder", "rate", "CPU per SA", "memory per SA", "latency p50", "p99")
	for _, ca := range []*authority{nil, newAuthority(t)} {
		for _, parallel := range []int{1, 64} {
			measureHandshakes(t, stages, ca, parallel, results)
		}
	}
	results.show(t)
}

func measureHandshakes(t *testing.T, stages []*stage, ca *authority, parallel int, results *table) {
	t.Helper()
	what := fmt.Sprintf("PSK, x25519, %d at a time", parallel)
	all := make([][]round, len(stages))
	for _, s := range stages {
		s.authority = ca
		if ca != nil {
			s.gateway = ca.issue(gateway)
			what = fmt.Sprintf("ECDSA P-256, x25519, %d at a time", parallel)
		}
	}
	connections := stages[0].connections()
	for range rounds {
		for i, s := range stages {
			all[i] = append(all[i], s.round(connections, parallel))
		}
	}
	for i, s := range stages {
		s.row(results, what, all[i])
	}
	share := float64(of(all[0], cpu)) / float64(of(all[1], cpu))
	results.row("", "ratio", fmt.Sprintf("%.1f", of(all[0], rate)/of(all[1], rate)), fmt.Sprintf("%.2f", share))
	if share > acceptable {
		t.Errorf("%s: %.2f of charon's CPU, want at most %.2f", what, share, acceptable)
	}
}

func rate(r round) float64 { return r.rate }
