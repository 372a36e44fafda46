package legible

import (
	"testing"
	"time"
)

func TestUnitsAreReadable(t *testing.T) {
	for n, want := range map[uint64]string{0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 1 << 20: "1.0 MiB", 1<<20 - 1: "1.0 MiB", 5 << 40: "5.0 TiB", 1<<64 - 1: "16.0 EiB"} {
		if got := Octets(n); got != want {
			t.Errorf("%d octets: got %q, want %q", n, got, want)
		}
	}
	for d, want := range map[time.Duration]string{
		-time.Hour: "0s", 0: "0s", 45 * time.Second: "45s", time.Minute: "1m", 62 * time.Second: "1m2s", 3*time.Hour + 12*time.Minute + 9*time.Second: "3h12m",
		59*time.Minute + 59*time.Second + 900*time.Millisecond: "1h", 50 * time.Hour: "2d2h",
	} {
		if got := Span(d); got != want {
			t.Errorf("%v: got %q, want %q", d, got, want)
		}
	}
}

func TestNumbersAgreeWithTheirNouns(t *testing.T) {
	for want, got := range map[string]string{
		"1 child": Count(1, "child"), "0 children": Count(0, "child"), "2 connections": Count(2, "connection"), "3 addresses": Count(3, "address"),
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
