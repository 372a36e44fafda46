package telemetry

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"time"

	"culvert/ike"
	"culvert/wire"
)

// Bounds of what is followed at a time: peers that have not authenticated, and reauthentications that are due.
const (
	maxStrangers = 1024
	maxReauths   = 4096
)

// Context names a span within its trace.
type Context struct {
	Trace [16]byte
	Span  [8]byte
}

// A life is an IKE SA with its successors.
type life struct {
	connection  string
	peer, local string
	id          uint32
	spi         wire.SPI
	initiator   bool
	established bool
	began       Context // the handshake; zero: it was not seen
	operations  []*operation
	spis        []wire.SPI // by which it is found
	alive       int        // of these, SAs that are not closed
}

// stranger tells whether the peer has shown nothing of itself: its address may be forged.
func (l *life) stranger() bool { return !l.established && !l.initiator }

// A Book makes operations out of news. It is not safe for concurrent use.
type Book struct {
	random    func([]byte) // fills in octets that identify spans
	share     float64      // of the operations that succeed, the part that is told
	tell      func(*operation)
	lives     map[wire.SPI]*life
	strangers int
	waiting   []*operation // concluded, or nearly so
	reauths   map[reauthKey]Context
	unseen    func() // counts an operation that is not followed
}

// A reauthKey is what two IKE SAs, of which one takes the place of the other, have in common.
type reauthKey struct {
	connection string
	remote     netip.AddrPort
}

func newBook(share float64, random func([]byte), tell func(*operation), unseen func()) *Book {
	return &Book{random: random, share: share, tell: tell, unseen: unseen, lives: map[wire.SPI]*life{}, reauths: map[reauthKey]Context{}}
}

// News takes what the engine reports. at is the time of the wall clock.
func (b *Book) News(n *ike.News, at time.Time) {
	l := b.lifeOf(n, at)
	if l == nil {
		return
	}
	l.name(n)
	switch n.Kind {
	case ike.NewsMessageSent, ike.NewsMessageReceived:
		b.message(l, n, at)
	case ike.NewsRetransmitted:
		l.repeated(n, at)
	default:
		b.happened(l, n, at)
	}
}

// lifeOf finds the life that news belong to, or begins one.
func (b *Book) lifeOf(n *ike.News, at time.Time) *life {
	if l := b.lives[n.SA]; l != nil && n.SA != 0 {
		return l
	}
	switch n.Kind {
	case ike.NewsConnecting:
		return b.connecting(n, at)
	case ike.NewsMessageSent, ike.NewsMessageReceived:
		if n.SA == 0 || n.Traced == nil || n.Traced.IsResponse() {
			return nil
		}
		first := initial(n.Traced.Exchange)
		l := b.live(n, !first) // it may be up for long, and nobody has listened
		if l != nil && first {
			b.operation(l, handshake, n, at)
		}
		return l
	case ike.NewsFailure, ike.NewsClosed:
		b.stillborn(n, at)
	}
	return nil
}

// initial tells whether an exchange is one of those that make an IKE SA.
func initial(x wire.ExchangeType) bool {
	return x == wire.ExchangeSAInit || x == wire.ExchangeIntermediate || x == wire.ExchangeAuth
}

// live begins to follow an IKE SA, unless too many are followed of which nobody knows who it is.
func (b *Book) live(n *ike.News, established bool) *life {
	l := &life{initiator: n.Initiator, established: established, spi: n.SA, id: n.ID, spis: []wire.SPI{n.SA}, alive: 1}
	if b.strangers >= maxStrangers && l.stranger() {
		b.unseen()
		return nil
	}
	if l.stranger() {
		b.strangers++
	}
	b.lives[n.SA] = l
	return l
}

// connecting begins an attempt of ours. Where an IKE SA with the same peer is to be authenticated anew, it is that.
func (b *Book) connecting(n *ike.News, at time.Time) *life {
	l := b.live(n, false)
	key := reauthKey{n.Connection.Name, n.Path.Remote}
	before, again := b.reauths[key]
	delete(b.reauths, key)
	k := handshake
	if again {
		k = reauthentication
	}
	b.operation(l, k, n, at).link = before
	return l
}

