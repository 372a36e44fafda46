package user

import (
	"cmp"
	"math/rand/v2"
	"time"

	"culvert/dataplane"
	"culvert/esp"
	"culvert/esp/iptfs"
)

// A cover keeps up a least rate of packets of an outbound SA: where there is no traffic dummy packets leave (RFC 4303, Section
// 2.6).
type cover struct {
	b         *Backend
	out       *outbound
	sealer    *esp.Outbound
	outbox    outbox
	pace      iptfs.Pace
	packets   uint64 // that the SA had sent at the last beat
	end, done chan struct{}
}

// Lengths of dummies where packets are not padded.
const (
	leastDummy = 40
	mostDummy  = 1300
)

func newCover(b *Backend, out *outbound, perSecond int) *cover {
	c := &cover{b: b, out: out, sealer: out.esp.Fork(), outbox: newOutbox(b.network.Sender(0), &b.tap, len(b.workers) > 1),
		end: make(chan struct{}), done: make(chan struct{})}
	c.pace.SetRate(float64(perSecond), b.now())
	return c
}

// run sends until the SA ends.
func (c *cover) run() {
	defer close(c.done)
	defer c.sealer.Clear()
	alarm := newAlarm()
	for alarm.wait(c.pace.Next(), c.end) && c.beat(c.b.now()) {
	}
}

// stop is that of a pump.
func (c *cover) stop() (wait func()) {
	close(c.end)
	return func() { <-c.done }
}

// beat sends the dummies that are due, less what the SA has sent itself. It reports whether the SA may send more. In any case
// what took numbers leaves: others wait for its turn.
func (c *cover) beat(now time.Time) bool {
	defer c.outbox.flush()
	sent := c.out.Counters(0).Packets
	due := c.pace.Due(now) - int(min(sent-c.packets, 1<<20))
	for ; due > 0; due-- {
		if !c.dummy(now) {
			return false
		}
		sent++
	}
	c.packets = sent
	return true
}

func (c *cover) dummy(now time.Time) bool {
	layout, err := c.sealer.Layout()
	if err != nil {
		return false
	}
	w := c.out.way.Load()
	n := c.length(w, layout)
	ok, notice := c.out.Spend(n, 1, now.UnixNano())
	c.b.notices.limit(notice, dataplane.Outbound, c.out.spi, c.out.policy)
	if !ok {
		return false
	}
	seq, err := c.sealer.Reserve(1)
	if err != nil {
		c.b.notices.limit(c.out.Stop(), dataplane.Outbound, c.out.spi, c.out.policy)
		return false
	}
	c.outbox.begin(c.out, seq)
	sealed, err := c.sealer.SealDummyReserved(c.outbox.room(layout.Sealed(n)), n, seq)
	if err != nil {
		c.outbox.skip()
		return false
	}
	c.outbox.add(label{way: w, df: w.whole(c.out.outer.DF == esp.DFSet)}, len(sealed))
	return true
}

// length is that of a dummy: what all packets are padded to, or any.
func (c *cover) length(w *way, l esp.Layout) int {
	if c.out.tfc != 0 {
		return c.out.padding(w)
	}
	most := l.EffectiveMTU(cmp.Or(int(w.remote.mtu.Load()), defaultPath), w.Encapsulation(c.out.mode))
	return leastDummy + rand.IntN(max(min(most, mostDummy)-leastDummy, 1))
}
