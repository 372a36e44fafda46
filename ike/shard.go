package ike

import (
	"crypto/sha256"
	"errors"
	"net/netip"
	"time"

	"culvert/allowance"
	"culvert/dataplane"
	"culvert/wire"
)

// A Shard holds IKE SAs and gives every event to the one that it is for. Like them it is a pure machine and not safe for
// concurrent use; a driver runs each of its shards from one goroutine.
type Shard struct {
	env      *Env
	now      time.Time
	slots    slots
	gates    []gate
	half     halfOpen
	cookies  cookieJar
	answers  allowance.Bucket // unprotected answers (RFC 7296, Section 2.21.4)
	hints    allowance.Bucket // liveness checks for unprotected complaints
	inits    map[initKey]wire.SPI
	children map[uint32]wire.SPI             // inbound SPI -> IKE SA
	policies map[dataplane.PolicyID]wire.SPI // policy -> IKE SA
	peers    map[netip.Addr]wire.SPI         // the established SA with an address that came up last
	actions  []Action
}

// Limits of what unauthenticated messages cause.
const (
	answerEvery = 10 * time.Millisecond
	answerBurst = 200
	hintEvery   = 100 * time.Millisecond
	hintBurst   = 10
)

// NewShard returns shard number index. It owns env, and sets NewSPI and FreeSPI in it.
func NewShard(index uint8, env *Env) *Shard {
	s := &Shard{env: env, slots: slots{shard: index}, gates: gates(),
		answers:  allowance.Bucket{Every: answerEvery, Most: answerBurst},
		hints:    allowance.Bucket{Every: hintEvery, Most: hintBurst},
		inits:    make(map[initKey]wire.SPI),
		children: make(map[uint32]wire.SPI), policies: make(map[dataplane.PolicyID]wire.SPI), peers: make(map[netip.Addr]wire.SPI)}
	env.counted = make(map[string]*Stats)
	if env.Stats == nil {
		env.Stats = &Stats{}
	}
	env.NewSAID, env.NewChildID = numbers(env.NewSAID), numbers(env.NewChildID)
	env.NewSPI = func() (wire.SPI, error) { return s.slots.reserve(env.Rand) }
	env.FreeSPI = s.slots.release
	return s
}

// numbers returns a source of numbers, 1 and up if there is none yet.
func numbers(source func() uint32) func() uint32 {
	if source != nil {
		return source
	}
	var last uint32
	return func() uint32 { last++; return last }
}

// Handle takes an event and returns what has to be done, in order. The time never goes backwards.
func (s *Shard) Handle(now time.Time, ev Event) []Action {
	s.now = now
	switch ev := ev.(type) {
	case MessageReceived:
		s.receive(ev)
	case WorkFinished:
		s.give(ev.SA, ev)
	case TimerDue:
		s.runTimers()
	case Noticed:
		s.notice(ev)
	case InstallFailed:
		s.give(s.children[ev.SPI], ev)
	case StreamClosed:
		s.streamClosed(ev)
	case Command:
		s.command(ev)
	case Initiate:
		s.initiate(ev)
	case SetConnections:
		s.setConnections(ev.Connections)
	}
	actions := s.actions
	s.actions = nil
	return actions
}

// Deadline returns when TimerDue has to come, or the zero time.
func (s *Shard) Deadline() time.Time {
	if sl := s.slots.first(); sl != nil {
		return time.Unix(0, sl.deadline)
	}
	return time.Time{}
}

// Len returns how many IKE SAs there are, half-open ones included.
func (s *Shard) Len() int { return s.slots.used }

// HalfOpen returns how many IKE SAs wait for their initiator to authenticate.
func (s *Shard) HalfOpen() int { return s.half.total }

func (s *Shard) runTimers() {
	for sl := s.slots.first(); sl != nil && sl.deadline <= s.now.UnixNano(); sl = s.slots.first() {
		s.give(sl.spi, TimerDue{})
	}
}

// give has an SA handle an event, and tells whether it is there.
func (s *Shard) give(spi wire.SPI, ev Event) bool {
	sl := s.slots.find(spi)
	if sl == nil || sl.sa == nil {
		return false
	}
	s.settle(sl.sa, sl.sa.Handle(s.now, ev))
	return true
}

// settle takes note of what an SA did, and forgets it when it is gone.
func (s *Shard) settle(sa *SA, actions []Action) {
	for _, a := range actions {
		s.observe(sa, a)
	}
	sl := s.slots.find(sa.LocalSPI())
	if sl == nil {
		return
	}
	if sa.state == StateClosed && sa.Deadline().IsZero() {
		s.forget(sl)
		return
	}
	sa.rest()
	s.slots.schedule(sl)
}

