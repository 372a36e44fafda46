package esp

// Sizes of a replay window in packets (RFC 4303, Section 3.4.3 wants 64 at least).
const (
	MinWindow = 64
	MaxWindow = 8192
)

const (
	wordBits = 64
	// unchecked is the window that deduces the high half of extended sequence numbers when replays are not looked for. It
	// is the widest that RFC 4303, Appendix A2 allows.
	unchecked = 1 << 31
)

// A Window tells which sequence numbers of an SA have not been accepted yet (RFC 4303, Section 3.4.3 and Appendix A2). It
// is asked by Check before a packet is authenticated and told by Mark after. It is not safe for concurrent use.
//
// The bits lie in a ring of words, so that moving on clears words instead of shifting them; the ring has a word more than
// the window, because a window rarely begins where a word does.
type Window struct {
	top  uint64 // the highest number accepted
	size uint64
	esn  bool
	ring []uint64 // made by the first Mark; a power of two of words
	on   bool
}

// NewWindow returns a window of size packets, or one that accepts everything when size is 0. top is the highest number
// accepted before; those below it count as seen.
func NewWindow(size int, esn bool, top uint64) Window {
	w := Window{top: top, size: uint64(size), esn: esn, on: size > 0}
	if !w.on {
		w.size = unchecked
	}
	if w.on && top > 0 {
		w.allocate()
		w.fill()
	}
	return w
}

func (w *Window) allocate() {
	words := 1
	for uint64(words) < (w.size+wordBits-1)/wordBits+1 {
		words *= 2
	}
	w.ring = make([]uint64, words)
}

// fill marks everything up to top.
func (w *Window) fill() {
	for i := range w.ring {
		w.ring[i] = ^uint64(0)
	}
	*w.word(w.top) = ^uint64(0) >> (wordBits - 1 - w.top%wordBits)
}

func (w *Window) word(seq uint64) *uint64 { return &w.ring[seq/wordBits&uint64(len(w.ring)-1)] }

// Top returns the highest number accepted.
func (w *Window) Top() uint64 { return w.top }

// Check returns the whole sequence number of a packet that carries low, and whether it is new to the window.
func (w *Window) Check(low uint32) (seq uint64, ok bool) {
	seq, ok = w.deduce(low)
	switch {
	case !ok || !w.on:
		return seq, ok
	case seq > w.top:
		return seq, true
	case seq == 0 || w.top-seq >= w.size:
		return seq, false
	}
	return seq, *w.word(seq)&(1<<(seq%wordBits)) == 0
}

// deduce finds the high half of the sequence number (RFC 4303, Appendix A2.2). There is none before the first number or
// behind the last.
func (w *Window) deduce(low uint32) (uint64, bool) {
	if !w.esn {
		return uint64(low), true
	}
	tl, th := uint32(w.top), w.top>>32
	below := low < tl-uint32(w.size)+1
	switch {
	case uint64(tl) >= w.size-1 && below: // case A, a subspace further
		return (th+1)<<32 | uint64(low), th < maxSequence32
	case uint64(tl) < w.size-1 && !below: // case B, the subspace before
		return (th-1)<<32 | uint64(low), th > 0
	}
	return th<<32 | uint64(low), true
}

// Mark records that the packet with the number seq, which Check let pass, was authenticated.
func (w *Window) Mark(seq uint64) {
	if !w.on {
		w.top = max(w.top, seq)
		return
	}
	if w.ring == nil {
		w.allocate()
	}
	if seq > w.top {
		w.advance(seq)
	}
	*w.word(seq) |= 1 << (seq % wordBits)
}

// advance makes seq the top of the window and clears the words that come into it.
func (w *Window) advance(seq uint64) {
	steps := min(seq/wordBits-w.top/wordBits, uint64(len(w.ring)))
	for i := range steps {
		*w.word(seq - i*wordBits) = 0
	}
	w.top = seq
}
