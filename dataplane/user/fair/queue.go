package fair

import (
	"time"

	"culvert/dataplane"
)

const (
	// maxLines and maxParties bound the lines and children that have packets. Those with one hash share a place.
	maxLines   = 2048
	maxParties = 512
	// flows is how many lines a child has, over which its flows are spread by a hash.
	flows = 16
	// quantum is how many octets a child, or a line of it, sends when it is its turn.
	quantum = 16 << 10
)

// A Queue gives children equal shares of a worker when more comes than it can send, and within a child its flows: deficit round
// robin over children, and over lines within a child, where lines that were empty come first, so that sparse flows hardly wait
// (RFC 8290, Section 4). Each line is under a codel of its own. Packets of a flow stay in order. It belongs to one goroutine.
type Queue struct {
	*store
	lines   [maxLines]line
	parties [maxParties]party
	turns   ring    // of children
	active  int     // children in turns
	count   int     // packets in all lines
	taken   []int32 // packets that left their line and are still in the store
}

// A line is a queue of packets, in the order in which they came.
type line struct {
	key         lineKey
	party       int32 // its place
	first, last int32 // as stored.next
	octets      int
	deficit     int
	queued      bool // in a ring of its child; else the line is nobody's
	next        int32
	codel       codel
}

// A lineKey says whose packets are in a line. Policy 0 is for those without.
type lineKey struct {
	policy dataplane.PolicyID
	flow   uint8
}

// A party is a child that has packets, and its lines.
type party struct {
	fresh, old ring // of lines
	octets     int
	deficit    int
	queued     bool // in turns; else the place is nobody's
	next       int32
}

func (l *line) link() *int32  { return &l.next }
func (c *party) link() *int32 { return &c.next }

// A ring is a list of places, each one more than it is; 0 is the end.
type ring struct{ first, last int32 }

// push puts a place to the end of a ring.
func push[T any, P interface {
	*T
	link() *int32
}](r *ring, of []T, at int32) {
	*P(&of[at]).link() = 0
	if r.first == 0 {
		r.first = at + 1
	} else {
		*P(&of[r.last-1]).link() = at + 1
	}
	r.last = at + 1
}

// pop removes the first place of a ring.
func pop[T any, P interface {
	*T
	link() *int32
}](r *ring, of []T) {
	if r.first = *P(&of[r.first-1]).link(); r.first == 0 {
		r.last = 0
	}
}

// New returns an empty Queue. Times that it is given are since any common beginning but that itself.
func New() *Queue {
	return &Queue{store: newStore(), taken: make([]int32, 0, maxPackets)}
}

// Put takes the n octets that were put into Room to the end of a line.
func (q *Queue) Put(policy dataplane.PolicyID, hash uint32, n int, now time.Duration) {
	number := q.store.put(n, now)
	l := q.enter(lineKey{policy, uint8(hash >> 24 % flows)})
	if l.first == 0 {
		l.first = number
	} else {
		q.packets[l.last-1].next = number
	}
	l.last = number
	l.octets += n
	q.parties[l.party].octets += n
	q.count++
}

// enter returns the line of a key, which is in its child's rings then, as the child is in turns. A key has one place for ever, so
// that its packets stay in order.
func (q *Queue) enter(k lineKey) *line {
	at := int32((uint32(k.policy)*flows + uint32(k.flow)) * 0x9e3779b1 >> 16 % maxLines)
	l := &q.lines[at]
	if l.queued {
		return l
	}
	place := int32(k.policy % maxParties)
	c := &q.parties[place]
	if !c.queued {
		*c = party{deficit: quantum, queued: true}
		push(&q.turns, q.parties[:], place)
		q.active++
	}
	if l.key != k {
		l.codel = codel{}
	}
	*l = line{key: k, party: place, deficit: quantum, queued: true, codel: l.codel}
	push(&c.fresh, q.lines[:], at)
	return l
}

// Next takes the packet whose turn it is, and says whether it is to be given up because its line stands. It stays in the store
// until Sent; nil says that there is none. blind says that packets have waited elsewhere before, and for too long.
func (q *Queue) Next(now time.Duration, blind bool) (raw []byte, stands bool) {
	for q.turns.first != 0 {
		at := q.turns.first - 1
		c := &q.parties[at]
		if c.deficit <= 0 {
			c.deficit += quantum
			pop(&q.turns, q.parties[:])
			push(&q.turns, q.parties[:], at)
			continue
		}
		l := q.turn(c)
		if l == nil {
			c.queued = false
			q.active--
			pop(&q.turns, q.parties[:])
			continue
		}
		p := q.take(l)
		l.deficit -= len(p.raw)
		c.deficit -= len(p.raw)
		waited := now - p.since
		if blind {
			waited += Target
		}
		return p.raw, l.codel.givesUp(now, waited, l.first == 0)
	}
	return nil, false
}

// turn returns the line of a child whose turn it is, nil when none has packets.
func (q *Queue) turn(c *party) *line {
	for {
		from := &c.fresh
		if from.first == 0 {
			from = &c.old
		}
		if from.first == 0 {
			return nil
		}
		at := from.first - 1
		l := &q.lines[at]
		switch {
		case l.deficit <= 0:
			l.deficit += quantum
		case l.first != 0:
			return l
		case from == &c.old || c.old.first == 0:
			l.queued = false
			pop(from, q.lines[:])
			continue
		} // an empty one goes behind others once, or it would always be first when it comes and goes
		pop(from, q.lines[:])
		push(&c.old, q.lines[:], at)
	}
}

// take removes the first packet of a line.
func (q *Queue) take(l *line) *stored {
	number := l.first
	p := &q.packets[number-1]
	if l.first = p.next; l.first == 0 {
		l.last = 0
	}
	l.octets -= len(p.raw)
	q.parties[l.party].octets -= len(p.raw)
	q.count--
	q.taken = append(q.taken, number)
	return p
}

// Fattest takes the first packet of the longest line of the child that has most; nil says that there is none.
func (q *Queue) Fattest() []byte {
	var most *party
	for at := q.turns.first; at != 0; at = q.parties[at-1].next {
		if c := &q.parties[at-1]; most == nil || c.octets > most.octets {
			most = c
		}
	}
	if most == nil || most.octets == 0 {
		return nil
	}
	var longest *line
	for _, first := range [2]int32{most.fresh.first, most.old.first} {
		for at := first; at != 0; at = q.lines[at-1].next {
			if l := &q.lines[at-1]; longest == nil || l.octets > longest.octets {
				longest = l
			}
		}
	}
	return q.take(longest).raw
}

// Sent forgets the packets that were taken.
func (q *Queue) Sent() {
	for _, number := range q.taken {
		q.release(number)
	}
	q.taken = q.taken[:0]
}

// Len is how many packets wait.
func (q *Queue) Len() int { return q.count }

// Children is how many children have packets, or had some a moment ago.
func (q *Queue) Children() int { return q.active }
