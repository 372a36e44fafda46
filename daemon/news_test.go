package daemon

import (
	"bytes"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"time"

	"culvert/api"
	"culvert/config"
	"culvert/dataplane"
	"culvert/dataplane/fake"
	"culvert/explain"
	"culvert/ike"
	"culvert/metrics"
	"culvert/spd"
	"culvert/supervisor"
	"culvert/wire"
)

func someNews(kind ike.NewsKind) ike.News {
	selector := func(p string) []spd.Selector { return []spd.Selector{spd.Prefix(netip.MustParsePrefix(p))} }
	return ike.News{
		Time: time.Unix(1000, 0), Kind: kind, SA: 0x1234, Connection: &ike.Connection{Name: "office"},
		Path: dataplane.Path{Remote: netip.MustParseAddrPort("192.0.2.1:500")}, Peer: "gw.example.org", Local: "me.example.org",
		Message: "IKE_AUTH request 1 [ IDi ]", Size: 321, Successor: 0x5678, Gateway: wire.Gateway{Name: "gw2.example.org"}, Reason: ike.DropIntegrity,
		Child:   &ike.ChildInfo{Name: "net", InSPI: 0xaabb, OutSPI: 0xccdd, Suite: "aes256gcm16", Local: selector("10.1.0.0/24"), Remote: selector("10.2.0.0/24")},
		Failure: &ike.Failure{Code: explain.IKEAuthFailed, Notify: wire.NotifyAuthenticationFailed, Err: errors.New("the reason")},
	}
}

func TestEachKindOfNewsIsDescribed(t *testing.T) {
	tests := []struct {
		kind  ike.NewsKind
		event api.EventKind
		level slog.Level
		words []string
	}{
		{ike.NewsMessageSent, api.EventSent, slog.LevelDebug, []string{"sent IKE_AUTH request 1", "321 octets"}},
		{ike.NewsMessageReceived, api.EventReceived, slog.LevelDebug, []string{"received IKE_AUTH request 1", "321 octets"}},
		{ike.NewsRetransmitted, api.EventRetransmit, slog.LevelDebug, []string{"sent again IKE_AUTH"}},
		{ike.NewsDropped, api.EventDropped, slog.LevelDebug, []string{"dropped", "integrity"}},
		{ike.NewsEstablished, api.EventUp, slog.LevelInfo, []string{"established", "me.example.org", "gw.example.org"}},
		{ike.NewsRekeyed, api.EventRekeyed, slog.LevelInfo, []string{"0000000000005678"}},
		{ike.NewsClosed, api.EventDown, slog.LevelWarn, []string{"closed", "the reason"}},
		{ike.NewsChildUp, api.EventChildUp, slog.LevelInfo, []string{"net up", "aes256gcm16", "10.1.0.0/24 === 10.2.0.0/24", "0000aabb in", "0000ccdd out"}},
		{ike.NewsChildRekeyed, api.EventChildRekeyed, slog.LevelInfo, []string{"net rekeyed"}},
		{ike.NewsChildDown, api.EventChildDown, slog.LevelInfo, []string{"net down"}},
		{ike.NewsFailure, api.EventFailure, slog.LevelWarn, []string{"the reason", "AUTHENTICATION_FAILED"}},
		{ike.NewsAddress, api.EventMoved, slog.LevelInfo, []string{"192.0.2.1:500"}},
		{ike.NewsWarning, api.EventWarning, slog.LevelWarn, []string{"the reason"}},
		{ike.NewsConnecting, "", slog.LevelInfo, nil},
		{ike.NewsReauth, "", slog.LevelInfo, nil},
		{ike.NewsRedirected, api.EventRedirected, slog.LevelInfo, []string{"gw2.example.org"}},
		{ike.NewsSwitched, api.EventSwitched, slog.LevelInfo, []string{"is for connection office", "the reason"}},
		{ike.NewsAssigned, "", slog.LevelInfo, nil},
	}
	seen := map[ike.NewsKind]bool{}
	for _, tt := range tests {
		seen[tt.kind] = true
		ev, level := describe(someNews(tt.kind), time.Unix(1000, 0))
		if ev.Kind != tt.event || level != tt.level || !says(ev.Text, tt.words...) {
			t.Errorf("%v: %q, %v, %q", tt.kind, ev.Kind, level, ev.Text)
		}
		if ev.Connection != "office" || ev.Child != "net" || ev.SA != "0000000000001234" || ev.Peer != "192.0.2.1:500 (gw.example.org)" ||
			ev.Problem == nil || ev.Problem.Code != explain.IKEAuthFailed || !ev.Time.Equal(time.Unix(1000, 0)) {
			t.Errorf("%v: %+v", tt.kind, ev)
		}
	}
	for kind := ike.NewsMessageSent; !strings.HasPrefix(kind.String(), "NEWS("); kind++ {
		if !seen[kind] {
			t.Errorf("%v has no row", kind)
		}
	}
}

