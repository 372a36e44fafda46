package ike

import (
	"culvert/explain"
	"culvert/wire"
)

// longestSilent returns the half-open SA of which nothing authentic has been heard for the longest time, or nil.
func (s *Shard) longestSilent() *SA {
	for ; len(s.half.silent) > 0; s.half.silent = s.half.silent[1:] {
		if sl := s.slots.find(s.half.silent[0]); sl != nil && sl.half && sl.sa.silent() {
			return sl.sa
		}
	}
	return nil
}

// silent tells whether nothing authentic has come since the first request.
func (sa *SA) silent() bool { return sa.state != StateClosed && sa.lastHeard.Equal(sa.created) }

// full tells whether there are so many half-open SAs that no other one finds a place, and none of them has to make room.
func (s *Shard) full() bool {
	if s.half.total < s.env.Gateway.HalfOpen.withDefaults().Total {
		return false
	}
	oldest := s.longestSilent()
	return oldest == nil || s.now.Sub(oldest.created) < silentTime
}

// enter counts a half-open SA. Where there are too many, the one that has been silent for the longest time ends: peers with
// addresses enough to return every cookie would have all places else, and nobody else one.
func (s *Shard) enter(sl *slot) {
	if oldest := s.longestSilent(); oldest != nil && s.half.total >= s.env.Gateway.HalfOpen.withDefaults().Total {
		s.env.Stats.dropped(DropHalfOpenSilent)
		oldest.now = s.now
		oldest.terminate(displaced(oldest))
		s.settle(oldest, oldest.takeActions())
	}
	s.half.add(networkOf(sl.remote))
	s.half.silent = append(s.half.silent, sl.spi)
}

func displaced(sa *SA) *Failure {
	f := refuse(explain.IKEHalfOpen, wire.NotifyNone, "%v said nothing more for %v, and others needed the place", sa.path.Remote, sa.now.Sub(sa.created))
	f.Fatal = true
	return f
}
