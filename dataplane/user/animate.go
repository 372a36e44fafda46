package user

import "culvert/dataplane"

// animate gives an outbound SA that sends by itself its goroutine.
func (b *Backend) animate(out *outbound, sa *dataplane.SA) {
	switch {
	case sa.AggFrag != nil:
		out.pump = newPump(b, out, sa.AggFrag, b.reportsOf(sa))
		b.spawn(out.pump.run, out.pump.done)
	case sa.Cover > 0:
		out.cover = newCover(b, out, sa.Cover)
		b.spawn(out.cover.run, out.cover.done)
	}
}

// spawn starts a goroutine that closes done at its end. Before the Backend itself is started nothing is.
func (b *Backend) spawn(run func(), done chan struct{}) {
	if b.running {
		go run()
		return
	}
	close(done)
}

// reportsOf returns what the SA shares with its counterpart, which is installed before it as a rule.
func (b *Backend) reportsOf(sa *dataplane.SA) *pathReports {
	if !sa.AggFrag.Reports {
		return nil
	}
	if in := b.sad.find(sa.AggFrag.Pair); in != nil && in.aggFrag != nil {
		return in.aggFrag.path
	}
	return newReports(sa.AggFrag, b.now())
}

// hush ends the goroutine of an SA. The function that is returned waits for its end.
func (o *outbound) hush() (wait func()) {
	switch {
	case o.pump != nil:
		return o.pump.stop()
	case o.cover != nil:
		return o.cover.stop()
	}
	return func() {}
}

// halt ends the goroutines of all SAs.
func (b *Backend) halt() {
	for _, p := range b.known {
		for _, out := range p.outs {
			out.hush()()
		}
	}
}

func (in *inbound) counters() dataplane.Counters {
	c := in.Counters(in.sequence.Load())
	if in.aggFrag != nil {
		c.Traffic = in.traffic()
	}
	return c
}

func (o *outbound) counters() dataplane.Counters {
	c := o.Counters(o.esp.Sequence())
	if o.pump != nil {
		c.Traffic = o.pump.traffic()
	}
	return c
}

// heir is the pump of the SA that takes the place of another one in AGGFRAG mode, nil if there is none.
func (p *policy) heir(of *outbound) *pump {
	if of.pump == nil || len(p.outs) == 0 {
		return nil
	}
	return p.outs[len(p.outs)-1].pump
}
