package ike

import (
	"bytes"
	"slices"
	"testing"
	"time"
)

// newFragmentPair returns two established SAs that have negotiated fragmentation; b answers echoes.
func newFragmentPair(t testing.TB) (a, b *SA, e *echo) {
	a, b, e = newEchoPair(t)
	a.peer.fragmentation, b.peer.fragmentation = true, true
	return a, b, e
}

// long is a text that needs n octets.
func long(n int) string { return string(bytes.Repeat([]byte("x"), n)) }

func TestLargeMessagesAreFragmentedBothWays(t *testing.T) {
	a, b, e := newFragmentPair(t)
	tasks, requests := ask(a, long(3000))
	if len(requests) != 1 || len(requests[0].Datagrams) != 3 {
		t.Fatalf("sent in %d datagrams", len(requests[0].Datagrams))
	}
	for _, d := range requests[0].Datagrams {
		if len(d) > firstDatagram-ipv4Headers-nonESPMarker {
			t.Errorf("datagram of %d octets", len(d))
		}
	}
	answers := deliver(b, requests[0])
	if len(e.got) != 1 || len(answers) != 1 || len(answers[0].Datagrams) != 3 {
		t.Fatalf("handled %d, answers %d", len(e.got), len(answers))
	}
	slices.Reverse(answers[0].Datagrams)
	deliver(a, answers[0])
	if len(tasks[0].answers) != 1 || tasks[0].answers[0] != long(3000) {
		t.Error("the answer did not arrive")
	}
	if len(a.fragments)+len(b.fragments) != 0 || !a.timers.at(timerReassembly, 0).IsZero() {
		t.Error("fragments are left")
	}
}

func TestFragmentSizeFollowsFamilyAndConfiguration(t *testing.T) {
	for _, tt := range []struct {
		name   string
		remote string
		change func(*SA)
		want   int
	}{
		{"IPv4", "192.0.2.2:500", nil, 1280 - 28 - 4},
		{"IPv6", "[2001:db8::2]:500", nil, 1280 - 48 - 4},
		{"configured", "192.0.2.2:500", func(sa *SA) { sa.conn.FragmentSize = 700 }, 700},
		{"forced", "192.0.2.2:500", func(sa *SA) { sa.conn.Fragmentation = FragmentForce }, 576 - 28 - 4},
		{"learnt", "192.0.2.2:500", func(sa *SA) { sa.fragmentSize = 600 }, 600},
		{"not negotiated", "192.0.2.2:500", func(sa *SA) { sa.peer.fragmentation = false }, 0},
		{"accepted only", "192.0.2.2:500", func(sa *SA) { sa.conn.Fragmentation = FragmentAccept }, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sa, _, _ := newFragmentPair(t)
			sa.path.Remote = mustAddrPort(tt.remote)
			if tt.change != nil {
				tt.change(sa)
			}
			if got := sa.fragmentLimit(); got != tt.want {
				t.Errorf("limit %d, want %d", got, tt.want)
			}
		})
	}
}

// TestDuplicateFragments sends every fragment again after the answer: only the first one has the answer repeated (RFC 7383,
// Section 2.6.1).
func TestDuplicateFragments(t *testing.T) {
	a, b, e := newFragmentPair(t)
	_, requests := ask(a, long(3000))
	first := deliver(b, requests[0])
	for i, d := range requests[0].Datagrams {
		again := deliver(b, Send{Path: requests[0].Path, Datagrams: [][]byte{d}})
		if want := i == 0; (len(again) == 1) != want {
			t.Errorf("fragment %d again: %d answers", i+1, len(again))
		} else if want && !slices.EqualFunc(again[0].Datagrams, first[0].Datagrams, bytes.Equal) {
			t.Error("the repeated answer is another one")
		}
	}
	if len(e.got) != 1 {
		t.Errorf("handled %d times", len(e.got))
	}
}

func TestFragmentsThatNeverCompleteAreForgotten(t *testing.T) {
	a, b, e := newFragmentPair(t)
	_, requests := ask(a, long(3000))
	some := Send{Path: requests[0].Path, Datagrams: requests[0].Datagrams[:2]}
	deliver(b, some)
	if len(b.fragments) != 1 {
		t.Fatal("no fragments are kept")
	}
	b.Handle(startOfTime.Add(reassemblyTime), TimerDue{})
	if len(b.fragments) != 0 {
		t.Error("fragments are kept for ever")
	}
	if b.state != StateEstablished {
		t.Error("the SA suffers from a request that did not arrive (RFC 7383, Section 2.6)")
	}
	deliver(b, requests[0])
	if len(e.got) != 1 {
		t.Error("the retransmission is not handled")
	}
}

