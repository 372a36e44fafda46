package daemon

import (
	"context"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"culvert/dataplane"
	"culvert/explain"
	"culvert/ike"
	"culvert/netio"
	"culvert/supervisor"
	"culvert/wire"
)

// resolveTimeout bounds one look-up of a peer's names.
const resolveTimeout = 15 * time.Second

// A supervisorLoop runs the supervisor on its goroutine and does what it asks for.
type supervisorLoop struct {
	engine   *engine
	machine  *supervisor.Supervisor
	box      *mailbox[func()]
	source   func(remote netip.Addr) (netip.Addr, error) // our address towards a peer
	ports    func() (ike, nat uint16)
	resolver *net.Resolver
	turn     int               // of the shards, for new IKE SAs
	pursuits map[*pursuit]bool // what commands wait for
	own      hostAddresses
}

// jitter returns a random duration up to d.
func jitter(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	return time.Duration(rand.Int64N(int64(d)))
}

// newResolver looks names up through sockets that bear the mark of our own packets, so that a policy which blocks clear
// text does not block the way to the peer's address. exempt does the same where a mark does not; it may be nil.
func newResolver(exempt func(fd int, ipv6 bool) error) *net.Resolver {
	dialer := net.Dialer{Control: func(network, _ string, c syscall.RawConn) error {
		return c.Control(func(fd uintptr) {
			// Without CAP_NET_ADMIN there is no policy that this would be for.
			_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_MARK, ownMark)
			if exempt != nil {
				_ = exempt(int(fd), strings.HasSuffix(network, "6"))
			}
		})
	}}
	return &net.Resolver{PreferGo: true, Dial: dialer.DialContext}
}

// run handles what comes and timers until ctx ends.
func (l *supervisorLoop) run(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	var batch []func()
	for {
		timer.Reset(l.wait())
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
			l.perform(l.machine.TimerDue(l.engine.clock.now()))
		case <-l.box.ready:
			batch = l.box.take(batch)
			for _, f := range batch {
				f()
			}
		}
	}
}

// wait is the time until the supervisor's next deadline.
func (l *supervisorLoop) wait() time.Duration {
	const longest = time.Minute
	if at := l.machine.Deadline(); !at.IsZero() {
		return min(longest, max(0, at.Sub(l.engine.clock.now())))
	}
	return longest
}

// news takes news to the supervisor and to whoever waits. Neither is woken for the messages that lead to them.
func (l *supervisorLoop) news(n ike.News) {
	if n.Kind.OfMessage() {
		return
	}
	l.box.put(func() {
		l.perform(l.machine.News(l.engine.clock.now(), n))
		l.tell(n)
	})
}

// notice takes a packet that met a trap to the supervisor. In transport mode that is for packets of this host; those that it only
// forwards could be made up by anybody.
func (l *supervisorLoop) notice(n dataplane.Notice) {
	l.box.put(func() {
		if n.Kind == dataplane.NoticeAcquire && l.machine.BetweenHosts(n.Policy) && l.own.check(n.Packet.Source) != nil {
			return
		}
		l.perform(l.machine.Acquired(l.engine.clock.now(), n))
	})
}

// ask runs a question on the supervisor's goroutine, does what follows from it and returns its error.
func (l *supervisorLoop) ask(ctx context.Context, question func(now time.Time) ([]supervisor.Action, error)) error {
	done := make(chan error, 1)
	l.box.put(func() {
		actions, err := question(l.engine.clock.now())
		l.perform(actions)
		done <- err
	})
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-l.engine.ctx.Done():
		return errStopped
	}
}

func (l *supervisorLoop) perform(actions []supervisor.Action) {
	e := l.engine
	for _, a := range actions {
		switch a := a.(type) {
		case supervisor.Initiate:
			l.initiate(a)
		case supervisor.Command:
			l.command(a)
		case supervisor.Resolve:
			e.wg.Go(func() { l.resolve(a) })
		case supervisor.SetPolicy:
			e.report(e.backend.SetPolicy(a.Policy), "set policy "+a.Policy.Name)
		case supervisor.RemovePolicy:
			e.report(e.backend.RemovePolicy(a.ID), "remove a policy")
		case supervisor.Note:
			e.note(a)
		}
	}
}

