package esp

import (
	"encoding/binary"
	"fmt"
	"io"
	"slices"
)

// Outbound seals the packets of one SA. Reserve, Sequence and Fork may be called from any goroutine; everything else belongs
// to one goroutine at a time. Fork makes further sealers of the same SA for other goroutines.
type Outbound struct {
	seq   *sequence // own, or that of the sealer from which this one was forked
	own   sequence
	padTo int
	split func(pkt []byte) (payload []byte, nextHeader uint8, err error)
	rand  io.Reader
	state
}

// NewOutbound makes the sending end of an SA. The cipher state is built when the first packet is sealed; rand, which is
// read at that moment, makes the IVs of CBC modes unpredictable.
func NewOutbound(p Params, rand io.Reader) (*Outbound, error) {
	o := new(Outbound)
	if err := o.Init(p, rand); err != nil {
		return nil, err
	}
	return o, nil
}

// Init is NewOutbound of a zero Outbound that has its place already, and stays there.
func (o *Outbound) Init(p Params, rand io.Reader) error {
	if err := p.check(); err != nil {
		return err
	}
	o.own.init(&p)
	o.params, o.rand, o.seq, o.padTo, o.split = p, rand, &o.own, p.PadTo, splitTunnel
	switch {
	case p.Mode == Transport:
		o.split = SplitTransport
	case p.AggFrag:
		o.split = splitAggFrag
	}
	return nil
}

// Fork returns another sealer of the SA that draws from the same sequence numbers. It has keys of its own, which are to be
// cleared as well.
func (o *Outbound) Fork() *Outbound {
	p := o.params
	p.EncrKey, p.IntegKey = slices.Clone(p.EncrKey), slices.Clone(p.IntegKey)
	return &Outbound{state: state{params: p}, rand: o.rand, seq: o.seq, padTo: p.PadTo, split: o.split}
}

// Reserve takes the next n sequence numbers and returns the first of them.
func (o *Outbound) Reserve(n int) (uint64, error) {
	if n < 1 {
		return 0, fmt.Errorf("reserving %d sequence numbers", n)
	}
	return o.seq.take(uint64(n))
}

// Sequence returns the last sequence number taken.
func (o *Outbound) Sequence() uint64 { return o.seq.last.Load() }

// SetPadTo changes Params.PadTo for this sealer.
func (o *Outbound) SetPadTo(n int) { o.padTo = n }

// Layout returns what the SA adds to a packet.
func (o *Outbound) Layout() (Layout, error) {
	err := o.build(o.rand)
	return o.layout, err
}

// Seal appends the ESP packet, from SPI to ICV, that carries inner to dst, under the next sequence number. inner is an IP
// packet, whose header is left out in transport mode, or an AGGFRAG payload. It may lie in the spare capacity of dst, and is not even copied
// when it lies where its plaintext goes, HeaderLen octets behind the end of dst.
func (o *Outbound) Seal(dst, inner []byte) ([]byte, error) {
	payload, next, err := o.split(inner)
	if err != nil {
		return dst, err
	}
	if err := o.build(o.rand); err != nil {
		return dst, err
	}
	seq, err := o.seq.take(1)
	if err != nil {
		return dst, err
	}
	return o.seal(dst, payload, o.tfc(len(payload), next), next, seq), nil
}

// SealFrom is Seal under a number that Reserve returned, each of which must be used once at most. inner must lie elsewhere
// than in the capacity of dst; it is encrypted from there without being copied first, and what follows it within its own
// capacity is used for a moment, and restored.
func (o *Outbound) SealFrom(dst, inner []byte, seq uint64) ([]byte, error) {
	payload, next, err := o.split(inner)
	if err != nil {
		return dst, err
	}
	if err := o.build(o.rand); err != nil {
		return dst, err
	}
	tfc := o.tfc(len(payload), next)
	trailer := o.layout.trailer(len(payload))
	if tfc > 0 || trailer > mostTrailer || cap(payload)-len(payload) < trailer {
		return o.seal(dst, payload, tfc, next, seq), nil
	}
	text := payload[:len(payload)+trailer]
	var behind [mostTrailer]byte
	copy(behind[:], text[len(payload):])
	pad(text[len(payload):], next)
	dst, pkt := o.begin(dst, o.layout.Sealed(len(payload)), seq)
	o.cipher.SealFrom(pkt, text, seq)
	copy(text[len(payload):], behind[:trailer])
	return dst, nil
}

// mostTrailer is the longest trailer that a packet without padding for its own sake has: pad length, next header and a block
// of a cipher less one.
const mostTrailer = 32

// SealDummyReserved is SealDummy under a number that Reserve returned.
func (o *Outbound) SealDummyReserved(dst []byte, n int, seq uint64) ([]byte, error) {
	if err := o.build(o.rand); err != nil {
		return dst, err
	}
	return o.seal(dst, nil, max(n, 0), protoNone, seq), nil
}

// SealDummy appends a dummy packet with n octets of payload, which the peer drops (RFC 4303, Section 2.6).
func (o *Outbound) SealDummy(dst []byte, n int) ([]byte, error) {
	if err := o.build(o.rand); err != nil {
		return dst, err
	}
	seq, err := o.seq.take(1)
	if err != nil {
		return dst, err
	}
	return o.seal(dst, nil, max(n, 0), protoNone, seq), nil
}

// tfc returns the octets of TFC padding behind a payload of n octets.
func (o *Outbound) tfc(n int, next uint8) int {
	if n >= o.padTo || !tellsLength(next) {
		return 0
	}
	return o.padTo - n
}

// seal appends one packet:
//
//	| SPI (4) | sequence number (4) | IV | payload | TFC padding | padding 1, 2, 3 ... | pad length (1) | next header (1) | ICV |
//
// payload is moved first, so that it may lie anywhere in dst's capacity.
func (o *Outbound) seal(dst, payload []byte, tfc int, next uint8, seq uint64) []byte {
	l := &o.layout
	total := l.Sealed(len(payload) + tfc)
	dst = slices.Grow(dst, total)
	text := dst[len(dst)+l.HeaderLen() : len(dst)+total-l.ICV]
	copy(text, payload)
	clear(text[len(payload) : len(payload)+tfc])
	pad(text[len(payload)+tfc:], next)
	dst, pkt := o.begin(dst, total, seq)
	o.cipher.Seal(pkt, seq)
	return dst
}

// begin makes room for a packet of n octets behind dst, and writes its header.
func (o *Outbound) begin(dst []byte, n int, seq uint64) (longer, pkt []byte) {
	longer = slices.Grow(dst, n)[:len(dst)+n]
	pkt = longer[len(dst):]
	binary.BigEndian.PutUint32(pkt, o.params.SPI)
	binary.BigEndian.PutUint32(pkt[4:], uint32(seq))
	return longer, pkt
}
