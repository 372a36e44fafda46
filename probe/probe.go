package probe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"culvert/dataplane"
	"culvert/wire"
)

// Run asks a peer. An error means that nothing could be asked at all; whatever the peer does is in the report. When ctx ends, so
// does it.
func Run(ctx context.Context, c Config) (*Report, error) {
	l, err := openLine(c)
	if err != nil {
		return nil, err
	}
	begun := time.Now()
	s := &session{line: l, ctx: ctx, report: &Report{Peer: c.Peer.String(), Untold: untold()}}
	s.run()
	s.report.Datagrams, s.report.Seconds = l.sent, time.Since(begun).Seconds()
	if err := l.close(); err != nil {
		return nil, err
	}
	return s.report, context.Cause(ctx)
}

// untold is what no peer tells strangers.
func untold() []string {
	return []string{
		"MOBIKE, EAP methods, identities, certificates, traffic selectors and the algorithms of ESP: they are told after authentication only",
		"what the peer would offer to others: it may have a configuration for other addresses than ours",
		"why a transport is silent: a packet filter, a peer that knows no configuration for our address, or nobody there",
	}
}

// A session is one run.
type session struct {
	line   *line
	ctx    context.Context
	report *Report
	path   dataplane.Path // the first that answered
	wanted wire.TransformID
}

func (s *session) run() {
	s.transports()
	if !s.path.Remote.IsValid() {
		s.report.Refusal = "no transport answers"
		return
	}
	s.extensions()
	if s.wanted == 0 {
		return
	}
	s.walkGroups()
	base := everything()
	base.ke = accepted(base.ke, s.report.Groups)
	s.algorithms(&base)
	s.mtu(&base)
}

func (s *session) progress(format string, args ...any) {
	if s.line.config.Progress != nil {
		s.line.config.Progress(fmt.Sprintf(format, args...))
	}
}

// longestCookie is how long a cookie may be, in octets (RFC 7296, Section 2.6). Longer ones are not given back.
const longestCookie = 64

// ask asks a question over the path, with a cookie if the peer wants one.
func (s *session) ask(p dataplane.Path, q *question, whole bool) (echo, error) {
	const most = 3 // cookies in a row; a peer that wants more wants none of us
	for range most {
		e, err := s.line.ask(s.ctx, p, q, whole)
		if err != nil {
			s.report.Limited = s.report.Limited || errors.Is(err, errLimit)
			return e, err
		}
		if rtt := e.rtt.Seconds(); s.report.RTT == 0 || rtt < s.report.RTT {
			s.report.RTT = rtt
		}
		n, ok := wire.FindNotify(e.message.Payloads, wire.NotifyCookie)
		if !ok || len(n.Data) > longestCookie {
			return e, nil
		}
		s.report.Cookie, q.cookie = true, n
	}
	return echo{}, errSilence
}

// extensions asks the genuine question.
func (s *session) extensions() {
	s.progress("extensions")
	all := everything()
	if s.wanted == 0 {
		s.wanted = wire.KECurve25519
	}
	all.ke = transforms(wire.TransformKE, s.wanted)
	q, err := genuine(&all, s.wanted, s.path)
	if err != nil {
		s.report.Refusal, s.wanted = err.Error(), 0
		return
	}
	e, err := s.ask(s.path, q, false)
	if err != nil {
		s.report.Refusal, s.wanted = err.Error(), 0
		return
	}
	s.report.tell(e.message)
	p, ok := chosen(e.message)
	if !ok {
		s.report.Refusal, s.wanted = refused(e.message), 0
		return
	}
	s.report.Suite = suiteName(p)
	s.report.nat(e.message, s.path)
}

// refused says what a peer means that refuses everything.
func refused(m *wire.Message) string {
	why := refusal(m)
	if why == wire.NotifyNoProposalChosen.String() {
		return why + ": it takes none of what was offered, or has no configuration for our address"
	}
	if _, ok := wire.FindNotify(m.Payloads, wire.NotifyRedirect); ok {
		return "it sends us to another gateway"
	}
	return why
}

// nat compares the peer's view of both addresses with ours.
func (r *Report) nat(m *wire.Message, p dataplane.Path) {
	seen := func(t wire.NotifyType, want *wire.Notify) (told, same bool) {
		for _, payload := range m.Payloads {
			if n, ok := payload.(*wire.Notify); ok && n.NotifyType == t {
				told, same = true, same || bytes.Equal(n.Data, want.Data)
			}
		}
		return told, same
	}
	i, responder := m.InitiatorSPI, m.ResponderSPI
	told, there := seen(wire.NotifyNATDetectionSourceIP, detection(0, i, responder, p.Remote))
	_, here := seen(wire.NotifyNATDetectionDestinationIP, detection(0, i, responder, p.Local))
	if told {
		r.NAT = &NAT{Local: !here, Peer: !there}
	}
}

// transports asks the same question over each transport.
func (s *session) transports() {
	udp, tcp := []uint16{wire.PortIKE, wire.PortNATT}, uint16(wire.PortNATT)
	if p := s.line.config.Port; p != 0 {
		udp, tcp = []uint16{p}, p
	}
	for _, port := range udp {
		p, err := s.line.path(port)
		s.transport(fmt.Sprintf("UDP %d", port), p, err)
	}
	s.progress("TCP %d", tcp)
	p, err := s.line.stream(s.ctx, tcp)
	s.transport(fmt.Sprintf("TCP %d", tcp), p, err)
	if err == nil && s.path != p {
		s.line.listener.CloseStream(p, 0)
	}
}

func (s *session) transport(name string, p dataplane.Path, err error) {
	t := Transport{Name: name}
	defer func() { s.report.Transports = append(s.report.Transports, t) }()
	if err != nil {
		t.Detail = err.Error()
		return
	}
	s.progress("%s", name)
	all := everything()
	q, err := newQuestion(&all)
	var e echo
	if err == nil {
		e, err = s.ask(p, q, false)
	}
	if err != nil {
		t.Detail = err.Error()
		return
	}
	t.Answers, t.Detail, t.RTT = true, describe(e.message), e.rtt.Seconds()
	if !s.path.Remote.IsValid() {
		s.path = p
		s.wanted, _ = wantedGroup(e.message)
	}
}

// suiteName writes a proposal by the names of its algorithms.
func suiteName(p wire.Proposal) string {
	var b bytes.Buffer
	slices.SortStableFunc(p.Transforms, func(a, b wire.Transform) int { return int(a.Type) - int(b.Type) })
	for i, t := range p.Transforms {
		if i > 0 {
			b.WriteString("/")
		}
		b.WriteString(name(t))
	}
	return b.String()
}
