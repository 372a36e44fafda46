package user

import (
	"cmp"
	"io"
	"net/netip"
	"sync/atomic"

	"culvert/dataplane"
	"culvert/esp"
	"culvert/spd"
)

// inbound is an SA as the receiving worker sees it.
type inbound struct {
	dataplane.Lifetime
	esp       *esp.Inbound // the worker's
	spi       uint32
	policy    dataplane.PolicyID
	mode      esp.Mode
	copyDSCP  bool
	nonFirst  bool // carries fragments without ports (RFC 4301, Section 7.3)
	selectors spd.Selectors
	original  [2]netip.Addr // of the peer and of us, before NAT
	path      atomic.Pointer[dataplane.Path]
	sequence  atomic.Uint64 // the highest accepted

	// The worker's memory.
	flow      spd.Flow       // passed the selectors
	told      netip.AddrPort // NoticeNewAddress was sent about it
	offenders limiter        // of NoticeSelectors
}

func newInbound(sa *dataplane.SA) (*inbound, error) {
	e, err := esp.NewInbound(params(sa))
	if err != nil {
		return nil, err
	}
	in := &inbound{
		esp: e, spi: sa.SPI, policy: sa.Policy, mode: sa.Mode, copyDSCP: sa.CopyDSCP, nonFirst: sa.NonFirstFragments,
		selectors: spd.Selectors{Local: sa.Local, Remote: sa.Remote},
		original:  [2]netip.Addr{sa.OriginalRemote, sa.OriginalLocal},
		told:      sa.Path.Remote, offenders: limiter{every: noticeEvery, burst: 1},
	}
	in.SetLimits(sa)
	in.path.Store(&sa.Path)
	return in, nil
}

// outbound is an SA as the sending worker sees it.
type outbound struct {
	dataplane.Lifetime
	esp    *esp.Outbound // the worker's, but for Sequence
	spi    uint32
	policy dataplane.PolicyID
	mode   esp.Mode
	outer  esp.Outer
	tfc    int
	way    atomic.Pointer[way]

	nonFirst bool // carries fragments without ports (RFC 4301, Section 7.3)

	// The worker's memory.
	layout   esp.Layout
	measured *way // what mtu and largest were computed for
	mtu      int32
	largest  int // octets of an inner packet that fits the path, 0 when the path is not known
	padTo    int // octets to which shorter packets are padded
}

// A way is a path and what is known about the host at its end. Ways are replaced, never changed.
type way struct {
	dataplane.Path
	remote *remote
}

func newOutbound(sa *dataplane.SA, rand io.Reader) (*outbound, error) {
	e, err := esp.NewOutbound(params(sa), rand)
	if err != nil {
		return nil, err
	}
	outer := esp.Outer{CopyDSCP: sa.CopyDSCP, DF: sa.DF}
	if sa.Mode == esp.Transport { // the header is the packet's own
		outer = esp.Outer{CopyDSCP: true, DF: esp.DFCopy}
	}
	out := &outbound{esp: e, spi: sa.SPI, policy: sa.Policy, mode: sa.Mode, tfc: sa.TFC, padTo: max(sa.TFC, 0), outer: outer,
		nonFirst: sa.NonFirstFragments}
	out.SetLimits(sa)
	return out, nil
}

func params(sa *dataplane.SA) esp.Params {
	return esp.Params{
		SPI: sa.SPI, Transforms: sa.Transforms, EncrKey: sa.EncrKey, IntegKey: sa.IntegKey, Mode: sa.Mode,
		ReplayWindow: sa.ReplayWindow, PadTo: max(sa.TFC, 0),
	}
}

// defaultPath is the MTU taken for a path about which nothing was heard, where a number is needed.
const defaultPath = 1500

// measure brings largest, and padding up to it, in step with the way. It is called for every packet.
func (o *outbound) measure(w *way) error {
	mtu := w.remote.mtu.Load()
	if o.measured == w && o.mtu == mtu {
		return nil
	}
	layout, err := o.esp.Layout()
	if err != nil {
		return err
	}
	e := w.Encapsulation(o.mode)
	o.measured, o.mtu, o.layout, o.largest = w, mtu, layout, 0
	if mtu > 0 && !e.TCP { // a stream cuts what it carries to fit the path
		o.largest = layout.EffectiveMTU(int(mtu), e)
	}
	if o.tfc < 0 {
		o.padTo = layout.EffectiveMTU(cmp.Or(int(mtu), defaultPath), e)
		o.esp.SetPadTo(o.padTo)
	}
	return nil
}
