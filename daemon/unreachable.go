package daemon

import (
	"fmt"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"culvert/explain"
	"culvert/ike"
)

// Bounds of what is remembered of ICMP, which anybody can forge.
const (
	unreachableKept = 256
	unreachableTime = 5 * time.Minute
)

// unreachable remembers what ICMP says about peers, to tell people when such a peer does not answer. Nothing else follows from it.
// The zero value is ready; it is safe for concurrent use.
type unreachable struct {
	mu   sync.Mutex
	told map[netip.AddrPort]unreached
}

type unreached struct {
	reason syscall.Errno
	at     time.Time
}

// note takes what the kernel makes of an ICMP message.
func (u *unreachable) note(remote netip.AddrPort, reason syscall.Errno) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.told) >= unreachableKept {
		clear(u.told)
	}
	if u.told == nil {
		u.told = map[netip.AddrPort]unreached{}
	}
	u.told[netip.AddrPortFrom(remote.Addr().Unmap(), remote.Port())] = unreached{reason, time.Now()}
}

// remark adds to a failure of a silent peer what ICMP has said about it.
func (u *unreachable) remark(f *ike.Failure, remote netip.AddrPort) *ike.Failure {
	if f == nil || f.Code != explain.IKETimeout && f.Code != explain.IKEUDPSilent {
		return f
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	said, ok := u.told[netip.AddrPortFrom(remote.Addr().Unmap(), remote.Port())]
	if !ok || time.Since(said.at) > unreachableTime {
		return f
	}
	whole := *f
	whole.Err = fmt.Errorf("%w; ICMP says that %s", f.Err, unreachableText(said.reason, remote))
	return &whole
}

// unreachableText says what an ICMP message means.
func unreachableText(reason syscall.Errno, remote netip.AddrPort) string {
	switch reason {
	case syscall.ECONNREFUSED:
		return fmt.Sprintf("nothing listens on UDP port %d of %v: no IKE daemon runs there, or a firewall says so", remote.Port(), remote.Addr())
	case syscall.EHOSTUNREACH, syscall.EHOSTDOWN:
		return fmt.Sprintf("%v cannot be reached: the host is down, or a route is missing", remote.Addr())
	case syscall.ENETUNREACH:
		return fmt.Sprintf("there is no way to the network of %v", remote.Addr())
	case syscall.EACCES, syscall.EPERM:
		return fmt.Sprintf("a firewall does not let us through to %v", remote.Addr())
	}
	return fmt.Sprintf("%v cannot be reached: %v", remote.Addr(), reason)
}
