package radius

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"culvert/secret"
)

// A Client is somebody who may ask for sessions to end or change, a Dynamic Authorization Client (RFC 5176, Section 1.3).
type Client struct {
	Prefix netip.Prefix
	Secret secret.Bytes
}

// Sessions are what an Authority rules over. Both return how many sessions were meant, and why they were not all changed. They are
// called from several goroutines.
type Sessions interface {
	Disconnect(ctx context.Context, s Selection) (met int, cause ErrorCause)
	Change(ctx context.Context, s Selection, c Change) (met int, cause ErrorCause)
}

// An Authority answers Disconnect-Requests and CoA-Requests (RFC 5176). Every request must come from a client, carry the
// proof of its secret, and be younger than Window; a repetition gets the answer that the first one got and does nothing.
type Authority struct {
	NAS      NAS
	Clients  []Client
	Groups   GroupRules
	Window   time.Duration // for which clocks may differ; 0 is 5 minutes (RFC 5176, Section 6.3)
	Sessions Sessions
	// Told hears of each request that was answered or dropped; nil is nobody. It must not block.
	Told func(from netip.AddrPort, what string, err error)

	mu    sync.Mutex
	known []answered // in the order of their coming
}

// An answered is a request that was answered, with the answer; while that is nil it is being worked on.
type answered struct {
	request [16]byte // its authenticator, which depends on all of it and on the secret
	at      time.Time
	answer  []byte
}

const (
	defaultWindow  = 5 * time.Minute
	maxAnswered    = 4096             // requests in one window
	maxWorking     = 16               // requests at a time
	requestTimeout = 10 * time.Second // of what is asked for
)

var (
	errStranger = errors.New("no client has this address")
	errStale    = errors.New("Event-Timestamp is missing or too far from our clock")
	errFlood    = errors.New("more requests than can be remembered")
	errCode     = errors.New("neither Disconnect-Request nor CoA-Request")
)

// A Refusal is a request that was answered with a NAK.
type Refusal struct{ Cause ErrorCause }

// Error says what is wrong.
func (r *Refusal) Error() string { return "refused: " + r.Cause.String() }

// Serve answers requests until ctx ends, and closes the socket.
func (a *Authority) Serve(ctx context.Context, conn net.PacketConn) error {
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	defer conn.Close()
	var wg sync.WaitGroup
	defer wg.Wait()
	places := make(chan struct{}, maxWorking)
	buf := make([]byte, maxPacket)
	for {
		n, from, err := conn.ReadFrom(buf)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		b := slices.Clone(buf[:n])
		select {
		case places <- struct{}{}:
		case <-ctx.Done():
			return nil
		}
		wg.Go(func() {
			defer func() { <-places }()
			if answer := a.receive(ctx, portOf(from), b); answer != nil {
				_, _ = conn.WriteTo(answer, from) // the client asks again
			}
		})
	}
}

func portOf(a net.Addr) netip.AddrPort {
	p, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(p.Addr().Unmap().WithZone(""), p.Port())
}

// receive returns the answer to a request, nil for none: what does not prove itself is dropped in silence.
func (a *Authority) receive(ctx context.Context, from netip.AddrPort, b []byte) []byte {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	key, p, err := a.check(from, b)
	if err != nil {
		a.tell(from, "request", err)
		return nil
	}
	old, err := a.remember(p.Authenticator)
	if old != nil || err != nil {
		a.tell(from, p.Code.String()+", repeated", err)
		return old
	}
	cause := a.obey(ctx, p)
	answer, err := answerTo(p, cause).encodeResponse(p.Authenticator, key)
	a.settle(p.Authenticator, answer)
	if cause != 0 {
		err = &Refusal{cause}
	}
	a.tell(from, p.Code.String(), err)
	return answer
}

func (a *Authority) tell(from netip.AddrPort, what string, err error) {
	if a.Told != nil {
		a.Told(from, what, err)
	}
}

// check finds out who asks and whether it is true and new.
func (a *Authority) check(from netip.AddrPort, b []byte) (secret.Bytes, *Packet, error) {
	i := slices.IndexFunc(a.Clients, func(c Client) bool { return c.Prefix.Contains(from.Addr()) })
	if i < 0 {
		return nil, nil, errStranger
	}
	key := a.Clients[i].Secret
	b, err := trim(b)
	if err != nil {
		return nil, nil, err
	}
	if err := checkRequest(b, key, true); err != nil {
		return nil, nil, err
	}
	p, err := Parse(b)
	switch {
	case err != nil:
		return nil, nil, err
	case p.Code != DisconnectRequest && p.Code != CoARequest:
		return nil, nil, errCode
	}
	sent, ok, err := p.Attributes.Number(EventTimestamp)
	if err != nil || !ok || time.Since(time.Unix(int64(sent), 0)).Abs() > a.window() {
		return nil, nil, errStale
	}
	return key, p, nil
}

func (a *Authority) window() time.Duration {
	if a.Window == 0 {
		return defaultWindow
	}
	return a.Window
}

// errWorking means that a request is being worked on.
var errWorking = fmt.Errorf("its first copy is being worked on")

// remember returns the answer that a request has had, or takes note of it. What is remembered is twice the window old at
// most: a request whose time lies ahead of our clock stays fresh that long (RFC 5176, Section 6.3).
func (a *Authority) remember(request [16]byte) ([]byte, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	a.known = slices.DeleteFunc(a.known, func(old answered) bool { return now.Sub(old.at) > 2*a.window() })
	i := slices.IndexFunc(a.known, func(old answered) bool { return old.request == request })
	switch {
	case i >= 0 && a.known[i].answer == nil:
		return nil, errWorking
	case i >= 0:
		return a.known[i].answer, nil
	case len(a.known) >= maxAnswered:
		return nil, errFlood
	}
	a.known = append(a.known, answered{request: request, at: now})
	return nil, nil
}

func (a *Authority) settle(request [16]byte, answer []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := range a.known {
		if a.known[i].request == request {
			a.known[i].answer = answer
		}
	}
}

// obey does what a request asks for, and returns why it did not.
func (a *Authority) obey(ctx context.Context, p *Packet) ErrorCause {
	if !a.NAS.is(p.Attributes) {
		return NASMismatch
	}
	selection, cause := selectionOf(p.Attributes)
	if cause != 0 {
		return cause
	}
	met := 0
	if p.Code == DisconnectRequest {
		if slices.ContainsFunc(p.Attributes, func(at Attribute) bool { return !identifying(at.Type) && at.Type != Class }) {
			return UnsupportedAttribute
		}
		met, cause = a.Sessions.Disconnect(ctx, selection)
	} else {
		var change Change
		if change, cause = a.Groups.changeOf(p.Attributes); cause == 0 {
			met, cause = a.Sessions.Change(ctx, selection, change)
		}
	}
	if cause == 0 && met == 0 {
		return SessionNotFound
	}
	return cause
}

// answerTo makes the ACK or NAK of a request, which repeats what proxies have added (RFC 5176, Section 3.1).
func answerTo(p *Packet, cause ErrorCause) *Packet {
	answer := &Packet{Code: p.Code + 1, Identifier: p.Identifier}
	if cause != 0 {
		answer.Code = p.Code + 2
		answer.Attributes = append(answer.Attributes, number(ErrorCauseAttribute, uint32(cause)))
	}
	for _, v := range p.Attributes.All(ProxyState) {
		answer.Attributes = append(answer.Attributes, Attribute{ProxyState, v})
	}
	return answer
}