// stillborn tells of an attempt that has failed before there was an IKE SA.
func (b *Book) stillborn(n *ike.News, at time.Time) {
	if n.Failure == nil || n.SA != 0 {
		return
	}
	l := &life{initiator: n.Initiator, spi: n.SA, id: n.ID}
	l.name(n)
	o := b.operation(l, handshake, n, at)
	if n.Traced != nil {
		o.begin(n, at)
		o.exchanges[0].end = at
	}
	o.fail(troubleOf(n.Failure))
	b.seal(o)
}

// operation begins an operation.
func (b *Book) operation(l *life, k kind, n *ike.News, at time.Time) *operation {
	o := &operation{life: l, kind: k, sa: n.SA, start: at, end: at, path: n.Path, link: l.began, mine: n.Kind != ike.NewsMessageReceived, id: b.identity()}
	if k.connects() {
		l.began = o.id
	}
	if len(l.operations) == maxOperations {
		if !l.operations[0].waits {
			b.unseen()
		}
		l.operations = l.operations[1:]
	}
	l.operations = append(l.operations, o)
	return o
}

// identity makes a trace with its first span. No part of it is all zero.
func (b *Book) identity() (c Context) {
	b.random(c.Trace[:])
	b.random(c.Span[:])
	c.Trace[15] |= 1
	c.Span[7] |= 1
	return c
}

// sampled decides about a trace by its id, so that everybody who decides so agrees.
func (b *Book) sampled(c Context) bool {
	const bits = 56 // of which the specification of W3C says that they are random
	return float64(binary.BigEndian.Uint64(c.Trace[8:])&(1<<bits-1)) < b.share*(1<<bits)
}

// message takes note of a message that came or went.
func (b *Book) message(l *life, n *ike.News, at time.Time) {
	h, sent := n.Traced.Header, n.Kind == ike.NewsMessageSent
	if !h.IsResponse() {
		b.operationFor(l, n, at).begin(n, at)
		return
	}
	for _, o := range slices.Backward(l.operations) {
		x := o.find(n.SA, h, !sent)
		if x == nil {
			continue
		}
		x.end, x.response = at, message{octets: n.Size, datagrams: n.Traced.Datagrams}
		if o.end = at; !o.concluded {
			b.answered(o, at)
		}
		return
	}
}

// answered has an operation wait for what its exchange has led to. A handshake waits for the IKE SA.
func (b *Book) answered(o *operation, at time.Time) {
	switch {
	case o.kind.connects() || o.open():
	case o.sa != 0 && o.exchanges != nil && o.exchanges[0].header.Exchange == wire.ExchangeCreateChildSA:
		o.due = at.Add(patience)
		b.wait(o)
	default:
		o.conclude(at, done)
		b.wait(o)
	}
}

// operationFor finds the operation that a request belongs to, or begins one.
func (b *Book) operationFor(l *life, n *ike.News, at time.Time) *operation {
	h := n.Traced.Header
	for _, o := range slices.Backward(l.operations) {
		if o.kind.connects() && (!l.established || initial(h.Exchange)) {
			return o
		}
		if h.Exchange == wire.ExchangeFollowupKE && !o.concluded && o.mine == (n.Kind == ike.NewsMessageSent) {
			return o
		}
	}
	return b.operation(l, kindOf(h, n.Traced.Payloads), n, at)
}

// repeated counts a message that we have sent again: a request, or the response to one that came again.
func (l *life) repeated(n *ike.News, at time.Time) {
	if n.Traced == nil {
		return
	}
	h := n.Traced.Header
	for _, o := range slices.Backward(l.operations) {
		x := o.find(n.SA, h, !h.IsResponse())
		switch {
		case x == nil:
			continue
		case h.IsResponse():
			x.response.again++
		default:
			x.request.again++
			o.end = at
		}
		return
	}
}

// name takes what is known of the peer by now.
func (l *life) name(n *ike.News) {
	if n.Connection != nil {
		l.connection = n.Connection.Name
	}
	if n.Peer != "" {
		l.peer, l.local = n.Peer, n.Local
	}
}
