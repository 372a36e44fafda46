package web_test

import (
	"context"
	"fmt"
	"math"
	"sync/atomic"
	"time"

	"culvert/api"
	"culvert/api/apitest"
	"culvert/explain"
)

// hostile is what a peer may call itself. As text it does nothing; as markup it would run.
const hostile = `"><script>window.owned=1</script><img src=x onerror="window.owned=2">`

// A sample is a daemon with a connection in every state, whose traffic goes on.
type sample struct {
	*apitest.Fake
	started time.Time
	crowd   int    // IKE SAs of the connection "staff"
	peer    string // what some peers call themselves

	refuses atomic.Bool // to bring anything up
}

func newSample(crowd int, peer string) *sample {
	s := &sample{Fake: apitest.New(512), started: time.Now().Add(-26 * time.Hour), crowd: crowd, peer: peer}
	s.Leases = samplePools(s.started, peer)
	s.Traced = sampleTraces(time.Now(), peer)
	s.Told = map[string]api.Explanation{"41": sampleExplanation()}
	s.Applied = api.Reloaded{Added: []string{}, Removed: []string{}, Changed: []string{"connection office"}}
	for i, line := range []api.LogEntry{
		{Level: "INFO", Text: "started", Attrs: map[string]string{"version": "1.0"}},
		{Level: "INFO", Text: "IKE SA up", Attrs: map[string]string{"connection": "office", "peer": "192.0.2.10:4500 (gw.office.example)"}},
		{Level: "WARN", Text: "no proposal chosen", Attrs: map[string]string{"connection": "cloud-eu", "code": string(explain.IKENoProposal)}},
		{Level: "DEBUG", Text: "received IKE_SA_INIT request 0", Attrs: map[string]string{"peer": peer}},
		{Level: "ERROR", Text: "route to 10.9.0.0/16: no such device", Attrs: map[string]string{"connection": "lab"}},
	} {
		line.Time = s.started.Add(time.Duration(i) * time.Hour)
		s.Log().Publish(line)
	}
	for i, e := range []api.Event{
		{Kind: api.EventAttempt, Connection: "cloud-eu", Text: "connecting to 198.51.100.7"},
		{Kind: api.EventDown, Connection: "cloud-eu", Text: "no proposal chosen", Problem: noProposal()},
		{Kind: api.EventWaiting, Connection: "cloud-eu", Text: "the next attempt comes in 40s"},
		{Kind: api.EventUp, Connection: "office", Text: "established with gw.office.example"},
		{Kind: api.EventChildUp, Connection: "office", Child: "net", Text: "child net is up"},
		{Kind: api.EventUp, Connection: "staff", Text: "established with " + peer},
	} {
		e.Time = time.Now().Add(time.Duration(i-9) * time.Minute)
		s.Events().Publish(e)
	}
	s.Script = []api.Event{{Kind: api.EventAttempt, Connection: "lab", Text: "connecting to 203.0.113.77", Time: time.Now()}}
	return s
}

// Up implements api.Control.
func (s *sample) Up(ctx context.Context, t api.Target) error {
	if s.refuses.Load() {
		return noProposal()
	}
	return s.Fake.Up(ctx, t)
}

func noProposal() *api.Problem {
	return api.NewProblem(0, explain.IKENoProposal, "", "The peer offered aes256gcm16-prfsha384-ecp384; connection \"cloud-eu\" allows aes256gcm16-prfsha384-x25519.")
}

// Overview implements api.Control.
func (s *sample) Overview(ctx context.Context) (api.Overview, error) {
	status, err := s.Status(ctx)
	return apitest.OverviewOf(&status), err
}

// List implements api.Control.
func (s *sample) List() api.Listing {
	status, _ := s.Status(context.Background()) // never fails
	return apitest.ListOf(status.SAs)
}

