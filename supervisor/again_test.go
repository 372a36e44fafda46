package supervisor

import (
	"fmt"
	"net/netip"
	"testing"

	"culvert/ike"
	"culvert/spd"
)

// narrowed tells of a child of which the peer has left a part of the remote side.
func (b *bench) narrowed(n ike.News, name string, spi uint32, remote string) {
	n.Kind = ike.NewsChildUp
	n.Child = &ike.ChildInfo{Name: name, InSPI: spi, OutSPI: spi + 1, Initiator: n.Initiator, Local: child(name, 0).Local, Remote: []spd.Selector{spd.Prefix(netip.MustParsePrefix(remote))}}
	b.news(n)
}

// created are the children that an SA is asked for, each with where its packet goes.
func (b *bench) created(n ike.News) (list []string) {
	for _, a := range b.actions {
		if c, ok := a.(Command); ok && c.SA == n.SA {
			if ev, ok := c.Event.(ike.CreateChild); ok && ev.Trigger != nil {
				list = append(list, fmt.Sprint(ev.Child.Name, " ", ev.Trigger.Destination))
			}
		}
	}
	return list
}

// A peer has made two children of one, and a third is as configured.
func TestReauthenticationMakesAllPartsOfAChildAnew(t *testing.T) {
	c := connection(child("net", ike.StartNone), child("other", ike.StartUp))
	b := newBench(t, c)
	old := b.connect()
	b.narrowed(old, "net", 0x7000, "10.1.0.0/28")
	b.narrowed(old, "net", 0x7002, "10.1.0.16/28")
	b.tell(old, ike.NewsReauth)
	i := one[Initiate](b)
	if len(i.Children) != 2 || i.Children[0].Name != "net" || i.Trigger == nil || i.Trigger.Destination != netip.MustParseAddr("10.1.0.0") {
		t.Fatalf("it begins with %+v", i)
	}
	sa := b.newSA(c, i.Ticket)
	b.tell(sa, ike.NewsConnecting)
	b.tell(sa, ike.NewsEstablished)
	if got := b.created(sa); len(got) != 1 || got[0] != "net 10.1.0.16" {
		t.Errorf("then it is asked for %q", got)
	}
	b.narrowed(sa, "net", 0x8000, "10.1.0.0/28")
	b.childNews(sa, ike.NewsChildUp, "other", 0x8002, nil)
	if got := b.commands(old.SA); len(got) != 0 {
		t.Errorf("the old SA gets %v before its last child is there", got)
	}
	b.narrowed(sa, "net", 0x8004, "10.1.0.16/28")
	if got := b.commands(old.SA); len(got) != 1 || got[0] != "Close" {
		t.Errorf("the old SA gets %v", got)
	}
}

func TestPacketsOfChildren(t *testing.T) {
	at := func(text string, protocol uint8, first, last uint16) []spd.Selector {
		s := spd.Prefix(netip.MustParsePrefix(text))
		s.Protocol, s.StartPort, s.EndPort = protocol, first, last
		return []spd.Selector{s}
	}
	for name, tt := range map[string]struct {
		of          twin
		source, dst spd.Selector
	}{
		"of a network":        {twin{local: at("10.2.0.0/16", 0, 0, 65535), remote: at("10.1.0.0/28", 0, 0, 65535)}, at("10.2.0.0/32", 0, 0, 65535)[0], at("10.1.0.0/32", 0, 0, 65535)[0]},
		"of ports":            {twin{local: at("10.2.0.1/32", 6, 443, 443), remote: at("10.1.0.1/32", 6, 1024, 1024)}, at("10.2.0.1/32", 6, 443, 443)[0], at("10.1.0.1/32", 6, 1024, 1024)[0]},
		"of a range of ports": {twin{local: at("10.2.0.1/32", 17, 53, 53), remote: at("10.1.0.1/32", 17, 1, 9)}, at("10.2.0.1/32", 17, 0, 65535)[0], at("10.1.0.1/32", 17, 0, 65535)[0]},
	} {
		f := tt.of.flow()
		if f.SourceSelector() != tt.source || f.DestinationSelector() != tt.dst {
			t.Errorf("%s: %v to %v", name, f.SourceSelector(), f.DestinationSelector())
		}
	}
	if f := (twin{}).flow(); f != nil {
		t.Errorf("of nothing: %v", f)
	}
}
