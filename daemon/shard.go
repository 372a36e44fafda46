package daemon

import (
	"bytes"
	"context"
	"errors"
	"sync/atomic"
	"time"

	"culvert/auth"
	"culvert/dataplane"
	"culvert/ike"
	"culvert/wire"
)

// A shardLoop runs one shard of the engine on its goroutine and does what it asks for.
type shardLoop struct {
	engine *engine
	shard  *ike.Shard
	box    *mailbox[any] // ike.Event or func()
	octets atomic.Int64  // of the datagrams in box
	looks  *mailbox[func()]
	last   last
}

// offer puts a copy of a message into the mailbox unless too much waits there already, and tells whether it did.
func (l *shardLoop) offer(path dataplane.Path, message []byte, limit int) bool {
	n := int64(len(message))
	if l.octets.Add(n) <= maxOctets && l.box.offer(ike.MessageReceived{Path: path, Datagram: bytes.Clone(message)}, limit) {
		return true
	}
	l.octets.Add(-n)
	return false
}

// run handles events and timers until ctx ends.
func (l *shardLoop) run(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	var batch []any
	for {
		l.arm(timer)
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
			l.handle(ike.TimerDue{})
		case <-l.box.ready:
			batch = l.box.take(batch)
			for _, item := range batch {
				l.lookAhead()
				l.receive(item)
			}
		case <-l.looks.ready:
			l.answer()
		}
	}
}

// lookAhead answers questions that overtake what waits.
func (l *shardLoop) lookAhead() {
	select {
	case <-l.looks.ready:
		l.answer()
	default:
	}
}

func (l *shardLoop) answer() {
	for _, question := range l.looks.take(nil) {
		question()
	}
}

// arm sets the timer to the shard's next deadline. Engine time may have moved on while the machine was suspended, so
// there is a look at least once a minute.
func (l *shardLoop) arm(timer *time.Timer) {
	const longest = time.Minute
	wait := longest
	if at := l.shard.Deadline(); !at.IsZero() {
		wait = min(longest, max(0, at.Sub(l.engine.clock.now())))
	}
	timer.Reset(wait)
}

func (l *shardLoop) receive(item any) {
	switch item := item.(type) {
	case func():
		item()
	case ike.MessageReceived:
		l.octets.Add(-int64(len(item.Datagram)))
		l.handle(item)
	case ike.Event:
		l.handle(item)
	}
}

func (l *shardLoop) handle(ev ike.Event) {
	actions := l.shard.Handle(l.engine.clock.now(), ev)
	if l.engine.captures.active() != nil {
		l.engine.captures.exchange(ev, actions)
	}
	for _, a := range actions {
		l.perform(a)
	}
	l.tellGone(0)
	l.last.forget()
}

// perform does one action of the engine.
func (l *shardLoop) perform(a ike.Action) {
	e := l.engine
	switch a := a.(type) {
	case ike.Send:
		e.send(a)
	case ike.SendKeepalive:
		e.sent(a.Path, e.network.SendIKE(a.Path, []byte(wire.NATKeepalive)))
	case ike.KeepStream:
		e.network.KeepStream(a.Path)
	case ike.CloseStream:
		e.network.CloseStream(a.Path, a.After)
	case ike.StartWork:
		l.startWork(a)
	case ike.InstallSA:
		l.install(a)
	case ike.RemoveSA:
		l.last.keep(a, e.removeSA(a))
	case ike.MoveSA:
		e.report(e.backend.Update(a.Inbound, a.Outbound, a.Path), "move a child to another path")
	case ike.SetPathMTU:
		if b, ok := e.backend.(dataplane.PathSetter); ok {
			b.SetPathMTU(a.Path, a.MTU)
		}
	case ike.SetPolicy:
		e.setPolicy(l, a.Policy)
	case ike.RemovePolicy:
		l.last.keepReqid(e, a.ID)
		e.removePolicy(a.ID)
	case ike.ExportIKEKeys:
		e.ikeKeys(&a)
	case ike.Unclaimed:
		e.supervisor.notice(a.Notice)
	case ike.Report:
		l.tellVICI(a.News)
		e.news(a.News)
	}
}

// startWork has work done and brings the result back.
func (l *shardLoop) startWork(a ike.StartWork) {
	work := dated(a.Work, time.Now())
	done := func(result any) { l.box.put(ike.WorkFinished{SA: a.SA, Work: a.ID, Result: result}) }
	if quick(work) {
		done(work.Run(l.engine.ctx))
		return
	}
	l.engine.workers.start(job{work: work, done: done})
}

// dated gives work about certificates the time of the wall clock, by which they live.
func dated(work ike.Work, now time.Time) ike.Work {
	switch w := work.(type) {
	case auth.Verify:
		w.Now = now
		return w
	case auth.Sign:
		w.Now = now
		return w
	}
	return work
}

func (l *shardLoop) install(a ike.InstallSA) {
	e := l.engine
	e.espKeys(&a.SA)
	e.captures.installed(&a.SA)
	if a.SA.Direction == dataplane.Inbound {
		e.owners.bind(a.SA.SPI, l)
	}
	if err := e.backend.Install(a.SA); err != nil {
		l.box.put(ike.InstallFailed{SPI: a.Child, Err: err})
	}
}

// errStopped answers questions to a shard that has ended.
var errStopped = errors.New("the daemon is stopping")

// ask runs a function on the shard's goroutine, after everything that came before it, and waits for it.
func (l *shardLoop) ask(ctx context.Context, question func()) error {
	return l.await(ctx, question, func(f func()) { l.box.put(f) })
}

// look is ask without the wait for what came before: in a flood there is much of that.
func (l *shardLoop) look(ctx context.Context, question func()) error {
	return l.await(ctx, question, l.looks.put)
}

func (l *shardLoop) await(ctx context.Context, question func(), put func(func())) error {
	done := make(chan struct{})
	put(func() {
		question()
		close(done)
	})
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-l.engine.ctx.Done():
		return errStopped
	}
}
