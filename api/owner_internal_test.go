package api

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
)

// kernelTables are those of a Linux of little-endian words, made by connecting to servers on 127.0.0.1:4580 and [::1]:4580.
const kernelTables = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:11E4 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1060 1 00000000150d56ba 100 0 0 10 0
   1: 0100007F:11E4 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 1061 1 00000000150d56bb 20 4 30 10 -1
   2: 0100007F:9C40 0100007F:11E4 01 00000000:00000000 00:00000000 00000000  1000        0 1062 1 00000000150d56bc 20 4 30 10 -1
   3: 0200007F:9C40 0100007F:11E4 01 00000000:00000000 00:00000000 00000000  1001        0 1063 1 00000000150d56bd 20 4 30 10 -1
   4: 00000000000000000000000001000000:9C40 00000000000000000000000001000000:11E4 01 00000000:00000000 00:00000000 00000000  1002        0 1064 1 0 20 4 30 10 -1
   5: 0000000000000000FFFF00000100007F:9C41 0000000000000000FFFF00000100007F:11E4 01 00000000:00000000 00:00000000 00000000  1003        0 1065 1 0 20 4 30 10 -1
   6: nonsense
   7: 0100007F:9C42 0100007F:11E4 01 00000000:00000000 00:00000000 00000000  none        0 1066 1 0 20 4 30 10 -1
   8: XX00007F:9C43 0100007F:XXXX 01 00000000:00000000 00:00000000 00000000  1004        0 1067 1 0 20 4 30 10 -1
   9: 0100007F:9C44 0100007F:11E4 05 00000000:00000000 00:00000000 00000000     0        0 0 1 0 20 4 30 10 -1
`

func TestOwnersOfSockets(t *testing.T) {
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		t.Skip("the table is of a little-endian machine")
	}
	if uid, ok := findOwner(strings.NewReader(kernelTables), netip.MustParseAddrPort("127.0.0.1:40004"), netip.MustParseAddrPort("127.0.0.1:4580")); ok {
		t.Errorf("a socket that was closed is of uid %d", uid)
	}
	for _, tt := range []struct {
		local, remote string
		want          uint32 // 0: not found
	}{
		{"127.0.0.1:40000", "127.0.0.1:4580", 1000},
		{"127.0.0.2:40000", "127.0.0.1:4580", 1001},
		{"[::1]:40000", "[::1]:4580", 1002},
		{"127.0.0.1:40001", "127.0.0.1:4580", 1003},
		{"127.0.0.1:40000", "127.0.0.1:4581", 0},
		{"127.0.0.1:40002", "127.0.0.1:4580", 0},
		{"127.0.0.1:40003", "127.0.0.1:4580", 0},
	} {
		got, ok := findOwner(strings.NewReader(kernelTables), netip.MustParseAddrPort(tt.local), netip.MustParseAddrPort(tt.remote))
		if ok != (tt.want != 0) || got != tt.want {
			t.Errorf("%s to %s: uid %d, %v, want %d", tt.local, tt.remote, got, ok, tt.want)
		}
	}
}

// The kernel of this machine tells who we are.
func TestOwnerOfAConnection(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "[::1]:0"} {
		l, err := net.Listen("tcp", address)
		if err != nil {
			t.Log(err) // a machine without IPv6
			continue
		}
		defer l.Close()
		ours, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer ours.Close()
		theirs, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer theirs.Close()
		if got, want := ownerOf(theirs), fmt.Sprint("uid ", os.Geteuid()); got != want {
			t.Errorf("%s: %q, want %q", address, got, want)
		}
		ours.Close() // the kernel would say that it is root's
		if got := ownerOf(theirs); got == "uid 0" {
			t.Errorf("%s: closed, it is of %q", address, got)
		}
	}
}
