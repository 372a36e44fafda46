package user

import (
	"errors"
	"time"

	"culvert/dataplane"
	"culvert/dataplane/user/fair"
	"culvert/dataplane/user/offload"
	"culvert/dataplane/user/tun"
	"culvert/esp"
	"culvert/spd"
)

// A worker seals packets where they were read as long as it keeps up with the device. When it does not, they would stand in
// the device, whose queue knows neither whose they are nor how long they wait, and drops at its end. So they are read ahead,
//
//	device -> lines of children and flows -> batch
//
// and what stands is marked or dropped at its beginning (RFC 8289), until the device is empty again.

const (
	// readAhead is how many packets are read for each batch while one child has packets. What is beyond waits in the device,
	// where it costs nothing.
	readAhead = readBatch
	// readAheadFair is the same when there are others, which are to be found behind the packets of a flood.
	readAheadFair = 4 * readBatch
	// crowdMemory is how long it is remembered that there are others.
	crowdMemory = time.Second
	// congestionMark is a traffic class with the mark of congestion (RFC 3168, Section 5).
	congestionMark = 3
)

// An overload is what a worker has when more comes than it can send.
type overload struct {
	full    bool      // the device has not been empty for as long as packets may wait
	since   time.Time // when a batch left packets in the device, while full is false; zero: it was empty
	blind   bool      // more waits in the device than can be read ahead, nobody knows for how long
	fair    *fair.Queue
	origin  time.Time     // of its times
	crowded time.Duration // when several children had packets
	waits   bool          // packets wait in the device for room that others' packets have
	short   time.Duration // since when they do
	shed    time.Duration // when packets were last dropped for room
	skip    bool          // the packet that is sealed next is given up
}

// kept notes how a batch that was not read ahead has ended.
func (o *overload) kept(empty bool, now time.Time) {
	switch {
	case empty:
		o.since = time.Time{}
	case o.since.IsZero():
		o.since = now
	}
	o.full = !empty && now.Sub(o.since) >= fair.Target
}

// behind reports whether packets are to be read ahead.
func (o *overload) behind() bool { return o.full || o.fair != nil && o.fair.Len() > 0 }

// sent forgets the packets of the batch.
func (o *overload) sent() {
	if o.fair != nil {
		o.fair.Sent()
	}
}

// overloaded seals a batch of what was read ahead.
func (t *transmitter) overloaded() (more bool) {
	o := &t.overload
	if o.fair == nil {
		o.fair, o.origin = fair.New(), t.now.Add(-fair.Interval)
	}
	now := t.now.Sub(o.origin)
	o.blind = false
	o.full = t.ahead(now)
	octets := 0
	for octets < batchFull && len(t.jobs) < readBatch {
		raw, stands := o.fair.Next(now, o.blind)
		if raw == nil {
			break
		}
		o.skip = stands && !mark(raw)
		octets += len(raw)
		a := arrival{raw: raw}
		t.examine(&a)
		t.take(&a)
	}
	o.skip = false
	o.since = time.Time{}
	return o.behind()
}

// ahead reads what waits in the device, within bounds, and reports whether there may be more.
func (t *transmitter) ahead(now time.Duration) (more bool) {
	o := &t.overload
	most := readAhead
	if o.isCrowded(now) {
		most = readAheadFair
	}
	for range most {
		raw := t.makeRoom(now)
		if raw == nil {
			o.blind = true
			return true
		}
		n, err := t.b.device.Read(t.worker.index, raw)
		if err != nil {
			if !errors.Is(err, tun.ErrAgain) {
				t.drop(esp.ErrOther, 1)
			}
			o.waits = false
			return false
		}
		policy, hash := t.belongs(raw[:n])
		if o.fair.Put(policy, hash, n, now); o.fair.Children() > 1 {
			o.crowded = now
		}
	}
	return true
}

// isCrowded reports whether there are other children's packets to be looked for.
func (o *overload) isCrowded(now time.Duration) bool {
	return o.crowded > 0 && now-o.crowded < crowdMemory
}

// isBurst reports whether packets without room have waited in the device for less than the target, so that they may go by
// themselves (RFC 8289, Section 4.3). A flood that pauses is no burst when it comes back within an interval.
func (o *overload) isBurst(now time.Duration) bool {
	if !o.waits {
		o.waits = true
		if o.shed == 0 || now-o.shed >= fair.Interval {
			o.short = now
		}
	}
	return now-o.short < fair.Target
}

// makeRoom returns where the next packet is read to. When there is no room, a burst and a child that is alone have the rest wait
// in the device, and nil is returned; else the child that has most loses packets to others.
func (t *transmitter) makeRoom(now time.Duration) []byte {
	o, f := &t.overload, t.overload.fair
	for {
		if raw := f.Room(); raw != nil || !o.isCrowded(now) || o.isBurst(now) {
			return raw
		}
		raw := f.Fattest()
		if raw == nil {
			return nil
		}
		o.shed = now
		t.lose(raw, esp.ErrOverload)
		f.Sent()
	}
}

// belongs says whose a packet is: its policy, and a hash of its flow.
func (t *transmitter) belongs(raw []byte) (dataplane.PolicyID, uint32) {
	_, pkt, err := offload.ParseHeader(raw)
	if err != nil {
		return 0, 0
	}
	var flow spd.Flow
	var info spd.PacketInfo
	if spd.Parse(pkt, &flow, &info) != nil {
		return 0, 0
	}
	e := t.policyFor(pkt, flow, info)
	if e == nil || e.Action != spd.Protect {
		return 0, 0
	}
	return e.Value.spec.ID, offload.FlowHash(pkt)
}

// mark tells the receiver of a packet about congestion, if its transport understands (RFC 3168, Section 5).
func mark(raw []byte) bool {
	_, pkt, err := offload.ParseHeader(raw)
	if err != nil {
		return false
	}
	_, err = esp.Decapsulate(pkt, congestionMark)
	return err == nil
}

// skip gives up the first packet of a (super-)packet if it is to be: one loss says as much to TCP as that of all, which in a short
// queue can be its whole window.
func (t *transmitter) skip(s *offload.Segments) {
	if t.overload.skip && s.Count() > 0 {
		s.Skip()
		t.drop(esp.ErrCoDel, 1)
	}
	t.overload.skip = false
}

// lose drops a (super-)packet.
func (t *transmitter) lose(raw []byte, why esp.Drop) {
	n := 1
	if header, pkt, err := offload.ParseHeader(raw); err == nil {
		var s offload.Segments
		if s.Split(header, pkt) == nil {
			n = s.Count()
		}
	}
	t.drop(why, n)
}
