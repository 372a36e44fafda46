package nl

// maxBitmap is how many words of bitmap the kernel takes: windows of up to MaxWindow packets.
const maxBitmap = 128

// MaxWindow is the largest replay window of the kernel, in packets.
const MaxWindow = 32 * maxBitmap

// A Replay is where both counters of a state stand, and which packets of the window have arrived. With Words it has the form
// for windows of more than 32 packets and for extended sequence numbers; without, the old form whose bitmap is one word.
type Replay struct {
	Out, In uint64 // the last number used, and the highest accepted
	Window  uint32 // in packets
	Words   []uint32
}

// NewReplay is the beginning of a state with a window of so many packets.
func NewReplay(window int) *Replay {
	n := min(window, MaxWindow)
	return &Replay{Window: uint32(n), Words: make([]uint32, (n+31)/32)}
}

// replay appends the counters in the form that they have.
func (w *writer) replay(p *Replay) {
	switch {
	case p == nil:
	case p.Window == 0 && len(p.Words) == 1:
		w.attr(replayValue, p.appendShort)
	default:
		w.attr(replayESN, p.append)
	}
}

// append writes the form with bitmap.
func (p *Replay) append(w *writer) {
	w.u32(uint32(len(p.Words)))
	w.u32(uint32(p.Out))
	w.u32(uint32(p.In))
	w.u32(uint32(p.Out >> 32))
	w.u32(uint32(p.In >> 32))
	w.u32(p.Window)
	for _, v := range p.Words {
		w.u32(v)
	}
}

func readReplayESN(r *reader) *Replay {
	words := r.u32()
	out, in := uint64(r.u32()), uint64(r.u32())
	p := &Replay{Out: out | uint64(r.u32())<<32, In: in | uint64(r.u32())<<32, Window: r.u32()}
	empty := len(r.b) == 0 // the form for a bitmap of zeros
	if words > maxBitmap || !empty && int(words)*4 > len(r.b) {
		r.short = true
		return p
	}
	p.Words = make([]uint32, words)
	for i := range p.Words {
		if empty {
			break
		}
		p.Words[i] = r.u32()
	}
	return p
}

// appendShort writes the old form.
func (p *Replay) appendShort(w *writer) {
	w.u32(uint32(p.Out))
	w.u32(uint32(p.In))
	var bitmap uint32
	if len(p.Words) > 0 {
		bitmap = p.Words[0]
	}
	w.u32(bitmap)
}

func readReplay(r *reader) *Replay {
	return &Replay{Out: uint64(r.u32()), In: uint64(r.u32()), Words: []uint32{r.u32()}}
}
