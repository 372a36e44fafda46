package user

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"culvert/dataplane"
	"culvert/esp"
)

func trap(p *dataplane.Policy) { p.Trap = true }

func TestTrapAsksAndReleasesTheFirstPackets(t *testing.T) {
	s := newBench(t)
	s.protect(1, trap)
	for i := range 3 {
		s.device.put(datagram(byte(i), 10))
	}
	s.run()
	n := s.noticed(dataplane.NoticeAcquire)
	if len(n) != 1 || n[0].Policy != 1 || n[0].Packet.Source != ip("10.1.0.1") || n[0].Packet.DestinationPort != 53 {
		t.Fatalf("notices %+v, want one", n)
	}
	if len(s.network.take()) != 0 {
		t.Fatal("something was sent without an SA")
	}
	s.loop(1, nil)
	s.device.put(datagram(3, 10))
	s.run()
	b := s.network.take()
	s.HandleESP(b)
	s.expect(4, func(i int) []byte { return datagram(byte(i), 10) })
	s.dropped(nil)
}

func TestQueuedPacketGetsItsChecksumOnce(t *testing.T) {
	s := newBench(t)
	s.protect(1, trap)
	spec := superPacket(10, 100)
	copy(spec, []byte{1, 0, 0, 0, 0, 0}) // not a super-packet: only its checksum is left to the device
	s.device.in = append(s.device.in, bytes.Clone(spec))
	s.run()
	s.loop(1, nil)
	s.device.in = append(s.device.in, spec)
	s.run()
	s.HandleESP(s.network.take())
	if len(s.device.out) != 2 || !bytes.Equal(s.device.out[0], s.device.out[1]) {
		t.Errorf("queued and sent at once differ: %x", s.device.out)
	}
}

func TestTrapReleasesIntoANarrowerPolicy(t *testing.T) {
	s := newBench(t)
	s.protect(1, trap)
	s.device.put(datagram(1, 10))
	s.run()
	s.protect(2, func(p *dataplane.Policy) { p.Priority = 1 })
	s.loop(2, nil)
	s.run()
	s.HandleESP(s.network.take())
	s.expect(1, func(int) []byte { return datagram(1, 10) })
}

func TestAcquireIsRepeatedNotTooOften(t *testing.T) {
	s := newBench(t)
	s.protect(1, trap)
	for range 5 {
		s.device.put(datagram(0, 10))
		s.run()
	}
	if n := s.noticed(dataplane.NoticeAcquire); len(n) != 1 {
		t.Errorf("%d notices at once, want 1", len(n))
	}
	s.clock = s.clock.Add(noticeEvery)
	s.device.put(datagram(0, 10))
	s.run()
	if n := s.noticed(dataplane.NoticeAcquire); len(n) != 1 {
		t.Errorf("%d notices a second later, want 1", len(n))
	}
}

// A child may be for one host of many: what one asks for must not keep the others waiting.
func TestEachHostIsAskedForOfATrap(t *testing.T) {
	s := newBench(t)
	s.protect(1, trap)
	send := func(hosts ...int) int {
		for _, host := range hosts {
			s.device.put(packet4(17, "10.1.0.1", fmt.Sprintf("10.2.0.%d", host), datagram(0, 10)[20:]))
			s.run()
		}
		return len(s.noticed(dataplane.NoticeAcquire))
	}
	if n := send(1, 2, 1, 2, 3); n != 3 {
		t.Errorf("%d notices about three hosts", n)
	}
	many := make([]int, 3*mostAsked)
	for i := range many {
		many[i] = 10 + i
	}
	if n := send(many...); n != mostAsked-3 {
		t.Errorf("%d more within the second, want %d", n, mostAsked-3)
	}
	s.clock = s.clock.Add(noticeEvery)
	if n := send(3, 4); n != 2 {
		t.Errorf("%d notices about two hosts a second later", n)
	}
}

