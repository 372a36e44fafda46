package daemon

import (
	"context"
	"fmt"
	"io"
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
	"culvert/keylog"
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

// active returns the captures that want packets of a layer, nil if there are none.
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

// Capture writes a capture until its end.
func (d *Daemon) Capture(ctx context.Context, r api.CaptureRequest, w io.Writer) error {
	if err := d.knows(r.Connection); err != nil {
		return err
	}
	e := d.engine
	keys := new(keyExport) // of which nothing comes
	if r.Keys {
		var err error
		if keys, err = e.keys.open(r.Connection); err != nil {
			return err
		}
		defer e.keys.close(keys)
	}
	x, err := e.captures.begin(r)
	if err != nil {
		return err
	}
	defer e.captures.end(x)
	who := api.CallerOf(ctx).Name
	e.audit(r.Connection, "packets are captured for "+who+withKeys(r.Keys))
	defer e.audit(r.Connection, "packets are captured for "+who+" no longer")
	return d.writeCapture(ctx, x, keys, w)
}

func withKeys(keys bool) string {
	if keys {
		return ", with session keys"
	}
	return ""
}

// writeCapture writes a capture until its end.
func (d *Daemon) writeCapture(ctx context.Context, x *capturing, keys *keyExport, w io.Writer) error {
	before := d.engine.tallied()
	file, err := capture.NewWriter(w, d.aboutCapture(x))
	if err != nil {
		return err
	}
	if x.request.Keys {
		if err := d.engine.livingKeys(ctx, x.request.Connection, file); err != nil {
			return err
		}
	}
	if x.request.Seconds > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, x.request.For())
		defer cancel()
	}
	if err := x.copy(ctx, keys.lines, file); err != nil {
		return err
	}
	d.engine.captures.end(x)
	if err := x.drain(keys.lines, file); err != nil {
		return err
	}
	return file.End(x.losses(), risen(before, d.engine.tallied()))
}

// aboutCapture is the head of a file. Where the kernel does not show its packets, part of what was asked for cannot be seen.
func (d *Daemon) aboutCapture(x *capturing) capture.About {
	about := capture.About{Application: "culvert " + d.options.Version, Snap: x.request.Snap, Comment: "data plane: " + d.world.name}
	if x.request.Connection != "" {
		about.Comment += "; connection " + x.request.Connection
	}
	if x.blind != nil {
		about.Comment += fmt.Sprintf("; ESP and inner packets are the kernel's and not in this file: %v", x.blind)
	}
	return about
}

// livingKeys puts the keys of SAs that are there into the file.
func (e *engine) livingKeys(ctx context.Context, connection string, file *capture.Writer) error {
	lines, err := e.living(ctx, connection)
	defer clearLines(lines)
	if err != nil {
		return err
	}
	return writeKeys(file, lines...)
}

// writeKeys puts lines for all algorithms into the file.
func writeKeys(file *capture.Writer, lines ...keylog.Line) error {
	for _, l := range lines {
		if l.Table == keylog.TableAll {
			if err := file.WriteSecrets(l.Text); err != nil {
				return err
			}
		}
	}
	return nil
}

// copy writes packets and keys until the end of the capture. Keys of an SA go in front of its packets where both wait.
func (x *capturing) copy(ctx context.Context, lines <-chan keylog.Line, file *capture.Writer) error {
	flush := time.NewTicker(flushEvery)
	defer flush.Stop()
	for x.hungry() {
		var err error
		select {
		case l := <-lines:
			err = writeKey(file, l)
		case p := <-x.packets:
			err = x.write(file, &p)
		case <-flush.C:
			err = file.Flush()
		case <-ctx.Done():
			return nil
		}
		if err != nil {
			return fmt.Errorf("capture: %w", err)
		}
	}
	return nil
}

// drain writes what waits when a capture has ended.
func (x *capturing) drain(lines <-chan keylog.Line, file *capture.Writer) error {
	for x.hungry() {
		var err error
		select {
		case l := <-lines:
			err = writeKey(file, l)
		case p := <-x.packets:
			err = x.write(file, &p)
		default:
			return nil
		}
		if err != nil {
			return fmt.Errorf("capture: %w", err)
		}
	}
	return nil
}

// hungry tells whether more packets are wanted.
func (x *capturing) hungry() bool { return x.request.Packets == 0 || x.written < x.request.Packets }

// write writes a packet, and how many were lost before it.
func (x *capturing) write(file *capture.Writer, p *capture.Packet) error {
	x.octets.Add(-int64(len(p.Data) + len(p.Comment) + octetsOfPackets))
	lost := x.lost[p.Layer].Load()
	p.Lost, x.told[p.Layer] = lost-x.told[p.Layer], lost
	x.written++
	return file.Write(p)
}

// writeKey writes a line, which is clear afterwards.
func writeKey(file *capture.Writer, l keylog.Line) error {
	defer l.Clear()
	return writeKeys(file, l)
}

func (x *capturing) losses() (lost [3]uint64) {
	for l := range lost {
		lost[l] = x.lost[l].Load()
	}
	return lost
}
