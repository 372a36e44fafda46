package daemon

import (
	"net/netip"
	"slices"
	"sync"
	"time"

	"culvert/dataplane"
	"culvert/eap"
	"culvert/explain"
	"culvert/ike"
	"culvert/radius"
	"culvert/wire"
)

// A session is a user who is connected: one IKE SA and those that rekeying puts in its place, or two while the user authenticates
// anew, make before break. It ends with the last one. The book's mutex guards it.
type session struct {
	account  radius.Account
	identity string // of IKE
	groups   []string
	demanded []string // groups of which the connection wants one
	began    time.Time
	up       bool      // not only admitted
	since    time.Time // of the engine's clock, when the last IKE SA was established
	sas      []wire.SPI

	children map[childKey]dataplane.PolicyID // SAs in the data plane
	policies map[dataplane.PolicyID]bool     // of children that there were
	gone     radius.Usage                    // of SAs that were removed
	last     time.Time                       // of a packet, as far as is known

	limits  limits
	timer   *time.Timer
	interim time.Time // when the next update is due; zero: never
	cause   radius.Cause
}

// A childKey names one direction of a child to the data plane.
type childKey struct {
	direction dataplane.Direction
	spi       uint32
}

// sessions is the book of users who are connected. It is safe for concurrent use.
type sessions struct {
	now     func() time.Time // the wall clock
	engine  func() time.Time // the engine's clock
	account func(connection string, r radius.Record)
	interim func(connection string) time.Duration
	query   func(dataplane.Direction, uint32, dataplane.PolicyID) (dataplane.Counters, error)
	close   func(connection string, sas []wire.SPI, why *ike.Failure) // ends IKE SAs; does not wait

	mu       sync.Mutex
	expected map[wire.SPI]bool     // being admitted, and live
	admitted map[wire.SPI]*session // not established yet
	bySA     map[wire.SPI]*session
	users    map[string][]*session // admitted or up, by name
	policies map[dataplane.PolicyID]*session
}

func newSessions(e *engine) *sessions {
	return &sessions{
		now: e.clock.wall, engine: e.clock.now, account: e.radius.account, interim: e.radius.interim, query: e.backend.Query, close: e.endSAs,
		expected: map[wire.SPI]bool{}, admitted: map[wire.SPI]*session{}, bySA: map[wire.SPI]*session{}, users: map[string][]*session{}, policies: map[dataplane.PolicyID]*session{},
	}
}

// expect notes that an IKE SA is about to be admitted. It is called before news of its end can come.
func (b *sessions) expect(sa wire.SPI) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.expected[sa] = true
}

// admit notes a user whose IKE SA is about to be established, or refuses it. Peers that come without EAP are no users.
func (b *sessions) admit(a ike.Admission) *ike.Failure {
	if a.Initiator || a.EAPIdentity == "" {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	alive := b.expected[a.SA]
	delete(b.expected, a.SA)
	s := b.newSession(a)
	if b.continues(a, s) == nil {
		if f := b.tooMany(a, s); f != nil {
			return f
		}
	}
	if alive {
		b.admitted[a.SA] = s
		b.users[s.account.User] = append(b.users[s.account.User], s)
	}
	return nil
}

// forget takes a session off the list of its user.
func (b *sessions) forget(s *session) {
	name := s.account.User
	b.users[name] = slices.DeleteFunc(b.users[name], func(other *session) bool { return other == s })
	if len(b.users[name]) == 0 {
		delete(b.users, name)
	}
}

func (b *sessions) newSession(a ike.Admission) *session {
	s := &session{
		identity: a.Identity.String(), began: b.now(), sas: []wire.SPI{a.SA}, children: map[childKey]dataplane.PolicyID{}, policies: map[dataplane.PolicyID]bool{},
		account: radius.Account{
			User: a.EAPIdentity, Line: radius.Line{Connection: a.Connection.Name, Session: a.Session, Local: a.Path.Local, Remote: a.Path.Remote},
		},
	}
	for _, r := range a.Connection.RemoteAuth {
		s.demanded = append(s.demanded, r.Groups...)
	}
	for _, g := range a.Grants {
		s.grant(g, s.began)
	}
	return s
}

// grant adds what one round of authentication gives.
func (s *session) grant(g *eap.Grant, now time.Time) {
	if g.User != "" {
		s.account.User = g.User
	}
	s.groups = append(s.groups, g.Groups...)
	s.account.Class = append(s.account.Class, g.Class...)
	s.limits.add(g, now)
}

// continues finds the session that a user goes on with: the same user on the same connection who wishes for an address that the
// session has, as clients do that authenticate anew (RFC 7296, Section 2.8.3), or, without wishes, comes from the same address
// and port. A peer that has forgotten everything begins another one.
func (b *sessions) continues(a ike.Admission, s *session) *session {
	if a.InitialContact {
		return nil
	}
	wishes := ike.RequestedAddresses(a.Request)
	for _, old := range b.users[s.account.User] {
		mine := func(addr netip.Addr) bool { return slices.Contains(wishes, addr) }
		here := len(wishes) == 0 && old.account.Line.Remote == s.account.Line.Remote
		if old.up && old.like(s) && (here || slices.ContainsFunc(old.account.Addresses, mine)) {
			return old
		}
	}
	return nil
}

// like tells whether two sessions are of one user on one connection.
func (s *session) like(o *session) bool {
	return s.account.User == o.account.User && s.identity == o.identity && s.account.Line.Connection == o.account.Line.Connection
}

// granted notes the addresses of a user who was admitted. One who was taken for somebody who goes on with a session, and got other
// addresses than that has, begins another one after all, and may be refused.
func (b *sessions) granted(a ike.Admission, addresses []netip.Addr) *ike.Failure {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.admitted[a.SA]
	if s == nil {
		return nil
	}
	if s.account.Addresses = slices.Clone(addresses); b.same(s) != nil {
		return nil
	}
	return b.tooMany(a, s)
}

// same finds the session that a user who has been given addresses goes on with.
func (b *sessions) same(s *session) *session {
	for _, old := range b.users[s.account.User] {
		if old.up && old.like(s) && old.goesOn(s) {
			return old
		}
	}
	return nil
}

// follow takes news of the engine.
func (b *sessions) follow(n ike.News) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch n.Kind {
	case ike.NewsEstablished:
		b.establish(n.SA)
	case ike.NewsRekeyed:
		b.move(n.SA, n.Successor)
	case ike.NewsClosed:
		b.refuse(n.SA)
		b.leave(n.SA, n.Failure)
	case ike.NewsChildUp, ike.NewsChildRekeyed:
		b.carry(n.SA, n.Child)
	}
}

