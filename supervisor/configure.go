package supervisor

import (
	"maps"
	"reflect"
	"slices"
	"time"

	"culvert/dataplane"
	"culvert/ike"
)

// Configure replaces the configuration. Only what changed is touched: links that are new are started as they say, those
// that are gone are taken down, and those that changed keep what of it is up.
func (s *Supervisor) Configure(now time.Time, connections []*ike.Connection, static []dataplane.Policy) []Action {
	s.now = now
	s.setStatic(static)
	old, before := s.links, s.order
	s.links, s.order = make(map[string]*link, len(connections)), nil
	var review []*link
	for _, c := range connections {
		l, known := old[c.Name]
		if !known {
			l = newLink(c)
		}
		delete(old, c.Name)
		s.links[c.Name], s.order = l, append(s.order, c.Name)
		s.configure(l, c, known)
		review = append(review, l)
	}
	for _, name := range before {
		if l := old[name]; l != nil {
			s.remove(l)
		}
	}
	for _, l := range review {
		s.review(l)
	}
	return s.done()
}

// configure gives a link its new version.
func (s *Supervisor) configure(l *link, c *ike.Connection, known bool) {
	before := l.conn
	l.conn = c
	if !slices.Equal(before.RemoteNames, c.RemoteNames) {
		l.addrs = nil // they were of another peer
	}
	for _, child := range c.Children {
		was := childOf(before, child.Name)
		fresh := !known || was == nil
		if fresh || !reflect.DeepEqual(was, child) {
			s.startChild(l, child, fresh || was.Start != child.Start)
		}
		if known && was != nil {
			s.adapt(l, was, child)
		}
	}
	for _, child := range before.Children {
		if childOf(c, child.Name) == nil {
			s.childOff(l, child.Name)
			s.unprotect(childName{c.Name, child.Name})
		}
	}
}

// adapt has what is up of a child follow its new version. One that carries what the new version does not allow is closed, and
// comes up anew if it is wanted (RFC 7296, Section 2.9.2); other algorithms come by new keys, which lose no packet.
func (s *Supervisor) adapt(l *link, was, now *ike.ChildConfig) {
	switch {
	case was.Mode != now.Mode || was.SinglePair != now.SinglePair || !slices.Equal(was.Local, now.Local) || !slices.Equal(was.Remote, now.Remote):
		s.closeChild(l, now.Name)
	case !reflect.DeepEqual(was.Proposals, now.Proposals):
		for _, t := range inOrder(maps.Values(l.sas)) {
			s.rekeyChildren(t, now.Name)
		}
	}
}

func childOf(c *ike.Connection, name string) *ike.ChildConfig {
	for _, child := range c.Children {
		if child.Name == name {
			return child
		}
	}
	return nil
}

// startChild sets the standing policy of a child and follows its start action.
func (s *Supervisor) startChild(l *link, c *ike.ChildConfig, start bool) {
	if standing(c) || l.traps(c) || l.wanted[c.Name] {
		s.block(l, c)
	}
	if start && c.Start.Starts() && !l.held && !l.off[c.Name] {
		l.wanted[c.Name] = true
		s.block(l, c)
	}
}

// remove takes a link away with all that belongs to it. What it has up is closed.
func (s *Supervisor) remove(l *link) {
	s.linkOff(l, "no longer wanted")
	for _, c := range l.conn.Children {
		s.unprotect(childName{l.conn.Name, c.Name})
	}
	for _, t := range l.sas {
		t.link = nil
	}
	clear(l.sas)
}

// setStatic replaces the configured bypass and discard policies.
func (s *Supervisor) setStatic(list []dataplane.Policy) {
	s.policies.configured = list
	for _, name := range slices.Sorted(maps.Keys(s.policies.static)) {
		id := s.policies.static[name]
		if !slices.ContainsFunc(list, func(p dataplane.Policy) bool { return p.Name == name }) {
			s.emit(RemovePolicy{id})
			delete(s.policies.static, name)
		}
	}
	for _, p := range list {
		if !s.policies.off[p.Name] {
			s.setOne(p)
		}
	}
}

// setOne sets a configured bypass or discard policy.
func (s *Supervisor) setOne(p dataplane.Policy) {
	id, ok := s.policies.static[p.Name]
	if !ok {
		id = s.policies.fresh()
		s.policies.static[p.Name] = id
	}
	p.ID, p.Priority = id, ike.Priority(p.Priority)
	s.emit(SetPolicy{p})
}

// A LinkStatus tells where a connection stands.
type LinkStatus struct {
	Connection  *ike.Connection
	Wanted      bool
	Connecting  bool
	Attempts    int
	NextAttempt time.Time
	Failure     *ike.Failure
	Traps       []string // children whose packets bring them up, in the order of the configuration
}

// Status lists the connections in the order of the configuration.
func (s *Supervisor) Status() []LinkStatus {
	list := make([]LinkStatus, 0, len(s.order))
	for _, name := range s.order {
		l := s.links[name]
		list = append(list, LinkStatus{
			Connection: l.conn, Wanted: l.alone || len(l.wanted) > 0, Connecting: l.attempt != nil || len(l.hosts) > 0,
			Attempts: l.attempts, NextAttempt: l.nextAttempt(), Failure: l.failure, Traps: s.traps(l),
		})
	}
	return list
}
