package daemon

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"culvert/api"
	"culvert/config"
	"culvert/dataplane"
	"culvert/dataplane/fake"
	"culvert/dataplane/user"
	"culvert/dataplane/user/route"
	"culvert/dataplane/xfrm"
	"culvert/explain"
	"culvert/lease"
	"culvert/netio"
)

// A world is what the engine has outside of the process: sockets, the data plane, and the folder of what outlives it.
type world struct {
	name     string                        // of the data plane, for people
	plane    choice                        // of the data plane
	exempt   func(fd int, ipv6 bool) error // takes a socket out of the policies; nil: a mark does
	listener *netio.Listener
	backend  dataplane.Backend
	threads  int         // of the data plane, that wait in the kernel
	store    *lease.File // nil: leases end with the process
	unstored error       // why there is no store
	sims     *sims
	restored restorations
}

// openWorld opens sockets and data plane as configured.
func (d *Daemon) openWorld(cfg *config.Config) error {
	c := d.running
	plane, err := d.plane(cfg)
	if err != nil {
		return err
	}
	l, err := netio.Listen(d.sockets(plane.backend))
	if err != nil {
		return explainListen(err)
	}
	w := &world{listener: l, sims: newSIMs(c.StateDir), plane: plane, restored: restorations{log: d.log}}
	if err := w.openBackend(c, plane.backend, &d.options); err != nil {
		return errors.Join(err, l.Close())
	}
	if b, ok := w.backend.(dataplane.Restorer); ok {
		b.SetRestored(w.restored.note)
	}
	if d.options.Plane == nil {
		w.store, w.unstored = openStore(c)
	}
	if w.unstored != nil {
		d.log.Warn("address leases are kept in memory only", "code", string(explain.HostLeaseStore), "error", w.unstored)
	}
	d.world = w
	return nil
}

// plane is what carries the packets: that of the program around the daemon, or what the configuration leads to.
func (d *Daemon) plane(cfg *config.Config) (choice, error) {
	if d.options.Plane != nil {
		return choice{}, nil
	}
	c, err := choosePlane(cfg)
	if err == nil && c.reason != "" {
		d.log.Info("chose the data plane", "dataplane", string(c.backend), "reason", c.reason)
	}
	return c, err
}

// ownMark is on the packets of our sockets, which routing keeps out of tunnels.
const ownMark = user.DefaultMark

// sockets are those that the data plane asks for.
func (d *Daemon) sockets(b config.Backend) netio.Config {
	c := netio.Config{Addresses: d.running.Listen, IKEPort: d.running.Port, NATPort: d.running.NATPort, TCPPorts: d.running.TCPPorts}
	switch b {
	case config.BackendUser:
		c.RawESP, c.Mark, c.Workers, c.Brisk = true, ownMark, queues(&d.running.Dataplane), true
	case config.BackendKernel:
		c.Mark, c.Prepare = ownMark, prepareSocket
	}
	return c
}

func (w *world) openBackend(d *config.Daemon, b config.Backend, o *Options) (err error) {
	switch {
	case o.Plane != nil:
		w.backend, w.name, err = o.Plane(w.listener)
		return err
	case b == config.BackendFake:
		w.openFake(o.Packets)
		return nil
	case b == config.BackendKernel:
		return w.openKernel(d)
	}
	return w.openUser(d)
}

// openUser opens the data plane in user space.
func (w *world) openUser(d *config.Daemon) (err error) {
	ikePort, natPort := w.listener.Ports()
	n := queues(&d.Dataplane)
	w.backend, err = user.New(user.Config{Device: d.Dataplane.Device, MTU: d.Dataplane.MTU, Queues: n, Ports: []uint16{ikePort, natPort}}, w.listener)
	if errors.Is(err, os.ErrPermission) {
		return fmt.Errorf("%w: run as root, or with dataplane { backend = \"fake\" } to try a configuration out without packets", err)
	}
	w.name, w.threads = fmt.Sprintf("user space, %d queues", n), 2*n
	return err
}

// kernelConfig tells what is ours in the kernel.
func kernelConfig(d *config.Daemon) xfrm.Config {
	return xfrm.Config{Owner: d.StateDir, Mark: ownMark}
}

// openKernel opens the data plane of the kernel.
func (w *world) openKernel(d *config.Daemon) (err error) {
	c := kernelConfig(d)
	_, c.NATPort = w.listener.Ports()
	w.backend, err = xfrm.New(c)
	var missing *xfrm.MissingError
	if errors.As(err, &missing) {
		return api.NewProblem(0, explain.HostKernelESP, "", "%v", err)
	}
	w.name, w.exempt = "kernel", xfrm.Exempt
	return err
}

