package daemon

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"hash/maphash"
	"log/slog"
	"net/netip"
	"slices"
	"testing"
	"time"

	"culvert/config"
	"culvert/dataplane"
	"culvert/dataplane/fake"
	"culvert/explain"
	"culvert/ike"
	"culvert/metrics"
	"culvert/supervisor"
	"culvert/wire"
)

// parked is an engine whose shards do not run.
func parked(t *testing.T, shards int) *engine {
	t.Helper()
	e := &engine{ctx: t.Context(), clock: systemClock(), hub: newHub(), tally: metrics.NewTally(1), tracer: newTracer(), owners: newOwners(), keys: new(keyring), seed: maphash.MakeSeed(), log: slog.New(slog.DiscardHandler)}
	e.backend = fake.New(rand.Reader, time.Now, fake.Hooks{})
	e.radius = newRadiusGroups(e)
	e.sessions = newSessions(e)
	e.updowns = newUpdowns(e, config.Hooks{AtOnce: 1})
	e.supervisor = &supervisorLoop{engine: e, box: newMailbox[func()](), pursuits: map[*pursuit]bool{}}
	for i := range shards {
		e.shards = append(e.shards, &shardLoop{engine: e, shard: ike.NewShard(uint8(i), e.env(policySource())), box: newMailbox[any](), looks: newMailbox[func()]()})
	}
	return e
}

// header is an IKE header.
func header(spii, spir uint64, flags wire.Flags) []byte {
	b := make([]byte, 28)
	binary.BigEndian.PutUint64(b, spii)
	binary.BigEndian.PutUint64(b[8:], spir)
	b[19] = byte(flags)
	return b
}

// spiOf is an SPI of a shard; its number is in the highest octet.
func spiOf(shard int) uint64 { return 1<<32 | uint64(shard)<<24 }

func TestMessagesFindTheirShard(t *testing.T) {
	e := parked(t, 4)
	from := netip.MustParseAddr("192.0.2.1")
	for shard := range 4 {
		if got := e.shardOf(from, header(99, spiOf(shard), wire.FlagInitiator)); got != shard {
			t.Errorf("as responder: shard %d, want %d", got, shard)
		}
		if got := e.shardOf(from, header(spiOf(shard), 99, wire.FlagResponse)); got != shard {
			t.Errorf("as initiator: shard %d, want %d", got, shard)
		}
	}
	if n := ike.ShardOf(wire.SPI(spiOf(3))); n != 3 {
		t.Fatalf("the test's SPI is of shard %d", n)
	}
}

// First messages and strays are spread, and a retransmission comes to where the message came.
func TestFirstMessagesAreSpread(t *testing.T) {
	e := parked(t, 4)
	var hits [4]int
	for i := range 400 {
		message := header(uint64(1000+i), 0, wire.FlagInitiator)
		from := netip.AddrFrom4([4]byte{192, 0, 2, byte(i)})
		n := e.shardOf(from, message)
		if again := e.shardOf(from, message); again != n {
			t.Fatalf("shard %d, then %d", n, again)
		}
		hits[n]++
	}
	for i, n := range hits {
		if n < 40 {
			t.Errorf("shard %d gets %d of 400", i, n)
		}
	}
	if n := e.shardOf(netip.MustParseAddr("192.0.2.1"), header(1, spiOf(63), wire.FlagInitiator)); n >= 4 {
		t.Errorf("an SPI of no shard goes to %d", n)
	}
}

// A flood of first messages leaves room for those of IKE SAs that are there.
func TestFloodLeavesRoomForLivingSAs(t *testing.T) {
	e := parked(t, 1)
	path := dataplane.Path{Remote: netip.MustParseAddrPort("192.0.2.1:500")}
	for range maxDatagrams + 10 {
		e.receive(path, header(7, 0, wire.FlagInitiator))
	}
	if got, want := e.hub.overflows.Load(), uint64(maxDatagrams+10-maxFirst); got != want {
		t.Errorf("%d first messages dropped, want %d", got, want)
	}
	e.receive(path, header(7, spiOf(0), wire.FlagInitiator))
	if got := len(e.shards[0].box.take(nil)); got != maxFirst+1 {
		t.Errorf("%d messages wait", got)
	}
	for range maxDatagrams + 10 {
		e.receive(path, header(7, spiOf(0), wire.FlagInitiator))
	}
	if got := len(e.shards[0].box.take(nil)); got != maxDatagrams {
		t.Errorf("%d messages wait", got)
	}
}

