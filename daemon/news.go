package daemon

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"culvert/api"
	"culvert/dataplane"
	"culvert/explain"
	"culvert/ike"
	"culvert/spd"
	"culvert/supervisor"
	"culvert/wire"
)

// news takes what the engine reports to the supervisor and whoever waits there, to the event stream and to the log.
func (e *engine) news(n ike.News) {
	n.Failure = e.icmp.remark(n.Failure, n.Path.Remote)
	if grants := e.leases.follow(n); len(grants) > 0 {
		e.workers.start(job{work: giveBack{e.leases, grants, e.clock.wall()}, done: func(any) {}})
	}
	e.sessions.follow(n)
	e.updowns.follow(n)
	e.tally.Follow(n)
	if senseless(n) {
		e.doubt(n.Path)
	}
	e.announce(n)
	e.supervisor.news(n) // last: whoever waits finds the event when the wait is over
}

// announce tells news to whoever keeps traces, and to the readers of the event stream and of the log. Traces want no words for
// messages.
func (e *engine) announce(n ike.News) {
	at, told := e.clock.shown(n.Time), !stranger(n) || e.mayTell(n.Time)
	var ev api.Event
	var level slog.Level
	if told || !n.Kind.OfMessage() {
		ev, level = describe(n, at)
	}
	e.tracer.news(n, at, ev)
	e.telemetry.news(n, at)
	if told && ev.Kind != "" {
		e.publish(ev, level)
	}
}

// publish tells an event to the readers of the event stream and of the log.
func (e *engine) publish(ev api.Event, level slog.Level) {
	e.hub.events.Publish(ev)
	e.logEvent(ev, level)
}

// mayTell tells whether news of a stranger may be told, and what was left out before.
func (e *engine) mayTell(now time.Time) bool {
	withheld, ok := e.strangers.take(now)
	if withheld > 0 {
		e.log.Warn("strangers send more than is worth telling: see the counters", "count", withheld)
	}
	if !ok {
		e.hub.withheld.Add(1)
	}
	return ok
}

// logEvent writes an event to the log, with the fixed keys.
func (e *engine) logEvent(ev api.Event, level slog.Level) {
	ctx := context.Background()
	if !e.log.Enabled(ctx, level) {
		return
	}
	attrs := make([]slog.Attr, 0, 7)
	for _, a := range [...]struct{ key, value string }{
		{"connection", ev.Connection}, {"child", ev.Child}, {"sa", ev.SA}, {"sa_id", idText(ev.SAID)}, {"peer", ev.Peer},
	} {
		if a.value != "" {
			attrs = append(attrs, slog.String(a.key, a.value))
		}
	}
	if p := ev.Problem; p != nil {
		attrs = append(attrs, slog.String("code", string(p.Code)))
		if p.Action != "" {
			attrs = append(attrs, slog.String("action", p.Action))
		}
	}
	e.log.LogAttrs(ctx, level, ev.Text, attrs...)
}

// describe turns news into an event of that time, and the level at which it is logged. News that nobody outside needs have no kind.
func describe(n ike.News, at time.Time) (api.Event, slog.Level) {
	ev := api.Event{Time: at, SA: spiText(n.SA), SAID: n.ID, Peer: peerText(n), Problem: problem(n.Failure)}
	if n.Connection != nil {
		ev.Connection = n.Connection.Name
	}
	if n.Child != nil {
		ev.Child = n.Child.Name
	}
	level := slog.LevelInfo
	ev.Kind, ev.Text = textOf(n)
	switch n.Kind {
	case ike.NewsMessageSent, ike.NewsMessageReceived, ike.NewsRetransmitted, ike.NewsDropped:
		level = slog.LevelDebug
	case ike.NewsFailure, ike.NewsWarning:
		if n.Failure.Code != explain.IKETemporaryFailure { // is tried again by itself
			level = slog.LevelWarn
		}
	case ike.NewsClosed:
		if n.Failure != nil {
			level = slog.LevelWarn
		}
	}
	return ev, level
}

// textOf says in one line what happened.
func textOf(n ike.News) (api.EventKind, string) {
	switch n.Kind {
	case ike.NewsMessageSent:
		return api.EventSent, "sent " + n.Message + ", " + strconv.Itoa(n.Size) + " octets"
	case ike.NewsMessageReceived:
		return api.EventReceived, "received " + n.Message + ", " + strconv.Itoa(n.Size) + " octets"
	case ike.NewsRetransmitted:
		return api.EventRetransmit, "sent again " + cmp.Or(n.Message, "a response")
	case ike.NewsDropped:
		return api.EventDropped, fmt.Sprintf("dropped a message of %d octets: %v", n.Size, n.Reason)
	case ike.NewsEstablished:
		return api.EventUp, fmt.Sprintf("IKE SA established between %s and %s", n.Local, n.Peer)
	case ike.NewsRekeyed:
		return api.EventRekeyed, "IKE SA rekeyed, now " + spiText(n.Successor)
	case ike.NewsClosed:
		return api.EventDown, closedText(n)
	case ike.NewsChildUp:
		return api.EventChildUp, childText("up", n.Child)
	case ike.NewsChildRekeyed:
		return api.EventChildRekeyed, childText("rekeyed", n.Child)
	case ike.NewsChildDown:
		return api.EventChildDown, childText("down", n.Child)
	case ike.NewsFailure:
		return api.EventFailure, n.Failure.Error()
	case ike.NewsAddress:
		return api.EventMoved, fmt.Sprintf("the peer is at %v now", n.Path.Remote)
	case ike.NewsRedirected:
		return api.EventRedirected, fmt.Sprintf("the gateway sends us to %v", n.Gateway)
	case ike.NewsSwitched:
		return api.EventSwitched, fmt.Sprintf("the peer is for connection %s, after %v", n.Connection.Name, n.Failure.Err)
	case ike.NewsWarning:
		return api.EventWarning, n.Failure.Error()
	}
	return "", ""
}

