package user

import (
	"io"
	"net/netip"
	"testing"

	"culvert/dataplane"
)

// BenchmarkTunnelTCP is one TCP stream through a tunnel between two network namespaces, both ends on this machine. "clear" is
// the same stream without a tunnel, to compare with: figures of one run alone say little.
func BenchmarkTunnelTCP(b *testing.B) {
	for _, bm := range []struct {
		name      string
		transport dataplane.Transport
		outer6    bool
		clear     bool
	}{{name: "clear", clear: true}, {name: "UDP over IPv4"}, {name: "UDP over IPv6", outer6: true}, {name: "raw ESP over IPv4", transport: dataplane.TransportRaw}} {
		b.Run(bm.name, func(b *testing.B) {
			one, two := started(b)
			from, to := one.inner4, two.inner4
			if bm.clear {
				from, to = one.outer4, two.outer4
			} else {
				u := tunnel{id: 1, transforms: aesGCM(), transport: bm.transport, outer6: bm.outer6}
				u.setPolicies(one, two)
				u.connect(one, two)
			}
			stream(b, one, two, from, to)
		})
	}
}

// stream sends b.N times 128 KiB and waits until all of it has arrived.
func stream(b *testing.B, one, two *node, from, to netip.Addr) {
	b.Helper()
	l, err := listen(two, to)
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	arrived := make(chan error, 1)
	go func() {
		c, err := l.AcceptTCP()
		if err == nil {
			_, err = io.Copy(io.Discard, c)
		}
		arrived <- err
	}()
	c, err := dial(one, from, l.Addr())
	if err != nil {
		b.Fatal(err)
	}
	block := make([]byte, 128<<10)
	b.SetBytes(int64(len(block)))
	for b.Loop() {
		if _, err := c.Write(block); err != nil {
			b.Fatal(err)
		}
	}
	c.Close()
	if err := <-arrived; err != nil {
		b.Fatal(err)
	}
}
