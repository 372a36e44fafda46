package vici

import (
	"errors"
	"net"
	"sync"
	"time"
)

// outboxLimit is how many octets may wait for a client: two segments of full size.
const outboxLimit = 2 * (MaxSegment + 4)

var errGone = errors.New("the client is gone")

// An outbox holds what waits to be written to a client, in its order. Answers wait for room in it, events of the daemon do not. A
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
}

func newOutbox(conn net.Conn, patience time.Duration) *outbox {
	o := &outbox{conn: conn, patience: patience}
	o.changed.L = &o.mu
	return o
}

// send puts a segment behind the others, once there is room.
func (o *outbox) send(segment []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	for !o.gone && !o.fits(segment) {
		o.changed.Wait()
	}
	if o.gone {
		return errGone
	}
	o.put(segment)
	return nil
}

// offer puts a segment behind the others if there is room now.
func (o *outbox) offer(segment []byte) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.gone || !o.fits(segment) {
		return false
	}
	o.put(segment)
	return true
}

func (o *outbox) fits(segment []byte) bool { return o.size == 0 || o.size+len(segment) <= outboxLimit }

func (o *outbox) put(segment []byte) {
	o.waiting = append(o.waiting, segment)
	o.size += len(segment)
	if !o.busy {
		o.busy = true
		go o.write()
	}
}

// write writes until nothing waits, or the client is gone.
func (o *outbox) write() {
	for segment := o.next(0); segment != nil; segment = o.next(len(segment)) {
		err := o.conn.SetWriteDeadline(time.Now().Add(o.patience))
		if err == nil {
			_, err = o.conn.Write(segment)
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
		o.changed.Broadcast()
	}
	if len(o.waiting) == 0 || o.gone {
		o.busy, o.waiting = false, nil
		return nil
	}
	segment := o.waiting[0]
	o.waiting = o.waiting[1:]
	return segment
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
