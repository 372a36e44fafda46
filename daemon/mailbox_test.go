package daemon

import (
	"slices"
	"sync"
	"testing"
)

func TestMailboxKeepsOrder(t *testing.T) {
	m := newMailbox[int]()
	var batch []int
	for round := range 3 {
		for i := range 4 {
			m.put(10*round + i)
		}
		<-m.ready
		batch = m.take(batch)
		if want := []int{10 * round, 10*round + 1, 10*round + 2, 10*round + 3}; !slices.Equal(batch, want) {
			t.Errorf("took %v, want %v", batch, want)
		}
	}
	if rest := m.take(nil); len(rest) != 0 {
		t.Errorf("left are %v", rest)
	}
}

func TestMailboxRefusesBeyondALimit(t *testing.T) {
	m := newMailbox[int]()
	for i := range 3 {
		if got, want := m.offer(i, 2), i < 2; got != want {
			t.Errorf("offer %d: %v", i, got)
		}
	}
	m.put(7) // what is not limited still fits
	if got := m.take(nil); !slices.Equal(got, []int{0, 1, 7}) {
		t.Errorf("took %v", got)
	}
	if !m.offer(9, 2) {
		t.Error("refused although it is empty")
	}
}

// What was taken is not kept from the garbage collector by the spare batch.
func TestMailboxForgetsWhatWasTaken(t *testing.T) {
	m := newMailbox[*int]()
	m.put(new(int))
	first := m.take(nil)
	m.put(new(int))
	m.take(first)
	if first[0] != nil {
		t.Error("the spare batch still holds an item")
	}
}

func TestMailboxOfManySenders(t *testing.T) {
	const senders, each = 8, 200
	m := newMailbox[int]()
	var wg sync.WaitGroup
	for range senders {
		wg.Go(func() {
			for i := range each {
				m.put(i)
			}
		})
	}
	var batch []int
	for got := 0; got < senders*each; {
		<-m.ready
		batch = m.take(batch)
		got += len(batch)
	}
	wg.Wait()
}
