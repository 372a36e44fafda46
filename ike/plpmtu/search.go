// Package plpmtu finds the MTU of a path with probes that the peer acknowledges, for paths whose routers keep silent
// (RFC 8899, Datagram Packetization Layer PMTUD). A Search decides what to try; sending probes, and waiting for
// PROBE_TIMER, is the business of its user. Sizes are those of IP packets in octets.
package plpmtu

import (
	"strconv"
	"time"
)

// Timers and constants (RFC 8899, Sections 5.1.1 and 5.1.2). PROBE_TIMER has its least value: a probe is an IKE request,
// which goes on to be retransmitted, smaller, with the patient timers of IKE.
const (
	ProbeTimer = time.Second
	RaiseTimer = 600 * time.Second
	MaxProbes  = 3
)

// MIN_PLPMTU and BASE_PLPMTU by IP version. IPv6 links carry 1280 octets (RFC 8200, Section 5); for IPv4 the least is what
// every host takes (RFC 1122, Section 3.3.3).
const (
	min4, base4 = 576, 1200
	min6, base6 = 1280, 1280
)

// State is where a Search stands (RFC 8899, Section 5.2).
type State uint8

// The states. The zero Search is Disabled.
const (
	Disabled       State = iota
	Base                 // BASE_PLPMTU is to be confirmed
	Searching            // larger sizes are tried
	SearchComplete       // nothing is left to try before RaiseTimer
	Error                // not even BASE_PLPMTU got through: MIN_PLPMTU is used
)

// String names the state as the RFC does.
func (s State) String() string {
	names := [...]string{"DISABLED", "BASE", "SEARCHING", "SEARCH_COMPLETE", "ERROR"}
	if int(s) < len(names) {
		return names[s]
	}
	return "STATE(" + strconv.Itoa(int(s)) + ")"
}

// A Search looks for the PLPMTU of one path. It is not safe for concurrent use.
//
// MAX_PLPMTU is probed first: most paths carry what their first link does, and are done after one probe. Any other path is
// confirmed at BASE_PLPMTU and climbs from there through the sizes that links have, because a probe that gets through
// costs a round trip, and one that does not MAX_PROBES timers.
type Search struct {
	state          State
	min, base, max int
	plpmtu         int  // to be used now
	confirmed      bool // a probe of that size got through
	reached        int  // the largest size that got through in this phase, 0 is none
	ceiling        int  // the smallest size that did not
	told           int  // by a message that nobody vouches for; 0 is none
	probed         int  // PROBED_SIZE; 0 is no probe wanted
	count          int  // PROBE_COUNT: probes of that size that were lost
}

// New returns the search for a path whose first link carries link octets, MAX_PLPMTU.
func New(link int, ipv6 bool) Search {
	s := Search{state: Searching, min: min4, base: base4}
	if ipv6 {
		s.min, s.base = min6, base6
	}
	s.max = max(link, s.min)
	s.base = min(s.base, s.max)
	s.plpmtu, s.ceiling = s.max, s.max+1
	s.probe(s.max)
	return s
}

func (s *Search) probe(size int) { s.probed, s.count = size, 0 }

// State returns where the search stands.
func (s *Search) State() State { return s.state }

// PLPMTU is the size to use now, 0 of a Search that is Disabled.
func (s *Search) PLPMTU() int { return s.plpmtu }

// Max is MAX_PLPMTU.
func (s *Search) Max() int { return s.max }

// Probe returns the size of the probe to send; ok is false when there is nothing to find out.
func (s *Search) Probe() (size int, ok bool) { return s.probed, s.probed != 0 }

// Acknowledged tells that a probe got through which had size octets: the size asked for, or less where ciphers work in blocks.
func (s *Search) Acknowledged(size int) {
	if s.probed != 0 {
		s.reached, s.plpmtu, s.confirmed = s.probed, min(size, s.probed), true
		s.climb()
	}
}

