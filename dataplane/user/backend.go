package user

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"culvert/dataplane"
	"culvert/dataplane/user/route"
	"culvert/dataplane/user/tun"
	"culvert/spd"
)

// Config says how to set a Backend up.
type Config struct {
	Device string // of the TUN interface; %d becomes a number; empty is "culvert%d"
	MTU    int    // of the TUN interface; 0 is what fits the paths of the SAs, as it is found out
	Queues int    // of the TUN interface, and workers, each of which sends through its part of the Network; 0 is 1
	// Mark is that of the sockets behind Sender: policy routing keeps what bears it out of the device. 0 is DefaultMark.
	Mark uint32
	// Ports are the UDP ports of IKE and ESP, on which peers are heard even if a policy covers their addresses.
	Ports []uint16
}

// DefaultMark is the mark for the sockets of IKE and ESP: the port of ESP in UDP.
const DefaultMark = 4500

// defaultMTU is that of the device before there is an SA: it fits ESP in UDP over IPv6 with most transforms.
const defaultMTU = 1400

// A Backend carries SAs and policies. All methods are safe for concurrent use.
type Backend struct {
	device  Device
	plumber Plumber
	network dataplane.Network
	name    string
	rand    io.Reader
	now     func() time.Time

	notices  notifier
	remotes  remotes
	affinity *affinity
	follower follower
	policies atomic.Pointer[spd.Database[*policy]]
	closed   atomic.Bool
	tap      atomic.Pointer[tap] // nil: nobody looks
	running  bool                // goroutines of SAs are started

	mu     sync.Mutex // guards what follows, but for finding in sad, and changes of policies and of what they hold
	sad    sad
	known  map[dataplane.PolicyID]*policy
	reqIDs dataplane.ReqIDs // guarded by the lock

	workers            []*worker // one for each queue of the device
	sending, receiving []*epoch  // theirs
}

// New opens the device in the network namespace of the calling thread and begins to carry what policies ask for. Packets
// leave through n; what arrives is given to HandleESP. It needs CAP_NET_ADMIN.
func New(c Config, n dataplane.Network) (*Backend, error) {
	if c.Device == "" {
		c.Device = "culvert%d"
	}
	if c.Mark == 0 {
		c.Mark = DefaultMark
	}
	d, err := tun.Open(c.Device, cmp.Or(c.MTU, defaultMTU), c.Queues)
	if err != nil {
		return nil, fmt.Errorf("data plane: %w", err)
	}
	p, err := route.New(route.Config{Interface: d.Name(), Index: d.Index(), Mark: c.Mark, Ports: c.Ports})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("data plane: %w", err), d.Close())
	}
	b := Over(d, p, n)
	b.name = d.Name()
	if c.MTU == 0 {
		b.Follow(d)
	}
	return b, nil
}

// Over puts the data plane on a device that is there, and begins to carry what policies ask for; p and n as in New. The
// Backend owns device and plumber, and closes them.
func Over(d Device, p Plumber, n dataplane.Network) *Backend {
	b := newBackend(d, p, n)
	b.start()
	return b
}

// start begins to send.
func (b *Backend) start() {
	b.running = true
	for _, w := range b.workers {
		go w.tx.run()
	}
}

// newBackend puts the parts together. The caller calls start.
func newBackend(d Device, p Plumber, n dataplane.Network) *Backend {
	b := &Backend{device: d, plumber: p, network: n, rand: rand.Reader, now: time.Now}
	b.sad = newSAD(d.Queues())
	b.known = make(map[dataplane.PolicyID]*policy)
	b.remotes = remotes{hosts: make(map[netip.Addr]*remote), tell: b.tellPath, changed: b.follow}
	if l, ok := p.(linkTeller); ok {
		b.remotes.linkMTU = l.LinkMTU
	}
	b.affinity = newAffinity(d.Queues())
	b.policies.Store(&spd.Database[*policy]{})
	for i := range d.Queues() {
		w := newWorker(b, i, n.Sender(i))
		b.workers = append(b.workers, w)
		b.sending, b.receiving = append(b.sending, &w.tx.epoch), append(b.receiving, &w.rx.epoch)
	}
	return b
}

// Device is the name of the TUN interface.
func (b *Backend) Device() string { return b.name }

// SetNotices is that of dataplane.Backend.
func (b *Backend) SetNotices(f func(dataplane.Notice)) { b.notices.set(f) }

// Warnings returns what the host lacks, as values of type route.Warning, and errors of removals.
func (b *Backend) Warnings() []error { return b.plumber.Warnings() }

// SetRestored is that of dataplane.Restorer.
func (b *Backend) SetRestored(f func(dataplane.Restored)) {
	if p, ok := b.plumber.(dataplane.Restorer); ok {
		p.SetRestored(f)
	}
}

// Settled is that of dataplane.Settler.
func (b *Backend) Settled() error {
	if p, ok := b.plumber.(dataplane.Settler); ok {
		return p.Settled()
	}
	return nil
}

// Close stops the workers, removes everything that the backend made, and clears the keys. HandleESP may still be called,
// and does nothing.
func (b *Backend) Close() error {
	if b.closed.Swap(true) {
		return nil
	}
	b.follower.stop()
	b.device.Shut()
	for _, w := range b.workers {
		<-w.tx.done
		w.rx.epoch.wait()
	}
	err := errors.Join(b.plumber.Close(), b.device.Close())
	b.mu.Lock()
	defer b.mu.Unlock()
	b.halt()
	b.clear()
	return err
}

// clear destroys all SAs, which are not there any more. No worker runs.
func (b *Backend) clear() {
	for spi := range b.sad.spis {
		if in := b.sad.find(spi); in != nil {
			b.sad.drop(spi)
			in.esp.Clear()
		}
	}
	for _, p := range b.known {
		for _, out := range p.outs {
			out.clear()
		}
		p.outs = nil
	}
}
