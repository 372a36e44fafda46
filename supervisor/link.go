package supervisor

import (
	"net/netip"
	"slices"
	"time"

	"culvert/dataplane"
	"culvert/explain"
	"culvert/ike"
	"culvert/spd"
	"culvert/wire"
)

// A link is one configured connection and what is wanted of it.
type link struct {
	conn      *ike.Connection
	wanted    map[string]bool    // children that ought to be up
	alone     bool               // the IKE SA is wanted without a child
	held      bool               // the operator took it down; nothing but the operator brings it up
	off       map[string]bool    // children that the operator took down, likewise
	trapped   map[string]bool    // whether children have a trap, if the operator has said so, whatever is configured
	attempt   *attempt           // under way
	hosts     map[ends]*attempt  // under way with hosts that packets have named
	resting   map[ends]time.Time // hosts that are left alone, and until when
	attempts  int                // failed in a row
	retryAt   time.Time          // zero: no attempt is planned
	addrs     []netip.Addr       // of the peer, as known last
	next      int                // index in addrs of the next attempt
	failure   *ike.Failure
	streams   map[netip.Addr]time.Time // peers that answered in a TCP stream only, and until when that is believed
	redirects []time.Time              // that were followed of late
	virtual   []netip.Addr             // what we were assigned last, to be asked for again
	sas       map[wire.SPI]*tracked
	peers     map[string][]*tracked // the same by the peer's identity, in the order in which they came up
}

// An attempt is an IKE SA that we begin.
type attempt struct {
	children []string
	ticket   uint64
	trigger  *spd.Flow  // the packet that asked for it, or nil
	spi      wire.SPI   // ours, once the shard has told it
	replaces *tracked   // reauthentication: the SA that goes when this one is up
	again    []twin     // of it, beside children: to be made once this one is up
	via      detour     // the gateway that we were sent to; zero: the configured one
	detour   detour     // where it has sent us before it was up
	begun    bool       // the peer's address is known
	addr     netip.Addr // of the peer, once begun
	local    netip.Addr // ours; invalid: that which routing gives
	fallback bool       // there is a TCP stream to try if the peer is silent
	contact  bool       // it claims to make the only IKE SA with the peer
}

func (a *attempt) ends() ends { return ends{a.local, a.addr} }

func newLink(c *ike.Connection) *link {
	return &link{conn: c, wanted: map[string]bool{}, off: map[string]bool{}, trapped: map[string]bool{}, sas: map[wire.SPI]*tracked{}, streams: map[netip.Addr]time.Time{}, hosts: map[ends]*attempt{}, resting: map[ends]time.Time{}, peers: map[string][]*tracked{}}
}

