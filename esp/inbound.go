package esp

import (
	"encoding/binary"

	"culvert/suite"
)

// Inbound opens the packets of one SA. It belongs to one goroutine at a time.
type Inbound struct {
	window Window
	resync resync
	latest uint64 // the sequence number of the packet opened last
	unwrap func(payload []byte, nextHeader uint8) ([]byte, error)
	state
}

// zeroes is the randomness of a cipher that makes no IVs.
type zeroes struct{}

func (zeroes) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

// NewInbound makes the receiving end of an SA. The cipher state is built when the first packet is opened.
func NewInbound(p Params) (*Inbound, error) {
	i := new(Inbound)
	if err := i.Init(p); err != nil {
		return nil, err
	}
	return i, nil
}

// Init is NewInbound of a zero Inbound that has its place already.
func (i *Inbound) Init(p Params) error {
	if err := p.check(); err != nil {
		return err
	}
	i.params, i.unwrap = p, unwrapTunnel
	i.window = NewWindow(p.ReplayWindow, p.Transforms.ESN, p.Sequence)
	switch {
	case p.Mode == Transport:
		i.unwrap = unwrapTransport
	case p.AggFrag:
		i.unwrap = unwrapAggFrag
	}
	return nil
}

// Sequence returns the highest sequence number accepted.
func (i *Inbound) Sequence() uint64 { return i.window.Top() }

// Latest returns the sequence number of the packet that was opened last.
func (i *Inbound) Latest() uint64 { return i.latest }

// Open authenticates and decrypts pkt, an ESP packet from SPI to ICV, in place. It returns the packet inside (in tunnel
// mode an IP packet without TFC padding, or an AGGFRAG payload; in transport mode what follows the IP header) and its protocol. The result
// aliases pkt, whose content is undefined after an error. The errors are of type Drop, or wrap one.
//
// The order is that of RFC 4303, Section 3.4: replays are refused before authentication, and the window moves after it.
func (i *Inbound) Open(pkt []byte) (inner []byte, nextHeader uint8, err error) {
	if err := i.build(zeroes{}); err != nil {
		return nil, 0, err
	}
	n := len(pkt) - i.layout.HeaderLen() - i.layout.ICV
	if n < trailerLen || n%i.layout.Block != 0 {
		return nil, 0, i.misfit(pkt)
	}
	text, err := i.authenticate(pkt)
	if err != nil {
		return nil, 0, err
	}
	payload, next, err := unpad(text)
	if err != nil {
		return nil, 0, err
	}
	if next == protoNone {
		return nil, next, ErrDummy
	}
	inner, err = i.unwrap(payload, next)
	return inner, next, err
}

// misfit is why a packet is refused whose length is none of ours: with block ciphers it is what an ICV of another length comes to.
func (i *Inbound) misfit(pkt []byte) Drop {
	if len(pkt) < headerLen {
		return ErrTruncated
	}
	seq, fresh := i.window.Check(binary.BigEndian.Uint32(pkt[4:]))
	if !fresh || !i.params.Transforms.Ambiguous() {
		return ErrTruncated
	}
	if _, err := i.cipher.Open(pkt, seq); err != suite.ErrTruncation {
		return ErrTruncated
	}
	return ErrTruncation
}

// authenticate checks sequence number and ICV and returns the decrypted text.
func (i *Inbound) authenticate(pkt []byte) ([]byte, error) {
	seq, fresh := i.window.Check(binary.BigEndian.Uint32(pkt[4:]))
	if !fresh {
		return nil, ErrReplay
	}
	if i.resync.due() {
		if s, ok := i.searchSequence(pkt, seq); ok {
			seq = s
		}
	}
	text, err := i.cipher.Open(pkt, seq)
	if err == suite.ErrTruncation {
		return nil, ErrTruncation
	}
	if err != nil {
		i.resync.failed(i.params.Transforms.ESN)
		return nil, ErrAuthentication
	}
	i.resync = resync{}
	i.window.Mark(seq)
	i.latest = seq
	return text, nil
}
