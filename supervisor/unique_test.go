package supervisor

import (
	"net/netip"
	"testing"
	"time"

	"culvert/dataplane"
	"culvert/explain"
	"culvert/ike"
	"culvert/spd"
	"culvert/wire"
)

func TestUniquenessPolicies(t *testing.T) {
	tests := []struct {
		name    string
		unique  ike.Uniqueness
		contact bool
		refused bool
		old     string // what the old SA gets
	}{
		{"replace", ike.UniqueReplace, false, false, "Close"},
		{"replace, initial contact", ike.UniqueReplace, true, false, "Close"},
		{"keep", ike.UniqueKeep, false, true, "CheckLiveness"},
		{"keep, initial contact", ike.UniqueKeep, true, false, "Close"},
		{"no", ike.UniqueNo, false, false, ""},
		{"no, initial contact", ike.UniqueNo, true, false, "Close"},
		{"never, initial contact", ike.UniqueNever, true, false, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := connection(child("net", ike.StartNone))
			c.Unique = tt.unique
			b := newBench(t, c)
			old := b.accept(c)
			b.elapse(time.Minute)
			f := b.s.Admit(b.now, b.admission(c, b.spi+1, tt.contact))
			if (f != nil) != tt.refused || f != nil && (f.Code != explain.IKENotUnique || !f.Fatal) {
				t.Fatalf("refusal %v", f)
			}
			if !tt.refused {
				b.accept(c)
			}
			b.elapse(time.Minute)
			b.tell(old, ike.NewsFailure) // any event brings what is left to do
			got := append(b.commands(old.SA), "")
			if got[0] != tt.old || len(got) > 2 {
				t.Errorf("the old SA gets %v, want %q", got, tt.old)
			}
		})
	}
}

// An SA may end while its admission is being decided; what it was to replace must not be remembered for ever.
func TestAdmissionsThatNobodyHearsOfAreForgotten(t *testing.T) {
	c := connection(child("net", ike.StartNone))
	c.Unique = ike.UniqueReplace
	b := newBench(t, c)
	old := b.accept(c)
	b.elapse(time.Minute)
	for range 10 {
		lost := b.newSA(c, 0)
		b.tell(lost, ike.NewsClosed)
		if f := b.s.Admit(b.now, b.admission(c, lost.SA, false)); f != nil {
			t.Fatal(f)
		}
	}
	b.end(old, nil)
	if n := len(b.s.replaces); n != 0 {
		t.Errorf("%d admissions are remembered", n)
	}
}

func TestOtherPeersAreNotReplaced(t *testing.T) {
	c := connection(child("net", ike.StartNone))
	b := newBench(t, c)
	other := b.newSA(c, 0)
	other.Peer = "another.example"
	b.tell(other, ike.NewsEstablished)
	b.elapse(time.Minute)
	if f := b.s.Admit(b.now, b.admission(c, b.spi+1, true)); f != nil {
		t.Fatal(f)
	}
	b.accept(c)
	b.elapse(time.Minute)
	if got := b.commands(other.SA); len(got) != 0 {
		t.Errorf("another peer's SA gets %v", got)
	}
}

func TestReplacedSAGoesWhenTheNewOneCarriesItsTraffic(t *testing.T) {
	c := connection(child("net", ike.StartNone))
	b := newBench(t, c)
	old := b.accept(c)
	b.childNews(old, ike.NewsChildUp, "net", 1, nil)
	b.elapse(time.Minute)
	b.s.Admit(b.now, b.admission(c, b.spi+1, false))
	sa := b.accept(c)
	if got := b.commands(old.SA); len(got) != 0 {
		t.Errorf("the old SA gets %v too early", got)
	}
	b.childNews(sa, ike.NewsChildUp, "net", 3, nil)
	if got := b.commands(old.SA); len(got) != 1 {
		t.Errorf("the old SA gets %v", got)
	}
}

func TestBothConnectAndOneStays(t *testing.T) {
	for local, closes := range map[string]bool{"aa.example": false, "zz.example": true} {
		c := connection(child("net", ike.StartUp))
		b := newBench(t, c)
		i := one[Initiate](b)
		ours, theirs := b.newSA(c, i.Ticket), b.newSA(c, 0)
		ours.Local, theirs.Local = local, local
		b.tell(ours, ike.NewsConnecting)
		b.tell(ours, ike.NewsEstablished)
		b.s.Admit(b.now, b.admission(c, theirs.SA, false))
		b.tell(theirs, ike.NewsEstablished)
		b.elapse(time.Minute)
		if got := b.commands(ours.SA); (len(got) == 1) != closes {
			t.Errorf("%s: our SA gets %v", local, got)
		}
	}
}

func TestOtherAlgorithmsComeByNewKeys(t *testing.T) {
	b := newBench(t, connection(child("net", ike.StartUp)))
	sa := b.connect()
	b.actions = nil
	changed := child("net", ike.StartUp)
	changed.Proposals = append(changed.Proposals, wire.Proposal{})
	b.configure(connection(changed))
	if got := b.commands(sa.SA); len(got) != 1 || got[0] != "RekeyChild" {
		t.Errorf("commands %v", got)
	}
}

