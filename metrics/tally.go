package metrics

import (
	"maps"
	"sync"

	"culvert/dataplane"
	"culvert/explain"
	"culvert/ike"
)

// A Tally counts what the state of a moment cannot tell: what happened, and what SAs have carried that are gone. It is safe for
// concurrent use. It holds something for each connection, child and code that is configured, for a bounded number of those that
// were and of peers, and for each policy that is there.
type Tally struct {
	peers int // that have series of their own

	mu     sync.Mutex
	owners map[dataplane.PolicyID]Owner
	counts Counts
	gone   Carried // of SAs that were removed
	shown  Carried // the highest so far

	retired []string // connections that are configured no longer, in the order in which they went
}

// Counts are what happened since the start, by name of the connection.
type Counts struct {
	Carried     Carried
	Connections map[string]Connection
	Failures    map[Pair]uint64 // by connection and code
	Rekeyed     map[Pair]uint64 // children
	Unlisted    uint64          // peers that came when there was no room for series of their own
}

// A Connection is what happened to one.
type Connection struct {
	Attempts, Established, Closed, Rekeyed, Retransmits, Moved uint64
	Handshakes                                                 Histogram
}

// NewTally returns a tally that tells so many peers apart.
func NewTally(peers int) *Tally {
	return &Tally{peers: peers, owners: map[dataplane.PolicyID]Owner{}, gone: newCarried(), shown: newCarried(),
		counts: Counts{Connections: map[string]Connection{}, Failures: map[Pair]uint64{}, Rekeyed: map[Pair]uint64{}}}
}

// Follow takes news of the engine.
func (t *Tally) Follow(n ike.News) {
	t.mu.Lock()
	defer t.mu.Unlock()
	name := ""
	if n.Connection != nil {
		name = n.Connection.Name
	}
	if n.Failure != nil && (n.Kind == ike.NewsFailure || n.Kind == ike.NewsClosed) {
		t.counts.Failures[Pair{name, string(n.Failure.Code)}]++
	}
	switch n.Kind {
	case ike.NewsChildUp, ike.NewsChildRekeyed:
		t.child(name, n)
	case ike.NewsEstablished:
		t.admit(Pair{name, peerLabel(n.Peer)})
	}
	c := t.counts.Connections[name]
	if c.follow(n) {
		t.counts.Connections[name] = c
	}
}

// follow counts news of a connection, and tells whether there was something to count.
func (c *Connection) follow(n ike.News) bool {
	switch n.Kind {
	case ike.NewsConnecting:
		c.Attempts++
	case ike.NewsEstablished:
		c.Established++
		c.Handshakes = c.Handshakes.with(n.Took.Seconds())
	case ike.NewsClosed:
		c.Closed++
	case ike.NewsRekeyed:
		c.Rekeyed++
	case ike.NewsRetransmitted:
		c.Retransmits++
	case ike.NewsAddress:
		c.Moved++
	default:
		return false
	}
	return true
}

// child notes whose traffic a policy carries. A child keeps it when it is rekeyed.
func (t *Tally) child(connection string, n ike.News) {
	t.owners[n.Child.Policy] = Owner{connection, n.Child.Name, n.Peer}
	if n.Kind == ike.NewsChildRekeyed {
		t.counts.Rekeyed[Pair{connection, n.Child.Name}]++
	}
}

// admit gives a peer series of its own while there is room.
func (t *Tally) admit(peer Pair) {
	if _, known := t.gone.Peers[peer]; known {
		return
	}
	if len(t.gone.Peers) >= t.peers {
		t.counts.Unlisted++
		return
	}
	t.gone.Peers[peer] = Traffic{}
}

// Failed counts a failure of which there is no news of the engine.
func (t *Tally) Failed(connection string, code explain.Code) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.counts.Failures[Pair{connection, string(code)}]++
}

// Removed adds what an SA has carried that was removed.
func (t *Tally) Removed(d dataplane.Direction, policy dataplane.PolicyID, c dataplane.Counters) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if o, ok := t.owners[policy]; ok {
		var sum Traffic
		sum.Add(d, c)
		t.gone.Add(o, sum)
	}
}

// Forget takes note that a policy is gone, and with it all its SAs.
func (t *Tally) Forget(policy dataplane.PolicyID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.owners, policy)
}

// Past returns what SAs have carried that are gone. Whoever wants sums adds what those carry that are there, asked for
// afterwards, so that nothing is counted twice.
func (t *Tally) Past() Carried {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.gone.clone()
}

// Counts returns what happened, with sums that never fall: an SA that was removed while the others were asked is missing in
// those that are given.
func (t *Tally) Counts(sums Carried) Counts {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.shown.raise(sums)
	return Counts{
		Carried: t.shown.clone(), Connections: maps.Clone(t.counts.Connections), Failures: maps.Clone(t.counts.Failures),
		Rekeyed: maps.Clone(t.counts.Rekeyed), Unlisted: t.counts.Unlisted,
	}
}
