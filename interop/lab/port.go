package lab

import (
	"fmt"
	"net"
	"os"
	"testing"
)

// FreePort returns a UDP port of the machine itself that is free, and that its kernel gives to nobody who asks for any
// (ip_local_port_range). Processes of tests begin to look for it at different ones.
func FreePort(t testing.TB) int {
	t.Helper()
	for port := 20000 + os.Getpid()%10000; port < 32000; port++ {
		if conn, err := net.ListenPacket("udp", fmt.Sprintf(":%d", port)); err == nil {
			conn.Close()
			return port
		}
	}
	t.Fatal("no port is free")
	return 0
}
