// Package supervisor decides which IKE SAs and children should be there: start actions, reconnection with backoff,
// acquires, uniqueness of peers, and reauthentication. Like the engine it is a pure machine: events are method calls
// with the time, and what is to be done goes out as actions.
//
// Shards know their own SAs only; the supervisor sees the news of all of them.
package supervisor

import (
	"hash/maphash"
	"maps"
	"net/netip"
	"time"

	"culvert/dataplane"
	"culvert/ike"
	"culvert/spd"
	"culvert/wire"
)

// A Supervisor is not safe for concurrent use: a driver runs it from one goroutine.
type Supervisor struct {
	jitter   func(time.Duration) time.Duration // a random part of a duration
	now      time.Time
	links    map[string]*link
	order    []string
	sas      map[wire.SPI]*tracked
	replaces map[wire.SPI][]closing // what goes when an admitted SA is established
	seed     maphash.Seed           // of digests
	pairs    map[digest]int         // how many IKE SAs there are between each pair
	handing  map[*tracked]bool      // SAs that others have to make room for
	policies policies
	traffics traffics
	tickets  uint64
	cameUp   uint64 // IKE SAs so far
	actions  []Action
}

// New returns a supervisor without configuration. jitter returns a random duration from 0 up to its argument, newPolicy
// a policy that nobody has; the shards have theirs from the same source.
func New(jitter func(time.Duration) time.Duration, newPolicy func() dataplane.PolicyID) *Supervisor {
	return &Supervisor{
		jitter: jitter, links: make(map[string]*link), sas: make(map[wire.SPI]*tracked),
		replaces: make(map[wire.SPI][]closing), pairs: make(map[digest]int), handing: make(map[*tracked]bool), policies: newPolicies(newPolicy), traffics: make(traffics),
		seed: maphash.MakeSeed(),
	}
}

// An Action is something that the driver has to do. Actions are done in order.
type Action interface{ action() }

type (
	// Initiate begins an IKE SA with Remote, from Local or the address that routing gives.
	Initiate struct {
		Connection     *ike.Connection
		Remote         netip.AddrPort
		Local          netip.Addr
		Transport      dataplane.Transport // TCP: the IKE SA opens a stream
		Fallback       bool                // silence ends the attempt early: a stream is tried then
		Children       []*ike.ChildConfig
		Trigger        *spd.Flow    // the packet that asks for the first child, or nil
		VirtualIPs     []netip.Addr // to be asked for again
		Heritage       ike.Heritage // of the SA that this one takes the place of
		InitialContact bool
		RedirectedFrom netip.Addr // the gateway that has sent us; invalid: none has
		Ticket         uint64     // to be repeated in the news of the SA
	}
	// Command gives an event to one IKE SA.
	Command struct {
		SA    wire.SPI
		Event ike.Event
	}
	// Resolve looks up names and answers with Resolved.
	Resolve struct {
		Connection string
		Names      []string
	}
	// SetPolicy and RemovePolicy change the SPD.
	SetPolicy    struct{ Policy dataplane.Policy }
	RemovePolicy struct{ ID dataplane.PolicyID }
	// Note is news of the supervisor's own.
	Note struct {
		Connection *ike.Connection
		Kind       NoteKind
		Remote     netip.AddrPort // NoteAttempt
		Transport  dataplane.Transport
		Attempt    int
		Next       time.Time    // NoteWaiting
		Failure    *ike.Failure // all but NoteAttempt
	}
)

func (Initiate) action()     {}
func (Command) action()      {}
func (Resolve) action()      {}
func (SetPolicy) action()    {}
func (RemovePolicy) action() {}
func (Note) action()         {}

// NoteKind is what a Note is about.
type NoteKind uint8

// The notes.
const (
	NoteAttempt     NoteKind = iota + 1 // an attempt to connect begins
	NoteWaiting                         // it failed, the next one comes at Next
	NoteGaveUp                          // it failed, there is no next one
	NoteSameTraffic                     // a child that came up has the traffic of another peer's
)

func (s *Supervisor) emit(a Action) { s.actions = append(s.actions, a) }

// done ends the handling of an event.
func (s *Supervisor) done() []Action {
	actions := s.actions
	s.actions = nil
	return actions
}

// Deadline returns when TimerDue has to be called, or the zero time.
func (s *Supervisor) Deadline() time.Time {
	var first time.Time
	for _, l := range s.links {
		if !l.retryAt.IsZero() && (first.IsZero() || l.retryAt.Before(first)) {
			first = l.retryAt
		}
	}
	for t := range s.handing {
		if first.IsZero() || t.patience.Before(first) {
			first = t.patience
		}
	}
	return first
}

// TimerDue makes the attempts whose time has come, and closes what has made room long enough.
func (s *Supervisor) TimerDue(now time.Time) []Action {
	s.now = now
	for _, t := range inOrder(maps.Keys(s.handing)) {
		s.handOver(t)
	}
	for _, name := range s.order {
		l := s.links[name]
		if !l.retryAt.IsZero() && !l.retryAt.After(now) {
			l.retryAt = time.Time{}
			s.review(l)
		}
	}
	return s.done()
}