// end closes an IKE SA, on the supervisor's goroutine. One whose connection is not configured any more is closed all the same.
func (l *supervisorLoop) end(connection string, sa wire.SPI) {
	actions, err := l.machine.Down(l.engine.clock.now(), connection, "", sa)
	if err != nil {
		actions = []supervisor.Action{supervisor.Command{SA: sa, Event: ike.Close{Reason: "asked for"}}}
	}
	l.perform(actions)
}

// command gives an event to the shard of an IKE SA.
func (l *supervisorLoop) command(a supervisor.Command) {
	if c, ok := a.Event.(ike.Close); ok {
		l.engine.log.Info("closing the IKE SA", "sa", spiText(a.SA), "reason", c.Reason)
	}
	if s := l.engine.shard(a.SA); s != nil {
		s.box.put(ike.Command{SA: a.SA, Event: a.Event})
	}
}

// initiate gives a new IKE SA to the next shard. Without a way to the peer the attempt has failed.
func (l *supervisorLoop) initiate(a supervisor.Initiate) {
	path, err := l.path(a)
	if err != nil {
		f := &ike.Failure{Code: explain.IKENoRoute, Err: err}
		l.engine.news(ike.News{Time: l.engine.clock.now(), Kind: ike.NewsClosed, Connection: a.Connection, Initiator: true, Ticket: a.Ticket, Failure: f})
		return
	}
	shards := l.engine.shards
	l.turn = (l.turn + 1) % len(shards)
	shards[l.turn].box.put(ike.Initiate{
		Connection: a.Connection, Path: path, Children: a.Children, Trigger: a.Trigger,
		VirtualIPs: a.VirtualIPs, Heritage: a.Heritage, InitialContact: a.InitialContact, Fallback: a.Fallback, RedirectedFrom: a.RedirectedFrom, Ticket: a.Ticket,
	})
}

// path finds our end of the way to a peer.
func (l *supervisorLoop) path(a supervisor.Initiate) (dataplane.Path, error) {
	local, err := l.localAddr(&a)
	if err != nil {
		return dataplane.Path{}, err
	}
	if a.Transport == dataplane.TransportTCP {
		return dataplane.Path{Local: netip.AddrPortFrom(local, 0), Remote: a.Remote, Transport: a.Transport}, nil
	}
	port, nat := l.ports()
	if a.Connection.LocalPort == nat || beginsBehindNAT(a) {
		port = nat
	}
	return dataplane.Path{Local: netip.AddrPortFrom(local, port), Remote: a.Remote}, nil
}

// beginsBehindNAT tells whether the peer's port carries ESP as well, so that our first message goes there as if a NAT had been
// found (RFC 7296, Section 2.23). Without a port of our own, any but that of IKE is taken for such.
func beginsBehindNAT(a supervisor.Initiate) bool {
	remote := a.Remote.Port()
	return remote == netio.PortNAT || a.Connection.LocalPort == 0 && remote != netio.PortIKE
}

// localAddr is the address that is asked for, the configured one of the peer's family, or else the one that routing chooses.
func (l *supervisorLoop) localAddr(a *supervisor.Initiate) (netip.Addr, error) {
	if a.Local.IsValid() {
		return a.Local, l.own.check(a.Local)
	}
	c, remote := a.Connection, a.Remote.Addr()
	i := slices.IndexFunc(c.LocalAddrs, func(p netip.Prefix) bool { return p.IsSingleIP() && p.Addr().Is4() == remote.Is4() })
	if i >= 0 {
		return c.LocalAddrs[i].Addr(), nil
	}
	return l.source(remote)
}

// resolve looks names up and tells the supervisor.
func (l *supervisorLoop) resolve(a supervisor.Resolve) {
	ctx, cancel := context.WithTimeout(l.engine.ctx, resolveTimeout)
	defer cancel()
	var addrs []netip.Addr
	var failed error
	for _, name := range a.Names {
		found, err := l.resolver.LookupNetIP(ctx, "ip", name)
		if err != nil {
			failed = err
		}
		for _, addr := range found {
			addrs = append(addrs, addr.Unmap())
		}
	}
	l.box.put(func() { l.perform(l.machine.Resolved(l.engine.clock.now(), a.Connection, addrs, failed)) })
}
