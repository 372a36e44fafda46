package api

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
)

// ownerOf tells whose process of this host is at the other end of a TCP connection over loopback: "uid 1000". What the kernel does not
// tell is the address. That the connection is there, both ends, is known to the kernel before it is accepted.
func ownerOf(c net.Conn) string {
	theirs, err := netip.ParseAddrPort(c.RemoteAddr().String())
	ours, err2 := netip.ParseAddrPort(c.LocalAddr().String())
	if err != nil || err2 != nil {
		return ""
	}
	for _, name := range []string{"/proc/net/tcp", "/proc/net/tcp6"} { // a socket of IPv6 may speak IPv4
		f, err := os.Open(name)
		if err != nil {
			continue
		}
		uid, ok := findOwner(f, theirs, ours)
		f.Close()
		if ok {
			return fmt.Sprint("uid ", uid)
		}
	}
	return theirs.Addr().String()
}

// findOwner finds whose socket has an address and is connected to another one, in a table of the kernel's (proc_pid_net(5)):
//
//	sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ...
//	 0: 0100007F:9C40 0100007F:11E4 01 00000000:00000000 00:00000000 00000000  1000        0 1062 ...
//
// A socket that its process has closed already has no inode, and the kernel writes uid 0 for it whoever it was: that tells nothing.
func findOwner(table io.Reader, local, remote netip.AddrPort) (uid uint32, ok bool) {
	const columnLocal, columnRemote, columnUID, columnInode = 1, 2, 7, 9
	for lines := bufio.NewScanner(table); lines.Scan(); {
		columns := strings.Fields(lines.Text())
		if len(columns) <= columnInode || columns[columnInode] == "0" || !isEndpoint(columns[columnLocal], local) || !isEndpoint(columns[columnRemote], remote) {
			continue
		}
		n, err := strconv.ParseUint(columns[columnUID], 10, 32)
		return uint32(n), err == nil
	}
	return 0, false
}

// isEndpoint tells whether a text of the kernel's is an address and port: words of the address in the order of the host, then the port.
func isEndpoint(text string, want netip.AddrPort) bool {
	address, port, _ := strings.Cut(text, ":")
	n, err := strconv.ParseUint(port, 16, 16)
	if err != nil || uint16(n) != want.Port() {
		return false
	}
	b, err := hex.DecodeString(address)
	if err != nil || len(b)%4 != 0 {
		return false
	}
	for i := 0; i < len(b); i += 4 {
		binary.BigEndian.PutUint32(b[i:], binary.NativeEndian.Uint32(b[i:]))
	}
	a, ok := netip.AddrFromSlice(b)
	return ok && a.Unmap() == want.Addr().Unmap()
}
