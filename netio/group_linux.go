package netio

import (
	"fmt"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
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
	if err := l.sockets[len(l.sockets)-1].choose(steerUDP(len(members)), unix.SO_ATTACH_REUSEPORT_CBPF); err != nil {
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

// steerUDP returns the number of the socket that gets a datagram: the last octet of its SPI modulo n. The non-ESP marker is 0,
// and datagrams that are too short for an SPI go to the first as well, since loading beyond the end returns 0.
func steerUDP(n int) []unix.SockFilter {
	return []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_B | unix.BPF_ABS, K: lastOctet},
		{Code: unix.BPF_ALU | unix.BPF_MOD | unix.BPF_K, K: uint32(n)},
		{Code: unix.BPF_RET | unix.BPF_A},
	}
}

// lastOctet is where the last octet of the SPI lies.
const lastOctet = 3

// filterRaw accepts the packets for which the last octet of the SPI modulo m.of is m.index. An IPv4 packet has its header, an IPv6 one has not.
func filterRaw(m member, v6 bool) []unix.SockFilter {
	load := []unix.SockFilter{{Code: unix.BPF_LD | unix.BPF_B | unix.BPF_ABS, K: lastOctet}}
	if !v6 {
		load = []unix.SockFilter{
			{Code: unix.BPF_LDX | unix.BPF_B | unix.BPF_MSH, K: 0}, // the length of the IP header
			{Code: unix.BPF_LD | unix.BPF_B | unix.BPF_IND, K: lastOctet},
		}
	}
	return append(load,
		unix.SockFilter{Code: unix.BPF_ALU | unix.BPF_MOD | unix.BPF_K, K: uint32(m.of)},
		unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: uint32(m.index), Jf: 1},
		unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: ^uint32(0)},
		unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: 0},
	)
}
