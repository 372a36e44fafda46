package supervisor

import (
	"net/netip"
	"slices"
	"testing"

	"culvert/auth"
	"culvert/dataplane"
	"culvert/ike"
	"culvert/wire"
)

// The peer ends every other IKE SA between the identities, those of other connections as well (RFC 7296, Section 2.4).
func TestInitialContactIsForTheOnlyIKESABetweenTwoIdentities(t *testing.T) {
	for _, tt := range []struct {
		name, local, remote, host string
		want                      bool
	}{
		{"same identities", "us.example", "gw.example", "192.0.2.2", false},
		{"same identities, another address", "us.example", "gw.example", "192.0.2.3", false},
		{"others call ourselves", "we.example", "gw.example", "192.0.2.2", true},
		{"another peer at the address", "us.example", "other.example", "192.0.2.2", true},
		{"ours is not known yet", "", "gw.example", "192.0.2.2", false},
		{"anybody at the address", "us.example", "*.example", "192.0.2.2", false},
		{"anybody at another address", "us.example", "*.example", "192.0.2.3", true},
		{"nothing is known", "", "", "192.0.2.2", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			there, c := connection(child("net", ike.StartNone)), connection(child("more", ike.StartNone))
			c.Name, c.RemoteAddrs = "second", []netip.Prefix{netip.MustParsePrefix(tt.host + "/32")}
			c.LocalAuth, c.RemoteAuth = []auth.Local{{ID: named(tt.local)}}, []auth.Remote{{ID: named(tt.remote)}}
			b := newBench(t, there, c)
			sa := b.newSA(there, 0)
			sa.Path = dataplane.Path{Remote: netip.MustParseAddrPort("192.0.2.2:4500")}
			b.tell(sa, ike.NewsEstablished)
			b.must(b.s.Up(b.now, "second", ""))
			if i := one[Initiate](b); i.InitialContact != tt.want {
				t.Errorf("beside another SA: got %v, want %v", i.InitialContact, tt.want)
			}
			b.end(sa, deleted)
			b.must(b.s.Down(b.now, "second", "", 0))
			b.must(b.s.Up(b.now, "second", ""))
			if i := one[Initiate](b); !i.InitialContact {
				t.Error("it is not sent after the other SA has ended")
			}
		})
	}
}

// The peer has connected while our attempt, which was to make the only IKE SA, was under way: it says so no more.
func TestAnAttemptThatIsOvertakenClaimsNoInitialContact(t *testing.T) {
	for _, late := range []bool{false, true} {
		c := connection(child("net", ike.StartUp))
		c.Unique = ike.UniqueNo
		c.LocalAuth, c.RemoteAuth = []auth.Local{{ID: named("us.example")}}, []auth.Remote{{ID: named("gw.example")}}
		b := newBench(t, c)
		i := one[Initiate](b)
		ours := b.newSA(i.Connection, i.Ticket)
		if !late {
			b.tell(ours, ike.NewsConnecting)
		}
		b.accept(c)
		if late {
			b.tell(ours, ike.NewsConnecting)
		}
		if got := b.commands(ours.SA); !i.InitialContact || !slices.Equal(got, []string{"NotAlone"}) {
			t.Errorf("late %v: commands %v", late, got)
		}
	}
}

func named(name string) auth.Identity {
	if name == "" {
		return auth.Identity{}
	}
	return auth.Identity{Type: wire.IDFQDN, Data: name}
}