func TestReloadTouchesOnlyWhatChanged(t *testing.T) {
	office := func(children ...*ike.ChildConfig) *ike.Connection { return connection(children...) }
	home := func() *ike.Connection {
		c := connection(child("net", ike.StartUp))
		c.Name = "home"
		return c
	}
	setUp := func(t *testing.T) (*bench, ike.News) {
		b := newBench(t, office(child("net", ike.StartUp)))
		sa := b.connect()
		b.actions = nil
		return b, sa
	}
	t.Run("nothing", func(t *testing.T) {
		b, _ := setUp(t)
		b.configure(office(child("net", ike.StartUp)))
		if len(b.actions) != 0 {
			t.Errorf("actions %v", b.actions)
		}
	})
	t.Run("a new connection", func(t *testing.T) {
		b, sa := setUp(t)
		b.configure(office(child("net", ike.StartUp)), home())
		if i := one[Initiate](b); i.Connection.Name != "home" || len(b.commands(sa.SA)) != 0 {
			t.Errorf("attempt %+v", i)
		}
	})
	t.Run("a connection less", func(t *testing.T) {
		b, sa := setUp(t)
		b.configure(home())
		if got := b.commands(sa.SA); len(got) != 1 || got[0] != "Close" {
			t.Errorf("commands %v", got)
		}
	})
	t.Run("a child more", func(t *testing.T) {
		b, sa := setUp(t)
		b.configure(office(child("net", ike.StartUp), child("more", ike.StartUp)))
		if got := b.commands(sa.SA); len(got) != 1 || got[0] != "CreateChild" {
			t.Errorf("commands %v", got)
		}
	})
	t.Run("a child less", func(t *testing.T) {
		b, sa := setUp(t)
		b.configure(office())
		if got := b.commands(sa.SA); len(got) != 1 || got[0] != "CloseChild" {
			t.Errorf("commands %v", got)
		}
	})
	t.Run("other lifetimes", func(t *testing.T) {
		b, sa := setUp(t)
		changed := child("net", ike.StartUp)
		changed.Lifetime.Rekey = time.Hour
		b.configure(office(changed))
		if got := b.commands(sa.SA); len(got) != 0 {
			t.Errorf("commands %v", got)
		}
	})
	t.Run("other traffic", func(t *testing.T) {
		b, sa := setUp(t)
		changed := child("net", ike.StartUp)
		changed.Remote = []spd.Selector{spd.Prefix(netip.MustParsePrefix("10.3.0.0/16"))}
		b.configure(office(changed))
		if got := b.commands(sa.SA); len(got) != 1 || got[0] != "CloseChild" {
			t.Fatalf("commands %v", got)
		}
		b.childNews(sa, ike.NewsChildDown, "net", first(sa), nil)
		b.elapse(time.Minute)
		if ask, ok := one[Command](b).Event.(ike.CreateChild); !ok || ask.Child != changed {
			t.Errorf("command %+v", ask)
		}
	})
}

func TestStandingPolicies(t *testing.T) {
	dynamic := []spd.Selector{{EndPort: 65535}}
	tests := []struct {
		name   string
		change func(*ike.ChildConfig)
		want   int // policies while the child is not wanted
	}{
		{"block", func(c *ike.ChildConfig) { c.Block = true }, 1},
		{"clear", func(c *ike.ChildConfig) {}, 0},
		{"trap", func(c *ike.ChildConfig) { c.Start = ike.StartTrap }, 1},
		{"a client that may not come", func(c *ike.ChildConfig) { c.Block, c.Remote = true, dynamic }, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := child("net", ike.StartNone)
			c.Priority = 10
			tt.change(c)
			b := newBench(t, connection(c))
			list := take[SetPolicy](b)
			if len(list) != tt.want {
				t.Fatalf("%d policies", len(list))
			}
			for _, p := range list {
				if p.Policy.Priority >= ike.Priority(10) || p.Policy.Priority <= ike.Priority(9) || p.Policy.Action != spd.Protect || p.Policy.Name != "office/net" {
					t.Errorf("policy %+v", p.Policy)
				}
			}
			b.configure()
			if n := len(take[RemovePolicy](b)); n != tt.want {
				t.Errorf("%d policies are removed", n)
			}
		})
	}
}

func TestConfiguredPoliciesAreReplaced(t *testing.T) {
	b := newBench(t)
	p := dataplane.Policy{Name: "dns", Action: spd.Bypass, Priority: 1000}
	b.do(b.s.Configure(b.now, nil, []dataplane.Policy{p}))
	set := one[SetPolicy](b).Policy
	if set.ID == 0 || set.Priority != ike.Priority(1000) {
		t.Errorf("policy %+v", set)
	}
	b.do(b.s.Configure(b.now, nil, nil))
	if r := one[RemovePolicy](b); r.ID != set.ID {
		t.Errorf("removed %d", r.ID)
	}
}

func TestStatusTellsWhereAConnectionStands(t *testing.T) {
	b := newBench(t, connection(child("net", ike.StartUp)))
	if st := b.s.Status()[0]; !st.Wanted || !st.Connecting || st.Attempts != 0 {
		t.Errorf("at first %+v", st)
	}
	b.refused()
	if st := b.s.Status()[0]; st.Connecting || st.Attempts != 1 || st.Failure == nil || st.NextAttempt.IsZero() {
		t.Errorf("after a failure %+v", st)
	}
	b.elapse(time.Second)
	b.connect()
	if st := b.s.Status()[0]; st.Attempts != 0 || st.Failure != nil || b.s.Len() != 1 || len(b.s.Established("office", 0)) != 1 {
		t.Errorf("in the end %+v", st)
	}
}

// Looking after a peer that has connected is no attempt to connect to it.
func TestNoAttemptIsAnnouncedWhereNoneWillBe(t *testing.T) {
	c := connection(child("net", ike.StartNone))
	b := newBench(t, c)
	sa := b.accept(c)
	if st := b.s.Status()[0]; !st.NextAttempt.IsZero() {
		t.Errorf("beside an IKE SA: %+v", st)
	}
	b.end(sa, &ike.Failure{Code: explain.IKEPeerDeleted}, first(sa))
	if st := b.s.Status()[0]; !st.NextAttempt.IsZero() || st.Failure == nil {
		t.Errorf("after it: %+v", st)
	}
}