func TestQueueIsBounded(t *testing.T) {
	s := newBench(t)
	s.protect(1, trap)
	for i := range 20 {
		s.device.put(datagram(byte(i), 10))
	}
	s.run()
	s.dropped(map[esp.Drop]uint64{esp.ErrNoSA: 20 - queuePerPolicy})

	var q queue
	big := make([]byte, 60000)
	kept := 0
	for i := range 1000 {
		if q.put(dataplane.PolicyID(i), big, s.clock) {
			kept++
		}
	}
	if kept != queueOctets/len(big) {
		t.Errorf("%d super-packets of as many policies were kept, want %d", kept, queueOctets/len(big))
	}
	q, kept = queue{}, 0
	for i := range 1000 {
		if q.put(dataplane.PolicyID(i), []byte{1}, s.clock) {
			kept++
		}
	}
	if kept != queuePackets {
		t.Errorf("%d packets were kept, want %d", kept, queuePackets)
	}
}

func TestOldPacketsAreNotReleased(t *testing.T) {
	s := newBench(t)
	s.protect(1, trap)
	s.device.put(datagram(0, 10))
	s.run()
	s.clock = s.clock.Add(queueLife - time.Second)
	s.device.put(datagram(1, 10))
	s.run()
	s.clock = s.clock.Add(time.Second)
	s.loop(1, nil)
	s.run()
	s.HandleESP(s.network.take())
	s.expect(1, func(int) []byte { return datagram(1, 10) })
	s.dropped(map[esp.Drop]uint64{esp.ErrNoSA: 1})
}

func TestOldPacketsMakeRoom(t *testing.T) {
	s := newBench(t)
	s.protect(1, trap)
	for range queuePerPolicy {
		s.device.put(datagram(0, 10))
	}
	s.run()
	s.clock = s.clock.Add(queueLife)
	for range 2 { // the first is dropped, and finds that the others are old
		s.device.put(datagram(1, 10))
	}
	s.run()
	s.loop(1, nil)
	s.run()
	s.HandleESP(s.network.take())
	s.expect(1, func(int) []byte { return datagram(1, 10) })
	s.dropped(map[esp.Drop]uint64{esp.ErrNoSA: queuePerPolicy + 1})
}

func TestPolicyThatIsRemovedLeavesItsQueueBehind(t *testing.T) {
	s := newBench(t)
	s.protect(1, trap)
	s.device.put(datagram(0, 10))
	s.run()
	if err := s.RemovePolicy(1); err != nil {
		t.Fatal(err)
	}
	s.tx.release()
	s.run()
	s.dropped(map[esp.Drop]uint64{esp.ErrNoPolicy: 1})
	if got := len(s.tx.waiting.packets); got != 0 {
		t.Errorf("%d packets wait for nothing", got)
	}
}

// A worker is woken for a new SA only if it holds packets. One that takes a packet while the SA comes looks again.
func TestWorkerIsWokenForWhatItHolds(t *testing.T) {
	s := newBench(t)
	s.protect(1, trap)
	s.run()
	if s.device.wakes != 0 {
		t.Errorf("woken %d times with nothing to send", s.device.wakes)
	}
	s.device.put(datagram(0, 10))
	s.run()
	s.loop(1, nil)
	if s.device.wakes != 1 {
		t.Errorf("woken %d times with a packet that waits, want once", s.device.wakes)
	}
	s.run()
	s.protect(2, func(p *dataplane.Policy) { p.Trap, p.Priority = true, 1 })
	s.run()
	s.SetNotices(func(dataplane.Notice) { s.tx.release() }) // as if the SA came while the packet is put aside
	s.device.put(datagram(1, 10))
	if more := s.tx.step(); !more {
		t.Error("the worker sleeps over a packet that may go")
	}
}

// The policy of a child comes before its SA. A packet that waits for the child is not lost in between.
func TestPacketWaitsThroughThePolicyOfItsChild(t *testing.T) {
	s := newBench(t)
	s.protect(1, trap)
	s.device.put(datagram(0, 10))
	s.run()
	s.protect(2, func(p *dataplane.Policy) { p.Priority = 1 })
	s.run()
	s.loop(2, nil)
	s.run()
	s.HandleESP(s.network.take())
	s.expect(1, func(int) []byte { return datagram(0, 10) })
	s.dropped(nil)
}
