package supervisor

import (
	"slices"
	"time"

	"culvert/dataplane"
	"culvert/explain"
	"culvert/ike"
)

// traps tells whether packets of a child bring it up: as configured, unless the operator has said otherwise.
func (l *link) traps(c *ike.ChildConfig) bool {
	if trap, said := l.trapped[c.Name]; said {
		return trap
	}
	return c.Start.Traps()
}

// traps lists the children of a link that have a trap.
func (s *Supervisor) traps(l *link) (names []string) {
	for _, c := range l.conn.Children {
		if _, set := s.policies.ids[childName{l.conn.Name, c.Name}]; set && l.traps(c) {
			names = append(names, c.Name)
		}
	}
	return names
}

// Install has packets of a child bring it up, or of all children of a connection, until Uninstall. Without a connection, child names
// a bypass or discard policy, which is set again.
func (s *Supervisor) Install(now time.Time, connection, child string) ([]Action, error) {
	return s.setTrap(now, connection, child, true)
}

// Uninstall takes away what Install has set, or the configuration. What is up stays up, and a child that lets no clear text
// through while it is down goes on doing so.
func (s *Supervisor) Uninstall(now time.Time, connection, child string) ([]Action, error) {
	return s.setTrap(now, connection, child, false)
}

func (s *Supervisor) setTrap(now time.Time, connection, child string, on bool) ([]Action, error) {
	s.now = now
	if connection == "" {
		return s.setShunt(child, on)
	}
	l, err := s.find(connection, child)
	if err != nil {
		return nil, err
	}
	for _, c := range l.conn.Children {
		if child != "" && child != c.Name {
			continue
		}
		l.trapped[c.Name] = on
		switch {
		case on:
			delete(l.off, c.Name)
			l.held = false
			s.trap(l, c)
		case c.Block && (standing(c) || l.wanted[c.Name]):
			s.protect(l, c, false)
		default:
			s.unprotect(childName{l.conn.Name, c.Name})
		}
	}
	return s.done(), nil
}

// setShunt sets or takes away a bypass or discard policy.
func (s *Supervisor) setShunt(name string, on bool) ([]Action, error) {
	i := slices.IndexFunc(s.policies.configured, func(p dataplane.Policy) bool { return p.Name == name })
	if i < 0 {
		return nil, failure(explain.ManageNotFound, "there is no policy %q", name)
	}
	id, set := s.policies.static[name]
	switch {
	case on:
		delete(s.policies.off, name)
		s.setOne(s.policies.configured[i])
	case set:
		s.policies.off[name] = true
		delete(s.policies.static, name)
		s.emit(RemovePolicy{id})
	}
	return s.done(), nil
}
