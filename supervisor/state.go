package supervisor

import (
	"slices"

	"culvert/wire"
)

// IsUp tells whether a connection is up with all of its wanted children, or the one that is named.
func (s *Supervisor) IsUp(connection, child string) bool {
	l := s.links[connection]
	switch {
	case l == nil:
		return false
	case child != "":
		return l.up(child)
	}
	return l.usable() != nil && l.complete()
}

// IsDown tells whether nothing is left of a connection, of a child of it, or of one IKE SA.
func (s *Supervisor) IsDown(connection, child string, sa wire.SPI) bool {
	l := s.links[connection]
	switch {
	case sa != 0:
		return s.sas[sa] == nil
	case l == nil:
		return true
	case child != "":
		return !l.up(child)
	}
	return len(l.sas) == 0
}

// Established lists the IKE SAs of a connection, or the one that is named.
func (s *Supervisor) Established(connection string, sa wire.SPI) []wire.SPI {
	var list []wire.SPI
	if l := s.links[connection]; l != nil {
		for spi := range l.sas {
			if sa == 0 || sa == spi {
				list = append(list, spi)
			}
		}
	}
	slices.Sort(list)
	return list
}

// Knows tells whether an IKE SA is established.
func (s *Supervisor) Knows(sa wire.SPI) bool { return s.sas[sa] != nil }

// Len returns how many IKE SAs are established.
func (s *Supervisor) Len() int { return len(s.sas) }
