package sim

import (
	"net/netip"
	"time"

	"culvert/auth"
	"culvert/esp"
	"culvert/explain"
	"culvert/ike"
	"culvert/secret"
	"culvert/wire"
)

// A trial is the life of two gateways under one seed: they come up, things happen to them and to the network, everything
// calms down, and they go. What it is about is drawn from the seed.
type trial struct {
	*Lab
	a, b     *Node
	nat      *NAT // in front of a, or nil
	conn     string
	terms    Terms
	six      bool // IPv6 outside
	calm     bool // nobody does anything any more
	gentle   bool // nothing ends an SA but rekeying: no packet that arrives may be refused
	busy     time.Duration
	interval time.Duration // between inner packets
	first    uint64        // parcel that is the first to count
}

// newTrial draws a trial, two of five gentle.
func newTrial(l *Lab) *trial { return drawTrial(l, l.Chance().IntN(5) < 2) }

func drawTrial(l *Lab, gentle bool) *trial {
	r := l.Chance()
	t := &trial{Lab: l, gentle: gentle, six: r.IntN(4) == 0}
	t.busy = 30*time.Second + l.upTo(time.Minute)
	t.interval = 100*time.Millisecond + l.upTo(1500*time.Millisecond)
	t.terms = t.drawTerms()
	t.a, t.b = t.NewNode("a", t.outside("192.0.2.1", "2001:db8:a::1")), t.NewNode("b", t.outside("198.51.100.2", "2001:db8:b::2"))
	if r.IntN(5) == 0 {
		t.hide()
	}
	for _, n := range t.nodes {
		t.drawNode(n)
		n.Watch = t.watch
	}
	t.conn = t.Marry(t.a, t.b, t.terms)
	return t
}

// watch sees whether an IKE SA dies of the network. Then packets may be lost although nobody but fate wanted it.
func (t *trial) watch(n ike.News) {
	if n.Kind == ike.NewsClosed && n.Failure != nil && n.Failure.Code == explain.IKETimeout {
		t.gentle = false
	}
}

func (t *trial) outside(four, six string) Address {
	if t.six {
		return netip.MustParseAddr(six)
	}
	return netip.MustParseAddr(four)
}

// hide puts a behind a NAT.
func (t *trial) hide() {
	t.nat = t.NewNAT(t.outside("203.0.113.3", "2001:db8:c::3"))
	t.nat.Strict = t.chance.IntN(2) == 0
	if t.chance.IntN(2) == 0 {
		t.nat.Idle = time.Minute
	}
	t.nat.Hide(t.a)
}

// drawTerms draws what the nodes agree on.
func (t *trial) drawTerms() Terms {
	r := t.chance
	terms := Terms{Children: 1 + r.IntN(3), Inner6: r.IntN(4) == 0, Start: pick(t, ike.StartNone, ike.StartNone, ike.StartUp, ike.StartTrap)}
	terms.ESP = pick(t, "aes128gcm16", "aes128gcm16", FastPFS, "aes128gcm16-esn-noesn", "aes256-sha256", "chacha20poly1305-esn", "aes128ctr-aesxcbc",
		FastPFS+"-ke1_ecp256", FastPFS+"-ke1_mlkem512-ke4_ecp256")
	terms.IKE = pick(t, "", "", "", fastIKE+"-ke1_ecp256", fastIKE+"-ke1_mlkem768", fastIKE+"-ke2_mlkem512-ke3_ecp256")
	if r.IntN(8) == 0 {
		terms.Mode, terms.Children, terms.Inner6 = esp.Transport, 1, t.six
	}
	encap, window, childless := r.IntN(4) == 0, 1+r.IntN(4), pick(t, ike.ChildlessAllow, ike.ChildlessAllow, ike.ChildlessPrefer)
	fragments, fragment := pick(t, ike.FragmentYes, ike.FragmentYes, ike.FragmentForce), pick(t, 0, 300)
	exchange := pick(t, ike.PPKAny, ike.PPKAuth)
	unique, contact := pick(t, ike.UniqueReplace, ike.UniqueReplace, ike.UniqueReplace, ike.UniqueKeep), r.IntN(5) > 0
	lifetime, reauth, ppks := t.drawLifetime(), t.drawReauth(), t.drawPPKs()
	terms.Change = func(c *ike.Connection) {
		c.ForceEncap, c.WindowSize, c.Childless, c.Fragmentation = encap, window, childless, fragments
		c.FragmentSize, c.Unique, c.InitialContact = fragment, unique, contact
		c.Lifetime, c.ReauthTime, c.AuthLifetime = lifetime, reauth.ours, reauth.theirs
		c.PPKs, c.PPKExchange = ppks, exchange
	}
	terms.Child = t.drawChild()
	return terms
}