func closedText(n ike.News) string {
	if n.Failure == nil {
		return "IKE SA closed"
	}
	return "IKE SA closed: " + n.Failure.Error()
}

func childText(what string, c *ike.ChildInfo) string {
	worker := ""
	if c.Resource != 0 {
		worker = fmt.Sprintf(" of worker %d", c.Resource)
	}
	return fmt.Sprintf("child %s%s %s: %s, %s === %s, SPIs %08x in, %08x out", c.Name, worker, what, c.Suite, selectorText(c.Local), selectorText(c.Remote), c.InSPI, c.OutSPI)
}

func selectorText(list []spd.Selector) string { return strings.Join(selectorTexts(list), " ") }

func selectorTexts(list []spd.Selector) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = s.String()
	}
	return out
}

// idText is the number of an IKE SA; no number is no text.
func idText(id uint32) string {
	if id == 0 {
		return ""
	}
	return strconv.FormatUint(uint64(id), 10)
}

// spiText is an SPI as commands take it; no SPI is no text.
func spiText(spi wire.SPI) string {
	if spi == 0 {
		return ""
	}
	return fmt.Sprintf("%016x", uint64(spi))
}

func peerText(n ike.News) string {
	if !n.Path.Remote.IsValid() {
		return n.Peer
	}
	if n.Peer == "" {
		return n.Path.Remote.String()
	}
	return n.Path.Remote.String() + " (" + n.Peer + ")"
}

// problem is a failure as it is shown to people.
func problem(f *ike.Failure) *api.Problem {
	if f == nil {
		return nil
	}
	text := f.Err.Error()
	if f.Notify != 0 {
		text += " (" + f.Notify.String() + ")"
	}
	return api.NewProblem(http.StatusConflict, f.Code, "", "%s", text)
}

// tell publishes a warning of the daemon's own, and logs it.
func (e *engine) tell(ev api.Event) {
	ev.Time = e.clock.wall()
	e.publish(ev, slog.LevelWarn)
}

// note takes news of the supervisor, on its goroutine. An attempt that failed before there was an IKE SA is news to whoever waits for it.
func (e *engine) note(n supervisor.Note) {
	if f := n.Failure; f != nil && beforeSA(f) {
		e.tally.Failed(n.Connection.Name, f.Code)
		e.supervisor.tell(ike.News{Time: e.clock.now(), Kind: ike.NewsFailure, Connection: n.Connection, Initiator: true, Failure: f})
	}
	ev := api.Event{Time: e.clock.wall(), Connection: n.Connection.Name, Problem: problem(n.Failure)}
	level := slog.LevelInfo
	switch n.Kind {
	case supervisor.NoteAttempt:
		ev.Kind, ev.Peer = api.EventAttempt, n.Remote.String()
		ev.Text = attemptText(&n)
	case supervisor.NoteWaiting:
		ev.Kind = api.EventWaiting
		ev.Text = fmt.Sprintf("trying again in %v", n.Next.Sub(e.clock.now()).Round(100*time.Millisecond))
	case supervisor.NoteGaveUp:
		ev.Kind, level = api.EventWarning, slog.LevelWarn
		ev.Text = "gave up connecting"
	case supervisor.NoteSameTraffic:
		ev.Kind, level = api.EventWarning, slog.LevelWarn
		ev.Text = "two peers have the same traffic"
	}
	if f := n.Failure; f != nil && beforeSA(f) {
		e.tracer.failed(n, ev)
		e.telemetry.news(ike.News{Time: e.clock.now(), Kind: ike.NewsFailure, Connection: n.Connection, Initiator: true, Path: dataplane.Path{Remote: n.Remote}, Failure: f}, ev.Time)
	}
	e.publish(ev, level)
}

// beforeSA tells whether an attempt has failed before there was an IKE SA.
func beforeSA(f *ike.Failure) bool {
	return f.Code == explain.IKEPeerUnresolved || f.Code == explain.IKENoPeerAddress || f.Code == explain.IKERedirectLoop
}

// attemptText says where an attempt to connect goes, and by what if that is not UDP.
func attemptText(n *supervisor.Note) string {
	over := ""
	if n.Transport == dataplane.TransportTCP {
		over = " over TCP"
	}
	return fmt.Sprintf("connecting to %v%s, attempt %d", n.Remote, over, n.Attempt)
}

// errNoAddress explains a refused lease.
type errNoAddress struct {
	identity string
	pools    []string
}

func (e errNoAddress) Error() string {
	return fmt.Sprintf("%s asks for an address and pool %s has none left of that family", e.identity, strings.Join(e.pools, ", "))
}
