package bench_test

import (
	"crypto/ecdh"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"strings"

	"culvert/interop/lab"
)

// wgPort is where both ends listen.
const wgPort = 51820

// wireguard makes a tunnel of WireGuard between the hosts, with the inner MTU that it chooses by itself.
func (p *pair) wireguard(binary string) (pids []int) {
	p.Helper()
	a, b := p.wgKey(), p.wgKey()
	return []int{
		p.wgEnd(p.moon, binary, a, b.PublicKey(), sunAddr, "10.1.0.1", "10.2.0.0/24"),
		p.wgEnd(p.sun, binary, b, a.PublicKey(), moonAddr, "10.2.0.1", "10.1.0.0/24"),
	}
}

func (p *pair) wgKey() *ecdh.PrivateKey {
	p.Helper()
	key, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		p.Fatal(err)
	}
	return key
}

// wgEnd starts one end and configures it by its socket.
func (p *pair) wgEnd(h *lab.Host, binary string, own *ecdh.PrivateKey, peer *ecdh.PublicKey, endpoint, source, remote string) int {
	p.Helper()
	name := fmt.Sprintf("wg%d-%s", os.Getpid()%10000, p.unique(h.Name[:1]))
	daemon := h.Start("wireguard", []string{"LOG_LEVEL=error"}, binary, "-f", name)
	socket := "/var/run/wireguard/" + name + ".sock"
	p.Await("the socket of "+name, func() bool { _, err := os.Stat(socket); return err == nil })
	conn, err := net.Dial("unix", socket)
	if err != nil {
		p.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "set=1\nprivate_key=%s\nlisten_port=%d\npublic_key=%s\nendpoint=%s:%d\nallowed_ip=%s\n\n",
		hex.EncodeToString(own.Bytes()), wgPort, hex.EncodeToString(peer.Bytes()), endpoint, wgPort, remote)
	answer := make([]byte, 256)
	if n, err := conn.Read(answer); err != nil || !strings.Contains(string(answer[:n]), "errno=0") {
		p.Fatalf("%s refuses its configuration: %q %v", name, answer[:n], err)
	}
	h.Must("ip", "link", "set", name, "up", "mtu", "1420")
	h.Must("ip", "route", "add", remote, "dev", name, "src", source)
	return daemon.PID()
}
