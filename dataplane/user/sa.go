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
	account
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
		account: account{spi: sa.SPI, policy: sa.Policy}, mode: sa.Mode, noECN: sa.NoECN, copyDSCP: sa.CopyDSCP, nonFirst: sa.NonFirstFragments,
		selectors: spd.Selectors{Local: sa.Local, Remote: sa.Remote},
		original:  [2]netip.Addr{sa.OriginalRemote, sa.OriginalLocal},
		told:      sa.Path.Remote,
	}
	if err := in.esp.Init(params(sa)); err != nil {
		return nil, err
	}
	in.SetLimits(sa)
	path := sa.Path // alone: what points into sa keeps all of it
	in.path.Store(&path)
	return in, nil
}

// outbound is an SA as the sending workers see it: in one piece with what the first of them needs for every packet.
type outbound struct {
	account
	way   atomic.Pointer[way]
	mode  esp.Mode
	outer esp.Outer
	// takesFragments says that the selectors let all fragments of a packet through that they let through whole (RFC 4301,
	// Section 7).
	takesFragments bool
	nonFirst       bool  // carries fragments without ports (RFC 4301, Section 7.3)
	resource       int   // worker + 1, 0: for all (RFC 9611)
	pump           *pump // nil: not in AGGFRAG mode; else nobody has a lane
	layout         esp.Layout
	turn           turnstile    // of several workers
	first          lane         // of the first worker
	esp            esp.Outbound // for its sequence numbers; the sealer is the first worker's
	others         []*lane      // of the other workers, made when they first use the SA
	cover          *cover       // nil: no dummy packets
	tfc            int
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
	if worker == 0 {
		return &o.first
	}
	if l := o.others[worker-1]; l != nil {
		return l
	}
	l := &lane{outbound: o, sealer: o.esp.Fork(), padTo: max(o.tfc, 0)}
	o.others[worker-1] = l
	return l
}

// fetch asks the processor to have in its cache soon what a worker needs of the SA, and all that it leads to.
func (o *outbound) fetch(worker int) {
	prefetch.Lines(unsafe.Pointer(o), unsafe.Offsetof(o.others))
	w := o.way.Load()
	prefetch.Object(w)
	prefetch.Object(&w.remote.mtu)
	sealer := &o.esp
	if worker > 0 {
		l := o.others[worker-1]
		if l == nil {
			return
		}
		prefetch.Object(l)
		prefetch.Object(l.sealer)
		sealer = l.sealer
	}
	sealer.Fetch()
}

// clear overwrites the keys. No worker uses the SA any longer.
func (o *outbound) clear() {
	o.esp.Clear()
	for _, l := range o.others {
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

// whole tells whether packets must not be fragmented. Over IPv6 their sender alone can do that, and has no reason to where
// they fit.
func (w *way) whole(df bool) bool { return df || w.Remote.Addr().Is6() }

func newOutbound(sa *dataplane.SA, rand io.Reader, workers int) (*outbound, error) {
	outer := esp.Outer{NoECN: sa.NoECN, CopyDSCP: sa.CopyDSCP, DF: sa.DF}
	if sa.Mode == esp.Transport { // the header is the packet's own
		outer = esp.Outer{CopyDSCP: true, DF: esp.DFCopy}
	}
	out := &outbound{account: account{spi: sa.SPI, policy: sa.Policy}, resource: sa.Resource, mode: sa.Mode, tfc: sa.TFC, outer: outer,
		nonFirst: sa.NonFirstFragments, layout: esp.LayoutOf(sa.Transforms), others: make([]*lane, workers-1)}
	if err := out.esp.Init(params(sa), rand); err != nil {
		return nil, err
	}
	out.first = lane{outbound: out, sealer: &out.esp, padTo: max(out.tfc, 0)}
	out.takesFragments = out.nonFirst || anyPorts(sa.Local) && anyPorts(sa.Remote)
	out.SetLimits(sa)
	out.turn.next.Store(out.esp.Sequence() + 1)
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
	if l.tfc != 0 {
		l.padTo = l.padding(w)
		l.sealer.SetPadTo(l.padTo)
	}
	return nil
}

// padding is how many octets shorter packets are padded to: what is configured, as far as the path is known to carry it, or all that
// the path carries.
func (o *outbound) padding(w *way) int {
	fits := o.effectiveMTU()
	switch {
	case o.tfc < 0:
		return o.layout.EffectiveMTU(cmp.Or(int(w.remote.mtu.Load()), defaultPath), w.Encapsulation(o.mode))
	case fits > 0:
		return min(o.tfc, fits)
	}
	return o.tfc
}