// drawPPKs draws whether there are post-quantum preshared keys.
func (t *trial) drawPPKs() []auth.PPK {
	return pick(t, nil, nil, []auth.PPK{presharedKey("first")}, []auth.PPK{presharedKey("first"), presharedKey("second")})
}

// presharedKey is a post-quantum preshared key that all nodes know.
func presharedKey(name string) auth.PPK {
	return auth.PPK{Name: name, ID: auth.PPKID(wire.PPKIDFixed, []byte(name)), Key: secret.Bytes("the post-quantum preshared key " + name)}
}

// drawLifetime draws a short life for IKE SAs, or an endless one.
func (t *trial) drawLifetime() ike.Lifetime {
	if t.chance.IntN(2) == 0 {
		return ike.Lifetime{}
	}
	return ike.Lifetime{Rekey: 15*time.Second + t.upTo(time.Minute), Jitter: 5 * time.Second, Hard: 3 * time.Minute}
}

// drawReauth draws when authentication is renewed: because we want to, or because the peer does. It may lose packets.
func (t *trial) drawReauth() (times struct{ ours, theirs time.Duration }) {
	if !t.gentle && t.chance.IntN(4) == 0 {
		times.ours = 20*time.Second + t.upTo(time.Minute)
	}
	if !t.gentle && t.chance.IntN(8) == 0 {
		times.theirs = 30*time.Second + t.upTo(time.Minute)
	}
	return times
}

// drawChild draws the life of children by time and volume.
func (t *trial) drawChild() func(*ike.ChildConfig) {
	var life ike.Lifetime
	var packets uint64
	if t.chance.IntN(2) == 0 {
		life = ike.Lifetime{Rekey: 10*time.Second + t.upTo(time.Minute), Jitter: 5 * time.Second, Hard: 3 * time.Minute}
	}
	if t.chance.IntN(4) == 0 {
		packets = 20 + t.chance.Uint64N(100)
	}
	window := 1024 // more than may be under way at a time
	if !t.gentle {
		window = 64
	}
	return func(c *ike.ChildConfig) {
		c.Lifetime, c.SoftPackets, c.JitterPackets, c.ReplayWindow = life, packets, packets/4, window
	}
}

// drawNode draws the temper of a node and its line.
func (t *trial) drawNode(n *Node) {
	r := t.chance
	n.Shards, n.WorkTime = 1+r.IntN(3), pick(t, 0, time.Millisecond, 50*time.Millisecond, time.Second)
	if r.IntN(6) == 0 {
		n.Gateway.HalfOpen.Cookie = -1
	}
	n.Up, n.Down = t.drawWeather(), t.drawWeather()
}

// drawWeather draws the faults of a line, from none to many.
func (t *trial) drawWeather() Weather {
	r := t.chance
	w := Weather{Delay: t.upTo(40 * time.Millisecond)}
	if r.IntN(3) > 0 {
		w.Jitter = t.upTo(60 * time.Millisecond)
	}
	if r.IntN(2) > 0 {
		bad := r.Float64()
		w.Loss, w.Duplicate, w.Corrupt, w.Truncate = 0.25*bad*r.Float64(), 0.3*bad*r.Float64(), 0.05*bad*r.Float64(), 0.02*bad*r.Float64()
		w.Hold, w.HoldTime = 0.1*bad*r.Float64(), t.upTo(4*time.Second)
	}
	return w
}

// pick draws one of several values.
func pick[T any](t *trial, values ...T) T { return values[t.chance.IntN(len(values))] }

// run is the whole life.
func (t *trial) run() {
	t.comeUp()
	t.traffic(t.Elapsed() + t.busy)
	t.schedule()
	t.Run(t.busy)
	t.calmDown()
	t.CheckRest()
	t.probes()
	if t.gentle {
		if refused := t.Ledger.Refused(t.first); len(refused) > 0 {
			t.Problem("%d packets are lost although they arrived: %q", len(refused), refused[:min(len(refused), 3)])
		}
	}
	t.goDown()
}