func TestUnauthenticatedFragmentsAreBounded(t *testing.T) {
	a, b, _ := newFragmentPair(t)
	b.state, b.initial = StateAuthenticating, &initialState{}
	a.fragmentSize = 1200
	_, requests := ask(a, long(60000))
	held := 0
	for _, d := range requests[0].Datagrams[:len(requests[0].Datagrams)-1] {
		deliver(b, Send{Path: requests[0].Path, Datagrams: [][]byte{d}})
		for _, r := range b.fragments {
			held = max(held, r.total)
		}
	}
	if held > maxUnauthenticated || held < maxUnauthenticated/2 {
		t.Errorf("%d octets were kept for a peer that has not authenticated", held)
	}
}

// TestForgedFragments are refused without leaving anything behind.
func TestForgedFragments(t *testing.T) {
	for _, tt := range []struct {
		name  string
		forge func([]byte)
	}{
		{"checksum", func(d []byte) { d[len(d)-1] ^= 1 }},
		{"number zero", func(d []byte) { d[33] = 0 }},
		{"number above total", func(d []byte) { d[33] = 9 }},
		{"total", func(d []byte) { d[35]++ }},
		{"message ID", func(d []byte) { d[23] ^= 1 }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, b, e := newFragmentPair(t)
			_, requests := ask(a, long(3000))
			forged := bytes.Clone(requests[0].Datagrams[0])
			tt.forge(forged)
			if sent := deliver(b, Send{Path: requests[0].Path, Datagrams: [][]byte{forged}}); len(sent) != 0 || len(b.fragments) != 0 {
				t.Error("answered or kept")
			}
			deliver(b, requests[0])
			if len(e.got) != 1 {
				t.Error("the true fragments are not taken any more")
			}
		})
	}
}

// TestUnansweredRequestIsCutSmaller follows the search for the path MTU (RFC 7383, Section 2.5.2).
func TestUnansweredRequestIsCutSmaller(t *testing.T) {
	a, b, e := newFragmentPair(t)
	_, requests := ask(a, long(2000))
	pass := func(s Send) []Send { // a path of 800 octets
		s.Datagrams = slices.DeleteFunc(slices.Clone(s.Datagrams), func(d []byte) bool { return len(d) > 800 })
		return deliver(b, s)
	}
	pass(requests[0])
	total := len(requests[0].Datagrams)
	for range 10 {
		for _, s := range sendsOf(a.Handle(a.Deadline(), TimerDue{})) {
			for _, answer := range pass(s) {
				deliver(a, answer)
				total = len(s.Datagrams)
			}
		}
	}
	if len(e.got) != 1 || len(a.requests.pending) != 0 {
		t.Fatalf("handled %d, pending %d", len(e.got), len(a.requests.pending))
	}
	if total <= len(requests[0].Datagrams) {
		t.Errorf("%d fragments after %d: the total has to grow", total, len(requests[0].Datagrams))
	}
	if limit := b.fragmentLimit(); limit > 800 || limit != a.fragmentLimit() && limit < smallestDatagram-ipv4Headers-nonESPMarker {
		t.Errorf("b has learnt a size of %d octets", limit)
	}
	if elapsed := a.now.Sub(startOfTime); elapsed > time.Minute {
		t.Errorf("it took %v", elapsed)
	}
}

func TestRequestIsNotCutWhenThatChangesNothing(t *testing.T) {
	for name, octets := range map[string]int{"small": 5, "as many fragments of the next size": 800} {
		t.Run(name, func(t *testing.T) { checkNotCut(t, octets) })
	}
}

func checkNotCut(t *testing.T, octets int) {
	a, _, _ := newFragmentPair(t)
	a.fragmentSize = 600
	_, requests := ask(a, long(octets))
	for range probeTries + 1 {
		for _, s := range sendsOf(a.Handle(a.Deadline(), TimerDue{})) {
			if !slices.EqualFunc(s.Datagrams, requests[0].Datagrams, bytes.Equal) {
				t.Error("a retransmission differs")
			}
		}
	}
}
