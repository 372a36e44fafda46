package user

import (
	"fmt"
	"slices"

	"culvert/dataplane"
)

// AllocateSPI is that of dataplane.Backend.
func (b *Backend) AllocateSPI(resource int) (uint32, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	spi, err := b.sad.allocate(b.rand, max(resource, 0))
	if err != nil {
		return 0, fmt.Errorf("data plane: %w", err)
	}
	return spi, nil
}

// ReleaseSPI is that of dataplane.Backend. Remove has released the SPI of an SA already.
func (b *Backend) ReleaseSPI(spi uint32) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.sad.find(spi) == nil {
		b.sad.release(spi)
	}
}

// Install is that of dataplane.Backend.
func (b *Backend) Install(sa dataplane.SA) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	err := b.install(&sa)
	if err != nil {
		return fmt.Errorf("data plane: SA %08x: %w", sa.SPI, err)
	}
	return nil
}

func (b *Backend) install(sa *dataplane.SA) error {
	if sa.Kernel != (dataplane.Kernel{}) {
		return dataplane.ErrKernelOnly
	}
	if sa.Direction == dataplane.Inbound {
		return b.installInbound(sa)
	}
	return b.installOutbound(sa)
}

func (b *Backend) installInbound(sa *dataplane.SA) error {
	if !b.sad.spis[sa.SPI] || b.sad.find(sa.SPI) != nil {
		return dataplane.ErrNotAllocated
	}
	in, err := newInbound(sa)
	if err != nil {
		return err
	}
	if sa.AggFrag != nil {
		in.aggFrag, in.copyDSCP = newGatherer(sa.AggFrag, in.esp.Sequence(), b.now()), false
	}
	b.sad.put(in)
	return nil
}

func (b *Backend) installOutbound(sa *dataplane.SA) error {
	p := b.known[sa.Policy]
	if p == nil {
		return fmt.Errorf("policy %d: %w", sa.Policy, dataplane.ErrNoPolicy)
	}
	out, err := newOutbound(sa, b.rand, len(b.workers))
	if err != nil {
		return err
	}
	b.remotes.lead(out, sa.Path)
	b.animate(out, sa)
	p.outs = append(slices.Clip(p.outs), out)
	p.direct()
	b.release()
	return nil
}

// Update is that of dataplane.Backend.
func (b *Backend) Update(inbound, outbound uint32, path dataplane.Path) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	in := b.sad.find(inbound)
	if in == nil {
		return fmt.Errorf("data plane: inbound SA %08x: %w", inbound, dataplane.ErrNoSA)
	}
	if outbound != 0 {
		out := b.outbound(outbound, in.policy)
		if out == nil {
			return fmt.Errorf("data plane: outbound SA %08x: %w", outbound, dataplane.ErrNoSA)
		}
		b.remotes.lead(out, path)
	}
	in.path.Store(&path)
	return nil
}

// outbound finds an outbound SA, or nil. The caller holds the lock.
func (b *Backend) outbound(spi uint32, id dataplane.PolicyID) *outbound {
	p := b.known[id]
	if p == nil {
		return nil
	}
	for _, out := range p.outs {
		if out.spi == spi {
			return out
		}
	}
	return nil
}

// Remove is that of dataplane.Backend.
func (b *Backend) Remove(d dataplane.Direction, spi uint32, id dataplane.PolicyID) (dataplane.Counters, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if d == dataplane.Inbound {
		return b.removeInbound(spi), nil
	}
	return b.removeOutbound(spi, id), nil
}

func (b *Backend) removeInbound(spi uint32) dataplane.Counters {
	in := b.sad.find(spi)
	if in == nil {
		return dataplane.Counters{}
	}
	b.sad.drop(spi)
	b.sad.release(spi)
	b.afterReceiving(in.esp.Clear)
	return in.counters()
}

// removeOutbound lets traffic go on through the SAs that remain.
func (b *Backend) removeOutbound(spi uint32, id dataplane.PolicyID) dataplane.Counters {
	out := b.outbound(spi, id)
	if out == nil {
		return dataplane.Counters{}
	}
	p := b.known[id]
	p.outs = slices.DeleteFunc(slices.Clone(p.outs), func(o *outbound) bool { return o == out })
	p.direct()
	b.remotes.release(out)
	quiet, heir := out.hush(), p.heir(out)
	b.afterSending(func() {
		quiet()
		if out.pump != nil {
			out.pump.bequeath(heir)
		}
		out.clear()
	})
	return out.counters()
}

// Query is that of dataplane.Backend.
func (b *Backend) Query(d dataplane.Direction, spi uint32, id dataplane.PolicyID) (dataplane.Counters, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if d == dataplane.Inbound {
		if in := b.sad.find(spi); in != nil {
			return in.counters(), nil
		}
	} else if out := b.outbound(spi, id); out != nil {
		return out.counters(), nil
	}
	return dataplane.Counters{}, fmt.Errorf("data plane: SA %08x: %w", spi, dataplane.ErrNoSA)
}