// refuse forgets an IKE SA that ends before it is established.
func (b *sessions) refuse(sa wire.SPI) {
	if s := b.admitted[sa]; s != nil {
		b.forget(s)
	}
	delete(b.expected, sa)
	delete(b.admitted, sa)
}

// establish begins a session, or goes on with the one that the user has.
func (b *sessions) establish(sa wire.SPI) {
	s := b.admitted[sa]
	delete(b.admitted, sa)
	if s == nil {
		return
	}
	s.since = b.engine()
	if old := b.same(s); old != nil {
		b.forget(s)
		b.join(old, s, sa)
		return
	}
	s.up = true
	b.bySA[sa] = s
	b.record(s, radius.Start)
	b.arm(s)
}

// goesOn tells whether another one is the same session: it has its addresses, or comes from its address and port.
func (s *session) goesOn(o *session) bool {
	if len(s.account.Addresses) > 0 || len(o.account.Addresses) > 0 {
		return slices.Equal(s.account.Addresses, o.account.Addresses)
	}
	return s.account.Line.Remote == o.account.Line.Remote
}

// join has a session go on with a new IKE SA and what its authentication gives.
func (b *sessions) join(old, s *session, sa wire.SPI) {
	old.sas, old.since = append(old.sas, sa), s.since
	old.groups, old.demanded, old.limits, old.account.Class = s.groups, s.demanded, s.limits, s.account.Class
	old.account.Line.Remote, old.account.Line.Local = s.account.Line.Remote, s.account.Line.Local
	b.bySA[sa] = old
	b.record(old, radius.Interim)
	b.arm(old)
}

func (b *sessions) move(from, to wire.SPI) {
	s := b.bySA[from]
	if s == nil {
		return
	}
	delete(b.bySA, from)
	b.bySA[to] = s
	s.sas[slices.Index(s.sas, from)] = to
}

// leave takes an IKE SA from its session, which ends with the last one.
func (b *sessions) leave(sa wire.SPI, why *ike.Failure) {
	s := b.bySA[sa]
	if s == nil {
		return
	}
	delete(b.bySA, sa)
	s.sas = slices.DeleteFunc(s.sas, func(x wire.SPI) bool { return x == sa })
	if len(s.sas) > 0 {
		return
	}
	if s.timer != nil {
		s.timer.Stop()
	}
	if s.cause == 0 {
		s.cause = causeOf(why)
	}
	b.record(s, radius.Stop)
	b.forget(s)
	for policy := range s.policies {
		delete(b.policies, policy)
	}
}

// causeOf says in the words of RADIUS why an IKE SA has ended.
func causeOf(f *ike.Failure) radius.Cause {
	switch {
	case f == nil:
		return radius.AdminReset
	case f.Code == explain.IKEPeerDeleted:
		return radius.UserRequest
	case f.Code == explain.IKETimeout:
		return radius.LostCarrier
	case f.Code == explain.IKELifetime:
		return radius.SessionTimedOut
	}
	return radius.NASError
}

// record sends an accounting record. Traffic is asked for last, so that it is as late as the record says.
func (b *sessions) record(s *session, status radius.Status) {
	r := radius.Record{Status: status, Account: s.account, Time: b.now(), Cause: s.cause}
	r.Account.Addresses, r.Account.Class = slices.Clone(s.account.Addresses), slices.Clone(s.account.Class)
	if status != radius.Start {
		r.Usage = b.usage(s)
		r.Usage.Time = r.Time.Sub(s.began)
	}
	b.account(s.account.Line.Connection, r)
}

// ending notes why all sessions end that are there, for a daemon that stops.
func (b *sessions) ending(why radius.Cause) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.bySA {
		s.cause = why
	}
}

// A person is a session as people are shown it.
type person struct {
	user, session string
	groups        []string
}

// of returns the user of an IKE SA, nil if there is none.
func (b *sessions) of(sa wire.SPI) *person {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.bySA[sa]
	if s == nil {
		return nil
	}
	return &person{s.account.User, s.account.Line.Session, slices.Clone(s.groups)}
}
