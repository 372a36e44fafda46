package daemon

import (
	"context"
	"encoding/binary"
	"hash/maphash"
	"log/slog"
	"net/netip"
	"runtime"
	"sync"

	"culvert/dataplane"
	"culvert/ike"
	"culvert/metrics"
	"culvert/netio"
	"culvert/vici/service"
	"culvert/wire"
)

// maxShards is what the shard number in an SPI has room for.
const maxShards = 64

// What waits for one shard is bounded; a flood beyond it is dropped and counted. A flood of first messages, which anybody
// can send, leaves room for those of IKE SAs that are there.
const (
	maxDatagrams = 4096
	maxFirst     = maxDatagrams / 2
	maxOctets    = 16 << 20 // of all that wait: datagrams may have 64 KiB each
)

// network is what the engine sends through; netio.Listener is one.
type network interface {
	// SendIKE sends one IKE message, or a NAT keepalive.
	SendIKE(path dataplane.Path, datagram []byte) error
	// SendIKEAs is SendIKE in a manner of its own.
	SendIKEAs(path dataplane.Path, datagram []byte, m netio.Manner) error
	streams
}

// An engine drives the shards of package ike and the supervisor.
type engine struct {
	ctx        context.Context
	clock      *clock
	log        *slog.Logger
	network    network
	backend    dataplane.Backend
	keys       *keyring
	captures   captures
	workers    *workers
	shards     []*shardLoop
	supervisor *supervisorLoop
	owners     *owners
	hub        *hub
	tally      *metrics.Tally
	tracer     *tracer
	icmp       unreachable
	strangers  *crowd
	listers    chan struct{} // one for each list of IKE SAs that is gone on with
	leases     *leases
	radius     *radiusGroups
	sessions   *sessions
	updowns    *updowns
	webhooks   *webhooks
	telemetry  telemetryFeed
	reset      countersReset
	vici       *service.Service // nil: it is not configured
	world      *world
	lost       chan struct{} // closed when the device is gone
	losing     sync.Once
	seed       maphash.Seed
	wg         sync.WaitGroup
}

// shardCount is one shard for each processor.
func shardCount() int { return min(processors(), maxShards) }

// processors is how many there are for us, of those that the machine has.
func processors() int { return min(runtime.GOMAXPROCS(0), runtime.NumCPU()) }

// start runs the goroutines of shards and supervisor until ctx ends.
func (e *engine) start() {
	for _, l := range e.shards {
		e.wg.Go(func() { l.run(e.ctx) })
	}
	e.wg.Go(func() { e.supervisor.run(e.ctx) })
	e.backend.SetNotices(e.notice)
}

// wait returns when the goroutines have ended, and closes what only they have used.
func (e *engine) wait() {
	e.wg.Wait()
	e.workers.wait()
	e.updowns.wait()
	e.webhooks.wg.Wait()
	e.telemetry.wg.Wait()
	e.radius.close()
}

// receive takes an IKE message to its shard. The message belongs to the caller again on return.
func (e *engine) receive(path dataplane.Path, message []byte) {
	l := e.shards[e.shardOf(path.Remote.Addr(), message)]
	limit := maxDatagrams
	if first(message) {
		limit = maxFirst
	}
	if !l.offer(path, message, limit) {
		e.hub.overflow()
	}
}

// first tells whether a message begins an IKE SA: it is the only one without a responder's SPI.
func first(message []byte) bool { return binary.BigEndian.Uint64(message[offsetSPIr:]) == 0 }

// Offsets in the IKE header (RFC 7296, Section 3.1).
const (
	offsetSPIi  = 0
	offsetSPIr  = 8
	offsetFlags = 19
)

// shardOf finds a shard by our SPI; messages without one are spread by sender and its SPI, so that a retransmission
// comes to the same shard.
func (e *engine) shardOf(remote netip.Addr, message []byte) int {
	ours := binary.BigEndian.Uint64(message[offsetSPIi:])
	theirs := binary.BigEndian.Uint64(message[offsetSPIr:])
	if wire.Flags(message[offsetFlags])&wire.FlagInitiator != 0 {
		ours, theirs = theirs, ours
	}
	if n := int(ike.ShardOf(wire.SPI(ours))); ours != 0 && n < len(e.shards) {
		return n
	}
	return int(maphash.Comparable(e.seed, initSource{remote, theirs}) % uint64(len(e.shards)))
}

// initSource is what tells first messages apart.
type initSource struct {
	remote netip.Addr
	spi    uint64
}

// notice takes news of the data plane to the shard whose IKE SA owns the child, or else to the supervisor.
func (e *engine) notice(n dataplane.Notice) {
	if n.Kind == dataplane.NoticeBadSPI {
		// Only the shard that knows the sender does something about it; anybody can send such packets.
		for _, l := range e.shards {
			l.box.offer(ike.Noticed{Notice: n}, maxDatagrams)
		}
		e.doubt(n.Path)
		return
	}
	if n.Kind == dataplane.NoticeDeviceGone {
		e.losing.Do(func() { close(e.lost) })
		return
	}
	if l := e.owners.find(n.SPI, n.Policy); l != nil {
		l.box.put(ike.Noticed{Notice: n})
		return
	}
	e.supervisor.notice(n)
}

// endSAs closes IKE SAs of a connection, and tells why. It does not wait.
func (e *engine) endSAs(connection string, sas []wire.SPI, why *ike.Failure) {
	e.supervisor.box.put(func() {
		for _, sa := range sas {
			e.supervisor.end(connection, sa)
			e.news(ike.News{Time: e.clock.now(), Kind: ike.NewsWarning, SA: sa, Peer: connection, Failure: why})
		}
	})
}

// send sends a message of the engine.
func (e *engine) send(a ike.Send) {
	m := netio.Manner{Whole: a.DontFragment, DSCP: a.DSCP}
	for _, d := range a.Datagrams {
		e.sent(a.Path, e.network.SendIKEAs(a.Path, d, m))
	}
}

// sent notes what became of a datagram. Errors of the network are no reason to stop: IKE retransmits.
func (e *engine) sent(path dataplane.Path, err error) {
	if err != nil {
		e.log.Debug("not sent", "peer", path.Remote, "error", err)
	}
}

// report logs an error of something that the engine asked for and that nobody waits for.
func (e *engine) report(err error, what string) {
	if err != nil {
		e.log.Error("cannot "+what, "error", err)
	}
}

// removeSA removes an SA and returns what it has carried.
func (e *engine) removeSA(a ike.RemoveSA) dataplane.Counters {
	if a.Direction == dataplane.Inbound {
		e.owners.release(a.SPI)
	}
	counters, err := e.backend.Remove(a.Direction, a.SPI, a.Policy)
	e.report(err, "remove an SA")
	e.hub.removed(a.Direction, counters)
	e.tally.Removed(a.Direction, a.Policy, counters)
	e.sessions.removed(a.Direction, a.SPI, a.Policy, counters)
	return counters
}

func (e *engine) setPolicy(l *shardLoop, p dataplane.Policy) {
	e.owners.bindPolicy(p.ID, p.Name, l)
	e.report(e.backend.SetPolicy(p), "set policy "+p.Name)
}

func (e *engine) removePolicy(id dataplane.PolicyID) {
	e.owners.releasePolicy(id)
	e.tally.Forget(id)
	e.report(e.backend.RemovePolicy(id), "remove a policy")
}

// shard returns the loop that owns one of our SPIs, or nil.
func (e *engine) shard(spi wire.SPI) *shardLoop {
	if n := int(ike.ShardOf(spi)); n < len(e.shards) {
		return e.shards[n]
	}
	return nil
}
