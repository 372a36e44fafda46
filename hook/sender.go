package hook

import (
	"context"
	"sync/atomic"
)

// maxDeliveries is how many deliveries wait for an endpoint. Further ones are counted.
const maxDeliveries = 1024

// A Sender brings deliveries to an endpoint one after the other. Offer and Missed are safe for concurrent use and never block.
type Sender struct {
	queue  chan Delivery
	missed atomic.Uint64
	tell   func(d Delivery, err error)
}

// NewSender returns a sender that tells what became of each delivery.
func NewSender(tell func(d Delivery, err error)) *Sender {
	return &Sender{queue: make(chan Delivery, maxDeliveries), tell: tell}
}

// Offer takes a delivery. If too many wait, it counts as missed.
func (s *Sender) Offer(d Delivery) {
	select {
	case s.queue <- d:
	default:
		s.lose(d)
	}
}

// Missed returns how many deliveries were not taken or have failed since it was asked last.
func (s *Sender) Missed() uint64 { return s.missed.Swap(0) }

// Skip counts n events that never became deliveries.
func (s *Sender) Skip(n uint64) { s.missed.Add(n) }

// Run delivers until ctx ends. What still waits when end is closed is delivered first.
func (s *Sender) Run(ctx context.Context, e *Endpoint, end <-chan struct{}) {
	defer e.Client.CloseIdleConnections()
	for {
		select {
		case d := <-s.queue:
			s.deliver(ctx, e, d)
			continue
		case <-ctx.Done():
			return
		default:
		}
		select {
		case d := <-s.queue:
			s.deliver(ctx, e, d)
		case <-ctx.Done():
			return
		case <-end:
			return
		}
	}
}

func (s *Sender) deliver(ctx context.Context, e *Endpoint, d Delivery) {
	err := e.Deliver(ctx, d)
	if err != nil {
		s.lose(d)
	}
	s.tell(d, err)
}

// lose counts a delivery that will not arrive, and those it was to tell of.
func (s *Sender) lose(d Delivery) { s.missed.Add(1 + d.Missed) }
