package vici

import (
	"errors"
	"net"
	"sync"
	"time"
)

// The limits of what waits for a client. Events that all clients get are in memory once for all of them; there is room for two segments
// of full size. Answers are a client's own, and whoever writes them has time.
const (
	outboxLimit = 2 * (MaxSegment + 4)
	answerLimit = 8 << 10
)

// pieceSize is how much is written at a time: a client makes progress that takes so much within its time.
const pieceSize = 16 << 10

var errGone = errors.New("the client is gone")

// An outbox holds what waits to be written to a client, in its order. Answers wait for those before them, events of the daemon do not. A
// client that takes nothing for the time of patience is given up. It costs a goroutine only while something waits.
type outbox struct {
	conn     net.Conn
	patience time.Duration

	mu      sync.Mutex
	changed sync.Cond // there is room, or the client is gone
	waiting [][]byte
	size    int // octets of waiting, and of what is being written
	busy    bool
	gone    bool
	taken   time.Time // when the client last took something, or something came to wait for it
}

func newOutbox(conn net.Conn, patience time.Duration) *outbox {
	o := &outbox{conn: conn, patience: patience}
	o.changed.L = &o.mu
	return o
}

// send puts segments of an answer behind the others, once those are few.
func (o *outbox) send(segments []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	for !o.gone && !o.fits(segments, answerLimit) {
		o.changed.Wait()
	}
	if o.gone {
		return errGone
	}
	o.put(segments)
	return nil
}

// offer puts a segment behind the others if there is room now.
func (o *outbox) offer(segment []byte) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.gone || !o.fits(segment, outboxLimit) {
		return false
	}
	o.put(segment)
	return true
}

func (o *outbox) fits(segment []byte, limit int) bool {
	return o.size == 0 || o.size+len(segment) <= limit
}

func (o *outbox) put(segment []byte) {
	o.waiting = append(o.waiting, segment)
	o.size += len(segment)
	if !o.busy {
		o.busy, o.taken = true, time.Now()
		go o.write()
	}
}

// write writes until nothing waits, or the client is gone.
func (o *outbox) write() {
	for piece := o.next(0); piece != nil; piece = o.next(len(piece)) {
		err := o.conn.SetWriteDeadline(time.Now().Add(o.patience))
		if err == nil {
			_, err = o.conn.Write(piece)
		}
		if err != nil {
			o.close()
			return
		}
	}
}

// next takes note that octets were written, and returns what is to be written next, or nil.
func (o *outbox) next(written int) []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.size -= written; written > 0 {
		o.taken = time.Now()
		o.changed.Broadcast()
	}
	if len(o.waiting) == 0 || o.gone {
		o.busy, o.waiting = false, nil
		return nil
	}
	piece := o.waiting[0]
	if len(piece) <= pieceSize {
		o.waiting = o.waiting[1:]
		return piece
	}
	o.waiting[0] = piece[pieceSize:]
	return piece[:pieceSize]
}

// stalled returns how long a client has taken nothing of what waits for it.
func (o *outbox) stalled(now time.Time) time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.busy {
		return 0
	}
	return now.Sub(o.taken)
}

// close gives the client up, and whatever waits.
func (o *outbox) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.gone {
		o.gone, o.waiting = true, nil
		_ = o.conn.Close() // nobody is left to be told
		o.changed.Broadcast()
	}
}
