package daemon

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"culvert/api"
	"culvert/capture"
	"culvert/dataplane"
	"culvert/explain"
)

// captures are those that are under way. Whoever has packets asks first whether there are any, which costs one look.
type captures struct {
	engine *engine

	mu   sync.Mutex
	list atomic.Pointer[[]*capturing]           // replaced, never changed; nil: none
	outs map[uint32]map[dataplane.PolicyID]bool // outbound SPIs while there is a capture: peers choose them, perhaps alike
}

// A capturing is one capture. Packets that find no room are counted.
type capturing struct {
	request api.CaptureRequest
	blind   error // why only IKE is seen
	layers  [3]bool
	packets chan capture.Packet
	octets  atomic.Int64 // in packets
	lost    [3]atomic.Uint64

	written int       // packets, and
	told    [3]uint64 // lost ones that the file tells of
}

// Bounds of captures: of how many at a time, and of what waits for the reader of one.
const (
	maxCaptures     = 4
	captureBacklog  = 8192
	captureMemory   = 16 << 20
	flushEvery      = 200 * time.Millisecond
	octetsOfPackets = 512 // that a packet takes besides its data and comment
)

// active returns the captures that are under way, nil if there are none.
func (c *captures) active() []*capturing {
	if list := c.list.Load(); list != nil {
		return *list
	}
	return nil
}

// wants tells whether packets of a layer and a connection are wanted. A capture of one connection has no packets of others, and
// none of which nobody knows whose they are.
func (x *capturing) wants(l capture.Layer, connection string) bool {
	return x.layers[l] && (x.request.Connection == "" || x.request.Connection == connection)
}

// offer hands over a packet unless too many wait. The data is the packet's own.
func (x *capturing) offer(p capture.Packet) {
	p.Snap(x.request.Snap)
	size := int64(len(p.Data) + len(p.Comment) + octetsOfPackets)
	if x.octets.Add(size) <= captureMemory {
		select {
		case x.packets <- p:
			return
		default:
		}
	}
	x.octets.Add(-size)
	x.lost[p.Layer].Add(1)
}

// give hands a packet to all who want it.
func (c *captures) give(connection string, p capture.Packet) {
	for _, x := range c.active() {
		if x.wants(p.Layer, connection) {
			x.offer(p)
		}
	}
}

// begin adds a capture.
func (c *captures) begin(r api.CaptureRequest) (*capturing, error) {
	x := &capturing{request: r, packets: make(chan capture.Packet, captureBacklog)}
	for l := range capture.Inner + 1 {
		x.layers[l] = len(r.Layers) == 0 || slices.Contains(r.Layers, l.String())
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	list := c.active()
	if len(list) >= maxCaptures {
		return nil, api.NewProblem(http.StatusTooManyRequests, explain.ManageBadRequest, "wait until one ends", "there are %d captures already", maxCaptures)
	}
	list = append(slices.Clone(list), x)
	if len(list) == 1 {
		c.learn()
	}
	c.list.Store(&list)
	x.blind = c.tap(list)
	return x, nil
}

// end takes a capture away.
func (c *captures) end(x *capturing) {
	c.mu.Lock()
	defer c.mu.Unlock()
	list := slices.DeleteFunc(slices.Clone(c.active()), func(o *capturing) bool { return o == x })
	_ = c.tap(list) // of those that go on it was said before
	if len(list) == 0 {
		c.list.Store(nil)
		c.outs = nil
		return
	}
	c.list.Store(&list)
}

// tap has the data plane show its packets if anybody wants some. The caller holds the lock.
func (c *captures) tap(list []*capturing) error {
	t, ok := c.engine.backend.(dataplane.Tappable)
	if !ok {
		return nil
	}
	if slices.ContainsFunc(list, func(x *capturing) bool { return x.layers[capture.ESP] || x.layers[capture.Inner] }) {
		return t.SetTap(c)
	}
	return t.SetTap(nil)
}

// learn takes note of the outbound SAs that are there. The caller holds the lock.
func (c *captures) learn() {
	c.outs = map[uint32]map[dataplane.PolicyID]bool{}
	if holder, ok := c.engine.backend.(dataplane.KeyHolder); ok {
		for _, k := range holder.Keys() {
			if k.Direction == dataplane.Outbound {
				c.note(k.SPI, k.Policy)
			}
			k.Clear()
		}
	}
}

func (c *captures) note(spi uint32, policy dataplane.PolicyID) {
	if c.outs[spi] == nil {
		c.outs[spi] = map[dataplane.PolicyID]bool{}
	}
	c.outs[spi][policy] = true
}

// installed takes note of a new SA while there is a capture.
func (c *captures) installed(sa *dataplane.SA) {
	if sa.Direction == dataplane.Inbound || c.active() == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.outs != nil {
		c.note(sa.SPI, sa.Policy)
	}
}

// owner names whose a packet is, "office/net", or "" if that is not known.
func (c *captures) owner(p *dataplane.TappedPacket) string {
	policy := p.Policy
	if policy == 0 && p.Direction == dataplane.Outbound {
		c.mu.Lock()
		if of := c.outs[p.SPI]; len(of) == 1 {
			for policy = range of {
			}
		}
		c.mu.Unlock()
	}
	return c.engine.owners.name(policy)
}

// Tap is that of dataplane.Tap.
func (c *captures) Tap(p *dataplane.TappedPacket) {
	owner := c.owner(p)
	connection, _, _ := strings.Cut(owner, "/")
	shown := capture.Packet{Time: p.Time, Layer: capture.Inner, Direction: p.Direction}
	if shown.Time.IsZero() {
		shown.Time = time.Now()
	}
	switch {
	case p.Inner:
		shown.Data, shown.Comment = slices.Clone(p.Data), capture.InnerComment(owner, p.Direction, p.SPI, p.Drop)
	case p.Whole != nil:
		shown.Data = slices.Clone(p.Whole)
	default:
		shown.Data = capture.Envelope(capture.ESP, p.Direction, &p.Path, p.TOS, p.Data, 0)
	}
	if !p.Inner {
		shown.Layer, shown.Comment = capture.ESP, capture.ESPComment(owner, p.Direction, p.Data, p.Drop)
	}
	if p.Note != "" {
		shown.Comment += "; " + p.Note
	}
	c.missed(connection, shown.Layer, p.Lost)
	c.give(connection, shown)
}

// missed counts packets that the data plane could not show, for whoever may have wanted them.
func (c *captures) missed(connection string, l capture.Layer, n uint64) {
	for _, x := range c.active() {
		if x.wants(l, connection) {
			x.lost[l].Add(n)
		}
	}
}

// name is that of a policy, "connection/child".
func (o *owners) name(id dataplane.PolicyID) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.names[id]
}
