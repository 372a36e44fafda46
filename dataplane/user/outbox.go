package user

import "culvert/dataplane"

const (
	// outboxSize holds a sealed super-packet and a few packets more.
	outboxSize = 128 << 10
	// outboxFull is when the outbox is sent between two super-packets: while it is still in the processor's cache.
	outboxFull = 48 << 10
	// outboxBursts bounds the bursts of one send.
	outboxBursts = 64
)

// An outbox collects sealed packets, one behind the other, in bursts.
type outbox struct {
	sender dataplane.Sender
	buffer []byte
	used   int
	bursts []dataplane.Burst
	open   bool // the last burst may take more packets
}

// A label says how packets travel. Packets of one burst have the same.
type label struct {
	path dataplane.Path
	tos  uint8
	df   bool
}

func newOutbox(s dataplane.Sender) outbox {
	return outbox{sender: s, buffer: make([]byte, outboxSize), bursts: make([]dataplane.Burst, 0, outboxBursts)}
}

// room returns an empty slice with capacity for n octets at least, where the next packet goes. It sends what is there
// when it has to.
func (o *outbox) room(n int) []byte {
	if o.used+n > outboxSize || len(o.bursts) == outboxBursts {
		o.flush()
	}
	return o.buffer[o.used:o.used]
}

// add takes the n octets that were put into room.
func (o *outbox) add(l label, n int) {
	start := o.used
	o.used += n
	if o.open {
		b := &o.bursts[len(o.bursts)-1]
		if n <= b.Segment && b.TOS == l.tos && b.DF == l.df && b.Path == l.path {
			b.Data = b.Data[:len(b.Data)+n]
			o.open = n == b.Segment
			return
		}
	}
	o.bursts = append(o.bursts, dataplane.Burst{Path: l.path, Data: o.buffer[start:o.used], Segment: n, TOS: l.tos, DF: l.df})
	o.open = true
}

// settle sends what is there if that is much.
func (o *outbox) settle() {
	if o.used >= outboxFull {
		o.flush()
	}
}

// flush sends everything.
func (o *outbox) flush() {
	if len(o.bursts) > 0 {
		o.sender.SendESP(o.bursts)
	}
	o.bursts, o.used, o.open = o.bursts[:0], 0, false
}