// comeUp starts the nodes and has one of them, or both, connect.
func (t *trial) comeUp() {
	t.a.Start()
	t.After(t.upTo(2*time.Second), t.b.Start)
	t.Run(2 * time.Second)
	t.wanted()
	if !t.gentle {
		t.Run(t.upTo(5 * time.Second))
		return
	}
	t.RunUntil(3*time.Minute, func() bool { return t.bothUp() && t.quiet() })
	t.Run(time.Minute) // double connections of both are sorted out
	t.first = t.Ledger.Next()
}

// wanted has the operators of one or both nodes ask for the connection. A peer behind a NAT cannot be called.
func (t *trial) wanted() {
	who := t.chance.IntN(3)
	if who != 1 || t.nat != nil {
		t.bringUp(t.a)
	}
	if who != 0 && t.nat == nil {
		t.After(t.upTo(100*time.Millisecond), func() { t.bringUp(t.b) })
	}
}

func (t *trial) bringUp(n *Node) {
	if err := n.BringUp(t.conn, ""); err != nil {
		t.Problem("%s does not bring the connection up: %v", n.Name, err)
	}
}

func (t *trial) bothUp() bool {
	return len(t.a.Children(t.conn)) >= t.terms.Children && len(t.b.Children(t.conn)) >= t.terms.Children
}

// traffic sends inner packets in both directions until a time.
func (t *trial) traffic(until time.Duration) {
	if t.Elapsed() > until {
		return
	}
	t.each(func(x, y *Node, from, to netip.AddrPort) { t.Ledger.Send(x, y, from, to) })
	t.After(t.upTo(t.interval), func() { t.traffic(until) })
}

// each calls f for both directions of every child.
func (t *trial) each(f func(x, y *Node, from, to netip.AddrPort)) {
	if t.terms.Mode == esp.Transport {
		x, y := at(t.a.addrs[0], 4000), at(t.b.addrs[0], 4000)
		if t.nat == nil {
			f(t.a, t.b, x, y)
			f(t.b, t.a, y, x)
			return
		}
		f(t.a, t.b, x, y)
		f(t.b, t.a, y, at(t.nat.Public(), 4000))
		return
	}
	for i := range t.terms.Children {
		x, y := t.Host(t.a, i, t.terms.Inner6), t.Host(t.b, i, t.terms.Inner6)
		f(t.a, t.b, x, y)
		f(t.b, t.a, y, x)
	}
}

// calmDown ends short lives and faults, sees to it that the connection is wanted, and waits.
func (t *trial) calmDown() {
	t.calm = true
	t.FairWeather()
	for _, n := range t.nodes {
		n.Start()
		n.Configure(settled(n.conns)...)
	}
	t.wanted()
	t.Settle()
}

// settled are connections whose SAs live for ever.
func settled(conns []*ike.Connection) (list []*ike.Connection) {
	for _, old := range conns {
		c := *old
		c.Lifetime, c.ReauthTime, c.AuthLifetime, c.Children = ike.Lifetime{}, 0, 0, nil
		for _, child := range old.Children {
			quiet := *child
			quiet.Lifetime, quiet.SoftPackets = ike.Lifetime{}, 0
			c.Children = append(c.Children, &quiet)
		}
		list = append(list, &c)
	}
	return list
}

// probes sends a packet through every child in both directions. All have to arrive.
func (t *trial) probes() {
	first := t.Ledger.Next()
	t.each(func(x, y *Node, from, to netip.AddrPort) { t.Ledger.Send(x, y, from, to) })
	t.Run(5 * time.Second)
	if s := t.Ledger.Sum(first); s.Delivered != s.Sent {
		t.Problem("probes: %+v; refused: %v", s, t.Ledger.Refused(first))
	}
}

// goDown has both operators end the connection, at the same time or not.
func (t *trial) goDown() {
	t.a.TakeDown(t.conn, "")
	t.Run(pick(t, 0, t.upTo(50*time.Millisecond), time.Second))
	t.b.TakeDown(t.conn, "")
	t.Settle()
	t.CheckEmpty()
}
