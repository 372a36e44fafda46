package ike

import (
	"errors"

	"culvert/suite"
)

// errNoKeys means that the key exchange is not over yet, or the SA closed.
var errNoKeys = errors.New("no keys")

// useKeys gives the SA the keys of a finished key exchange, and tells the driver if it wants to know.
func (sa *SA) useKeys(sel suite.Selection, keys suite.IKEKeys) error {
	sa.suite, sa.keys = sel, keys
	if sa.env.ExportKeys {
		sa.emit(ExportIKEKeys{Connection: sa.conn, SPIi: sa.spiI, SPIr: sa.spiR, Suite: sel, Keys: keys})
	}
	return sa.wake()
}

// changeKeys gives the SA new keys in the middle of the initial exchanges (RFC 9242, Section 3.3.1). The former ones are kept
// for retransmissions of the requests that came under them: the peer may not have our last response yet.
func (sa *SA) changeKeys(keys suite.IKEKeys) error {
	sa.responses.rekeyed(sa.in)
	sa.keys.Clear()
	sa.in, sa.out = nil, nil
	return sa.useKeys(sa.suite, keys)
}

// wake makes the ciphers of both directions of the keys. They are larger than all else that an SA keeps, so a shard drops
// them when the SA is at rest.
func (sa *SA) wake() error {
	if sa.in != nil {
		return nil
	}
	if len(sa.keys.Ei) == 0 {
		return errNoKeys
	}
	i, err := suite.NewProtector(sa.suite, sa.keys.Ei, sa.keys.Ai, sa.env.Rand)
	if err != nil {
		return err
	}
	r, err := suite.NewProtector(sa.suite, sa.keys.Er, sa.keys.Ar, sa.env.Rand)
	if err != nil {
		return err
	}
	if sa.out, sa.in = r, i; sa.initiator {
		sa.out, sa.in = i, r
	}
	return nil
}

// forgetAuthKeys clears the keys that nothing but IKE_AUTH needs.
func (sa *SA) forgetAuthKeys() {
	sa.keys.Pi.Clear()
	sa.keys.Pr.Clear()
	sa.keys.Pi, sa.keys.Pr = nil, nil
}

// rest drops the ciphers when no message is under way. Those made later number their IVs from another random start.
func (sa *SA) rest() {
	if sa.state == StateEstablished && len(sa.requests.pending)+len(sa.requests.begun)+len(sa.tasks)+len(sa.fragments) == 0 {
		sa.in, sa.out = nil, nil
	}
}

// Keys tells the keys of every IKE SA that has some, as Env.ExportKeys does when they are made. They are shared with the SAs,
// and to be used up before the shard handles another event.
func (s *Shard) Keys() (list []ExportIKEKeys) {
	for i := range s.slots.list {
		if sa := s.slots.list[i].sa; sa != nil && len(sa.keys.Ei) > 0 {
			list = append(list, ExportIKEKeys{Connection: sa.conn, SPIi: sa.spiI, SPIr: sa.spiR, Suite: sa.suite, Keys: sa.keys})
		}
	}
	return list
}
