package esp

import (
	"testing"
	"time"

	"culvert/spd"
	"culvert/suite"
)

func layoutOf(t testing.TB, e suite.ESP) Layout {
	t.Helper()
	out, _ := pair(t, params(e))
	l, err := out.Layout()
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestEffectiveMTU(t *testing.T) {
	tests := []struct {
		name    string
		e       suite.ESP
		path    int
		outside Encapsulation
		want    int
	}{
		{"GCM over IPv4", gcm(), 1500, Encapsulation{}, 1446},
		{"GCM over UDP and IPv4", gcm(), 1500, Encapsulation{UDP: true}, 1438},
		{"GCM over IPv6", gcm(), 1500, Encapsulation{IPv6: true}, 1426},
		{"GCM over UDP and IPv6", gcm(), 1280, Encapsulation{IPv6: true, UDP: true}, 1198},
		{"GCM in a stream over IPv4", gcm(), 1500, Encapsulation{TCP: true}, 1410},
		{"CBC over UDP and IPv4", cbc(), 1500, Encapsulation{UDP: true}, 1422},
		{"GCM transport IPv4", gcm(), 1500, Encapsulation{Mode: Transport}, 1466},
		{"GCM transport IPv6", gcm(), 1500, Encapsulation{Mode: Transport, IPv6: true}, 1466},
		{"nothing fits", gcm(), 54, Encapsulation{}, 0},
		{"nothing fits in transport mode", gcm(), 20, Encapsulation{Mode: Transport}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := layoutOf(t, tt.e).EffectiveMTU(tt.path, tt.outside); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}

func TestEffectiveMTUIsTheLargestThatFits(t *testing.T) {
	for name, e := range transforms() {
		l := layoutOf(t, e)
		for path := 300; path < 340; path++ {
			outside := Encapsulation{UDP: path%2 == 0, IPv6: path%3 == 0}
			n := l.EffectiveMTU(path, outside)
			if l.Sealed(n)+outside.Outer() > path || l.Sealed(n+1)+outside.Outer() <= path {
				t.Errorf("%s: %d octets for a path of %d: sealed %d, one more %d", name, n, path, l.Sealed(n), l.Sealed(n+1))
			}
		}
	}
}

func TestJudge(t *testing.T) {
	big4, small6, big6 := udp(t, hostA, hostB, 1300), udp(t, hostA6, hostB6, 1240), udp(t, hostA6, hostB6, 1241)
	tests := []struct {
		name string
		pkt  []byte
		mtu  int
		want Oversize
	}{
		{"fits", big4, 1320, Fits},
		{"IPv4 without DF", big4, 1319, Fragment},
		{"IPv4 with DF", withDF(udp(t, hostA, hostB, 1300)), 1319, TooBig},
		{"IPv6", big6, 1200, TooBig},
		{"IPv6 of the size that must pass", small6, 1200, SendAnyhow},
	}
	for _, tt := range tests {
		_, i, err := spd.ParseFlow(tt.pkt)
		if err != nil {
			t.Fatal(err)
		}
		if got := Judge(i, tt.mtu); got != tt.want {
			t.Errorf("%s: got %d, want %d", tt.name, got, tt.want)
		}
	}
}

// at is the MTU alone.
func at(p *PathMTU, now time.Time) int {
	mtu, _ := p.At(now)
	return mtu
}

func TestPathMTU(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	p := NewPathMTU(1500, false)
	if at(&p, start) != 1500 || p.Lower(1500, start) || p.Lower(9000, start) {
		t.Error("a path carries less than its first link from the start")
	}
	if !p.Lower(1400, start) || at(&p, start) != 1400 || p.Lower(1450, start) {
		t.Errorf("lowered to %d", at(&p, start))
	}
	if !p.Lower(68, start.Add(time.Minute)) || at(&p, start.Add(time.Minute)) != minPathMTU4 {
		t.Errorf("an attacker lowers it to %d", at(&p, start.Add(time.Minute)))
	}
	if p.Lower(68, start.Add(2*time.Minute)) {
		t.Error("the same news is news")
	}
	if got := at(&p, start.Add(11*time.Minute+59*time.Second)); got != minPathMTU4 {
		t.Errorf("within ten minutes of the last news: %d", got)
	}
	if got := at(&p, start.Add(12*time.Minute)); got != 1500 {
		t.Errorf("after ten minutes: %d", got)
	}
	small := NewPathMTU(500, true)
	if small.Lower(100, start) || at(&small, start) != 500 {
		t.Errorf("a link of 500 octets: %d", at(&small, start))
	}
}

func TestProbedPathMTUIsLoweredForAWhileOnly(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	p := NewPathMTU(1500, true)
	check := func(after time.Duration, mtu int, source Source) {
		t.Helper()
		if m, s := p.At(start.Add(after)); m != mtu || s != source {
			t.Errorf("after %v: %d from %v, want %d from %v", after, m, s, mtu, source)
		}
	}
	check(0, 1500, FromLink)
	p.Lower(1300, start)
	check(0, 1300, FromICMP)
	p.Probed(1400)
	check(0, 1400, FromProbe)
	p.Lower(1350, start.Add(time.Minute))
	check(time.Minute, 1350, FromICMP)
	check(time.Minute+PathMTULife, 1400, FromProbe)
	p.Probed(1100)
	check(time.Hour, 1280, FromProbe)
	if FromProbe.String() != "probe" || Source(9).String() != "SOURCE(9)" {
		t.Error("names of sources")
	}
}

func TestQuotedPackets(t *testing.T) {
	out, _ := pair(t, params(gcm()))
	if out.Sent(0) || out.Sent(1) {
		t.Error("an SA that has sent nothing is quoted")
	}
	if _, err := out.Reserve(quotable + 10); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		sequence uint32
		sent     bool
	}{{0, false}, {10, false}, {11, true}, {quotable + 10, true}, {quotable + 11, false}, {1 << 31, false}} {
		if got := out.Sent(tt.sequence); got != tt.sent {
			t.Errorf("number %d is taken for sent: %v", tt.sequence, got)
		}
	}
	whole := []byte{0xc0, 0xff, 0xee, 1, 0, 0, 0, 9}
	for n := range whole {
		if _, _, ok := ParseQuote(whole[:n]); ok {
			t.Errorf("%d octets are enough", n)
		}
	}
	if spi, sequence, ok := ParseQuote(whole); spi != 0xc0ffee01 || sequence != 9 || !ok {
		t.Errorf("%x, %d, %v", spi, sequence, ok)
	}
	if _, _, ok := ParseQuote(make([]byte, 40)); ok {
		t.Error("IKE is taken for ESP")
	}
}
