package netio

import (
	"fmt"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"

	"culvert/dataplane"
)

// openFor opens the sockets of one role on one address: one for IKE, one for each worker else. It returns the address with
// the port as it became.
func (l *Listener) openFor(r role, at netip.AddrPort) (netip.AddrPort, error) {
	before := len(l.sockets)
	bound, err := l.openGroup(r, at)
	if err != nil {
		l.forget(before)
	}
	return bound, err
}

func (l *Listener) openGroup(r role, at netip.AddrPort) (netip.AddrPort, error) {
	members := l.workers
	if r == roleIKE {
		members = members[:1]
	}
	for i, w := range members {
		s, err := openSocket(&l.config, r, at, member{i, len(members)})
		if err != nil {
			return at, err
		}
		w.sockets, l.sockets = append(w.sockets, s), append(l.sockets, s)
		at = s.bound
	}
	if r != roleNAT || len(members) < 2 {
		return at, nil
	}
	if err := l.sockets[len(l.sockets)-1].choose(steerUDP(len(members), at.Addr().Is6()), unix.SO_ATTACH_REUSEPORT_CBPF); err != nil {
		return at, fmt.Errorf("UDP %v: %w", at, os.NewSyscallError("SO_ATTACH_REUSEPORT_CBPF", err))
	}
	return at, nil
}

// forget closes the sockets from a number on.
func (l *Listener) forget(from int) {
	for _, s := range l.sockets[from:] {
		s.close()
		for _, w := range l.workers {
			if n := len(w.sockets); n > 0 && w.sockets[n-1] == s {
				w.sockets = w.sockets[:n-1]
			}
		}
	}
	l.sockets = l.sockets[:from]
}

// A member says which of several sockets on one address a socket is.
type member struct{ index, of int }

// join makes a UDP socket one of several on its port. The first joins after it was bound, so that it fails where another
// program, or another one of ours, has the port; the others follow it.
func (s *socket) join(m member, bind func() error) error {
	share := func() error {
		return os.NewSyscallError("SO_REUSEPORT", unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1))
	}
	steps := []func() error{bind, share}
	if m.index > 0 {
		steps = []func() error{share, bind}
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// filter lets a raw socket, each of which gets a copy of every packet, accept those of its worker only.
func (s *socket) filter(m member) error {
	return os.NewSyscallError("SO_ATTACH_FILTER", s.choose(filterRaw(m, s.v6()), unix.SO_ATTACH_FILTER))
}

// choose attaches a program of the classic packet filter.
func (s *socket) choose(program []unix.SockFilter, option int) error {
	return unix.SetsockoptSockFprog(s.fd, unix.SOL_SOCKET, option, &unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]})
}

// steerUDP returns the number of the socket that gets a datagram.
func steerUDP(n int, v6 bool) []unix.SockFilter {
	return append(workerOf(n, v6, []unix.SockFilter{load(unix.BPF_W, spiAt)}, []unix.SockFilter{load(unix.BPF_W, networkHeader+portsAt(v6))}),
		unix.SockFilter{Code: unix.BPF_RET | unix.BPF_A})
}

// filterRaw accepts the packets of worker m.index. An IPv4 packet has its header, an IPv6 one has not.
func filterRaw(m member, v6 bool) []unix.SockFilter {
	spi := []unix.SockFilter{load(unix.BPF_W, spiAt)}
	if !v6 {
		spi = []unix.SockFilter{
			{Code: unix.BPF_LDX | unix.BPF_B | unix.BPF_MSH, K: 0}, // the length of the IP header
			{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_IND, K: spiAt},
		}
	}
	return append(workerOf(m.of, v6, spi, nil),
		unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: uint32(m.index), Jf: 1},
		unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: ^uint32(0)},
		unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: 0},
	)
}

const (
	spiAt = 0
	// networkHeader addresses the IP header, whatever precedes the packet (SKF_NET_OFF).
	networkHeader = ^uint32(0x100000) + 1
)

func portsAt(v6 bool) uint32 {
	if v6 {
		return 40
	}
	return 20
}

// sourceAt is where the last word of the sender's address lies.
func sourceAt(v6 bool) uint32 {
	if v6 {
		return 20
	}
	return 12
}

func load(size uint16, at uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_LD | size | unix.BPF_ABS, K: at}
}

// workerOf computes the worker for a packet: from the last octet of an SPI that names one, else from the sender's address
// and what ports loads. The non-ESP marker names none. What is too short for an SPI is for the first worker, since loading beyond the end returns 0.
func workerOf(n int, v6 bool, spi, ports []unix.SockFilter) []unix.SockFilter {
	named := []unix.SockFilter{{Code: unix.BPF_ALU | unix.BPF_AND | unix.BPF_K, K: 0xff}}
	sender := []unix.SockFilter{load(unix.BPF_W, networkHeader+sourceAt(v6))}
	if ports != nil {
		sender = append(sender, unix.SockFilter{Code: unix.BPF_MISC | unix.BPF_TAX})
		sender = append(sender, ports...)
		sender = append(sender, unix.SockFilter{Code: unix.BPF_ALU | unix.BPF_XOR | unix.BPF_X})
	}
	sender = append(sender, // spread the bits, and take upper ones
		unix.SockFilter{Code: unix.BPF_ALU | unix.BPF_MUL | unix.BPF_K, K: 0x9e3779b1},
		unix.SockFilter{Code: unix.BPF_ALU | unix.BPF_RSH | unix.BPF_K, K: 16})
	named = append(named, unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JA, K: uint32(len(sender))})
	program := append(spi, unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K, K: dataplane.SteeredSPI, Jf: uint8(len(named))})
	program = append(append(program, named...), sender...)
	return append(program, unix.SockFilter{Code: unix.BPF_ALU | unix.BPF_MOD | unix.BPF_K, K: uint32(n)})
}