// child returns the configuration of a child, or nil.
func (l *link) child(name string) *ike.ChildConfig {
	for _, c := range l.conn.Children {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// usable returns the SA that new children are made on: the latest that stays. nil: there is none.
func (l *link) usable() *tracked {
	var best *tracked
	for _, t := range l.sas {
		if !t.closing && (best == nil || t.order > best.order) {
			best = t
		}
	}
	return best
}

// up tells whether a child is up on any SA that stays.
func (l *link) up(child string) bool {
	for _, t := range l.sas {
		if !t.closing && t.has(child) {
			return true
		}
	}
	return false
}

// holders counts the SAs that stay and have a child.
func (l *link) holders(child string) (n int) {
	for _, t := range l.sas {
		if !t.closing && t.has(child) {
			n++
		}
	}
	return n
}

// asked tells whether an SA that stays was asked for a child.
func (l *link) asked(child string) bool {
	for _, t := range l.sas {
		if !t.closing && slices.Contains(t.asked, child) {
			return true
		}
	}
	return false
}

// missing lists the wanted children that are not up and that nobody was asked for, in the order of the configuration.
func (l *link) missing() []string {
	var names []string
	for _, c := range l.conn.Children {
		if l.wanted[c.Name] && !l.up(c.Name) && !l.asked(c.Name) {
			names = append(names, c.Name)
		}
	}
	return names
}

// complete tells whether all that is wanted is up.
func (l *link) complete() bool {
	for name := range l.wanted {
		if !l.up(name) {
			return false
		}
	}
	return true
}

// review does what brings a link closer to what is wanted of it, unless it waits for something already.
func (s *Supervisor) review(l *link) {
	if l.attempt != nil || !l.retryAt.IsZero() {
		return
	}
	missing := l.missing()
	if t := l.usable(); t != nil {
		for _, name := range missing {
			s.createChild(l, t, name, nil)
		}
		return
	}
	if len(missing) > 0 || l.alone {
		s.connect(l, &attempt{children: missing})
	}
}

// nextAttempt is when the peer is connected to again: a review that finds nothing to do is no attempt.
func (l *link) nextAttempt() time.Time {
	if l.usable() != nil || len(l.missing()) == 0 && !l.alone {
		return time.Time{}
	}
	return l.retryAt
}

// courtesy is how long the peer may take to ask for children before we do: it has connected, or closed one.
const courtesy = 2 * time.Second

// reviewLater is review when the peer has had its chance.
func (s *Supervisor) reviewLater(l *link) {
	if l.attempt == nil && l.retryAt.IsZero() {
		l.retryAt = s.now.Add(courtesy + s.jitter(courtesy))
	}
}

func (s *Supervisor) createChild(l *link, t *tracked, name string, trigger *spd.Flow) {
	if t.ask(name) {
		s.emit(Command{SA: t.spi, Event: ike.CreateChild{Child: l.child(name), Trigger: trigger}})
	}
}

// connect begins an attempt: names are looked up anew each time.
func (s *Supervisor) connect(l *link, a *attempt) {
	s.tickets++
	a.ticket = s.tickets
	l.attempt = a
	if to := a.via.to; !to.IsZero() {
		s.connectVia(l, to)
		return
	}
	if len(l.conn.RemoteNames) > 0 {
		s.emit(Resolve{Connection: l.conn.Name, Names: l.conn.RemoteNames})
		return
	}
	if old := a.replaces; old != nil && l.open() {
		l.attempt.local = old.ends.local
		s.initiateWith(l, old.ends.remote)
		return
	}
	l.addrs = l.addrs[:0]
	for _, p := range l.conn.RemoteAddrs {
		if p.IsSingleIP() {
			l.addrs = append(l.addrs, p.Addr())
		}
	}
	s.initiate(l)
}

// connectVia begins an attempt with a gateway that we were sent to.
func (s *Supervisor) connectVia(l *link, to wire.Gateway) {
	if !to.Addr.IsValid() {
		s.emit(Resolve{Connection: l.conn.Name, Names: []string{to.Name}})
		return
	}
	s.initiateWith(l, to.Addr)
}

// Resolved brings the addresses of a connection's names. When the look-up fails the addresses known last are tried.
func (s *Supervisor) Resolved(now time.Time, connection string, addrs []netip.Addr, err error) []Action {
	s.now = now
	l := s.links[connection]
	if l == nil || l.attempt == nil || l.attempt.begun {
		return nil
	}
	via := l.attempt.via.to
	switch {
	case !via.IsZero() && len(addrs) > 0:
		s.initiateWith(l, addrs[0])
		return s.done()
	case !via.IsZero():
		s.attemptFailed(l, failure(explain.IKEPeerUnresolved, "cannot find the address of %v, to which we were redirected: %v", via, err))
		return s.done()
	case len(addrs) > 0:
		l.addrs = addrs
	}
	if len(l.addrs) == 0 {
		s.attemptFailed(l, failure(explain.IKEPeerUnresolved, "cannot find the address of %v: %v", l.conn.RemoteNames, err))
		return s.done()
	}
	s.initiate(l)
	return s.done()
}

// initiate tries the next address.
func (s *Supervisor) initiate(l *link) {
	if len(l.addrs) == 0 {
		s.attemptFailed(l, failure(explain.IKENoPeerAddress, "connection %q has no address of the peer to connect to", l.conn.Name))
		return
	}
	addr := l.addrs[l.next%len(l.addrs)]
	l.next++
	s.initiateWith(l, addr)
}

// initiateWith tries an address.
func (s *Supervisor) initiateWith(l *link, addr netip.Addr) {
	l.attempt.begun, l.attempt.addr = true, addr
	s.try(l, l.attempt, s.transport(l, addr))
}

// try begins an IKE SA with the peer's address over a transport.
func (s *Supervisor) try(l *link, a *attempt, transport dataplane.Transport) {
	a.contact = s.initialContact(l, a)
	a.fallback = transport == dataplane.TransportUDP && l.conn.Transport == ike.TransportAuto
	remote := netip.AddrPortFrom(a.addr, remotePort(l.conn, transport))
	children := make([]*ike.ChildConfig, len(a.children))
	for i, name := range a.children {
		children[i] = l.child(name)
	}
	s.emit(Note{Connection: l.conn, Kind: NoteAttempt, Remote: remote, Transport: transport, Attempt: l.attempts + 1})
	s.emit(Initiate{
		Connection: l.conn, Remote: remote, Local: a.local, Transport: transport, Fallback: a.fallback, Children: children, Trigger: a.trigger, VirtualIPs: l.virtual,
		Heritage: a.replaces.heritage(), InitialContact: a.contact, RedirectedFrom: a.via.from, Ticket: a.ticket,
	})
}

// attemptFailed plans the next attempt or gives up.
func (s *Supervisor) attemptFailed(l *link, f *ike.Failure) {
	l.attempt, l.failure = nil, f
	l.attempts++
	s.retry(l, f)
}

// retry plans another try of what is missing, with backoff, as long as the connection's policy says so.
func (s *Supervisor) retry(l *link, f *ike.Failure) {
	r := l.conn.Reconnect
	if !r.KeepUp && !r.Endless && l.attempts >= max(r.Tries, 1) {
		for _, name := range l.missing() {
			delete(l.wanted, name)
		}
		l.alone, l.attempts = false, 0
		s.emit(Note{Connection: l.conn, Kind: NoteGaveUp, Failure: f})
		return
	}
	wait := backoff(r, l.attempts)
	l.retryAt = s.now.Add(wait - s.jitter(wait/4))
	s.emit(Note{Connection: l.conn, Kind: NoteWaiting, Attempt: l.attempts, Next: l.retryAt, Failure: f})
}

// backoff is the wait after a number of failures.
func backoff(r ike.Reconnect, failures int) time.Duration {
	const most = 32
	wait := r.Delay << min(max(failures-1, 0), most)
	if limit := r.MaxDelay; limit > 0 && (wait > limit || wait < r.Delay) {
		return limit
	}
	return wait
}
