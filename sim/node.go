package sim

import (
	"io"
	"time"

	"culvert/dataplane"
	"culvert/dataplane/fake"
	"culvert/ike"
	"culvert/lease"
	"culvert/supervisor"
	"culvert/wire"
)

// A Node is a gateway or client: what a daemon is made of, without sockets and goroutines. What is configured outlives a
// restart; everything else is lost in it.
type Node struct {
	Name     string
	Up, Down Weather       // of its line, from it and to it
	Shards   int           // how many; 0 is one
	Workers  int           // of the data plane, by the source ports of packets; 0 is one
	Gateway  ike.Gateway   // settings of the engine
	WorkTime time.Duration // work takes up to so long
	Bare     bool          // the supervisor hears nothing: IKE SAs are begun by hand
	Watch    func(ike.News)
	Pool     *lease.Pool // of addresses for peers; it outlives a restart

	lab    *Lab
	addrs  []Address
	behind *NAT
	rand   io.Reader
	conns  []*ike.Connection
	static []dataplane.Policy

	life  int // counts the starts; what belongs to an earlier life is dropped
	core  *core
	tally Tally
}

// A core is what a node loses when it crashes.
type core struct {
	shards     []*ike.Shard
	envs       []*ike.Env
	supervisor *supervisor.Supervisor
	plane      *fake.Backend
	owners     owners
	book       book
	account    account
	grants     map[wire.SPI]grant
	standing   map[dataplane.PolicyID]bool // policies of the supervisor
	policies   dataplane.PolicyID
	working    int       // works under way
	wake       time.Time // the timer that is planned; zero: none
}

// A Tally counts what a node saw in all its lives.
type Tally struct {
	Keepalive int     // of NAT, that left
	News      [32]int // by ike.NewsKind
	Lost      int     // established IKE SAs that ended
}

// NewNode adds a node with its addresses, at most one of each family.
func (l *Lab) NewNode(name string, addrs ...Address) *Node {
	n := &Node{Name: name, lab: l, addrs: addrs, rand: l.stream(name)}
	l.nodes = append(l.nodes, n)
	for _, a := range addrs {
		l.Network.attach(a, n)
	}
	return n
}

// Addr returns the node's address of the family of another one.
func (n *Node) Addr(like Address) Address {
	for _, a := range n.addrs {
		if a.Is4() == like.Is4() {
			return a
		}
	}
	return Address{}
}

// Readdress gives a node another address in the place of one that it has.
func (n *Node) Readdress(from, to Address) {
	for i, a := range n.addrs {
		if a == from {
			n.lab.Network.attach(from, nil)
			n.addrs[i] = to
			n.lab.Network.attach(to, n)
		}
	}
}

// Tally tells what the node saw.
func (n *Node) Tally() Tally { return n.tally }

// Running tells whether the node is there.
func (n *Node) Running() bool { return n.core != nil }

// Plane is the data plane of a running node.
func (n *Node) Plane() *fake.Backend { return n.core.plane }

// Configure gives a node its connections, now and for all its lives.
func (n *Node) Configure(conns ...*ike.Connection) {
	n.conns = conns
	if n.Running() {
		n.apply()
	}
}

// Start brings a node to life.
func (n *Node) Start() {
	if n.Running() {
		return
	}
	n.life++
	c := &core{owners: newOwners(), book: newBook(), account: newAccount(), grants: map[wire.SPI]grant{}, standing: map[dataplane.PolicyID]bool{}}
	n.core = c
	now := func() time.Time { return n.lab.now }
	c.plane = fake.New(n.rand, now, fake.Hooks{Send: n.sendESP, Deliver: n.deliver, Workers: n.Workers})
	c.plane.SetNotices(func(notice dataplane.Notice) { n.soon(func() { n.notice(notice) }) })
	for i := range max(n.Shards, 1) {
		env := n.newEnv()
		c.envs = append(c.envs, env)
		c.shards = append(c.shards, ike.NewShard(uint8(i), env))
	}
	c.supervisor = supervisor.New(n.jitter, c.newPolicy)
	n.lab.trace.note(n.lab, n, "starts")
	n.apply()
}

// Crash ends a node without a word to anybody. Its keys, SAs and policies are gone.
func (n *Node) Crash() {
	if n.Running() {
		n.lab.trace.note(n.lab, n, "crashes")
		n.core.giveBack(n)
		n.core = nil
	}
}

// Restart is Crash and Start after a while.
func (n *Node) Restart(after time.Duration) {
	n.Crash()
	n.lab.After(after, n.Start)
}

func (n *Node) newEnv() *ike.Env {
	c := n.core
	return &ike.Env{
		Rand: n.rand, SPIs: c.plane, Gateway: n.Gateway, Stats: &ike.Stats{}, Trace: n.lab.trace != nil, Resources: c.plane.Resources(),
		Connections: ike.NewConnections(n.conns...),
		NewPolicy:   c.newPolicy,
		Admit:       func(a ike.Admission) ike.Work { return admit{n, a} },
		Dial:        func(p dataplane.Path) ike.Work { return dialing{n, p} },
		LastInbound: func(children []ike.ChildRef) ike.Work { return lastInbound{n, children} },
	}
}

func (c *core) newPolicy() dataplane.PolicyID {
	c.policies++
	return c.policies
}

// apply gives shards and supervisor the configuration.
func (n *Node) apply() {
	connections := ike.NewConnections(n.conns...)
	for _, s := range n.core.shards {
		n.handle(s, ike.SetConnections{Connections: connections})
	}
	n.steer(n.core.supervisor.Configure(n.lab.now, n.conns, n.static))
}

// jitter draws a duration for the supervisor.
func (n *Node) jitter(d time.Duration) time.Duration { return n.lab.upTo(d) }

// soon does something after what is being done now, if the node is still alive then.
func (n *Node) soon(do func()) { n.after(0, do) }

func (n *Node) after(d time.Duration, do func()) {
	life := n.life
	n.lab.After(d, func() {
		if n.Running() && n.life == life {
			do()
		}
	})
}

// arm plans the next timer of shards and supervisor.
func (n *Node) arm() {
	c := n.core
	next := c.supervisor.Deadline()
	for _, s := range c.shards {
		next = sooner(next, s.Deadline())
	}
	if next.IsZero() || !c.wake.IsZero() && !next.Before(c.wake) {
		return
	}
	c.wake = next
	n.after(next.Sub(n.lab.now), func() { n.due(next) })
}

func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// due runs the timers whose time has come.
func (n *Node) due(planned time.Time) {
	c := n.core
	if !c.wake.Equal(planned) {
		return // an earlier one took its place
	}
	c.wake = time.Time{}
	for _, s := range c.shards {
		if d := s.Deadline(); !d.IsZero() && !d.After(n.lab.now) {
			n.handle(s, ike.TimerDue{})
		}
	}
	if d := c.supervisor.Deadline(); !d.IsZero() && !d.After(n.lab.now) {
		n.steer(c.supervisor.TimerDue(n.lab.now))
	}
	n.arm()
}

// shard returns the shard of an SPI of ours, or nil.
func (n *Node) shard(spi wire.SPI) *ike.Shard {
	if i := int(ike.ShardOf(spi)); i < len(n.core.shards) {
		return n.core.shards[i]
	}
	return nil
}
