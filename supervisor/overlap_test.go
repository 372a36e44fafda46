package supervisor

import (
	"strings"
	"testing"
	"time"

	"culvert/dataplane"
	"culvert/explain"
	"culvert/ike"
)

// warned returns what was said about the same traffic.
func (b *bench) warned() (list []string) {
	for _, a := range b.actions {
		if n, ok := a.(Note); ok && n.Kind == NoteSameTraffic {
			if n.Failure.Code != explain.IKESameTraffic {
				b.t.Errorf("code %s", n.Failure.Code)
			}
			list = append(list, n.Failure.Error())
		}
	}
	return list
}

// comes is a client with a child.
func (b *bench) comes(c *ike.Connection, peer string, spi uint32, kernel dataplane.Kernel) ike.News {
	sa := b.newSA(c, 0)
	sa.Peer = peer
	b.tell(sa, ike.NewsEstablished)
	sa.Child = &ike.ChildInfo{Name: "net", InSPI: spi, OutSPI: spi + 1, Local: child("net", 0).Local, Remote: child("net", 0).Remote, Kernel: kernel}
	b.tell(sa, ike.NewsChildUp)
	return sa
}

func TestPeersWithTheSameTrafficAreTold(t *testing.T) {
	c := connection(child("net", ike.StartNone))
	c.Unique = ike.UniqueNever
	b := newBench(t, c)
	none := dataplane.Kernel{}
	alice := b.comes(c, "alice", 0x1000, none)
	b.comes(c, "alice", 0x2000, none) // again, as at reauthentication
	b.comes(c, "marked", 0x3000, dataplane.Kernel{MarkOut: dataplane.Mark{Value: 1, Mask: 1}})
	if got := b.warned(); len(got) != 0 {
		t.Fatalf("got %q", got)
	}
	venus := b.comes(c, "venus", 0x4000, none)
	got := b.warned()
	if len(got) != 1 || !strings.Contains(got[0], `child "net" of venus carries`) || !strings.Contains(got[0], "which alice has already") {
		t.Fatalf("got %q", got)
	}
	rekeyed := venus
	rekeyed.Replaced, rekeyed.Child = 0x4000, &ike.ChildInfo{Name: "net", InSPI: 0x5000, Local: venus.Child.Local, Remote: venus.Child.Remote}
	b.end(alice, nil, 0x1000)
	b.s.sas[alice.SA+1].closing = true // the second of alice
	b.tell(rekeyed, ike.NewsChildUp)
	if got := b.warned(); len(got) != 1 {
		t.Errorf("got %q once nobody is in the way", got)
	}
}

func TestNothingIsKeptOfTrafficThatIsGone(t *testing.T) {
	c := connection(child("net", ike.StartNone))
	c.Unique = ike.UniqueNever
	b := newBench(t, c)
	var all []ike.News
	for i, peer := range []string{"alice", "venus", "bob"} {
		all = append(all, b.comes(c, peer, uint32(i+1)<<12, dataplane.Kernel{}))
	}
	b.tell(all[0], ike.NewsChildDown)
	b.end(all[1], nil)
	b.end(all[2], nil, all[2].Child.InSPI)
	b.elapse(time.Minute)
	if len(b.s.traffics) != 0 {
		t.Errorf("left: %v", b.s.traffics)
	}
}
