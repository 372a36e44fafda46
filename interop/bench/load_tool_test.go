package bench_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
)

// What iperf3 says at the end of a run, as far as it is needed.
type iperf struct {
	End struct {
		Received struct {
			Rate   float64 `json:"bits_per_second"`
			Octets float64 `json:"bytes"`
		} `json:"sum_received"`
		Back struct {
			Rate float64 `json:"bits_per_second"`
		} `json:"sum_received_bidir_reverse"`
		UDP struct {
			Packets float64 `json:"packets"`
			Lost    float64 `json:"lost_packets"`
			Seconds float64 `json:"seconds"`
		} `json:"sum"`
	} `json:"end"`
}

// run runs iperf3 from moon to sun for a while.
func (p *pair) run(args ...string) iperf {
	p.Helper()
	out := p.moon.Must(append([]string{"iperf3", "-c", "10.2.0.1", "-B", "10.1.0.1", "-J", "-t", "2"}, args...)...)
	var result iperf
	if err := json.Unmarshal([]byte(out), &result); err != nil {
		p.Fatalf("%v in %s", err, out)
	}
	return result
}

// tcp returns a figure: Gbit/s of so many streams.
func tcp(streams int) func(p *pair) float64 {
	return func(p *pair) float64 {
		return p.run("-C", "cubic", "-O", "1", "-P", strconv.Itoa(streams)).End.Received.Rate / 1e9
	}
}

// bothWays is Gbit/s of one stream each way, together.
func bothWays(p *pair) float64 {
	end := p.run("-C", "cubic", "-O", "1", "--bidir").End
	return (end.Received.Rate + end.Back.Rate) / 1e9
}

// udp returns a figure: thousands of packets of so many octets a second that arrive when far more are sent.
func udp(octets int) func(p *pair) float64 {
	return func(p *pair) float64 {
		end := p.run("-u", "-b", "0", "-l", strconv.Itoa(octets)).End.UDP
		return (end.Packets - end.Lost) / end.Seconds / 1e3
	}
}

// perGigabyte is seconds of processor time of both daemons for a gigabyte of one TCP stream.
func perGigabyte(p *pair) float64 {
	var before, after float64
	for _, pid := range p.pids {
		before += cpuOf(p, pid).Seconds()
	}
	octets := p.run("-C", "cubic").End.Received.Octets
	for _, pid := range p.pids {
		after += cpuOf(p, pid).Seconds()
	}
	return (after - before) / (octets / 1e9)
}

var roundTrips = regexp.MustCompile(`rtt min/avg/max/mdev = [0-9.]+/([0-9.]+)/`)

// roundTrip is the mean time of echoes, in milliseconds.
func roundTrip(p *pair) float64 {
	p.Helper()
	out := p.moon.Must("ping", "-n", "-q", "-c", "100", "-i", "0.01", "-I", "10.1.0.1", "10.2.0.1")
	found := roundTrips.FindStringSubmatch(out)
	if found == nil {
		p.Fatalf("no round trip in %s", out)
	}
	ms, err := strconv.ParseFloat(found[1], 64)
	if err != nil {
		p.Fatal(err)
	}
	return ms
}

// roundTripBeside returns a figure: roundTrip beside a load that iperf3 makes with such arguments.
func roundTripBeside(args ...string) func(p *pair) float64 {
	return func(p *pair) float64 {
		p.Helper()
		load := p.moon.Start(fmt.Sprintf("iperf3-load-%d", p.loads), nil, append([]string{"iperf3", "-c", "10.2.0.1", "-B", "10.1.0.1", "-t", "30"}, args...)...)
		p.loads++
		defer func() {
			load.Stop()
			p.listen() // a client that ends early takes the server's session with it
		}()
		p.Await("the load to begin", func() bool { return p.moon.Ping("10.1.0.1", "10.2.0.1") })
		return roundTrip(p)
	}
}
