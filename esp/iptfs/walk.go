package iptfs

// A pass says what is taken out of a payload.
type pass uint8

const (
	passAll   pass = iota
	passWhole      // whole packets only: its predecessors are missing
	passRest       // the rest, after passWhole
)

// A walk goes over the data blocks of one payload.
type walk struct {
	arrival
	pass   pass
	active bool
	inside bool // behind the blocks that belong to a packet of a payload before
	pos    int
}

// begin starts with a payload whose turn it is. All-pad payloads may stand between the fragments of a packet, and leave them
// alone (RFC 9347, Section 2.2.3).
func (r *Reassembler) begin(a arrival) {
	r.next = a.seq + 1
	pad := len(a.blocks) == 0 || a.offset == 0 && a.blocks[0]>>4 == typePad
	r.walk = walk{arrival: a, active: !pad}
	if a.eager {
		r.walk.pass = passRest
	}
	if pad {
		r.count.AllPad++
	}
}

// step goes one block further, and returns the packet that it completes.
func (r *Reassembler) step() (Packet, bool) {
	w := &r.walk
	if !w.active { // all padding
		return Packet{}, false
	}
	if !w.inside {
		w.inside = true
		w.pos = min(w.offset, len(w.blocks))
		if w.pass == passWhole {
			return Packet{}, false
		}
		return r.proceed()
	}
	return r.block()
}

// proceed appends the start of a payload to the packet that is incomplete. A BlockOffset that contradicts it, as the peer
// must not make one, costs that packet (RFC 9347, Section 2.5).
func (r *Reassembler) proceed() (Packet, bool) {
	w := &r.walk
	if !r.partial.active {
		return Packet{}, false
	}
	if !r.partial.add(w.blocks[:w.pos], w.offset, w.tos) {
		r.abandon()
		return Packet{}, false
	}
	if w.offset > len(w.blocks) {
		return Packet{}, false
	}
	r.partial.active = false
	if !r.partial.complete() {
		r.count.Incomplete++
		return Packet{}, false
	}
	return Packet{Data: r.partial.data, TOS: r.partial.tos, Kept: true}, true
}

// block takes the data block at hand.
func (r *Reassembler) block() (Packet, bool) {
	w := &r.walk
	rest := w.blocks[w.pos:]
	n, is := measure(rest)
	if is == shapePacket && n <= len(rest) {
		w.pos += n
		return Packet{Data: rest[:n], TOS: w.tos, Kept: w.kept}, w.pass != passRest
	}
	w.active = false
	if w.pass == passWhole {
		return Packet{}, false
	}
	switch {
	case is == shapeBad:
		r.count.Errored++
	case is == shapePad:
		r.count.ExtraPad++
	case len(rest) > 0:
		r.partial.start(rest, n, w.tos)
	}
	return Packet{}, false
}

// abandon gives the incomplete packet up.
func (r *Reassembler) abandon() {
	if r.partial.active {
		r.partial.active = false
		r.count.Incomplete++
	}
}
