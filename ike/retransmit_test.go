package ike

import (
	"bytes"
	"math"
	"strings"
	"testing"
	"time"

	"culvert/explain"
	"culvert/wire"
)

func TestRetransmissionsBackOffUntilTheSAIsDead(t *testing.T) {
	a, _, _ := newEchoPair(t)
	a.conn.Retransmit = Retransmit{Timeout: time.Second, Base: 2, Max: 5 * time.Second, Tries: 4}
	tasks, requests := ask(a, "one")
	var at []time.Duration
	for a.state == StateEstablished {
		now := a.Deadline()
		for _, s := range sendsOf(a.Handle(now, TimerDue{})) {
			at = append(at, now.Sub(startOfTime))
			if !bytes.Equal(s.Datagrams[0], requests[0].Datagrams[0]) {
				t.Error("a retransmission is not bitwise identical (RFC 7296, Section 2.1)")
			}
		}
	}
	want := []time.Duration{1 * time.Second, 3 * time.Second, 7 * time.Second, 12 * time.Second}
	if len(at) != len(want) {
		t.Fatalf("sent again at %v", at)
	}
	for i := range want {
		if at[i] != want[i] {
			t.Errorf("retransmission %d at %v, want %v", i, at[i], want[i])
		}
	}
	if got := a.now.Sub(startOfTime); got != 17*time.Second || tasks[0].lost == nil {
		t.Errorf("dead after %v, task told %v", got, tasks[0].lost)
	}
}

func TestDeadPeerIsExplained(t *testing.T) {
	n, a, _ := gateways(t, nil)
	n.tap = func(from, to *testNode, d []byte) [][]byte { return nil }
	n.do(a, initiate(a))
	n.elapse(10 * time.Minute)
	f := a.failure(t, NewsClosed)
	if f.Code != explain.IKETimeout || !strings.Contains(f.Error(), "192.0.2.2:500") || !strings.Contains(f.Error(), "IKE_SA_INIT") {
		t.Errorf("closed with %v", f)
	}
	if a.shard.Len() != 0 {
		t.Error("the SA is still there")
	}
	if got := len(a.of(NewsRetransmitted)); got != defaultTries {
		t.Errorf("%d retransmissions", got)
	}
}

func TestDefaultRetransmissionTakesMinutes(t *testing.T) {
	if total := (Retransmit{}).Total(); total < 3*time.Minute || total > 6*time.Minute || defaultTries < 12 {
		t.Errorf("%v; RFC 7296, Section 2.4 suggests a dozen times over several minutes", total)
	}
}

func TestJitterStaysInItsBounds(t *testing.T) {
	sa := &SA{env: testEnv(1)}
	low, high := time.Duration(math.MaxInt64), time.Duration(0)
	for range 1000 {
		d := sa.jitter(time.Second, 20)
		low, high = min(low, d), max(high, d)
	}
	if low < 800*time.Millisecond || high > 1200*time.Millisecond || high-low < 300*time.Millisecond {
		t.Errorf("from %v to %v", low, high)
	}
	if got := sa.jitter(time.Second, 0); got != time.Second {
		t.Errorf("%v without jitter", got)
	}
}

func TestEveryIntervalIsPositiveAndBounded(t *testing.T) {
	for _, r := range []Retransmit{{}, {Base: 10, Tries: 60}, {Timeout: time.Hour}, {Base: 1, Max: time.Millisecond}} {
		r = r.WithDefaults()
		for n := range r.Tries + 1 {
			if d := r.interval(n); d <= 0 || d > max(r.Max, 1) {
				t.Errorf("%+v: interval %d is %v", r, n, d)
			}
		}
	}
}

func TestMessageIDsRunOut(t *testing.T) {
	a, b, _ := newEchoPair(t)
	a.requests.next, b.responses.base = lastMessageID-1, lastMessageID-1
	tasks, requests := ask(a, "the last")
	if a.state != StateClosed {
		t.Errorf("state %v after Message ID %d", a.state, a.requests.next)
	}
	if h, _ := wire.ParseHeader(requests[0].Datagrams[0]); h.MessageID != lastMessageID-1 {
		t.Errorf("Message ID %d", h.MessageID)
	}
	if tasks[0].lost == nil {
		t.Error("the task is not told")
	}
}

func TestMessageIDsRunningLowHaveTheSAReplaced(t *testing.T) {
	a, _, _ := newEchoPair(t)
	a.requests.next = rekeyMessageID - 1
	ask(a, "one")
	found := false
	for _, task := range a.tasks {
		_, ok := task.(*rekeyIKE)
		found = found || ok
	}
	if !found || a.state != StateEstablished {
		t.Errorf("tasks %v, state %v (RFC 7296, Section 2.2)", a.tasks, a.state)
	}
}
