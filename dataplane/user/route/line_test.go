package route

import (
	"errors"
	"net/netip"
	"os"
	"testing"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// unreachable asks for a route that leads nowhere.
func unreachable(to string, flags int) *nl.NetlinkRequest {
	r := route{firstTable, netip.MustParsePrefix(to), netip.Addr{}}
	return r.request(unix.RTM_NEWROUTE, unix.NLM_F_CREATE|flags, &nl.RtMsg{RtMsg: unix.RtMsg{Type: unix.RTN_UNREACHABLE}})
}

func TestEachRequestOfALineHasItsAnswer(t *testing.T) {
	inNamespace(t, func(netlink.Link) error {
		l, err := openLine()
		if err != nil {
			return err
		}
		for range 3 { // whatever was answered before is not taken for an answer
			first, again := unreachable("10.2.0.1/32", unix.NLM_F_REPLACE), unreachable("10.2.0.1/32", unix.NLM_F_EXCL)
			refusals, err := l.ask(first, again, unreachable("10.2.0.2/32", unix.NLM_F_REPLACE))
			if err != nil {
				return err
			}
			if refusals[0] != nil || !errors.Is(refusals[1], unix.EEXIST) || refusals[2] != nil {
				t.Errorf("the kernel has %v against them", refusals)
			}
		}
		if err := l.one(unreachable("10.2.0.2/32", unix.NLM_F_EXCL)); !errors.Is(err, unix.EEXIST) {
			t.Errorf("what comes behind one that is refused is not done: %v", err)
		}
		return l.close()
	})
}

func TestLineIgnoresAnswersToOthers(t *testing.T) {
	inNamespace(t, func(netlink.Link) error {
		l, err := openLine()
		if err != nil {
			return err
		}
		stray := unreachable("10.2.0.1/32", unix.NLM_F_REPLACE|unix.NLM_F_ACK) // of a request that was given up
		stray.Seq = 1 << 31
		if _, err := l.file.Write(stray.Serialize()); err != nil {
			return err
		}
		if err := l.one(unreachable("10.2.0.1/32", unix.NLM_F_EXCL)); !errors.Is(err, unix.EEXIST) {
			t.Errorf("got the answer to another request: %v", err)
		}
		return l.close()
	})
}

func TestLineThatIsClosedTellsSo(t *testing.T) {
	inNamespace(t, func(netlink.Link) error {
		l, err := openLine()
		if err != nil {
			return err
		}
		if err := l.close(); err != nil {
			return err
		}
		if err := l.one(unreachable("10.2.0.1/32", 0)); !errors.Is(err, os.ErrClosed) {
			t.Errorf("got %v", err)
		}
		return nil
	})
}
