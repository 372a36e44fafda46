package xfrm

import (
	"errors"
	"net/netip"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"culvert/dataplane"
	"culvert/dataplane/xfrm/nl"
	"culvert/esp"
	"culvert/secret"
	"culvert/spd"
	"culvert/suite"
	"culvert/wire"
)

// fakeKernel keeps states and policies as the kernel does, by their names.
type fakeKernel struct {
	states   map[nl.StateID]*nl.State
	policies map[nl.PolicyID]*nl.Policy
	counted  []nl.AE
	steps    []string // what was done, in order
	asked    int      // questions about states
	refuse   func(step string) error
}

func newFakeKernel() *fakeKernel {
	return &fakeKernel{states: map[nl.StateID]*nl.State{}, policies: map[nl.PolicyID]*nl.Policy{}}
}

func (k *fakeKernel) step(what string) error {
	if k.refuse != nil {
		if err := k.refuse(what); err != nil {
			return err
		}
	}
	k.steps = append(k.steps, what)
	return nil
}

func (k *fakeKernel) AddState(s *nl.State) error {
	if k.states[s.StateID] != nil {
		return unix.EEXIST
	}
	if err := k.step("add state"); err != nil {
		return err
	}
	there := *s
	if there.Replay == nil {
		there.Replay = &nl.Replay{Words: []uint32{0}}
	}
	k.states[s.StateID] = &there
	return nil
}

func (k *fakeKernel) UpdateState(s *nl.State) error {
	if k.states[s.StateID] == nil {
		return unix.ESRCH
	}
	k.states[s.StateID].Encap = s.Encap
	return k.step("update state")
}

func (k *fakeKernel) DeleteState(id *nl.StateID) error {
	if k.states[*id] == nil {
		return unix.ESRCH
	}
	delete(k.states, *id)
	return k.step("delete state")
}

func (k *fakeKernel) State(id *nl.StateID) (*nl.State, error) {
	k.asked++
	if s := k.states[*id]; s != nil {
		return s, nil
	}
	return nil, unix.ESRCH
}

func (k *fakeKernel) States() (list []*nl.State, err error) {
	k.asked++
	for _, s := range k.states {
		list = append(list, s)
	}
	return list, nil
}

func (k *fakeKernel) SetPolicy(p *nl.Policy) error {
	if err := k.step("set policy"); err != nil {
		return err
	}
	there := *p
	k.policies[p.PolicyID] = &there
	return nil
}

func (k *fakeKernel) DeletePolicy(id *nl.PolicyID) error {
	if k.policies[*id] == nil {
		return unix.ENOENT
	}
	delete(k.policies, *id)
	return k.step("delete policy")
}

func (k *fakeKernel) Policy(id *nl.PolicyID) (*nl.Policy, error) {
	if p := k.policies[*id]; p != nil {
		return p, nil
	}
	return nil, unix.ENOENT
}

func (k *fakeKernel) Policies() (list []*nl.Policy, err error) {
	for _, p := range k.policies {
		list = append(list, p)
	}
	return list, nil
}

func (k *fakeKernel) Counters(id *nl.StateID) (*nl.AE, error) {
	s, err := k.State(id)
	if err != nil {
		return nil, err
	}
	replay := *s.Replay
	return &nl.AE{StateID: *id, Replay: &replay, Usage: s.Usage}, nil
}

func (k *fakeKernel) SetCounters(e *nl.AE) error {
	s := k.states[e.StateID]
	if s == nil {
		return unix.ESRCH
	}
	if e.Replay != nil {
		s.Replay = e.Replay
	}
	if e.Usage != (nl.Usage{}) {
		s.Usage = e.Usage
	}
	k.counted = append(k.counted, *e)
	return nil
}

func (k *fakeKernel) Close() error { return nil }

// out is the only outbound policy.
func (k *fakeKernel) out(t *testing.T) *nl.Policy {
	t.Helper()
	var found *nl.Policy
	for id, p := range k.policies {
		if id.Direction != nl.PolicyOut {
			continue
		}
		if found != nil {
			t.Fatalf("two outbound policies: %+v and %+v", found, p)
		}
		found = p
	}
	if found == nil {
		t.Fatal("no outbound policy")
	}
	return found
}

// fakeEvents is a stream of events that a test fills.
type fakeEvents struct {
	joined map[nl.Group]bool
	queue  chan func(func(nl.Type, []byte)) error
}

func newFakeEvents() *fakeEvents {
	return &fakeEvents{joined: map[nl.Group]bool{}, queue: make(chan func(func(nl.Type, []byte)) error)}
}

func (e *fakeEvents) Join(g nl.Group) error  { e.joined[g] = true; return nil }
func (e *fakeEvents) Leave(g nl.Group) error { delete(e.joined, g); return nil }
func (e *fakeEvents) Close() error           { close(e.queue); return nil }
func (e *fakeEvents) Receive(f func(nl.Type, []byte)) error {
	event, ok := <-e.queue
	if !ok {
		return os.ErrClosed
	}
	return event(f)
}