// observe passes an action on, unless it is meant for the shard.
func (s *Shard) observe(sa *SA, a Action) {
	switch a := a.(type) {
	case Adopt:
		s.adopt(a.SA)
		return
	case Bind:
		s.children[a.SPI], s.policies[a.Policy] = a.SA, a.SA
		return
	case RemoveSA:
		if a.Direction == dataplane.Inbound {
			delete(s.children, a.SPI)
		}
	case RemovePolicy:
		delete(s.policies, a.ID)
	case Report:
		if a.News.Kind == NewsEstablished || a.News.Kind == NewsAddress {
			s.register(sa)
		}
	}
	s.actions = append(s.actions, a)
}

// adopt takes in an SA that an IKE SA rekey made, or takes note of what another SA did to it.
func (s *Shard) adopt(sa *SA) {
	sl := s.slots.find(sa.LocalSPI())
	if sl == nil {
		return
	}
	if sl.sa == nil {
		sl.sa = sa
		s.register(sa)
	}
	s.settle(sa, nil)
}

// register has an established SA found by the peer's address, and no longer counted as half-open.
func (s *Shard) register(sa *SA) {
	if sl := s.slots.find(sa.LocalSPI()); sl != nil {
		s.unregister(sl)
		sl.remote = sa.path.Remote.Addr().Unmap()
		s.peers[sl.remote] = sl.spi
	}
}

func (s *Shard) unregister(sl *slot) {
	if sl.half {
		sl.half = false
		s.half.remove(networkOf(sl.remote))
	}
	if s.peers[sl.remote] == sl.spi {
		delete(s.peers, sl.remote)
	}
}

func (s *Shard) forget(sl *slot) {
	s.unregister(sl)
	if !sl.sa.initiator {
		delete(s.inits, sl.init)
	}
	s.slots.release(sl.spi)
}

// initiate begins an IKE SA, with the latest version of its connection: a reload may have overtaken the request.
func (s *Shard) initiate(ev Initiate) {
	if now, ok := s.env.Connections.Find(ev.Connection.Name); ok {
		ev.Connection = now
	}
	spi, err := s.slots.reserve(s.env.Rand)
	if len(ev.Connection.LocalAuth) == 0 || len(ev.Connection.RemoteAuth) == 0 {
		err = errNoAuthentication
	}
	if err != nil {
		s.slots.release(spi)
		f := fatal(internalFailure(err))
		s.report(News{Kind: NewsClosed, Connection: ev.Connection, Path: ev.Path, Initiator: true, Ticket: ev.Ticket, Failure: f})
		return
	}
	sa := newInitiator(s.env, s.now, spi, ev)
	s.slots.find(spi).sa = sa
	sa.advance()
	s.settle(sa, sa.takeActions())
}

func (s *Shard) report(n News) {
	n.Time = s.now
	s.actions = append(s.actions, Report{News: n})
}

// command gives an event to one SA.
func (s *Shard) command(ev Command) {
	if !s.give(ev.SA, ev.Event) {
		s.report(News{Kind: NewsFailure, SA: ev.SA, Failure: noSuchSA(ev.SA)})
	}
}

// streamClosed tells every SA about a stream of ours: with its successor more than one may use it. There are as many such streams
// as we have opened.
func (s *Shard) streamClosed(ev StreamClosed) {
	for i := range s.slots.list {
		if sa := s.slots.list[i].sa; sa != nil && sa.path == ev.Path {
			s.give(s.slots.list[i].spi, ev)
		}
	}
}

// setConnections replaces the configuration. Living SAs get the new version of their connection, if it is still there.
func (s *Shard) setConnections(cs *Connections) {
	s.env.Connections = cs
	for i := range s.slots.list {
		sa := s.slots.list[i].sa
		if sa == nil {
			continue
		}
		if c, ok := cs.Find(sa.conn.Name); ok && c != sa.conn {
			s.give(s.slots.list[i].spi, Reconfigure{Connection: c})
		}
	}
}

var errNoAuthentication = errors.New("the connection does not say how to authenticate")

func sha256Sum(parts ...[]byte) (sum [32]byte) {
	h := sha256.New()
	for _, p := range parts {
		h.Write(p)
	}
	h.Sum(sum[:0])
	return sum
}
