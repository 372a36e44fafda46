package user

import (
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"culvert/dataplane"
)

// A dispatch is a network that notes which number of which SA leaves.
type dispatch struct {
	mu   sync.Mutex
	sent map[byte][]byte // by SA; numbers modulo 256
}

func (d *dispatch) SendESP(bursts []dataplane.Burst) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, b := range bursts {
		for data := b.Data; len(data) > 0; data = data[2:] {
			d.sent[data[0]] = append(d.sent[data[0]], data[1])
		}
	}
}

func newDispatch() *dispatch { return &dispatch{sent: make(map[byte][]byte)} }

func (d *dispatch) outbox() *outbox {
	o := newOutbox(d, new(atomic.Pointer[tap]), true)
	return &o
}

// A traveller is an SA whose packets are its name and their numbers.
type traveller struct {
	outbound
	name     byte
	reserved atomic.Uint64
}

func newTraveller(name byte) *traveller {
	n := &traveller{name: name}
	n.way.Store(new(way))
	n.turn.next.Store(1)
	return n
}

// seal puts the next packets of an SA into an outbox.
func (n *traveller) seal(o *outbox, count uint64) {
	seq := n.reserved.Add(count) - count + 1
	o.begin(&n.outbound, seq)
	for ; count > 0; count, seq = count-1, seq+1 {
		room := append(o.room(2), n.name, byte(seq))
		o.add(label{way: n.way.Load()}, len(room))
	}
}

func TestParcelsAreLeftToWhoHasTheTurn(t *testing.T) {
	d, x, y := newDispatch(), newTraveller('x'), newTraveller('y')
	a, b, c := d.outbox(), d.outbox(), d.outbox()
	x.seal(a, 3)
	y.seal(b, 1)
	x.seal(b, 2) // behind a's
	x.seal(c, 1) // behind b's
	y.seal(c, 1)
	c.flush()
	if len(d.sent) > 0 || len(c.bursts) > 0 || !c.spare.out.Load() {
		t.Fatalf("sent %v; c has %d bursts", d.sent, len(c.bursts))
	}
	b.flush()
	if !slices.Equal(d.sent['y'], []byte{1}) || len(d.sent['x']) > 0 {
		t.Fatalf("sent %v, want the first of y", d.sent)
	}
	y.seal(b, 1)
	a.flush()
	if !slices.Equal(d.sent['x'], []byte{1, 2, 3, 4, 5, 6}) || !slices.Equal(d.sent['y'], []byte{1, 2}) {
		t.Fatalf("sent %v", d.sent)
	}
	if b.spare.out.Load() || c.spare.out.Load() || len(b.spare.bursts)+len(c.spare.tickets) > 0 {
		t.Error("what was left has not come back empty")
	}
	b.flush()
	if !slices.Equal(d.sent['y'], []byte{1, 2, 3}) || b.parcel == nil {
		t.Errorf("sent %v", d.sent)
	}
}

// Workers seal for the same SAs at once: nothing is lost, and the packets of each leave in order.
func TestParcelsLeaveInOrder(t *testing.T) {
	const workers, batches = 4, 3000
	d, list := newDispatch(), []*traveller{newTraveller(0), newTraveller(1), newTraveller(2)}
	var done sync.WaitGroup
	for w := range workers {
		done.Go(func() {
			o, random := d.outbox(), rand.New(rand.NewPCG(1, uint64(w)))
			for range batches {
				seals := 1 + random.IntN(3)
				if random.IntN(20) == 0 {
					seals = 2 * outboxBursts // more than there is room for
				}
				for range seals {
					list[random.IntN(len(list))].seal(o, 1+random.Uint64N(5))
				}
				o.flush()
			}
		})
	}
	done.Wait()
	for _, n := range list {
		sent := d.sent[n.name]
		if got, want := uint64(len(sent)), n.reserved.Load(); got != want {
			t.Errorf("%d of %d packets were sent", got, want)
		}
		for i, seq := range sent {
			if seq != byte(i+1) {
				t.Fatalf("SA %d: number %d leaves as %d", n.name, seq, i+1)
			}
		}
	}
}

// A worker whose parcel is still out leaves no second one: whoever has the turn has other things to do.
func TestOneParcelIsLeftAtATime(t *testing.T) {
	d, x := newDispatch(), newTraveller('x')
	a, b := d.outbox(), d.outbox()
	x.seal(a, 1)
	x.seal(b, 1)
	b.flush()
	x.seal(b, 1)
	flushed := make(chan struct{})
	go func() { b.flush(); close(flushed) }()
	select {
	case <-flushed:
		t.Error("a second one was left")
	default:
	}
	a.flush()
	<-flushed
	if !slices.Equal(d.sent['x'], []byte{1, 2, 3}) {
		t.Errorf("sent %v", d.sent)
	}
}

// full leaves b with a ticket that waits for a's, and no room for another burst.
func full(a, b *outbox) (z *traveller) {
	x, z := newTraveller('x'), newTraveller('z')
	x.seal(a, 1)
	x.seal(b, 1)
	for len(b.bursts) < outboxBursts {
		newTraveller('y').seal(b, 1)
	}
	return z
}

// An outbox that is full when an SA begins leaves nothing of that SA behind.
func TestWhatIsLeftComesBackWhenRoomWasMadeAtOnce(t *testing.T) {
	d := newDispatch()
	a, b := d.outbox(), d.outbox()
	z := full(a, b)
	z.seal(b, 1)
	b.flush()
	a.flush()
	if b.spare.out.Load() {
		t.Error("what was left is out for ever")
	}
	if !slices.Equal(d.sent['z'], []byte{1}) {
		t.Errorf("sent %v", d.sent['z'])
	}
}

// during does something once while packets are sent.
type during struct {
	dataplane.Sender
	then func()
}

func (d *during) SendESP(b []dataplane.Burst) {
	if f := d.then; f != nil && len(b) > 1 {
		d.then = nil
		f()
	}
	d.Sender.SendESP(b)
}

// The same where the other worker sends at that moment: the turn never goes back.
func TestTheTurnNeverGoesBack(t *testing.T) {
	d := newDispatch()
	b, c := d.outbox(), d.outbox()
	s := &during{Sender: d}
	o := newOutbox(s, new(atomic.Pointer[tap]), true)
	a := &o
	z := full(a, b)
	z.seal(b, 1)
	s.then = b.flush
	a.flush()
	z.seal(c, 1)
	c.flush()
	if !slices.Equal(d.sent['z'], []byte{1, 2}) {
		t.Errorf("sent %v, turn %d", d.sent['z'], z.turn.next.Load())
	}
}