// Status implements api.Control. Counters grow with the time.
func (s *sample) Status(ctx context.Context) (api.Status, error) {
	now := time.Now()
	age := carriedFor(now.Sub(s.started))
	next := now.Add(38 * time.Second)
	status := api.Status{
		Version: "1.0", Started: s.started, Loaded: s.started, Config: "/etc/culvert/culvert.hcl", Listening: []string{"0.0.0.0:500", "0.0.0.0:4500"}, Dataplane: "user",
		Connections: []api.Connection{
			{Name: "office", State: api.Up, Remote: []string{"gw.office.example"}, Children: []string{"net", "voice"}, Source: "vici"},
			{Name: "lisbon", State: api.Up, Remote: []string{"2001:db8:17::1"}, Children: []string{"net"}},
			{Name: "cloud-eu", State: api.Waiting, Remote: []string{"198.51.100.7"}, Children: []string{"vpc"}, Attempts: 7, NextAttempt: &next, LastFailure: noProposal()},
			{Name: "backup", State: api.Trapped, Remote: []string{"203.0.113.20"}, Children: []string{"net"}},
			{Name: "lab", State: api.Idle, Remote: []string{"203.0.113.77"}, Children: []string{"net"}},
			{Name: "staff", State: api.Up, Remote: []string{}, Children: []string{"all"}},
		},
		SAs:      []api.SA{},
		Warnings: []api.Warning{{Code: explain.AuthPSKWeak, Text: "The pre-shared key of lab is short.", Action: "Make one of 32 random octets."}},
		Counters: map[string]uint64{"esp_in_bytes": uint64(age * 4_100_000), "esp_in_packets": uint64(age * 3_900), "esp_out_bytes": uint64(age * 1_250_000), "esp_out_packets": uint64(age * 2_100)},
		Process:  api.Process{Heap: 23 << 20, Goroutines: 41},
	}
	status.SAs = append(status.SAs, officeSA(s.started, now, age), lisbonSA(s.started, now, age))
	for i := range s.crowd {
		status.SAs = append(status.SAs, staffSA(i, s.started, now, s.peer))
	}
	return status, ctx.Err()
}

// carriedFor returns a time in seconds that passes now faster, now slower: what is multiplied with it makes waves in graphs.
func carriedFor(d time.Duration) float64 {
	t := d.Seconds()
	return t + 2.6*math.Sin(t/6) + 0.7*math.Sin(t/1.7)
}

func officeSA(since, now time.Time, age float64) api.SA {
	rekey, reauth := now.Add(2*time.Hour+14*time.Minute), now.Add(19*time.Hour)
	sa := established("office", "0a51c0ffee5eed01", "gw.office.example", "192.0.2.10:4500", since)
	sa.Initiator, sa.Rekey, sa.Reauth = true, &rekey, &reauth
	sa.Suite = "aes256gcm16-prfsha384-x25519-ke1_mlkem768"
	sa.Quantum = &api.Quantum{IKE: true, Children: true, Means: []string{"ML-KEM-768"}}
	sa.Remote.NAT = true
	voice := child("voice", 0xc2, since, now, 40*age)
	voice.Local, voice.Remote = []string{"10.1.8.0/24"}, []string{"10.2.8.0/24"}
	sa.Children = []api.Child{child("net", 0xc1, since, now, 900_000*age), voice}
	return sa
}

func lisbonSA(since, now time.Time, age float64) api.SA {
	sa := established("lisbon", "0a51c0ffee5eed02", "CN=gw.lisbon.example, O=Example", "[2001:db8:17::1]:500", since.Add(25*time.Hour))
	sa.Suite = "aes256gcm16-prfsha384-ecp384"
	sa.Children = []api.Child{child("net", 0xc3, since, now, 250_000*age*0.75)}
	return sa
}