// overflow has the backend learn that events were lost, and returns once it has dealt with it.
func (e *fakeEvents) overflow() {
	e.queue <- func(func(nl.Type, []byte)) error { return nl.ErrOverflow }
	e.queue <- func(func(nl.Type, []byte)) error { return nil }
}

// fakePlumber counts policies, and has links of 1500 octets.
type fakePlumber struct {
	set  map[dataplane.PolicyID]bool
	fits map[dataplane.PolicyID]int
}

func (p *fakePlumber) LinkMTU(netip.Addr) int { return 1500 }
func (p *fakePlumber) Fit(id dataplane.PolicyID, mtu int) error {
	p.fits[id] = mtu
	return nil
}

func (p *fakePlumber) Set(q *dataplane.Policy) error      { p.set[q.ID] = true; return nil }
func (p *fakePlumber) Remove(id dataplane.PolicyID) error { delete(p.set, id); return nil }
func (p *fakePlumber) Index(device string) (uint32, error) {
	if device != "eth1" {
		return 0, errors.New("there is none")
	}
	return 7, nil
}
func (p *fakePlumber) Mend(suspects) dataplane.Restored { return dataplane.Restored{} }
func (p *fakePlumber) Settled() error                   { return nil }
func (p *fakePlumber) Close() error                     { return nil }

// A bench is a backend over fakes, with the notices that it sent, those about paths apart.
type bench struct {
	*Backend
	kernel  *fakeKernel
	events  *fakeEvents
	plumber *fakePlumber
	notices []dataplane.Notice
	heard   []dataplane.Notice // about paths
}

func newBench(t *testing.T) *bench {
	t.Helper()
	k, e, p := newFakeKernel(), newFakeEvents(), &fakePlumber{set: map[dataplane.PolicyID]bool{}, fits: map[dataplane.PolicyID]int{}}
	b := &bench{kernel: k, events: e, plumber: p, Backend: newBackend(Config{Owner: "test", Mark: 4500}, k, e, p)}
	b.SetNotices(func(n dataplane.Notice) {
		if n.Kind == dataplane.NoticePath {
			b.heard = append(b.heard, n)
			return
		}
		b.notices = append(b.notices, n)
	})
	go b.run()
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return b
}

// notice takes the only notice.
func (b *bench) notice(t *testing.T) dataplane.Notice {
	t.Helper()
	if len(b.notices) != 1 {
		t.Fatalf("notices %+v, want one", b.notices)
	}
	n := b.notices[0]
	b.notices = nil
	return n
}

var errRefused = errors.New("kernel says no")

func selectors(t testing.TB, texts ...string) (list []spd.Selector) {
	t.Helper()
	for _, text := range texts {
		s, err := spd.ParseSelector(text)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, s)
	}
	return list
}

func protect(t testing.TB, id dataplane.PolicyID, local, remote string) dataplane.Policy {
	return dataplane.Policy{ID: id, Name: "test", Action: spd.Protect, Local: selectors(t, local), Remote: selectors(t, remote), Priority: 1}
}

func gcm() suite.ESP {
	return suite.ESP{ENCR: wire.Transform{Type: wire.TransformENCR, ID: wire.EncrAESGCM16, KeyLength: 128}}
}

func path(local, remote string) dataplane.Path {
	return dataplane.Path{Local: netip.MustParseAddrPort(local), Remote: netip.MustParseAddrPort(remote)}
}

func testSA(t testing.TB, d dataplane.Direction, spi uint32, id dataplane.PolicyID) dataplane.SA {
	return dataplane.SA{
		Direction: d, SPI: spi, Policy: id, Path: path("192.0.2.1:4500", "192.0.2.2:4500"), Mode: esp.Tunnel, Transforms: gcm(),
		EncrKey: make(secret.Bytes, 20), ReplayWindow: 1024, CopyDSCP: true, Local: selectors(t, "10.1.0.0/16"), Remote: selectors(t, "10.2.0.0/16"),
	}
}

// inbound installs an inbound SA and returns its SPI.
func (b *bench) inbound(t *testing.T, id dataplane.PolicyID, change ...func(*dataplane.SA)) uint32 {
	t.Helper()
	spi, err := b.AllocateSPI(0)
	if err != nil {
		t.Fatal(err)
	}
	sa := testSA(t, dataplane.Inbound, spi, id)
	for _, f := range change {
		f(&sa)
	}
	if err := b.Install(sa); err != nil {
		t.Fatal(err)
	}
	return spi
}

func (b *bench) outbound(t *testing.T, spi uint32, id dataplane.PolicyID, change ...func(*dataplane.SA)) {
	t.Helper()
	sa := testSA(t, dataplane.Outbound, spi, id)
	for _, f := range change {
		f(&sa)
	}
	if err := b.Install(sa); err != nil {
		t.Fatal(err)
	}
}

func (b *bench) setPolicy(t *testing.T, p dataplane.Policy) {
	t.Helper()
	if err := b.SetPolicy(p); err != nil {
		t.Fatal(err)
	}
}
