package ike

import (
	"culvert/dataplane"
	"culvert/wire"
)

// header returns the header of a message of ours. flags are FlagResponse or nothing.
func (sa *SA) header(exchange wire.ExchangeType, id uint32, flags wire.Flags) wire.Header {
	if sa.initiator {
		flags |= wire.FlagInitiator
	}
	return wire.Header{InitiatorSPI: sa.spiI, ResponderSPI: sa.spiR, Version: 0x20, Exchange: exchange, Flags: flags, MessageID: id}
}

// protect turns payloads into datagrams: one in the clear for IKE_SA_INIT, otherwise one SK message, or SKF fragments when
// both sides know them and the message is too large (RFC 7383, Section 2.4).
func (sa *SA) protect(h wire.Header, payloads []wire.Payload) ([][]byte, error) {
	if h.Exchange == wire.ExchangeSAInit {
		m := wire.Message{Header: h, Payloads: payloads}
		return [][]byte{m.Append(nil)}, nil
	}
	if err := sa.wake(); err != nil {
		return nil, err
	}
	if size := sa.fragmentLimit(); size > 0 {
		return wire.SealFragments(sa.out, h, payloads, size)
	}
	b, err := wire.Seal(sa.out, h, payloads)
	return [][]byte{b}, err
}

func (sa *SA) send(path dataplane.Path, datagrams [][]byte) {
	sa.emit(Send{Path: path, Datagrams: datagrams, DSCP: sa.conn.DSCP})
	sa.lastSent = sa.now
}

// transmit sends a request of ours.
func (sa *SA) transmit(r *pendingRequest) {
	sa.emit(Send{Path: sa.path, Datagrams: r.datagrams, DontFragment: r.probing, DSCP: sa.conn.DSCP})
	sa.lastSent = sa.now
}

// size counts the octets of datagrams.
func size(datagrams [][]byte) int {
	n := 0
	for _, d := range datagrams {
		n += len(d)
	}
	return n
}