func staffSA(i int, since, now time.Time, first string) api.SA {
	id := fmt.Sprintf("user%04d@example.org", i)
	if i == 0 {
		id = first
	}
	sa := established("staff", fmt.Sprintf("57aff%011x", i), id, fmt.Sprintf("198.51.%d.%d:4500", i/250, i%250+1), since.Add(time.Duration(i)*time.Second))
	sa.User, sa.Suite = id, "aes256gcm16-prfsha384-x25519"
	sa.Leases = []string{fmt.Sprintf("10.64.%d.%d", i/250, i%250+1)}
	sa.Quantum = &api.Quantum{Means: []string{}}
	all := child("all", uint32(0x10000+i), since, now, 1000)
	all.Local, all.Remote = []string{"0.0.0.0/0"}, []string{sa.Leases[0] + "/32"}
	sa.Children = []api.Child{all}
	return sa
}

func established(connection, spi, id, address string, since time.Time) api.SA {
	return api.SA{
		Connection: connection, State: api.SAEstablished, SPI: spi, PeerSPI: "be" + spi[2:], Transport: "udp",
		Local:   api.Endpoint{Address: "192.0.2.1:4500", ID: "gw.example.org", Auth: []string{"ecdsa-p256"}},
		Remote:  api.Endpoint{Address: address, ID: id, Auth: []string{"ecdsa-p256"}},
		Created: since, Established: &since, Quantum: &api.Quantum{Means: []string{}},
	}
}

func child(name string, spi uint32, since, now time.Time, octets float64) api.Child {
	rekey, expire, last := now.Add(41*time.Minute), now.Add(52*time.Minute), now.Add(-time.Second)
	return api.Child{
		Name: name, State: api.ChildInstalled, Mode: "tunnel", Encapsulation: "udp", InSPI: fmt.Sprintf("c%07x", spi), OutSPI: fmt.Sprintf("d%07x", spi),
		Suite: "aes256gcm16-esn", KeyExchanges: []string{"x25519", "mlkem768"}, Local: []string{"10.1.0.0/16"}, Remote: []string{"10.2.0.0/16", "fd02::/64"},
		Created: since, Rekey: &rekey, Expire: &expire, MTU: &api.MTU{Effective: 1438, Path: 1500, Source: "probe"},
		In:  api.Traffic{Bytes: uint64(octets), Packets: uint64(octets / 900), LastUse: &last},
		Out: api.Traffic{Bytes: uint64(octets / 3), Packets: uint64(octets / 800), LastUse: &last},
	}
}

func samplePools(since time.Time, first string) []api.Pool {
	office := api.Pool{Name: "staff", Size: "4094", Online: 12, Offline: 2, Leases: []api.Lease{}}
	for i := range 14 {
		office.Leases = append(office.Leases, api.Lease{
			Address: fmt.Sprintf("10.64.0.%d", i+1), Identity: fmt.Sprintf("user%04d@example.org", i), Online: i < 12, Static: i == 3, Since: since.Add(time.Duration(i) * time.Hour),
		})
	}
	office.Leases[0].Identity = first
	return []api.Pool{office, {Name: "staff6", Size: "18446744073709551616", Leases: []api.Lease{}}}
}

// newCompany returns a control with a connection to each of many branches.
func newCompany(branches int) *apitest.Fake {
	c := apitest.New(8)
	since := time.Now().Add(-time.Hour)
	c.Now = api.Status{Version: "1.0", Started: since, Loaded: since, Config: "/etc/culvert/culvert.hcl", Listening: []string{}, SAs: []api.SA{}}
	for i := range branches {
		name := fmt.Sprintf("branch-%04d", i)
		c.Now.Connections = append(c.Now.Connections, api.Connection{Name: name, State: api.Up, Remote: []string{"192.0.2.9"}, Children: []string{"net"}})
		sa := established(name, fmt.Sprintf("b0b0%012x", i), name+".example.org", "192.0.2.9:4500", since)
		sa.Children = []api.Child{child("net", uint32(i), since, since.Add(time.Hour), float64(i))}
		c.Now.SAs = append(c.Now.SAs, sa)
	}
	return c
}
