package ike

import (
	"net/netip"
	"strconv"
	"time"

	"culvert/auth"
	"culvert/dataplane"
	"culvert/ike/plpmtu"
	"culvert/suite"
	"culvert/wire"
)

// State is where an IKE SA stands.
type State uint8

// The states.
const (
	StateConnecting     State = iota // IKE_SA_INIT is under way
	StateAuthenticating              // keys exist, IKE_AUTH is under way
	StateEstablished
	StateRekeyed // replaced by a successor; waits for its deletion
	StateClosing // a Delete of the IKE SA is under way
	StateClosed  // to be forgotten by the shard
)

// authenticated tells whether both sides have proven who they are.
func (s State) authenticated() bool { return s >= StateEstablished && s <= StateClosing }

// String names the state.
func (s State) String() string {
	names := [...]string{"connecting", "authenticating", "established", "rekeyed", "closing", "closed"}
	if int(s) < len(names) {
		return names[s]
	}
	return "STATE(" + strconv.Itoa(int(s)) + ")"
}

// An SA is one IKE SA: a pure machine driven by Handle. It is not safe for concurrent use.
type SA struct {
	env       *Env
	conn      *Connection
	id        uint32 // of the node's IKE SAs, never used again
	initiator bool   // we are the original initiator: flag I of our messages (RFC 7296, Section 3.1)
	state     State
	spiI      wire.SPI
	spiR      wire.SPI
	path      dataplane.Path
	now       time.Time // of the event being handled
	actions   []Action

	suite  suite.Selection
	keys   suite.IKEKeys  // Pi and Pr are cleared once authenticated
	out    wire.Protector // ours to the peer; nil at rest
	in     wire.Protector
	local  auth.Identity
	remote auth.Identity // as claimed until the SA is established, then proven
	proof  *Proof        // once established
	peer   peerTraits

	requests  requestWindow
	responses responseWindow
	tasks     []task // exchanges waiting for the window
	nextWork  WorkID
	work      map[WorkID]func(result any) error
	timers    timers
	fragments []*reassembly

	fragmentSize int            // what was learnt about the path; 0 is the configured size
	pathMTU      *plpmtu.Search // of the path that ESP takes; nil until the data plane tells of it

	children  []*Child
	exchanges exchanges
	lifetimes lifetimes
	assigned  *Assignment   // to us, by the peer; nil: nothing
	ticket    uint64        // of the Initiate
	ppk       *auth.PPK     // in SK_d, the last one if there were several; nil is none
	ppkUse    ppkUse        // how it came there
	ifIDs     Interfaces    // for the children that have none
	heritage  Heritage      // of the IKE SA that this one takes the place of
	inherited []string      // what withstands quantum computers in the SK_d that the keys come from
	leases    []netip.Addr  // ours to the peer, by configuration payload
	initial   *initialState // dropped when authenticated

	created, established time.Time
	lastHeard, lastSent  time.Time
	stream               streamLife
	lastComplaint        time.Time // of ours about a Message ID, to limit their rate
	was                  *SAStatus // what news of its end tell, while it is closing down
	texts                *texts    // of its status, once that was asked for
}

// peerTraits is what the peer has announced or shown.
type peerTraits struct {
	fragmentation bool
	childless     bool
	behindNAT     bool // NAT_DETECTION_SOURCE_IP did not match (RFC 7296, Section 2.23)
	weBehindNAT   bool
	detectsNAT    bool          // it told its addresses, so it knows NAT traversal
	encap         bool          // ESP goes in UDP: there is a NAT, or we pretend
	client        bool          // we have connected, and the peer is our gateway
	redirectable  bool          // it is a client that may be sent to another gateway (RFC 5685)
	looksUp       bool          // HTTP_CERT_LOOKUP_SUPPORTED (RFC 7296, Section 3.7)
	sentTo        *wire.Gateway // where it was sent; nil: nowhere
	authLifetime  time.Duration // AUTH_LIFETIME that we were told (RFC 4478); 0 is none
}

// LocalSPI returns our SPI, the key of the SA in its shard.
func (sa *SA) LocalSPI() wire.SPI {
	if sa.initiator {
		return sa.spiI
	}
	return sa.spiR
}

// Handle takes an event and returns what has to be done, in order. The time never goes backwards.
func (sa *SA) Handle(now time.Time, ev Event) []Action {
	sa.now = now
	switch ev := ev.(type) {
	case MessageReceived:
		sa.receive(ev)
	case WorkFinished:
		sa.finishWork(ev)
	case TimerDue:
		sa.runTimers()
	case Noticed:
		sa.notice(ev.Notice)
	case InstallFailed:
		sa.installFailed(ev)
	case StreamClosed:
		sa.streamClosed(ev.Path)
	default:
		sa.command(ev)
	}
	sa.advance()
	return sa.takeActions()
}

func (sa *SA) takeActions() []Action {
	actions := sa.actions
	sa.actions = nil
	return actions
}

// Deadline returns when TimerDue has to come, or the zero time.
func (sa *SA) Deadline() time.Time { return sa.timers.next() }

func (sa *SA) emit(a Action) { sa.actions = append(sa.actions, a) }

// start has work done and goes on with then. An error of then is treated like an error of the exchange that waits: then
// wraps it with sa.failRequest or sa.failTask where there is one.
func (sa *SA) start(w Work, then func(result any) error) {
	sa.nextWork++
	if sa.work == nil {
		sa.work = make(map[WorkID]func(any) error)
	}
	sa.work[sa.nextWork] = then
	sa.emit(StartWork{SA: sa.LocalSPI(), ID: sa.nextWork, Work: w})
}

// finishWork continues what waited for the work; results that nobody waits for any more are dropped.
func (sa *SA) finishWork(ev WorkFinished) {
	then, ok := sa.work[ev.Work]
	if !ok {
		return
	}
	delete(sa.work, ev.Work)
	if len(sa.work) == 0 {
		sa.work = nil
	}
	if err := then(ev.Result); err != nil {
		sa.fail(err)
	}
}
