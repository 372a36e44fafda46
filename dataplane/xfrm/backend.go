package xfrm

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"culvert/dataplane"
	"culvert/dataplane/xfrm/nl"
)

// Config says how to set a Backend up.
type Config struct {
	// Owner tells what is ours from what other daemons of this kind put into the same network namespace.
	Owner string
	// Mark is that of the sockets of IKE, which routing keeps out of the interfaces of policies.
	Mark uint32
	// NATPort is that of the sockets that take ESP in UDP.
	NATPort uint16
}

// kernel is what a Backend asks of the kernel; nl.Conn is one.
type kernel interface {
	AddState(*nl.State) error
	UpdateState(*nl.State) error
	DeleteState(*nl.StateID) error
	State(*nl.StateID) (*nl.State, error)
	States() ([]*nl.State, error)
	policyStore
	Policy(*nl.PolicyID) (*nl.Policy, error)
	Policies() ([]*nl.Policy, error)
	Counters(*nl.StateID) (*nl.AE, error)
	SetCounters(*nl.AE) error
	Close() error
}

// events is what a Backend hears of the kernel; nl.Listener is one.
type events interface {
	Join(nl.Group) error
	Leave(nl.Group) error
	Receive(func(nl.Type, []byte)) error
	Close() error
}

// plumber does what policies need beside XFRM: interfaces, addresses and routes.
type plumber interface {
	Set(*dataplane.Policy) error
	Remove(dataplane.PolicyID) error
	Index(device string) (uint32, error)      // of a network device
	LinkMTU(netip.Addr) int                   // of the first link to a host; 0: there is no way
	Fit(id dataplane.PolicyID, mtu int) error // bounds packets that a policy's routes lead into its tunnel; 0: no bound
	Mend(suspects) dataplane.Restored         // puts back what others have removed
	Settled() error                           // removes what a predecessor left
	Close() error
}

// A Backend gives SAs and policies to the kernel. Its methods are safe for concurrent use.
type Backend struct {
	kernel   kernel
	events   events
	plumber  plumber
	config   Config
	owner    owner
	features Features
	stat     counterFile
	before   Stat // the kernel's counters when the Backend was made
	notices  atomic.Pointer[func(dataplane.Notice)]
	done     chan struct{} // closed when no event is received any more

	namespace *os.File   // that of the network
	tapping   sync.Mutex // guards watch
	watch     *watch     // nil: nobody looks at packets
	watches   sync.WaitGroup

	lookout     lookout
	restored    atomic.Pointer[func(dataplane.Restored)]
	stopKeeping func() error

	mu       sync.Mutex // guards what follows
	spis     map[uint32]bool
	ins      map[uint32]*sa
	leaving  map[uint32][]*sa // outbound SAs by their SPIs, which peers have chosen
	paths    map[netip.Addr]*remotePath
	news     []dataplane.Notice // to be sent when the lock is free
	known    map[dataplane.PolicyID]*policy
	byReqID  map[uint32]*policy
	reqIDs   dataplane.ReqIDs
	byState  map[nl.StateID]*sa
	database *database
	slots    slots
	age      uint64
	waiting  int // SAs that wait for their first packet
	warnings []error
	left     []nl.PolicyID // of a predecessor, until ours are in their place
	closed   bool
}

// New takes over the XFRM of the network namespace of the calling thread, as far as it is ours: the SAs that a predecessor with
// the same Owner left are removed, and what its policies protected does not leave until Settled. It needs CAP_NET_ADMIN.
func New(c Config) (*Backend, error) {
	conn, err := nl.Dial()
	if err != nil {
		return nil, fmt.Errorf("data plane: %w", err)
	}
	listener, err := nl.Listen(nl.GroupAcquire, nl.GroupExpire, nl.GroupMapping)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("data plane: %w", err), conn.Close())
	}
	routes, err := newRoutes(c)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("data plane: %w", err), listener.Close(), conn.Close())
	}
	b := newBackend(c, conn, listener, routes)
	if b.namespace, err = os.Open("/proc/thread-self/ns/net"); err != nil {
		return nil, errors.Join(fmt.Errorf("data plane: %w", err), routes.Close(), listener.Close(), conn.Close())
	}
	b.stat = openStat()
	b.before = b.stat.now()
	b.features = features(conn)
	if err := b.inherit(); err != nil {
		return nil, errors.Join(fmt.Errorf("data plane: leftovers: %w", err), routes.Close(), listener.Close(), conn.Close(), b.stat.Close(), b.namespace.Close())
	}
	if err := b.keep(conn.PID(), routes); err != nil {
		return nil, errors.Join(fmt.Errorf("data plane: %w", err), routes.Close(), listener.Close(), conn.Close(), b.stat.Close(), b.namespace.Close())
	}
	go b.run()
	return b, nil
}

// newBackend puts the parts together. The caller starts run.
func newBackend(c Config, k kernel, e events, p plumber) *Backend {
	return &Backend{
		kernel: k, events: e, plumber: p, config: c, owner: newOwner(c.Owner), done: make(chan struct{}), stopKeeping: func() error { return nil },
		spis: make(map[uint32]bool), ins: make(map[uint32]*sa), leaving: make(map[uint32][]*sa), paths: make(map[netip.Addr]*remotePath), known: make(map[dataplane.PolicyID]*policy),
		byReqID: make(map[uint32]*policy), byState: make(map[nl.StateID]*sa), database: newDatabase(k), reqIDs: dataplane.ReqIDs{Apart: true},
	}
}

// SetNotices is that of dataplane.Backend.
func (b *Backend) SetNotices(f func(dataplane.Notice)) { b.notices.Store(&f) }

func (b *Backend) send(n dataplane.Notice) {
	if f := b.notices.Load(); f != nil && *f != nil {
		(*f)(n)
	}
}

// Close removes everything that the backend made, and clears the keys.
func (b *Backend) Close() error {
	err := b.stopKeeping()
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return nil
	}
	b.closed = true
	err = errors.Join(err, b.sweep(), b.plumber.Close())
	for _, s := range b.byState {
		s.clear()
	}
	b.mu.Unlock()
	err = errors.Join(err, b.SetTap(nil), b.events.Close())
	<-b.done
	b.watches.Wait()
	return errors.Join(err, b.kernel.Close(), b.stat.Close(), closeFile(b.namespace))
}

// Warnings returns what could not be done without failing.
func (b *Backend) Warnings() []error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]error(nil), b.warnings...)
}

// maxWarnings bounds what is kept for Warnings.
const maxWarnings = 32

// note keeps an error that nobody waits for. The caller holds the lock.
func (b *Backend) note(err error) {
	if err != nil && len(b.warnings) < maxWarnings {
		b.warnings = append(b.warnings, err)
	}
}

// clear destroys the keys of an SA.
func (s *sa) clear() {
	s.state.Crypt.Key.Clear()
	s.state.Auth.Key.Clear()
	s.state.AEAD.Key.Clear()
}

// absent makes success of the kernel's word that something is not there.
func absent(err error) error {
	if errors.Is(err, unix.ESRCH) || errors.Is(err, unix.ENOENT) {
		return nil
	}
	return err
}
