package telemetry

import (
	"slices"
	"time"

	"culvert/ike"
)

// happened takes note of what an operation has led to.
func (b *Book) happened(l *life, n *ike.News, at time.Time) {
	switch n.Kind {
	case ike.NewsEstablished:
		b.up(l, n, at)
	case ike.NewsChildUp:
		b.concludeChild(l, n, at, handshake, reauthentication, createChild)
	case ike.NewsChildRekeyed:
		b.concludeChild(l, n, at, rekeyChild)
	case ike.NewsChildDown:
		b.concludeChild(l, n, at, deleteChild)
	case ike.NewsRekeyed:
		b.rekeyed(l, n, at)
	case ike.NewsReauth:
		if len(b.reauths) < maxReauths && l.began != (Context{}) {
			b.reauths[reauthKey{l.connection, n.Path.Remote}] = l.began
		}
	case ike.NewsRedirected:
		b.conclude(l.newest(handshake, reauthentication, informational), at, redirected)
	case ike.NewsFailure:
		b.failed(l, n, at)
	case ike.NewsClosed:
		b.gone(l, n, at)
	}
}

// newest returns the newest operation of some kinds that still takes part, or nil.
func (l *life) newest(kinds ...kind) *operation {
	for _, o := range slices.Backward(l.operations) {
		if slices.Contains(kinds, o.kind) {
			return o
		}
	}
	return nil
}

func (b *Book) conclude(o *operation, at time.Time, how outcome) {
	if o != nil {
		o.conclude(at, how)
		b.wait(o)
	}
}

func (b *Book) up(l *life, n *ike.News, at time.Time) {
	if l.stranger() {
		b.strangers--
	}
	l.established = true
	if o := l.newest(handshake, reauthentication); o != nil {
		o.status = n.Status
		b.conclude(o, at, done)
	}
}

// concludeChild concludes what has made or ended a child.
func (b *Book) concludeChild(l *life, n *ike.News, at time.Time, kinds ...kind) {
	o := l.newest(kinds...)
	if o == nil {
		return
	}
	if o.child == nil {
		o.child = n.Child
	}
	b.conclude(o, at, done)
}

// rekeyed has the successor of an IKE SA go on in the same life.
func (b *Book) rekeyed(l *life, n *ike.News, at time.Time) {
	if n.Successor != 0 && b.lives[n.Successor] == nil {
		b.lives[n.Successor] = l
		l.spis = append(l.spis, n.Successor)
		l.alive++
	}
	if o := l.newest(rekeyIKE); o != nil {
		o.status = n.NextStatus
		b.conclude(o, at, done)
	}
	l.spi = n.Successor
}

// failed takes note of an exchange that has failed while the IKE SA lives on.
func (b *Book) failed(l *life, n *ike.News, at time.Time) {
	if len(l.operations) == 0 {
		return
	}
	o := l.operations[len(l.operations)-1]
	if n.Child != nil && o.child == nil {
		o.child = n.Child
	}
	o.fail(troubleOf(n.Failure))
	if !o.kind.connects() {
		b.conclude(o, at, done)
	}
}

// gone ends what an IKE SA has begun. What is missing of it may still follow: the response that tells the peer.
func (b *Book) gone(l *life, n *ike.News, at time.Time) {
	for _, o := range l.operations {
		if o.sa != n.SA {
			continue
		}
		how := closed
		switch {
		case o.kind == deleteIKE:
			how = done
		case !o.concluded:
			o.fail(troubleOf(n.Failure))
		}
		b.conclude(o, at, how)
	}
	l.alive--
	b.forget(l)
}

// forget drops a life of which nothing is left to tell.
func (b *Book) forget(l *life) {
	if l.alive > 0 || len(l.operations) > 0 {
		return
	}
	if l.stranger() && len(l.spis) > 0 {
		b.strangers--
	}
	for _, spi := range l.spis {
		delete(b.lives, spi)
	}
	l.spis = nil
}

func (b *Book) wait(o *operation) {
	if !o.waits {
		o.waits = true
		b.waiting = append(b.waiting, o)
	}
}

// Tick tells of the operations to which nothing is added any more.
func (b *Book) Tick(at time.Time) {
	b.release(func(o *operation) bool {
		return !o.due.After(at) && !(o.concluded && o.open() && at.Before(o.due.Add(patience)) && o.life.alive > 0)
	})
}

// Drain tells of all operations that are over.
func (b *Book) Drain() { b.release(func(*operation) bool { return true }) }

func (b *Book) release(ripe func(*operation) bool) {
	var later []*operation
	for _, o := range b.waiting {
		switch {
		case !ripe(o):
			later = append(later, o)
		case !o.concluded && o.open(): // more exchanges have followed, and the last of them will bring it back
			o.waits = false
		default:
			o.conclude(o.end, done)
			b.seal(o)
		}
	}
	b.waiting = later
}

// seal ends an operation and tells of it.
func (b *Book) seal(o *operation) {
	l := o.life
	l.operations = slices.DeleteFunc(l.operations, func(other *operation) bool { return other == o })
	if o.worth() && (o.failure != nil || b.sampled(o.id)) {
		b.tell(o)
	}
	b.forget(l)
}
