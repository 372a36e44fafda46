package api

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"pgregory.net/rapid"
)

func numbers(size int) *Feed[uint64] {
	return NewFeed(size, func(item *uint64, seq uint64) { *item = seq })
}

func TestReaderWaitsForTheNextItem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := numbers(4)
		got := make(chan uint64)
		for range 3 {
			go func() {
				n, _, err := f.Tail(0).Read(context.Background())
				if err != nil {
					t.Error(err)
				}
				got <- n
			}()
		}
		synctest.Wait() // all of them wait
		f.Publish(0)
		for range 3 {
			if n := <-got; n != 1 {
				t.Errorf("got item %d, want 1", n)
			}
		}
	})
}

func TestReadEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, err := numbers(4).Tail(0).Read(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestTailAndSinceBeginWhereTheySay(t *testing.T) {
	f := numbers(4)
	for range 10 {
		f.Publish(0) // 7 to 10 remain
	}
	tests := []struct {
		name   string
		reader *Reader[uint64]
		missed uint64
		first  uint64
	}{
		{"last two", f.Tail(2), 0, 9},
		{"more than there are", f.Tail(100), 0, 7},
		{"since one that is there", f.Since(8), 0, 9},
		{"since one that has gone", f.Since(3), 3, 7},
		{"since the beginning", f.Since(0), 6, 7},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n, missed, err := tt.reader.Read(context.Background())
			if missed > 0 {
				if missed != tt.missed {
					t.Errorf("missed %d, want %d", missed, tt.missed)
				}
				n, missed, err = tt.reader.Read(context.Background())
			} else if tt.missed > 0 {
				t.Error("no gap")
			}
			if n != tt.first || missed != 0 || err != nil {
				t.Errorf("got item %d, missed %d, error %v; want item %d", n, missed, err, tt.first)
			}
		})
	}
	if r := f.Since(1 << 60); r.next != 11 {
		t.Errorf("a reader from the future begins with %d, want the next item", r.next)
	}
}

// Whatever the order of writes and reads, a reader gets every item once and in order, or is told how many it has missed.
func TestReaderAccountsForEveryItem(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := numbers(rapid.IntRange(1, 8).Draw(t, "size"))
		r := f.Tail(0)
		expected := uint64(1)
		for _, publish := range rapid.SliceOfN(rapid.Bool(), 1, 100).Draw(t, "steps") {
			if publish {
				f.Publish(0)
				continue
			}
			n, missed, changed := r.take()
			switch {
			case changed != nil:
				if expected != f.Next() {
					t.Fatalf("waits at item %d although %d is next", expected, f.Next())
				}
			case missed > 0:
				expected += missed
			case n != expected:
				t.Fatalf("got item %d, want %d", n, expected)
			default:
				expected++
			}
		}
	})
}

func BenchmarkPublish(b *testing.B) {
	f := NewEventFeed(1024)
	b.ReportAllocs()
	for b.Loop() {
		f.Publish(Event{Kind: EventSent})
	}
}
