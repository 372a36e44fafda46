package soak_test

import (
	"encoding/binary"
	"fmt"
	"testing"
	"time"
)

// A tally is what a receiver knows of a numbered stream. Numbers begin with 0.
type tally struct {
	seen       []uint64 // a bit for each number
	next       uint64   // one more than the highest number that came
	delivered  uint64   // numbers that came
	reordered  uint64   // came behind a higher one
	duplicated uint64   // came again
	damaged    uint64   // were not what was sent
	last       time.Time
	silence    time.Duration // the longest time between two arrivals
}

// note takes a datagram that arrived.
func (t *tally) note(now time.Time, datagram []byte) {
	number, ok := numberOf(datagram)
	if !ok {
		t.damaged++
		return
	}
	if !t.last.IsZero() {
		t.silence = max(t.silence, now.Sub(t.last))
	}
	t.last = now
	word, bit := number/64, uint64(1)<<(number%64)
	for uint64(len(t.seen)) <= word {
		t.seen = append(t.seen, 0)
	}
	switch {
	case t.seen[word]&bit != 0:
		t.duplicated++
		return
	case number < t.next:
		t.reordered++
	default:
		t.next = number + 1
	}
	t.seen[word] |= bit
	t.delivered++
}

// write gives a datagram its number, at both ends so that parts of two are told from one whole.
func write(datagram []byte, number uint64) {
	binary.BigEndian.PutUint64(datagram, number)
	binary.BigEndian.PutUint64(datagram[len(datagram)-8:], number)
}

// numberOf returns the number of a datagram, if it has the same at both ends and it is one that a test may reach.
func numberOf(datagram []byte) (number uint64, ok bool) {
	if len(datagram) < 16 {
		return 0, false
	}
	number = binary.BigEndian.Uint64(datagram)
	return number, number == binary.BigEndian.Uint64(datagram[len(datagram)-8:]) && number < 1<<40
}

// A result is what became of a stream.
type result struct {
	name                                            string
	sent, delivered, reordered, duplicated, damaged uint64
	refused                                         uint64        // the host did not take them; none of those sent
	silence                                         time.Duration // the longest time between two arrivals
	took                                            time.Duration
}

func (r result) lost() uint64 { return r.sent - r.delivered }

func (r result) String() string {
	return fmt.Sprintf("%-14s sent %8d  delivered %8d  lost %5d  reordered %4d  duplicated %d  refused %d  longest silence %6.1f ms  %6.0f packets/s",
		r.name, r.sent, r.delivered, r.lost(), r.reordered, r.duplicated, r.refused, r.silence.Seconds()*1e3, float64(r.delivered)/r.took.Seconds())
}

// whole tells whether everything came, once and as it was sent.
func (r result) whole() bool {
	return r.sent > 0 && r.lost() == 0 && r.duplicated == 0 && r.damaged == 0
}

func TestTallyTellsWhatHappened(t *testing.T) {
	tests := []struct {
		name    string
		numbers []uint64
		want    tally
	}{
		{"in order", []uint64{0, 1, 2}, tally{next: 3, delivered: 3}},
		{"a loss", []uint64{0, 2}, tally{next: 3, delivered: 2}},
		{"overtaken", []uint64{0, 2, 1}, tally{next: 3, delivered: 3, reordered: 1}},
		{"twice", []uint64{0, 1, 1}, tally{next: 2, delivered: 2, duplicated: 1}},
		{"twice, the second time late", []uint64{0, 1, 200, 1}, tally{next: 201, delivered: 3, duplicated: 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got tally
			datagram := make([]byte, 64)
			for _, n := range tt.numbers {
				write(datagram, n)
				got.note(time.Time{}, datagram)
			}
			got.seen = nil
			if fmt.Sprint(got) != fmt.Sprint(tt.want) {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestTallyTellsDamage(t *testing.T) {
	var got tally
	whole := make([]byte, 64)
	write(whole, 7)
	for _, bad := range [][]byte{whole[:15], whole[:40], append(whole[:56:56], make([]byte, 8)...)} {
		got.note(time.Time{}, bad)
	}
	if got.damaged != 3 || got.delivered != 0 {
		t.Errorf("got %+v", got)
	}
}

func TestSilenceIsTheLongestGap(t *testing.T) {
	var got tally
	start, datagram := time.Unix(0, 0), make([]byte, 64)
	for i, at := range []time.Duration{time.Second, 3 * time.Second, 4 * time.Second} {
		write(datagram, uint64(i))
		got.note(start.Add(at), datagram)
	}
	if got.silence != 2*time.Second {
		t.Errorf("got %v", got.silence)
	}
}
