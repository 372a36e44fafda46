package user

import (
	"sync/atomic"

	"culvert/dataplane"
)

// A worker carries packets between one queue of the device and one part of the network: a thread of its own sends, whoever
// calls HandleESP receives. Workers share SAs and policies, and nothing that changes with each packet but the counters of an
// SA that several use.
type worker struct {
	index   int
	drops   drops
	changed [changes]atomic.Uint64
	tx      transmitter
	rx      receiver
}

func newWorker(b *Backend, index int, s dataplane.Sender) *worker {
	w := &worker{index: index}
	w.tx.init(b, w, s)
	w.rx.init(b, w)
	return w
}

// Resources is that of dataplane.Resources: the number of workers.
func (b *Backend) Resources() int { return len(b.workers) }

// release lets all workers try again what waits for an SA.
func (b *Backend) release() {
	for _, w := range b.workers {
		w.tx.release()
	}
}

// afterSending runs f when no worker sends any longer what it found before, afterReceiving the same of receiving.
func (b *Backend) afterSending(f func())   { after(f, b.sending) }
func (b *Backend) afterReceiving(f func()) { after(f, b.receiving) }