// The buffer of the listener may be used again as soon as receive returns.
func TestReceivedMessagesAreCopied(t *testing.T) {
	e := parked(t, 1)
	message := header(7, 0, wire.FlagInitiator)
	e.receive(dataplane.Path{}, message)
	message[0] = 0xff
	got := e.shards[0].box.take(nil)[0].(ike.MessageReceived)
	if got.Datagram[0] == 0xff {
		t.Error("the message changed under the shard")
	}
}

func TestNoticesFindTheirOwner(t *testing.T) {
	e := parked(t, 2)
	e.owners.bind(0xaabb, e.shards[1])
	e.owners.bindPolicy(5, "site/net", e.shards[0])
	waiting := func() [3]int {
		return [3]int{len(e.shards[0].box.take(nil)), len(e.shards[1].box.take(nil)), len(e.supervisor.box.take(nil))}
	}
	tests := []struct {
		name   string
		notice dataplane.Notice
		want   [3]int // shard 0, shard 1, supervisor
	}{
		{"about an inbound SA", dataplane.Notice{Kind: dataplane.NoticeSoftLimit, SPI: 0xaabb, Policy: 5}, [3]int{0, 1, 0}},
		{"about a policy", dataplane.Notice{Kind: dataplane.NoticeAcquire, Policy: 5}, [3]int{1, 0, 0}},
		{"about nothing of a shard", dataplane.Notice{Kind: dataplane.NoticeAcquire, Policy: 6}, [3]int{0, 0, 1}},
		{"about an unknown SPI", dataplane.Notice{Kind: dataplane.NoticeBadSPI, SPI: 0xffff}, [3]int{1, 1, 0}},
	}
	for _, tt := range tests {
		e.notice(tt.notice)
		if got := waiting(); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
	e.owners.release(0xaabb)
	e.owners.releasePolicy(5)
	e.notice(tests[0].notice)
	if got := waiting(); got != [3]int{0, 0, 1} {
		t.Errorf("after their end: %v", got)
	}
}

// A data plane that refuses an SA is news to the shard that asked.
func TestRefusedSAIsToldToItsShard(t *testing.T) {
	e := parked(t, 1)
	l := e.shards[0]
	l.perform(ike.InstallSA{Child: 0xaabb, SA: dataplane.SA{Direction: dataplane.Inbound, SPI: 0xaabb, Policy: 1}}) // never allocated
	got, ok := l.box.take(nil)[0].(ike.InstallFailed)
	if !ok || got.SPI != 0xaabb || got.Err == nil {
		t.Errorf("got %+v", got)
	}
	l.perform(ike.RemoveSA{Direction: dataplane.Inbound, SPI: 0xaabb, Policy: 1})
	if e.owners.find(0xaabb, 0) != nil {
		t.Error("the SPI still has an owner")
	}
}

func TestAskEndsWithTheDaemon(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	e := parked(t, 1)
	e.ctx = ctx
	stop()
	if err := e.shards[0].ask(t.Context(), func() {}); !errors.Is(err, errStopped) {
		t.Errorf("a shard: %v", err)
	}
	if err := e.supervisor.ask(t.Context(), func(time.Time) ([]supervisor.Action, error) { return nil, nil }); !errors.Is(err, errStopped) {
		t.Errorf("the supervisor: %v", err)
	}
	if err := e.supervisor.pursue(t.Context(), pursuit{}); !errors.Is(err, errStopped) {
		t.Errorf("a pursuit: %v", err)
	}
	verdict := admit{e, ike.Admission{Connection: &ike.Connection{}}}.Run(t.Context()).(ike.Verdict)
	if f := verdict.Refusal; f == nil || f.Code != explain.IKEInternal || f.Notify != wire.NotifyTemporaryFailure {
		t.Errorf("an admission: %+v", verdict)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	e.ctx = t.Context()
	if err := e.shards[0].ask(ended, func() {}); !errors.Is(err, context.Canceled) {
		t.Errorf("a question whose context has ended: %v", err)
	}
}

func TestPolicyNumbers(t *testing.T) {
	next := policySource()
	seen := map[dataplane.PolicyID]bool{}
	for range 100 {
		id := next()
		if id == 0 || seen[id] {
			t.Fatalf("policy %d", id)
		}
		seen[id] = true
	}
}

// A message to a peer without a way to it is no reason to stop.
func TestInitiateWithoutARoute(t *testing.T) {
	e, _, text := reporter(t)
	e.shards = parked(t, 2).shards
	e.supervisor.ports = func() (uint16, uint16) { return 500, 4500 }
	e.supervisor.source = func(netip.Addr) (netip.Addr, error) { return netip.Addr{}, errors.New("network is unreachable") }
	conn := &ike.Connection{Name: "office"}
	remote := netip.MustParseAddrPort("192.0.2.1:500")
	e.supervisor.initiate(supervisor.Initiate{Connection: conn, Remote: remote})
	if !says(text.String(), "code=IKE-NO-ROUTE", "network is unreachable") {
		t.Errorf("the log says %s", text)
	}
	conn.LocalAddrs = []netip.Prefix{netip.MustParsePrefix("2001:db8::1/128"), netip.MustParsePrefix("198.51.100.7/32")}
	for range 2 {
		e.supervisor.initiate(supervisor.Initiate{Connection: conn, Remote: remote})
	}
	for i, l := range e.shards { // each got one
		got := l.box.take(nil)
		if len(got) != 1 || got[0].(ike.Initiate).Path.Local != netip.MustParseAddrPort("198.51.100.7:500") {
			t.Errorf("shard %d got %+v", i, got)
		}
	}
	conn.LocalPort = 4500
	if p, err := e.supervisor.path(supervisor.Initiate{Connection: conn, Remote: remote}); err != nil || p.Local.Port() != 4500 {
		t.Errorf("from the port of NAT traversal: %v, %v", p, err)
	}
}

func TestJitter(t *testing.T) {
	for _, d := range []time.Duration{-1, 0, 1, time.Second} {
		if got := jitter(d); got < 0 || got > max(d, 0) {
			t.Errorf("of %v: %v", d, got)
		}
	}
}

// Signs of life come from the data plane, the latest of all children.
func TestLastInbound(t *testing.T) {
	h, c := newHands()
	b := &lives{times: map[uint32]time.Time{1: h.wall.Add(-time.Minute), 2: h.wall.Add(-time.Second), 4: h.wall.Add(time.Hour)}}
	refs := func(spis ...uint32) (list []ike.ChildRef) {
		for _, spi := range spis {
			list = append(list, ike.ChildRef{SPI: spi})
		}
		return list
	}
	tests := []struct {
		name     string
		children []ike.ChildRef
		want     time.Time
	}{
		{"the latest", refs(1, 2, 3), c.now().Add(-time.Second)},
		{"a child that is gone", refs(9), time.Time{}},
		{"what has left, if that counts", []ike.ChildRef{{SPI: 1, OutSPI: 2}}, c.now().Add(-time.Second)},
		{"one that never heard anything", refs(3), time.Time{}},
		{"one from before the clock was set back", refs(4), time.Time{}},
	}
	for _, tt := range tests {
		if got := (lastInbound{b, c, tt.children}).Run(t.Context()).(time.Time); !got.Equal(tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

// lives is a data plane that knows when SAs were used last; 3 never was.
type lives struct {
	dataplane.Backend
	times map[uint32]time.Time
}

func (l *lives) Query(_ dataplane.Direction, spi uint32, _ dataplane.PolicyID) (dataplane.Counters, error) {
	if at, ok := l.times[spi]; ok {
		return dataplane.Counters{LastUse: at.UnixNano()}, nil
	}
	if spi == 3 {
		return dataplane.Counters{}, nil
	}
	return dataplane.Counters{}, errors.New("no such SA")
}

// Large datagrams without end take no more memory than so many octets, and those that were looked at make room.
func TestFloodOfLargeDatagramsTakesBoundedMemory(t *testing.T) {
	e := parked(t, 1)
	e.strangers = newCrowd(strangersEvery, strangersAtOnce)
	path := dataplane.Path{Remote: netip.MustParseAddrPort("192.0.2.1:500")}
	large := append(header(7, spiOf(0), wire.FlagInitiator), make([]byte, 65000)...)
	most := maxOctets / len(large)
	for range most + 10 {
		e.receive(path, large)
	}
	waiting := e.shards[0].box.take(nil)
	if got := e.hub.overflows.Load(); len(waiting) != most || got != 10 {
		t.Errorf("%d wait, %d were dropped, want %d and 10", len(waiting), got, most)
	}
	for _, item := range waiting {
		e.shards[0].receive(item)
	}
	e.receive(path, large)
	if len(e.shards[0].box.take(nil)) != 1 {
		t.Error("there is no room again")
	}
}

// A list that goes on does not wait for a flood: its questions are answered between two messages.
func TestLooksOvertakeWhatWaits(t *testing.T) {
	e := parked(t, 1)
	l := e.shards[0]
	var order []string
	l.box.put(func() { order = append(order, "first"); l.looks.put(func() { order = append(order, "look") }) })
	l.box.put(func() { order = append(order, "second") })
	ctx, cancel := context.WithCancel(t.Context())
	l.box.put(func() { cancel() })
	l.run(ctx)
	if want := []string{"first", "look", "second"}; !slices.Equal(order, want) {
		t.Errorf("order %v, want %v", order, want)
	}
}