// Lost tells that PROBE_TIMER expired without an acknowledgement. exhausted says that MAX_PROBES is reached, and Conclude is
// due. A size in use that was never confirmed gives way at the first loss: what may be a black hole must not swallow traffic
// for long.
func (s *Search) Lost() (exhausted bool) {
	if s.probed == 0 {
		return false
	}
	s.count++
	if s.plpmtu >= s.probed && !s.confirmed {
		s.plpmtu = min(s.plpmtu, s.base)
	}
	return s.count >= MaxProbes
}

// Conclude ends the probes of a size that was exhausted. passed tells whether what was small got through at the same time;
// else the path was down, which says nothing about its MTU, and the same size is probed again.
func (s *Search) Conclude(passed bool) {
	switch {
	case s.probed == 0 || s.count < MaxProbes:
	case passed:
		s.failed(s.probed)
	default:
		s.count = 0
	}
}

// failed draws the conclusion from MAX_PROBES lost probes of one size.
func (s *Search) failed(size int) {
	s.ceiling = min(s.ceiling, size)
	switch {
	case size <= s.base:
		s.state, s.plpmtu, s.confirmed = Error, s.min, false
		s.probe(0)
	case s.reached == 0: // MAX_PLPMTU, or a black hole where there was none
		s.state, s.plpmtu, s.confirmed = Base, s.base, false
		s.probe(s.base)
	case size == s.told:
		s.climb()
	default:
		s.complete()
	}
}

// climb goes on with the next size, or ends.
func (s *Search) climb() {
	next := s.next()
	if next == 0 {
		s.complete()
		return
	}
	s.state = Searching
	s.probe(next)
}

// next is the size to try after reached, 0 when there is none: what was told, else the next size that links have.
func (s *Search) next() int {
	if s.reached < s.told && s.told < s.ceiling {
		return s.told
	}
	for _, size := range linkSizes() {
		if size > s.reached {
			if size = min(size, s.max); size > s.reached && size < s.ceiling {
				return size
			}
			return 0
		}
	}
	return 0
}

func (s *Search) complete() {
	s.state, s.told = SearchComplete, 0
	s.probe(0)
}

// Confirm has the size in use probed again: there is a suspicion that it gets lost. A search that is under way goes on.
func (s *Search) Confirm() {
	if s.state == Disabled || s.probed != 0 {
		return
	}
	s.state, s.reached = Searching, 0
	s.probe(s.plpmtu)
}

// Raise begins the search phase again, as is due when RaiseTimer expires: the path may carry more by now.
func (s *Search) Raise() {
	switch {
	case s.state == Disabled || s.probed != 0:
		return
	case s.state == Error:
		s.ceiling, s.reached, s.state = s.max+1, 0, Base
		s.probe(s.base)
		return
	}
	s.ceiling = s.max + 1
	s.climb()
}

// Raises reports whether Raise could find a larger size.
func (s *Search) Raises() bool { return s.state != Disabled && s.probed == 0 && s.reached < s.max }

// TooBig takes a "packet too big" message that names size (PL_PTB_SIZE; RFC 8899, Section 4.6). One that was validated
// lowers the size in use at once; any other is a reason to look, and a size to try, and no more.
func (s *Search) TooBig(size int, validated bool) {
	if s.state == Disabled || size >= s.plpmtu {
		return
	}
	if !validated {
		s.told = max(size, s.base)
		s.Confirm()
		return
	}
	size = max(size, s.min)
	s.state, s.plpmtu, s.confirmed, s.reached, s.ceiling = Searching, size, false, 0, size+1
	s.probe(size)
}

// linkSizes are the MTUs to try, ascending: of Ethernet less what tunnels and access lines take, and of larger links
// (RFC 1191, Section 7.1, brought up to date).
func linkSizes() [30]int {
	return [...]int{1200, 1240, 1280, 1300, 1320, 1340, 1360, 1380, 1400, 1420, 1430, 1440, 1450, 1460, 1472, 1480, 1492, 1500,
		1600, 2002, 3000, 4352, 6000, 8166, 8900, 9000, 9216, 17914, 32000, 65535}
}
