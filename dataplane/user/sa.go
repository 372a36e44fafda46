package user

import (
	"cmp"
	"io"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"unsafe"

	"culvert/dataplane"
	"culvert/esp"
	"culvert/prefetch"
	"culvert/spd"
)

// inbound is an SA as the receiving workers see it. Its packets come to one worker as a rule, which holds the lock over runs
// of them.
//
// What every packet needs comes first, in one piece: of many SAs each line that is not in the processor's cache costs as much as
// the cipher.
type inbound struct {
	dataplane.Lifetime
	spi      uint32
	policy   dataplane.PolicyID
	mode     esp.Mode
	noECN    bool // congestion marks of the outer header are not heeded
	copyDSCP bool
	nonFirst bool // carries fragments without ports (RFC 4301, Section 7.3)
	path     atomic.Pointer[dataplane.Path]
	sequence atomic.Uint64 // the highest accepted

	mu        sync.Mutex     // guards what follows, but for selectors and original
	aggFrag   *gatherer      // nil: not in AGGFRAG mode
	told      netip.AddrPort // NoticeNewAddress was sent about it
	flow      spd.Flow       // passed the selectors
	esp       esp.Inbound    // but for Fetch and Clear
	offended  noticed        // NoticeSelectors
	selectors spd.Selectors
	original  [2]netip.Addr // of the peer and of us, before NAT
}

// fetch asks the processor to have the SA in its cache soon. It may be called without the lock.
func (in *inbound) fetch() {
	prefetch.Lines(unsafe.Pointer(in), unsafe.Offsetof(in.offended))
	in.esp.Fetch()
}

func newInbound(sa *dataplane.SA) (*inbound, error) {
	in := &inbound{
		spi: sa.SPI, policy: sa.Policy, mode: sa.Mode, noECN: sa.NoECN, copyDSCP: sa.CopyDSCP, nonFirst: sa.NonFirstFragments,
		selectors: spd.Selectors{Local: sa.Local, Remote: sa.Remote},
		original:  [2]netip.Addr{sa.OriginalRemote, sa.OriginalLocal},
		told:      sa.Path.Remote,
	}
	if err := in.esp.Init(params(sa)); err != nil {
		return nil, err
	}
	in.SetLimits(sa)
	in.path.Store(&sa.Path)
	return in, nil
}

// outbound is an SA as the sending workers see it.
type outbound struct {
	dataplane.Lifetime
	esp      *esp.Outbound // for its sequence numbers; the sealer is the first worker's
	spi      uint32
	policy   dataplane.PolicyID
	resource int
	mode     esp.Mode
	outer    esp.Outer
	tfc      int
	nonFirst bool // carries fragments without ports (RFC 4301, Section 7.3)
	layout   esp.Layout
	way      atomic.Pointer[way]
	// takesFragments says that the selectors let all fragments of a packet through that they let through whole (RFC 4301,
	// Section 7).
	takesFragments bool
	turn           atomic.Uint64 // the sequence number to be sent next, when there are several workers
	lanes          []*lane       // of each worker, made when it first uses the SA
	pump           *pump         // nil: not in AGGFRAG mode; else nobody has a lane
	cover          *cover        // nil: no dummy packets
}

// A lane is what one worker, and nobody else, uses of an outbound SA.
type lane struct {
	*outbound
	sealer   *esp.Outbound
	measured *way // what mtu and largest were computed for
	mtu      int32
	largest  int // octets of an inner packet that fits the path, 0 when the path is not known
	padTo    int // octets to which shorter packets are padded
	batch    group
}

// lane returns that of a worker, who calls it.
func (o *outbound) lane(worker int) *lane {
	if o.lanes[worker] == nil {
		l := &lane{outbound: o, sealer: o.esp, padTo: max(o.tfc, 0)}
		if worker > 0 {
			l.sealer = o.esp.Fork()
		}
		o.lanes[worker] = l
	}
	return o.lanes[worker]
}

// clear overwrites the keys. No worker uses the SA any longer.
func (o *outbound) clear() {
	o.esp.Clear()
	for _, l := range o.lanes {
		if l != nil {
			l.sealer.Clear()
		}
	}
}

// A way is a path and what is known about the host at its end. Ways are replaced, never changed.
type way struct {
	dataplane.Path
	remote *remote
}

func newOutbound(sa *dataplane.SA, rand io.Reader, workers int) (*outbound, error) {
	e, err := esp.NewOutbound(params(sa), rand)
	if err != nil {
		return nil, err
	}
	outer := esp.Outer{NoECN: sa.NoECN, CopyDSCP: sa.CopyDSCP, DF: sa.DF}
	if sa.Mode == esp.Transport { // the header is the packet's own
		outer = esp.Outer{CopyDSCP: true, DF: esp.DFCopy}
	}
	out := &outbound{esp: e, spi: sa.SPI, policy: sa.Policy, resource: sa.Resource, mode: sa.Mode, tfc: sa.TFC, outer: outer,
		nonFirst: sa.NonFirstFragments, layout: esp.LayoutOf(sa.Transforms), lanes: make([]*lane, workers)}
	out.takesFragments = out.nonFirst || anyPorts(sa.Local) && anyPorts(sa.Remote)
	out.SetLimits(sa)
	out.turn.Store(e.Sequence() + 1)
	return out, nil
}

func anyPorts(list []spd.Selector) bool {
	return !slices.ContainsFunc(list, func(s spd.Selector) bool { return !s.AnyPort() })
}

// effectiveMTU is the largest inner packet that fits the path, 0 where nothing is known of it, and for streams, which cut what
// they carry to fit (RFC 4301, Section 8.2.1).
func (o *outbound) effectiveMTU() int {
	w := o.way.Load()
	e, mtu := w.Encapsulation(o.mode), int(w.remote.mtu.Load())
	if mtu == 0 || e.TCP {
		return 0
	}
	return o.layout.EffectiveMTU(mtu, e)
}

func params(sa *dataplane.SA) esp.Params {
	return esp.Params{
		SPI: sa.SPI, Transforms: sa.Transforms, EncrKey: sa.EncrKey, IntegKey: sa.IntegKey, Mode: sa.Mode,
		ReplayWindow: sa.ReplayWindow, PadTo: max(sa.TFC, 0), AggFrag: sa.AggFrag != nil,
	}
}

// defaultPath is the MTU taken for a path about which nothing was heard, where a number is needed.
const defaultPath = 1500

// measure brings largest, and padding up to it, in step with the way. It is called for every packet.
func (l *lane) measure(w *way) error {
	mtu := w.remote.mtu.Load()
	if l.measured == w && l.mtu == mtu {
		return nil
	}
	if _, err := l.sealer.Layout(); err != nil {
		return err
	}
	l.measured, l.mtu, l.largest = w, mtu, l.effectiveMTU()
	if l.tfc < 0 {
		l.padTo = l.layout.EffectiveMTU(cmp.Or(int(mtu), defaultPath), w.Encapsulation(l.mode))
		l.sealer.SetPadTo(l.padTo)
	}
	return nil
}
