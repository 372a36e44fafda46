package memo

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestBounds(t *testing.T) {
	m := New[int](Limits{Entries: 3, Octets: 100})
	now := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	name := func(i int) Key { return KeyOf("crl", fmt.Sprint(i)) }
	has := func(i int) bool { _, ok := m.Get(name(i), now); return ok }
	for i := range 5 {
		m.Put(name(i), i, 10, now.Add(time.Duration(i+1)*time.Hour))
	}
	if len(m.entries) != 3 || has(0) || has(1) || !has(4) {
		t.Errorf("%d values", len(m.entries))
	}
	m.Put(name(9), 9, 85, now.Add(time.Hour))
	if m.octets > 100 || !has(9) || len(m.entries) != 2 {
		t.Errorf("%d octets in %d values", m.octets, len(m.entries))
	}
	m.Put(name(9), 9, 5, now.Add(time.Hour))
	if m.octets != 15 {
		t.Errorf("%d octets after a value was replaced", m.octets)
	}
	m.Put(name(10), 10, 101, now.Add(time.Hour))
	if has(10) || !has(9) {
		t.Error("what is larger than the memo is kept, or drives out others")
	}
	if _, ok := m.Get(name(9), now.Add(time.Hour)); ok {
		t.Error("a value outlives itself")
	}
}

func TestKeysTellPartsApart(t *testing.T) {
	if KeyOf("a", "bc") == KeyOf("ab", "c") || KeyOf("a") == KeyOf("a", "") {
		t.Error("parts run together")
	}
}

// TestOneFlightForMany: who asks for the same at the same time shares one; who gives up disturbs nobody.
func TestOneFlightForMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := New[int](Limits{})
		runs := 0
		work := func() int { runs++; time.Sleep(time.Second); return 7 }
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := m.Do(gone, KeyOf("x"), work); !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				if v, err := m.Do(t.Context(), KeyOf("x"), work); v != 7 || err != nil {
					t.Errorf("%d, %v", v, err)
				}
			})
		}
		all.Wait()
		if runs != 1 || len(m.flights) != 0 {
			t.Errorf("%d runs, %d left", runs, len(m.flights))
		}
	})
}

// TestFetchesAtATime: the number of flights is bounded.
func TestFetchesAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := New[int](Limits{Fetches: 2})
		var mu sync.Mutex
		running, most := 0, 0
		var all sync.WaitGroup
		for i := range 10 {
			all.Go(func() {
				m.Do(t.Context(), KeyOf(fmt.Sprint(i)), func() int {
					mu.Lock()
					running++
					most = max(most, running)
					mu.Unlock()
					time.Sleep(time.Second)
					mu.Lock()
					running--
					mu.Unlock()
					return 0
				})
			})
		}
		all.Wait()
		if most != 2 || len(m.flights) != 0 {
			t.Errorf("%d at a time, %d left", most, len(m.flights))
		}
	})
}

func TestClearForgetsEverything(t *testing.T) {
	m := New[int](Limits{})
	now := time.Unix(1000, 0)
	m.Put(KeyOf("a"), 1, 10, now.Add(time.Hour))
	m.Clear()
	if _, ok := m.Get(KeyOf("a"), now); ok || m.octets != 0 {
		t.Errorf("%d octets are left, found: %v", m.octets, ok)
	}
}