// prepareSocket fits a UDP socket to the data plane of the kernel: policies do not apply to it, and the one for NAT traversal
// gives its ESP to the kernel.
func prepareSocket(fd int, ipv6, nat bool) error {
	err := xfrm.Exempt(fd, ipv6)
	if err == nil && nat {
		err = xfrm.TakeESP(fd)
	}
	return err
}

// queues is how many queues the data plane in user space has. Of many processors a few are enough for what a network brings.
func queues(c *config.Dataplane) int {
	const most = 8
	return cmp.Or(c.Queues, min(processors(), most))
}

// openFake opens the data plane that carries packets in memory only.
func (w *world) openFake(packets *Packets) {
	hooks := fake.Hooks{Send: w.sendESP}
	if packets != nil {
		hooks.Deliver = packets.Deliver
	}
	b := fake.New(rand.Reader, time.Now, hooks)
	if packets != nil {
		packets.Inject = b.Inject
	}
	w.backend, w.name = b, "none, for trying out"
}

// sendESP takes a packet of the fake data plane to the network.
func (w *world) sendESP(path dataplane.Path, packet []byte) {
	w.listener.SendESP([]dataplane.Burst{{Path: path, Data: packet, Segment: len(packet)}})
}

// settle removes what a daemon that crashed has left in the host, with this data plane or another, now that policies stand.
func (d *Daemon) settle() error {
	var errs []error
	if b, ok := d.world.backend.(dataplane.Settler); ok {
		errs = append(errs, b.Settled())
	}
	switch d.world.plane.backend {
	case config.BackendUser:
		errs = append(errs, xfrm.Sweep(kernelConfig(d.running)))
	case config.BackendKernel:
		errs = append(errs, route.Sweep())
	}
	return errors.Join(errs...)
}

// start lets the listener hand over what arrives.
func (w *world) start(e *engine) {
	h := netio.Handlers{IKE: e.receive, Stream: e.streamClosed, Unreachable: e.icmp.note}
	if b, ok := w.backend.(dataplane.PacketHandler); ok {
		h.ESP = b.HandleESP
	}
	if b, ok := w.backend.(dataplane.MTUHandler); ok {
		h.MTU = b.HandleMTU
	}
	w.listener.Start(h)
	w.spareProcessors()
}

// spareProcessors has Go's scheduler run more threads at a time, by as many as the data plane has. Those wait in the kernel without
// letting go of their processors at once, and come back without looking for one (package netio/rest).
func (w *world) spareProcessors() {
	if w.threads > 0 {
		runtime.GOMAXPROCS(processors() + w.threads)
	}
}

// close takes everything away.
func (w *world) close(log *slog.Logger) {
	err := errors.Join(w.backend.Close(), w.listener.Close(), w.sims.close())
	w.restored.stop()
	if w.store != nil {
		err = errors.Join(err, w.store.Close())
	}
	if err != nil {
		log.Error("cannot clean up", "error", err)
	}
}

// openStore opens the store of leases. Without one leases end with the process, which is no reason not to start.
func openStore(d *config.Daemon) (*lease.File, error) {
	if err := os.MkdirAll(d.StateDir, 0o700); err != nil {
		return nil, err
	}
	return lease.OpenFile(filepath.Join(d.StateDir, "leases.db"))
}

// leaseStore is the store for the pools, or nil.
func (w *world) leaseStore() lease.Store {
	if w.store == nil {
		return nil // not a nil *lease.File in an interface
	}
	return w.store
}

// explainListen says what to do about a port that is taken.
func explainListen(err error) error {
	text := strings.ReplaceAll(err.Error(), "\n", "; ") // of joined errors
	if errors.Is(err, os.ErrPermission) {
		return api.NewProblem(0, explain.HostPort, "ports below 1024 and raw ESP need root or CAP_NET_BIND_SERVICE and CAP_NET_RAW; `culvert connect --rootless` needs neither", "%s", text)
	}
	if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
		return api.NewProblem(0, explain.HostPort, "raise the limit on open files, LimitNOFILE= of the unit or `ulimit -n`", "%s", text)
	}
	return api.NewProblem(0, explain.HostPort, "another IKE daemon may be running; `ss -ulpn` shows who holds the port", "%s", text)
}

// count puts the counters of sockets and data plane into a map. Those that are zero are left out.
func (w *world) count(m map[string]uint64) {
	counts := w.listener.Counts()
	for reason, n := range counts.All() {
		if n > 0 {
			m["net_"+reason.String()] = n
		}
	}
	if b, ok := w.backend.(dataplane.Counting); ok {
		for name, n := range b.Counts() {
			if n > 0 {
				m[name] = n
			}
		}
	}
}
