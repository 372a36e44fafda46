package ike

import (
	"bytes"
	"net/netip"
	"testing"
	"time"
)

func TestCookie(t *testing.T) {
	var j cookieJar
	r := testRand(1)
	j.rotate(startOfTime, r)
	from, spi, nonce := netip.MustParseAddr("192.0.2.7"), wireSPI(0x0102030405060708), bytes.Repeat([]byte{5}, 32)
	cookie := j.make(from, spi, nonce)
	if len(cookie) < 1 || len(cookie) > maxCookieSize {
		t.Fatalf("cookie of %d octets", len(cookie))
	}
	tests := []struct {
		name string
		ok   bool
	}{
		{"itself", j.valid(cookie, from, spi, nonce)},
		{"mapped address", j.valid(cookie, netip.AddrFrom16(from.As16()), spi, nonce)},
		{"other address", !j.valid(cookie, from.Next(), spi, nonce)},
		{"other SPI", !j.valid(cookie, from, spi+1, nonce)},
		{"other nonce", !j.valid(cookie, from, spi, nonce[1:])},
		{"empty", !j.valid(nil, from, spi, nonce)},
		{"cut", !j.valid(cookie[:len(cookie)-1], from, spi, nonce)},
		{"longer", !j.valid(append(bytes.Clone(cookie), 0), from, spi, nonce)},
		{"version of the future", !j.valid(append([]byte{cookie[0] + 1}, cookie[1:]...), from, spi, nonce)},
	}
	for _, tt := range tests {
		if !tt.ok {
			t.Errorf("%s: wrong verdict", tt.name)
		}
	}
}

// The owner of an IPv6 address must not get a cookie that is good for an IPv4 address.
func TestCookieIsOfOneAddressFamily(t *testing.T) {
	var j cookieJar
	j.rotate(startOfTime, testRand(1))
	six, nonce := netip.MustParseAddr("2001:db8::c000:207"), bytes.Repeat([]byte{5}, 16)
	address := six.As16()
	four := netip.AddrFrom4([4]byte(address[12:]))
	if j.valid(j.make(six, 1, nonce), four, 1, append(nonce, address[:12]...)) {
		t.Errorf("the cookie of %v is good for %v", six, four)
	}
}

func TestCookieSecretIsReplaced(t *testing.T) {
	from, nonce := netip.MustParseAddr("2001:db8::1"), bytes.Repeat([]byte{5}, 16)
	tests := []struct {
		name  string
		after []time.Duration
		valid bool
	}{
		{"same secret", []time.Duration{cookieLifetime - 1}, true},
		{"secret before", []time.Duration{cookieLifetime}, true},
		{"two secrets later", []time.Duration{cookieLifetime, 2 * cookieLifetime}, false},
		{"after a long pause", []time.Duration{5 * cookieLifetime}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var j cookieJar
			r := testRand(1)
			j.rotate(startOfTime, r)
			cookie := j.make(from, 1, nonce)
			for _, d := range tt.after {
				j.rotate(startOfTime.Add(d), r)
			}
			if got := j.valid(cookie, from, 1, nonce); got != tt.valid {
				t.Errorf("valid is %v, want %v", got, tt.valid)
			}
		})
	}
}

func TestCookieNeedsRandomness(t *testing.T) {
	var j cookieJar
	if err := j.rotate(startOfTime, bytes.NewReader(nil)); err == nil || !j.since.IsZero() {
		t.Error("a secret is made of nothing")
	}
}
