package sim

import (
	"hash/maphash"
	"time"

	"culvert/dataplane"
	"culvert/ike"
	"culvert/wire"
)

// An account follows the datagrams of a node's life: what arrives must be accounted for, and requests must not be repeated
// more often, or sooner, than configured (RFC 7296, Section 2.4), and not at all within a stream (RFC 9329, Section 6.2).
type account struct {
	seed      maphash.Seed
	requests  map[sending]*repeats
	repeated  int // old answers sent again
	answering bool
}

// A sending is a request by its octets, and the stream in which it went.
type sending struct {
	octets uint64
	stream dataplane.Path // zero: none
}

// repeats is how often a request was sent, and when last.
type repeats struct {
	times int
	last  time.Time
}

func newAccount() account {
	return account{seed: maphash.MakeSeed(), requests: map[sending]*repeats{}}
}

// sent takes note of a datagram that leaves.
func (c *account) sent(n *Node, path dataplane.Path, datagram []byte) {
	h, err := wire.ParseHeader(datagram)
	if err != nil || h.IsResponse() {
		return
	}
	key := sending{octets: maphash.Bytes(c.seed, datagram)}
	if path.Transport == dataplane.TransportTCP {
		key.stream = path
	}
	r := c.requests[key]
	if r == nil {
		c.requests[key] = &repeats{1, n.lab.now}
		return
	}
	r.times++
	tries, gap := n.patience()
	if key.stream.Remote.IsValid() {
		tries = 0
	}
	if r.times > tries+1 {
		n.lab.Problem("%s sends %v request %d for the %d. time", n.Name, h.Exchange, h.MessageID, r.times)
	}
	if waited := n.lab.now.Sub(r.last); waited < gap {
		n.lab.Problem("%s repeats %v request %d after %v", n.Name, h.Exchange, h.MessageID, waited)
	}
	r.last = n.lab.now
}

// patience is what the configuration allows: the most retransmissions, and the shortest time between them.
func (n *Node) patience() (tries int, gap time.Duration) {
	for i, conn := range n.conns {
		r := conn.Retransmit.WithDefaults()
		shortest := r.Timeout * time.Duration(100-r.Jitter) / 100
		if tries = max(tries, r.Tries); i == 0 || shortest < gap {
			gap = shortest
		}
	}
	return tries, gap
}

// told takes note of news: an old answer is sent again when its request comes again.
func (c *account) told(news ike.News) {
	if c.answering && news.Kind == ike.NewsRetransmitted && news.Message == "" {
		c.repeated++
	}
}

// took has a shard take a datagram, and sees that it is accounted for: handled, dropped for a reason, or answered again. Only
// of fragments several make one message.
func (n *Node) took(s *ike.Shard, ev ike.MessageReceived) {
	c := &n.core.account
	before := c.known(s)
	c.answering = true
	n.handle(s, ev)
	c.answering = false
	h, err := wire.ParseHeader(ev.Datagram)
	fragment := err == nil && h.NextPayload == wire.PayloadSKF
	if known := c.known(s) - before; known > 1 || known == 0 && !fragment {
		n.lab.Problem("%s accounts %d times for %v, response %v, Message ID %d", n.Name, known, h.Exchange, h.IsResponse(), h.MessageID)
	}
}

// known counts the datagrams that a shard accounts for.
func (c *account) known(s *ike.Shard) int {
	stats, n := s.Stats(), c.repeated
	for _, v := range stats.Received {
		n += int(v)
	}
	for _, v := range stats.Dropped {
		n += int(v)
	}
	return n
}
