package daemon

import (
	"errors"
	"net/netip"
	"strings"
	"syscall"
	"testing"

	"culvert/explain"
	"culvert/ike"
)

func TestWhatICMPSaysIsToldOfSilentPeersAlone(t *testing.T) {
	peer := netip.MustParseAddrPort("192.0.2.1:500")
	silent := &ike.Failure{Code: explain.IKETimeout, Err: errors.New("no answer")}
	other := &ike.Failure{Code: explain.AuthPSKWrong, Err: errors.New("wrong")}
	var u unreachable
	if got := u.remark(silent, peer); got != silent {
		t.Errorf("nothing was said, but got %v", got)
	}
	for reason, want := range map[syscall.Errno]string{
		syscall.ECONNREFUSED: "nothing listens on UDP port 500 of 192.0.2.1", syscall.EHOSTUNREACH: "cannot be reached",
		syscall.EACCES: "firewall", syscall.ENETUNREACH: "no way to the network", syscall.EPROTO: "cannot be reached: ",
	} {
		u.note(netip.MustParseAddrPort("[::ffff:192.0.2.1]:500"), reason)
		if got := u.remark(silent, peer); !strings.HasPrefix(got.Err.Error(), "no answer; ICMP says that ") || !strings.Contains(got.Err.Error(), want) {
			t.Errorf("%v: %v", reason, got)
		}
	}
	if u.remark(other, peer) != other || u.remark(nil, peer) != nil || u.remark(silent, netip.MustParseAddrPort("192.0.2.1:4500")) != silent {
		t.Error("something else is told of ICMP")
	}
	if silent.Err.Error() != "no answer" {
		t.Error("the failure of the engine was changed")
	}
}

func TestMemoryOfICMPIsBounded(t *testing.T) {
	var u unreachable
	for i := range 10 * unreachableKept {
		u.note(netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), 500), syscall.ECONNREFUSED)
	}
	if len(u.told) > unreachableKept {
		t.Errorf("%d are kept", len(u.told))
	}
}
