package fair

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"time"

	"culvert/dataplane"
)

// putTest puts a packet of n octets into a line, and reports whether there was room. The packet says whose it is, and its number.
func (q *Queue) putTest(policy dataplane.PolicyID, flow, number uint32, n int, now time.Duration) bool {
	raw := q.Room()
	if raw == nil {
		return false
	}
	binary.BigEndian.PutUint32(raw, uint32(policy))
	binary.BigEndian.PutUint32(raw[4:], flow)
	binary.BigEndian.PutUint32(raw[8:], number)
	q.Put(policy, flow<<24, n, now)
	return true
}

// owner reads back what putTest wrote.
func owner(raw []byte) (policy dataplane.PolicyID, flow, number uint32) {
	return dataplane.PolicyID(binary.BigEndian.Uint32(raw)), binary.BigEndian.Uint32(raw[4:]), binary.BigEndian.Uint32(raw[8:])
}

// Children that all have enough waiting get the same number of octets, whatever their packets and flows are like.
func TestSharesOfChildrenAreEqual(t *testing.T) {
	children := []struct{ flows, octets int }{{1, 1400}, {1, 100}, {20, 1400}, {3, 60000}, {32, 200}}
	q := New()
	waiting, sent := make([]int, len(children)), make([]int, len(children))
	refill := func() {
		for c, like := range children {
			for waiting[c] < max(4, 2*quantum/like.octets) {
				if !q.putTest(dataplane.PolicyID(c+1), uint32(rand.IntN(like.flows)), 0, like.octets, time.Second) {
					return // seldom: few packets, but some in each chunk
				}
				waiting[c]++
			}
		}
	}
	total := 0
	for total < 400<<20 {
		refill()
		raw, stands := q.Next(time.Second, false)
		if stands {
			t.Fatal("a packet that did not wait was given up")
		}
		policy, _, _ := owner(raw)
		waiting[policy-1]--
		sent[policy-1] += len(raw)
		total += len(raw)
		q.Sent()
	}
	for c, n := range sent {
		if share := float64(n) * float64(len(children)) / float64(total); share < 0.9 || share > 1.1 {
			t.Errorf("child %d, %+v: %.2f of its share", c, children[c], share)
		}
	}
}

// Whatever comes and goes, packets of a flow leave in their order, each once, and the store is empty in the end.
func TestFlowsKeepTheirOrder(t *testing.T) {
	type flow struct {
		policy dataplane.PolicyID
		flow   uint32
	}
	random := rand.New(rand.NewPCG(1, 2))
	q := New()
	put, got := map[flow]uint32{}, map[flow]uint32{}
	check := func(raw []byte) {
		policy, of, number := owner(raw)
		if k := (flow{policy, of}); number < got[k] {
			t.Fatalf("%+v: packet %d comes after %d", k, number, got[k])
		} else {
			got[k] = number + 1
		}
	}
	packets, seen := 0, 0
	for step := range 200_000 {
		now := time.Second + time.Duration(step)*time.Microsecond
		if random.IntN(2*maxPackets) > q.count+maxPackets/2 || q.count == 0 {
			k := flow{dataplane.PolicyID(random.IntN(100)), uint32(random.IntN(flows))}
			if q.putTest(k.policy, k.flow, put[k], 40+random.IntN(1400), now) {
				put[k]++
				packets++
				continue
			}
			check(q.Fattest())
		} else {
			raw, _ := q.Next(now, false)
			check(raw)
		}
		seen++
		q.Sent()
	}
	for raw, _ := q.Next(time.Minute, false); raw != nil; raw, _ = q.Next(time.Minute, false) {
		check(raw)
		seen++
		q.Sent()
	}
	if seen != packets || q.count != 0 || q.active != 0 {
		t.Errorf("%d of %d packets left; %d packets, %d children still there", seen, packets, q.count, q.active)
	}
	free := 0
	for n := q.free; n != 0; n = q.packets[n-1].next {
		free++
	}
	if free != maxPackets || len(q.chunks) != maxChunks {
		t.Errorf("%d places and %d chunks are free again, want %d and %d", free, len(q.chunks), maxPackets, maxChunks)
	}
}

func TestSparseFlowDoesNotWait(t *testing.T) {
	q := New()
	for i := range uint32(200) {
		q.putTest(1, 0, i, 1400, time.Second)
	}
	for range 60 { // beyond what a new line may send before others
		q.Next(time.Second, false)
	}
	q.putTest(1, 7, 0, 84, time.Second)
	if raw, _ := q.Next(time.Second, false); len(raw) != 84 {
		t.Error("a flow of one packet waits behind a flood")
	}
}

func TestFullStoreTakesFromWhoHasMost(t *testing.T) {
	q := New()
	q.putTest(1, 0, 0, 84, time.Second)
	for i := uint32(0); q.putTest(2, 0, i, 1400, time.Second); i++ {
	}
	if q.count > maxPackets {
		t.Errorf("%d packets", q.count)
	}
	for n := uint32(0); q.Room() == nil; n++ {
		if policy, _, number := owner(q.Fattest()); policy != 2 || number != n {
			t.Fatalf("packet %d of child %d was taken, want %d of child 2", number, policy, n)
		}
		q.Sent()
	}
	if q.count < maxPackets/2 {
		t.Errorf("%d packets left", q.count)
	}
}

func TestStoreIsBounded(t *testing.T) {
	for _, n := range []int{1, 1400, PacketSize} {
		q := New()
		count := 0
		for q.putTest(1, 0, 0, n, 0) {
			count++
		}
		if count > maxPackets || count*n > maxChunks*chunkSize || n == 1 && count != maxPackets || count < 4*maxChunks {
			t.Errorf("%d packets of %d octets", count, n)
		}
	}
}

func TestQueueDoesNotAllocate(t *testing.T) {
	q := New()
	run := func() {
		for i := range uint32(300) {
			q.putTest(dataplane.PolicyID(i%40), i, 0, 1000, time.Second)
		}
		for raw, _ := q.Next(time.Second, false); raw != nil; raw, _ = q.Next(time.Second, false) {
		}
		q.Sent()
	}
	run()
	if n := testing.AllocsPerRun(50, run); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
