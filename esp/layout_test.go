package esp

import (
	"testing"
	"time"

	"culvert/spd"
	"culvert/suite"
)

func layoutOf(t testing.TB, e suite.ESP) Layout {
	t.Helper()
	_, in := pair(t, params(e))
	l, err := in.Layout()
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

func TestPathMTU(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	p := NewPathMTU(1500, false)
	if p.At(start) != 1500 || p.Lower(1500, start) || p.Lower(9000, start) {
		t.Error("a path carries less than its first link from the start")
	}
	if !p.Lower(1400, start) || p.At(start) != 1400 || p.Lower(1450, start) {
		t.Errorf("lowered to %d", p.At(start))
	}
	if !p.Lower(68, start.Add(time.Minute)) || p.At(start.Add(time.Minute)) != minPathMTU4 {
		t.Errorf("an attacker lowers it to %d", p.At(start.Add(time.Minute)))
	}
	if p.Lower(68, start.Add(2*time.Minute)) {
		t.Error("the same news is news")
	}
	if got := p.At(start.Add(11*time.Minute + 59*time.Second)); got != minPathMTU4 {
		t.Errorf("within ten minutes of the last news: %d", got)
	}
	if got := p.At(start.Add(12 * time.Minute)); got != 1500 {
		t.Errorf("after ten minutes: %d", got)
	}
	small := NewPathMTU(500, true)
	if small.Lower(100, start) || small.At(start) != 500 {
		t.Errorf("a link of 500 octets: %d", small.At(start))
	}
	for n, want := range map[int]int{65535: 32000, 1500: 1492, 1492: 1006, 576: 508, 296: 68, 20: 68} {
		if got := Plateau(n); got != want {
			t.Errorf("Plateau(%d) = %d, want %d", n, got, want)
		}
	}
}
