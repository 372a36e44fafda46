package fake

import (
	"encoding/binary"
	"fmt"
	"io"
	"net/netip"
	"slices"

	"culvert/dataplane"
	"culvert/esp"
	"culvert/spd"
)

// inbound is an SA of the receiving direction.
type inbound struct {
	dataplane.Lifetime
	esp       *esp.Inbound
	spi       uint32
	policy    dataplane.PolicyID
	mode      esp.Mode
	nonFirst  bool // carries fragments without ports (RFC 4301, Section 7.3)
	selectors spd.Selectors
	original  [2]netip.Addr // of the peer and of us, before NAT
	path      dataplane.Path
	told      netip.AddrPort // NoticeNewAddress was given about it
}

func (i *inbound) clear() {
	if i != nil {
		i.esp.Clear()
	}
}

// outbound is an SA of the sending direction.
type outbound struct {
	dataplane.Lifetime
	esp       *esp.Outbound
	mode      esp.Mode
	path      dataplane.Path
	nonFirst  bool
	padToPath bool // TFC padding up to the path MTU
	resource  int
}

func params(sa *dataplane.SA) esp.Params {
	return esp.Params{
		SPI: sa.SPI, Transforms: sa.Transforms, EncrKey: sa.EncrKey, IntegKey: sa.IntegKey, Mode: sa.Mode,
		ReplayWindow: sa.ReplayWindow, PadTo: max(sa.TFC, 0),
	}
}

// spiTries bounds the search for a free SPI. Even a million SAs leave nearly all of the four thousand million SPIs free.
const spiTries = 64

// AllocateSPI is that of dataplane.Backend.
func (b *Backend) AllocateSPI(int) (uint32, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for range spiTries {
		var octets [4]byte
		if _, err := io.ReadFull(b.rand, octets[:]); err != nil {
			return 0, fmt.Errorf("fake data plane: SPI: %w", err)
		}
		spi := binary.BigEndian.Uint32(octets[:])
		if _, taken := b.spis[spi]; spi > 255 && !taken {
			b.spis[spi] = nil
			return spi, nil
		}
	}
	return 0, fmt.Errorf("fake data plane: no free SPI in %d tries", spiTries)
}

// ReleaseSPI is that of dataplane.Backend. Remove has released the SPI of an SA already.
func (b *Backend) ReleaseSPI(spi uint32) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.spis[spi] == nil {
		delete(b.spis, spi)
	}
}

// Install is that of dataplane.Backend.
func (b *Backend) Install(sa dataplane.SA) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	var err error
	if sa.Direction == dataplane.Inbound {
		err = b.installInbound(&sa)
	} else {
		err = b.installOutbound(&sa)
	}
	if err != nil {
		return fmt.Errorf("fake data plane: SA %08x: %w", sa.SPI, err)
	}
	return nil
}

func (b *Backend) installInbound(sa *dataplane.SA) error {
	if old, allocated := b.spis[sa.SPI]; !allocated || old != nil {
		return dataplane.ErrNotAllocated
	}
	e, err := esp.NewInbound(params(sa))
	if err != nil {
		return err
	}
	in := &inbound{
		esp: e, spi: sa.SPI, policy: sa.Policy, mode: sa.Mode, nonFirst: sa.NonFirstFragments,
		selectors: spd.Selectors{Local: sa.Local, Remote: sa.Remote},
		original:  [2]netip.Addr{sa.OriginalRemote, sa.OriginalLocal},
		path:      sa.Path, told: sa.Path.Remote,
	}
	in.SetLimits(sa)
	b.spis[sa.SPI] = in
	return nil
}

func (b *Backend) installOutbound(sa *dataplane.SA) error {
	p := b.policies[sa.Policy]
	if p == nil {
		return fmt.Errorf("policy %d: %w", sa.Policy, dataplane.ErrNoPolicy)
	}
	e, err := esp.NewOutbound(params(sa), b.rand)
	if err != nil {
		return err
	}
	out := &outbound{esp: e, mode: sa.Mode, path: sa.Path, nonFirst: sa.NonFirstFragments, padToPath: sa.TFC < 0, resource: sa.Resource}
	out.SetLimits(sa)
	p.outs = append(p.outs, out)
	return nil
}

// Update is that of dataplane.Backend.
func (b *Backend) Update(inbound, outbound uint32, path dataplane.Path) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	in := b.spis[inbound]
	if in == nil {
		return fmt.Errorf("fake data plane: inbound SA %08x: %w", inbound, dataplane.ErrNoSA)
	}
	if outbound != 0 {
		out := b.policies[in.policy].find(outbound)
		if out == nil {
			return fmt.Errorf("fake data plane: outbound SA %08x: %w", outbound, dataplane.ErrNoSA)
		}
		out.path = path
	}
	in.path, in.told = path, path.Remote
	return nil
}

// Remove is that of dataplane.Backend.
func (b *Backend) Remove(d dataplane.Direction, spi uint32, id dataplane.PolicyID) (dataplane.Counters, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c, _ := b.counters(d, spi, id)
	if d == dataplane.Inbound {
		if in := b.spis[spi]; in != nil {
			in.clear()
			delete(b.spis, spi)
		}
		return c, nil
	}
	if out := b.policies[id].find(spi); out != nil {
		out.esp.Clear()
		p := b.policies[id]
		p.outs = slices.DeleteFunc(p.outs, func(o *outbound) bool { return o == out })
	}
	return c, nil
}

// Query is that of dataplane.Backend.
func (b *Backend) Query(d dataplane.Direction, spi uint32, id dataplane.PolicyID) (dataplane.Counters, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c, ok := b.counters(d, spi, id)
	if !ok {
		return c, fmt.Errorf("fake data plane: SA %08x: %w", spi, dataplane.ErrNoSA)
	}
	return c, nil
}

func (b *Backend) counters(d dataplane.Direction, spi uint32, id dataplane.PolicyID) (dataplane.Counters, bool) {
	if d == dataplane.Inbound {
		if in := b.spis[spi]; in != nil {
			return in.Counters(in.esp.Sequence()), true
		}
	} else if out := b.policies[id].find(spi); out != nil {
		return out.Counters(out.esp.Sequence()), true
	}
	return dataplane.Counters{}, false
}
