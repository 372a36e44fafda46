package iptfs

import "time"

// An arrival is a payload without its header.
type arrival struct {
	seq    uint64
	offset int
	blocks []byte
	tos    uint8 // of the outer header
	at     time.Time
	kept   bool // blocks are the Reassembler's memory
	eager  bool // its whole packets have been given out already
}

// A window holds payloads that came before their predecessors (RFC 9347, Section 2.2.3), those with a sequence number up to
// size above the next one. Its memory grows with what it has held, to size payloads.
type window struct {
	size  int
	slots []arrival // by sequence number modulo size; seq 0: empty
	held  int
}

func (w *window) slot(seq uint64) *arrival { return &w.slots[seq%uint64(w.size)] }

// hold keeps a copy, and reports whether there was none yet.
func (w *window) hold(a arrival) bool {
	if w.slots == nil {
		w.slots = make([]arrival, w.size)
	}
	s := w.slot(a.seq)
	if s.seq != 0 {
		return false
	}
	a.blocks, a.kept = append(s.blocks[:0], a.blocks...), true
	*s = a
	w.held++
	return true
}

// take returns the payload with a sequence number, if it is held. Its memory is used again by the next hold.
func (w *window) take(seq uint64) (arrival, bool) {
	if w.held == 0 || w.slot(seq).seq != seq {
		return arrival{}, false
	}
	s := w.slot(seq)
	a := *s
	s.seq = 0
	w.held--
	return a, true
}

// first returns the held payload with the lowest sequence number.
func (w *window) first() (arrival, bool) {
	found := false
	var first arrival
	for _, a := range w.slots {
		if a.seq != 0 && (!found || a.seq < first.seq) {
			first, found = a, true
		}
	}
	return first, found
}
