package tunnel

import (
	"io"
	"net"
	"testing"
)

func echo(c net.Conn) {
	_, _ = io.Copy(c, c)
	_ = c.Close()
}

func TestDialBothFamilies(t *testing.T) {
	g := open(t)
	g.serve("10.2.0.1:7", echo)
	g.serve("[fd02::1]:7", echo)
	tun := g.connect()
	for _, to := range []string{"10.2.0.1:7", "[fd02::1]:7"} {
		c, err := tun.DialContext(background(t), "tcp", to)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Write([]byte("under the road")); err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 14)
		if _, err := io.ReadFull(c, b); err != nil || string(b) != "under the road" {
			t.Errorf("%s: %q, %v", to, b, err)
		}
		_ = c.Close()
	}
}