func TestChildOfAWorkerIsToldFromTheFirst(t *testing.T) {
	n := someNews(ike.NewsChildUp)
	n.Child.Resource = 2
	if ev, _ := describe(n, time.Time{}); !says(ev.Text, "child net of worker 2 up: ") {
		t.Error(ev.Text)
	}
}

// What is missing is left out, and what mends itself is no warning.
func TestNewsWithLittleToSay(t *testing.T) {
	ev, level := describe(ike.News{Kind: ike.NewsClosed}, time.Time{})
	if ev.Text != "IKE SA closed" || level != slog.LevelInfo || ev.SA != "" || ev.Peer != "" || ev.Connection != "" || ev.Problem != nil {
		t.Errorf("%+v at %v", ev, level)
	}
	n := someNews(ike.NewsFailure)
	n.Failure.Code = explain.IKETemporaryFailure
	if _, level := describe(n, time.Time{}); level != slog.LevelInfo {
		t.Errorf("a temporary failure is logged at %v", level)
	}
	if ev, _ := describe(ike.News{Kind: ike.NewsRetransmitted}, time.Time{}); ev.Text != "sent again a response" {
		t.Errorf("got %q", ev.Text)
	}
	n = someNews(ike.NewsMessageSent)
	n.Peer = ""
	if ev, _ := describe(n, time.Time{}); ev.Peer != "192.0.2.1:500" {
		t.Errorf("the peer is %q", ev.Peer)
	}
	if ev, _ := describe(ike.News{Kind: ike.NewsClosed, Peer: "gw.example.org"}, time.Time{}); ev.Peer != "gw.example.org" {
		t.Errorf("the peer is %q", ev.Peer)
	}
}

// reporter is an engine that does nothing but tell.
func reporter(t *testing.T) (*engine, *hands, *bytes.Buffer) {
	t.Helper()
	h, c := newHands()
	var text bytes.Buffer
	e := &engine{ctx: t.Context(), clock: c, hub: newHub(), tracer: newTracer(), tally: metrics.NewTally(1), strangers: newCrowd(strangersEvery, strangersAtOnce), leases: newLeases(nil, slog.New(slog.DiscardHandler))}
	e.backend = fake.New(rand.Reader, time.Now, fake.Hooks{})
	e.radius = newRadiusGroups(e)
	e.sessions = newSessions(e)
	e.updowns = newUpdowns(e, config.Hooks{AtOnce: 1})
	e.log = slog.New(slog.NewTextHandler(&text, &slog.HandlerOptions{Level: slog.LevelDebug}))
	e.supervisor = &supervisorLoop{engine: e, box: newMailbox[func()](), pursuits: map[*pursuit]bool{}}
	return e, h, &text
}

func TestNewsReachLogEventsAndSupervisor(t *testing.T) {
	e, h, text := reporter(t)
	h.wall = h.wall.Add(time.Hour) // somebody has set the clock
	n := someNews(ike.NewsFailure)
	n.Time = e.clock.now()
	e.news(n)
	e.news(someNews(ike.NewsReauth)) // is the supervisor's alone
	if got := len(e.supervisor.box.take(nil)); got != 2 {
		t.Errorf("the supervisor hears of %d", got)
	}
	if !says(text.String(), "level=WARN", "connection=office", "child=net", "sa=0000000000001234", "code=IKE-AUTH-FAILED", "action=", "peer=") {
		t.Errorf("the log says %s", text)
	}
	ev, _, err := e.hub.events.Since(0).Read(t.Context())
	if err != nil || ev.Kind != api.EventFailure || !ev.Time.Equal(h.wall) {
		t.Errorf("the event is %+v, %v; the wall clock shows %v", ev, err, h.wall)
	}
	if e.hub.events.Next() != 2 {
		t.Errorf("%d events", e.hub.events.Next()-1)
	}
}

func TestNotesOfTheSupervisor(t *testing.T) {
	conn := &ike.Connection{Name: "office"}
	failed := &ike.Failure{Code: explain.IKETimeout, Err: errors.New("silence")}
	e, _, text := reporter(t)
	e.note(supervisor.Note{Connection: conn, Kind: supervisor.NoteAttempt, Remote: netip.MustParseAddrPort("192.0.2.1:500"), Attempt: 3})
	e.note(supervisor.Note{Connection: conn, Kind: supervisor.NoteAttempt, Remote: netip.MustParseAddrPort("192.0.2.1:4500"), Transport: dataplane.TransportTCP, Attempt: 4})
	e.note(supervisor.Note{Connection: conn, Kind: supervisor.NoteWaiting, Next: e.clock.now().Add(5 * time.Second), Failure: failed})
	e.note(supervisor.Note{Connection: conn, Kind: supervisor.NoteGaveUp, Failure: failed})
	e.note(supervisor.Note{Connection: conn, Kind: supervisor.NoteSameTraffic, Failure: &ike.Failure{Code: explain.IKESameTraffic, Err: errors.New("alice has it")}})
	reader := e.hub.events.Since(0)
	for _, want := range []struct {
		kind api.EventKind
		text string
	}{{api.EventAttempt, "connecting to 192.0.2.1:500, attempt 3"}, {api.EventAttempt, "192.0.2.1:4500 over TCP, attempt 4"}, {api.EventWaiting, "again in 5s"}, {api.EventWarning, "gave up"}, {api.EventWarning, "the same traffic"}} {
		ev, _, err := reader.Read(t.Context())
		if err != nil || ev.Kind != want.kind || !says(ev.Text, want.text) || ev.Connection != "office" {
			t.Errorf("%+v, %v; want %v", ev, err, want)
		}
	}
	if !says(text.String(), "level=WARN", "code=IKE-TIMEOUT") {
		t.Errorf("the log says %s", text)
	}
}

