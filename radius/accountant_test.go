package radius

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	foreign "layeh.com/radius"
	"layeh.com/radius/rfc2866"
	"layeh.com/radius/rfc2869"
)

func account(session string) Account {
	return Account{
		User: "carol", Line: Line{Connection: "road", Session: session, Remote: netip.MustParseAddrPort("198.51.100.7:4500")},
		Class: [][]byte{[]byte("opaque")}, Addresses: []netip.Addr{netip.MustParseAddr("10.9.0.7"), netip.MustParseAddr("2001:db8::7")},
	}
}

// accounting runs a test with an accountant in a bubble.
func accounting(t *testing.T, f *fakeServer, test func(t *testing.T, a *Accountant)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		g := NewGroup("corp", restTime, f.configured("a"))
		a := NewAccountant(g, testNAS())
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			a.Run(ctx)
			close(done)
		}()
		test(t, a)
		cancel()
		<-done
		g.Retire()
		synctest.Wait()
	})
}

func TestRecordsOfASession(t *testing.T) {
	f := newFake(t, acknowledge)
	accounting(t, f, func(t *testing.T, a *Accountant) {
		used := Usage{InOctets: 5<<32 + 17, OutOctets: 23, InPackets: 4, OutPackets: 3, Time: time.Hour}
		a.Add(Record{Status: AccountingOn, Time: time.Now()})
		a.Add(Record{Status: Start, Account: account("s1"), Time: time.Now()})
		a.Add(Record{Status: Stop, Account: account("s1"), Time: time.Now(), Usage: used, Cause: IdleTimedOut})
		a.Flush(t.Context())
		seen := f.requests()
		if len(seen) != 3 {
			t.Fatalf("%d records", len(seen))
		}
		for i, raw := range f.raw {
			if !foreign.IsAuthenticRequest(raw, []byte(testSecret)) {
				t.Errorf("the authenticator of record %d does not fit", i)
			}
		}
		for i, want := range []rfc2866.AcctStatusType{rfc2866.AcctStatusType_Value_AccountingOn, rfc2866.AcctStatusType_Value_Start, rfc2866.AcctStatusType_Value_Stop} {
			if got := rfc2866.AcctStatusType_Get(seen[i]); got != want {
				t.Errorf("record %d is %v, not %v", i, got, want)
			}
		}
		stop := seen[slices.IndexFunc(seen, func(p *foreign.Packet) bool {
			return rfc2866.AcctStatusType_Get(p) == rfc2866.AcctStatusType_Value_Stop
		})]
		if got := [...]uint32{
			uint32(rfc2866.AcctInputOctets_Get(stop)), uint32(rfc2869.AcctInputGigawords_Get(stop)), uint32(rfc2866.AcctOutputOctets_Get(stop)),
			uint32(rfc2866.AcctInputPackets_Get(stop)), uint32(rfc2866.AcctOutputPackets_Get(stop)), uint32(rfc2866.AcctSessionTime_Get(stop)),
			uint32(rfc2866.AcctTerminateCause_Get(stop)),
		}; got != [...]uint32{17, 5, 23, 4, 3, 3600, 4} {
			t.Errorf("stop has %v", got)
		}
		if string(stop.Get(25)) != "opaque" || string(stop.Get(8)) != "\x0a\x09\x00\x07" || len(stop.Get(168)) != 16 || string(stop.Get(44)) != "s1" {
			t.Error("Class, addresses or Acct-Session-Id are missing")
		}
	})
}

func TestRecordsWaitForAServer(t *testing.T) {
	var there atomic.Bool
	f := newFake(t, func(p *foreign.Packet) *foreign.Packet {
		if !there.Load() {
			return nil
		}
		return acknowledge(p)
	})
	accounting(t, f, func(t *testing.T, a *Accountant) {
		began := time.Now()
		a.Add(Record{Status: Start, Account: account("s1"), Time: began})
		time.Sleep(time.Minute)
		if waiting, _, trouble := a.State(); waiting != 1 || trouble == nil {
			t.Errorf("%d wait, trouble %v", waiting, trouble)
		}
		there.Store(true)
		a.Flush(t.Context())
		seen := f.requests()
		last := seen[len(seen)-1]
		delay := time.Duration(uint32Of(last, 41)) * time.Second
		if took := time.Since(began).Truncate(time.Second); delay == 0 || delay > took {
			t.Errorf("Acct-Delay-Time %v after %v", delay, took)
		}
		if at := uint32Of(last, 55); int64(at) != began.Unix() {
			t.Errorf("Event-Timestamp %d", at)
		}
		if _, lost, trouble := a.State(); lost != 0 || trouble != nil {
			t.Errorf("lost %d, trouble %v", lost, trouble)
		}
	})
}

func TestOrderWithinASessionIsKept(t *testing.T) {
	var order []rfc2866.AcctStatusType
	n := 0
	f := newFake(t, func(p *foreign.Packet) *foreign.Packet {
		if n++; n%3 == 1 {
			return nil // lost on the way: sent again
		}
		order = append(order, rfc2866.AcctStatusType_Get(p))
		return acknowledge(p)
	})
	accounting(t, f, func(t *testing.T, a *Accountant) {
		for _, s := range []Status{Start, Interim, Interim, Interim, Stop} {
			a.Add(Record{Status: s, Account: account("s1"), Time: time.Now()})
		}
		a.Flush(t.Context())
		if !slices.Equal(order, []rfc2866.AcctStatusType{1, 2}) {
			t.Errorf("got %v: start, then stop instead of the interim updates", order)
		}
	})
}

func TestOneSlowSessionDoesNotHoldUpOthers(t *testing.T) {
	f := newFake(t, func(p *foreign.Packet) *foreign.Packet {
		if string(p.Get(44)) == "slow" {
			return nil
		}
		return acknowledge(p)
	})
	accounting(t, f, func(t *testing.T, a *Accountant) {
		a.Add(Record{Status: Start, Account: account("slow"), Time: time.Now()})
		for i := range 20 {
			a.Add(Record{Status: Start, Account: account(fmt.Sprint(i)), Time: time.Now()})
		}
		synctest.Wait()
		if waiting, _, _ := a.State(); waiting != 1 {
			t.Errorf("%d records wait", waiting)
		}
	})
}

func TestQueueIsBounded(t *testing.T) {
	accounting(t, newFake(t, silence), func(t *testing.T, a *Accountant) {
		a.Add(Record{Status: Interim, Account: account("first"), Time: time.Now()})
		for i := range maxRecords + 100 {
			a.Add(Record{Status: Stop, Account: account(fmt.Sprint(i)), Time: time.Now()})
		}
		if waiting, lost, _ := a.State(); waiting > maxRecords+maxAtOnce || lost < 100-maxAtOnce {
			t.Errorf("%d wait, %d lost", waiting, lost)
		}
	})
}

func TestFlushEndsWithItsContext(t *testing.T) {
	accounting(t, newFake(t, silence), func(t *testing.T, a *Accountant) {
		a.Add(Record{Status: AccountingOff, Time: time.Now()})
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		a.Flush(ctx)
		if took := time.Since(began); took != 2*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}
