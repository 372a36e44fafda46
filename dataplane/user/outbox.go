package user

import "culvert/dataplane"

const (
	// outboxSize holds a sealed batch, which is one super-packet at most beyond batchFull.
	outboxSize = 192 << 10
	// outboxBursts bounds the bursts of one send.
	outboxBursts = 64
)

// An outbox collects sealed packets, one behind the other, in bursts.
//
// Where several workers seal for one SA, the packets leave in the order of their sequence numbers nevertheless, since the
// peer's replay window may be small. Nobody waits for that: a parcel whose turn it is not is left to whoever has the turn,
// and its worker goes on with another one.
type outbox struct {
	sender dataplane.Sender
	tap    tapping
	shared bool // there are other workers
	*parcel
	spare *parcel // the other one, which may be out; made when it is first needed
}

// A label says how packets travel. Packets of one burst have the same.
type label struct {
	way *way
	tos uint8
	df  bool
}

// is reports whether packets travel in the same manner.
func (l label) is(o label) bool {
	return l == o || l.tos == o.tos && l.df == o.df && l.way.Path == o.way.Path
}

func newOutbox(s dataplane.Sender, t tapping, shared bool) outbox {
	return outbox{sender: s, tap: t, shared: shared, parcel: newParcel(shared)}
}

// begin says that the packets to be added now are those of an SA from sequence number seq on.
func (o *outbox) begin(sa *outbound, seq uint64) {
	if o.shared {
		o.tickets = append(o.tickets, ticket{sa: sa, first: seq, next: seq, burst: len(o.bursts)})
		o.open = false
	}
}

// room returns an empty slice with capacity for n octets at least, where the next packet goes. It sends what is there
// when it has to.
func (o *outbox) room(n int) []byte {
	if o.used+n > outboxSize || len(o.bursts) == outboxBursts {
		o.makeRoom()
	}
	return o.buffer[o.used:o.used]
}

// makeRoom sends everything. The SA that is being sealed for goes on behind it.
func (o *outbox) makeRoom() {
	if !o.shared {
		o.flush()
		return
	}
	last := len(o.tickets) - 1
	t := o.tickets[last]
	if t.first == t.next { // nothing of it is here yet: no two tickets may begin with the same number
		o.tickets = o.tickets[:last]
	}
	o.flush()
	o.begin(t.sa, t.next)
}

// add takes the n octets that were put into room, the packet with the next sequence number.
func (o *outbox) add(l label, n int) {
	start := o.used
	o.used += n
	o.skip()
	if o.open {
		b := &o.bursts[len(o.bursts)-1]
		if n <= b.Segment && l.is(o.last) {
			b.Data = b.Data[:len(b.Data)+n]
			o.open = n == b.Segment
			return
		}
	}
	o.bursts = append(o.bursts, dataplane.Burst{Path: l.way.Path, Data: o.buffer[start:o.used], Segment: n, TOS: l.tos, DF: l.df})
	o.open, o.last = true, l
}

// skip passes over a sequence number.
func (o *outbox) skip() {
	if o.shared {
		o.tickets[len(o.tickets)-1].next++
	}
}

// flush sends everything, or leaves it to those who have the turn.
func (o *outbox) flush() {
	if !o.shared {
		o.send(o.bursts)
		o.clear()
		return
	}
	for try := 0; !o.ship(o.parcel); try++ {
		switch {
		case o.spare != nil && o.spare.out.Load():
			pause(try) // one at a time is enough for others to do
		case o.leave():
			return
		}
	}
	o.clear()
}

// leave leaves the parcel to whoever has the turn, unless that has come.
func (o *outbox) leave() bool {
	if o.spare == nil {
		o.spare = newParcel(true)
	}
	if !o.park() {
		return false
	}
	o.parcel, o.spare = o.spare, o.parcel
	return true
}

// ship sends what has its turn of a parcel, and what others have left that has it then. It reports whether nothing of the
// parcel remains.
func (o *outbox) ship(p *parcel) (whole bool) {
	var others *parcel
	whole = o.advance(p, &others)
	for others != nil {
		q := others
		others = q.next
		o.finish(q, &others)
	}
	return whole
}

// finish goes on with a parcel of another worker, which gets it back, unless it has to be left once more.
func (o *outbox) finish(p *parcel, others **parcel) {
	for !o.advance(p, others) {
		if p.park() {
			return
		}
	}
	p.clear()
	p.out.Store(false)
}

// advance sends a parcel as far as it has the turn, and reports whether that is to its end. What can go on behind it is added to others.
func (o *outbox) advance(p *parcel, others **parcel) (whole bool) {
	for p.at < len(p.tickets) {
		end := p.inTurn()
		if end == p.at {
			return false
		}
		o.send(p.between(p.at, end))
		for _, t := range p.tickets[p.at:end] {
			if q := t.sa.turn.pass(t.next); q != nil {
				q.next, *others = *others, q
			}
		}
		p.at = end
	}
	return true
}

func (o *outbox) send(bursts []dataplane.Burst) {
	if len(bursts) > 0 {
		if tap := o.tap.Load(); tap != nil {
			tap.show(bursts)
		}
		o.sender.SendESP(bursts)
	}
}
