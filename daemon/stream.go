package daemon

import (
	"context"
	"net/netip"
	"time"

	"culvert/dataplane"
	"culvert/ike"
)

// streams are the TCP streams of the network (RFC 9329).
type streams interface {
	// Dial opens a stream and waits for the peer until ctx ends.
	Dial(ctx context.Context, local netip.Addr, remote netip.AddrPort) (dataplane.Path, error)
	// KeepStream has a stream live, CloseStream ends it; DoubtStream tells that something in it made no sense.
	KeepStream(path dataplane.Path)
	CloseStream(path dataplane.Path, after time.Duration)
	DoubtStream(path dataplane.Path)
}

// dialTime is how long a peer may take to accept a stream.
const dialTime = 10 * time.Second

// dialing is work that opens a stream.
type dialing struct {
	streams streams
	path    dataplane.Path
}

// Run is that of ike.Work.
func (d dialing) Run(ctx context.Context) any {
	ctx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	path, err := d.streams.Dial(ctx, d.path.Local.Addr(), d.path.Remote)
	return ike.Dialed{Path: path, Err: err}
}

// streamClosed tells every shard that a stream of ours has ended: they know which IKE SAs used it.
func (e *engine) streamClosed(path dataplane.Path) {
	for _, l := range e.shards {
		l.box.put(ike.StreamClosed{Path: path})
	}
}

// doubt tells that nothing could be made of what came along a path. Streams end when that happens often (RFC 9329, Section 6.1).
func (e *engine) doubt(path dataplane.Path) {
	if path.Transport == dataplane.TransportTCP {
		e.network.DoubtStream(path)
	}
}

// senseless tells whether the reason why a message was dropped says that no peer can have meant it. What is late or repeated, or
// too much, is none of that.
func senseless(n ike.News) bool {
	if n.Kind != ike.NewsDropped {
		return false
	}
	switch n.Reason {
	case ike.DropMalformed, ike.DropIntegrity, ike.DropUnknownSPI, ike.DropLength, ike.DropVersion, ike.DropFlags:
		return true
	}
	return false
}
