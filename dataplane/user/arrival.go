package user

import (
	"errors"

	"culvert/dataplane/user/offload"
	"culvert/dataplane/user/tun"
	"culvert/esp"
	"culvert/spd"
)

// An arrival is a packet from the device, with its header, about to go on its way.
type arrival struct {
	raw    []byte
	header offload.Header
	pkt    []byte // without it
	flow   spd.Flow
	info   spd.PacketInfo
	entry  *spd.Entry[*policy] // nil: no policy
	drop   esp.Drop            // why it cannot go on, else 0
}

// inPlace seals packets where they were read, and reports whether there may be more. They take each step together, so that what
// lies in main memory is waited for once.
func (t *transmitter) inPlace() (more bool) {
	for read := 0; read < readBatch; read += len(t.arrivals) {
		more = t.read(readBatch - read)
		t.examineAll()
		t.fetch()
		for i := range t.arrivals {
			t.take(&t.arrivals[i])
		}
		t.dispatchIfFull()
		if !more {
			return false
		}
	}
	return true
}

// read reads as many packets as fit a batch, most at most, and reports whether there may be more.
func (t *transmitter) read(most int) (more bool) {
	t.arrivals = t.arrivals[:0]
	for len(t.arrivals) < most && t.used < batchFull {
		raw := t.in[t.used:]
		n, err := t.b.device.Read(t.worker.index, raw)
		if err != nil {
			if !errors.Is(err, tun.ErrAgain) {
				t.drop(esp.ErrOther, 1)
			}
			return false
		}
		t.used += (n + trailerRoom + readAlign - 1) &^ (readAlign - 1)
		t.arrivals = t.arrivals[:len(t.arrivals)+1]
		t.arrivals[len(t.arrivals)-1].raw = raw[: n : n+trailerRoom]
	}
	return true
}

// examineAll finds the policies of all packets: from memory, or in the database, of which what they need is fetched before.
func (t *transmitter) examineAll() {
	db := t.b.policies.Load()
	for i := range t.arrivals {
		a := &t.arrivals[i]
		if t.parse(a); a.drop == 0 && !a.info.Fragment {
			a.entry = t.cache.Known(db, &a.flow)
		}
		if a.isOpen() {
			t.fetcher.Add(db, &a.flow)
		}
	}
	t.fetcher.Fetch()
	for i := range t.arrivals {
		if a := &t.arrivals[i]; a.isOpen() {
			a.entry = t.policyFor(a.pkt, a.flow, a.info)
		}
	}
}

// isOpen reports whether the policy is to be found.
func (a *arrival) isOpen() bool { return a.entry == nil && a.drop == 0 }

// examine finds the policy of a packet.
func (t *transmitter) examine(a *arrival) {
	if t.parse(a); a.isOpen() {
		a.entry = t.policyFor(a.pkt, a.flow, a.info)
	}
}

// parse reads the headers of a packet.
func (t *transmitter) parse(a *arrival) {
	a.drop, a.entry = 0, nil
	var err error
	if a.header, a.pkt, err = offload.ParseHeader(a.raw); err != nil {
		a.drop = esp.ErrMalformed
		return
	}
	if err = spd.Parse(a.pkt, &a.flow, &a.info); err != nil {
		a.drop = reason(err)
	}
}

// fetch has the SAs fetched that the packets leave through.
func (t *transmitter) fetch() {
	var last *spd.Entry[*policy]
	for i := range t.arrivals {
		e := t.arrivals[i].entry
		if e == nil || e == last {
			continue
		}
		if sa := e.Value.exit(t.worker.index); sa != nil {
			sa.fetch(t.worker.index)
		}
		last = e
	}
}