// An attempt that fails before there is an IKE SA ends the wait for it.
func TestNoteEndsAPursuit(t *testing.T) {
	for _, c := range []explain.Code{explain.IKEPeerUnresolved, explain.IKENoPeerAddress} {
		e, _, _ := reporter(t)
		p := &pursuit{see: attempts("office", ""), reached: func() bool { return false }, done: make(chan error, 1)}
		e.supervisor.pursuits[p] = true
		e.note(supervisor.Note{Connection: &ike.Connection{Name: "office"}, Kind: supervisor.NoteGaveUp, Failure: &ike.Failure{Code: c, Err: errors.New("x")}})
		select {
		case err := <-p.done:
			if code(asProblem(err)) != c {
				t.Errorf("it ended with %v", err)
			}
		default:
			t.Errorf("%s does not end it", c)
		}
	}
}

func TestWhichFailureEndsAnAttempt(t *testing.T) {
	fails := func(n ike.News, change func(*ike.News)) ike.News {
		change(&n)
		return n
	}
	tests := []struct {
		name  string
		news  ike.News
		child string
		want  bool
	}{
		{"our IKE SA is gone", fails(someNews(ike.NewsClosed), func(n *ike.News) { n.Initiator = true }), "", true},
		{"another's is gone", someNews(ike.NewsClosed), "", false},
		{"ours was closed as asked", ike.News{Kind: ike.NewsClosed, Initiator: true}, "", false},
		{"a child failed", someNews(ike.NewsFailure), "", true},
		{"the child failed", someNews(ike.NewsFailure), "net", true},
		{"another child failed", someNews(ike.NewsFailure), "other", false},
		{"something of ours failed", fails(someNews(ike.NewsFailure), func(n *ike.News) { n.Child, n.Initiator = nil, true }), "", true},
		{"something of another's failed", fails(someNews(ike.NewsFailure), func(n *ike.News) { n.Child = nil }), "", false},
		{"it failed for the moment", fails(someNews(ike.NewsFailure), func(n *ike.News) { n.Failure.Code = explain.IKETemporaryFailure }), "", false},
		{"it came up", someNews(ike.NewsChildUp), "", false},
	}
	for _, tt := range tests {
		if got := attemptFailure(tt.news, tt.child) != nil; got != tt.want {
			t.Errorf("%s: ends %v", tt.name, got)
		}
	}
}

func TestRekeyingIsFollowed(t *testing.T) {
	begin := func(child string) *rekeying {
		r := &rekeying{child: child}
		r.begin([]supervisor.Action{
			supervisor.Command{SA: 1, Event: ike.RekeyIKE{}}, supervisor.Command{SA: 2, Event: ike.RekeyChild{SPI: 0xaabb}}, supervisor.Note{},
		})
		return r
	}
	news := func(kind ike.NewsKind, sa wire.SPI) ike.News {
		n := someNews(kind)
		n.SA = sa
		return n
	}
	r := begin("")
	replaced := news(ike.NewsChildRekeyed, 3)
	replaced.Replaced = 0xaabb
	moved := news(ike.NewsRekeyed, 2) // the IKE SA of the child is rekeyed meanwhile
	moved.Successor = 3
	for _, n := range []ike.News{news(ike.NewsRekeyed, 7), moved, replaced} {
		if _, err := r.see(n); err != nil || r.done() {
			t.Fatalf("%v of %v: done %v, %v", n.Kind, n.SA, r.done(), err)
		}
	}
	if _, err := r.see(news(ike.NewsRekeyed, 1)); err != nil || !r.done() {
		t.Errorf("all is rekeyed: done %v, %v", r.done(), err)
	}
	tests := []struct {
		name, child string
		news        ike.News
		want        bool
	}{
		{"its IKE SA is closed", "", news(ike.NewsClosed, 2), true},
		{"it is closed without a failure", "", ike.News{Kind: ike.NewsClosed, SA: 1}, true},
		{"another is closed", "", news(ike.NewsClosed, 7), false},
		{"the child is closed", "", news(ike.NewsChildDown, 2), true},
		{"it fails", "", news(ike.NewsFailure, 1), true},
		{"another child fails", "other", news(ike.NewsFailure, 2), false},
	}
	for _, tt := range tests {
		if _, err := begin(tt.child).see(tt.news); (err != nil) != tt.want {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}
