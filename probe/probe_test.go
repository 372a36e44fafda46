package probe

import (
	"context"
	"encoding/binary"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"culvert/suite"
	"culvert/wire"
)

// A peer answers IKE_SA_INIT requests on a port of the loopback as its fields say.
type peer struct {
	proposals []string // what it takes; none: it is silent
	cookie    bool
	largest   int                                        // octets of the largest request that arrives
	more      func(request *wire.Message) []wire.Payload // beside the SA payload of an answer
	instead   func(request *wire.Message) []wire.Payload // of any answer
	garbage   bool
	got       atomic.Int32
	genuine   atomic.Int32 // requests that it had to compute something for
}

// serve starts the peer and returns how to reach it.
func (p *peer) serve(t *testing.T) Config {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	t.Cleanup(func() { conn.Close(); <-ended })
	go func() {
		defer close(ended)
		buffer := make([]byte, 1<<16)
		for {
			n, from, err := conn.ReadFromUDPAddrPort(buffer)
			if err != nil {
				return
			}
			if answer := p.answer(t, buffer[:n]); answer != nil {
				_, _ = conn.WriteToUDPAddrPort(append([]byte(wire.NonESPMarker), answer...), from)
			}
		}
	}()
	at := conn.LocalAddr().(*net.UDPAddr)
	return Config{Peer: netip.MustParseAddr("127.0.0.1"), Port: uint16(at.Port), Timeout: 30 * time.Second, Tries: 1, Limit: 200}
}

func (p *peer) answer(t *testing.T, datagram []byte) []byte {
	request, err := wire.Parse(datagram[len(wire.NonESPMarker):])
	if err != nil {
		t.Errorf("a question that makes no sense: %v", err)
		return nil
	}
	p.got.Add(1)
	switch {
	case p.largest > 0 && len(datagram) > p.largest, p.proposals == nil && p.instead == nil && !p.garbage:
		return nil
	case p.garbage:
		m := wire.Message{Header: request.Header}
		m.Flags = wire.FlagResponse
		b := m.Append(nil)
		b[16] = byte(wire.PayloadSA)
		return b
	}
	h := wire.Header{InitiatorSPI: request.InitiatorSPI, Version: 0x20, Exchange: wire.ExchangeSAInit, Flags: wire.FlagResponse}
	payloads := p.payloads(t, request, &h)
	return (&wire.Message{Header: h, Payloads: payloads}).Append(nil)
}

func (p *peer) payloads(t *testing.T, request *wire.Message, h *wire.Header) []wire.Payload {
	notify := func(n wire.NotifyType, data []byte) []wire.Payload {
		return []wire.Payload{&wire.Notify{NotifyType: n, Data: data}}
	}
	if p.instead != nil {
		return p.instead(request)
	}
	if _, ok := wire.FindNotify(request.Payloads, wire.NotifyCookie); p.cookie && !ok {
		return notify(wire.NotifyCookie, []byte("a cookie"))
	}
	sa, _ := wire.Find[*wire.SA](request.Payloads)
	ke, _ := wire.Find[*wire.KE](request.Payloads)
	configured, err := suite.ParseProposals(wire.ProtocolIKE, p.proposals)
	if err != nil {
		t.Error(err)
	}
	selected, err := suite.Select(sa.Proposals, configured, suite.SelectOptions{})
	if err != nil {
		return notify(wire.NotifyNoProposalChosen, nil)
	}
	if want, _ := selected.Get(wire.TransformKE); want.ID != ke.Method {
		return notify(wire.NotifyInvalidKEPayload, binary.BigEndian.AppendUint16(nil, uint16(want.ID)))
	}
	p.genuine.Add(1)
	h.ResponderSPI = 0x1122334455667788
	answer := []wire.Payload{&wire.SA{Proposals: []wire.Proposal{selected.Proposal}}, &wire.Nonce{Data: make([]byte, 32)}}
	if p.more != nil {
		answer = append(answer, p.more(request)...)
	}
	return answer
}

func run(t *testing.T, c Config) *Report {
	t.Helper()
	r, err := Run(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func accept(list []Algorithm, a Accepted) string {
	var found []string
	for _, x := range list {
		if x.Accepted == a {
			found = append(found, x.Name)
		}
	}
	return strings.Join(found, " ")
}

func TestPeerIsAskedForEverything(t *testing.T) {
	p := &peer{proposals: []string{"aes256gcm16-prfsha384-ecp384-x25519", "aes128-sha256-prfsha256-modp2048-ke1_mlkem768"}}
	c := p.serve(t)
	var asked []string
	c.Progress = func(what string) { asked = append(asked, what) }
	r := run(t, c)
	for what, got := range map[string][2]string{
		"groups":     {accept(r.Groups, Yes), "ECP_384 CURVE_25519"},
		"encryption": {accept(r.Encryption, Yes), "AES_GCM_16_256"},
		"PRF":        {accept(r.PRF, Yes), "PRF_HMAC_SHA2_384"},
		"additional": {accept(r.Additional, Yes), ""},
		"unknown":    {accept(slices.Concat(r.Groups, r.Encryption, r.PRF, r.Additional), Unknown), ""},
		"suite":      {r.Suite, "AES_GCM_16_256/PRF_HMAC_SHA2_384/ECP_384"},
	} {
		if got[0] != got[1] {
			t.Errorf("%s: got %q, want %q", what, got[0], got[1])
		}
	}
	if p.genuine.Load() != 1 || int(p.got.Load()) != r.Datagrams || r.Limited || r.RTT <= 0 || r.Cookie || len(r.Untold) == 0 {
		t.Errorf("%d genuine of %d, %+v", p.genuine.Load(), p.got.Load(), r)
	}
	if len(r.Transports) != 2 || !r.Transports[0].Answers || r.Transports[1].Answers || r.Transports[1].Detail == "" {
		t.Errorf("%+v", r.Transports)
	}
	if !slices.Contains(asked, "AES_CBC_256") || !slices.Contains(asked, "MTU") {
		t.Errorf("progress %q", asked)
	}
}

func TestSeparateCiphersHaveIntegrity(t *testing.T) {
	p := &peer{proposals: []string{"aes256-sha384-sha1-prfsha1-modp2048"}}
	r := run(t, p.serve(t))
	if got := accept(r.Integrity, Yes); got != "HMAC_SHA2_384_192 HMAC_SHA1_96" {
		t.Errorf("integrity %q", got)
	}
	weak := func(list []Algorithm) (n int) {
		for _, a := range list {
			if a.Weak && a.Accepted == Yes {
				n++
			}
		}
		return n
	}
	if weak(r.Integrity) != 1 || weak(r.PRF) != 1 || weak(r.Groups) != 0 {
		t.Errorf("%+v %+v", r.Integrity, r.PRF)
	}
}

func TestAdditionalKeyExchangesAreFound(t *testing.T) {
	p := &peer{proposals: []string{"aes256gcm16-prfsha384-x25519-ke1_mlkem768-ke1_none"}}
	if got := accept(run(t, p.serve(t)).Additional, Yes); got != "ML_KEM_768" {
		t.Errorf("got %q", got)
	}
}

func TestCookiesAreGivenBack(t *testing.T) {
	p := &peer{proposals: []string{"aes256gcm16-prfsha384-x25519"}, cookie: true}
	if r := run(t, p.serve(t)); !r.Cookie || r.Suite == "" {
		t.Errorf("%+v", r)
	}
	endless := &peer{instead: func(*wire.Message) []wire.Payload {
		return []wire.Payload{&wire.Notify{NotifyType: wire.NotifyCookie, Data: []byte("more")}}
	}}
	if r := run(t, endless.serve(t)); r.Refusal != "no transport answers" || endless.got.Load() > 3 {
		t.Errorf("%d cookies, %+v", endless.got.Load(), r)
	}
}

func TestCookiesThatAreTooLongAreNotGivenBack(t *testing.T) {
	p := &peer{instead: func(*wire.Message) []wire.Payload {
		return []wire.Payload{&wire.Notify{NotifyType: wire.NotifyCookie, Data: make([]byte, 65)}}
	}}
	if r := run(t, p.serve(t)); r.Cookie || r.Datagrams > 2 {
		t.Errorf("%+v", r)
	}
}

func TestSilenceIsNoAnswer(t *testing.T) {
	p := &peer{}
	c := p.serve(t)
	c.Timeout, c.Tries = time.Millisecond, 3
	r := run(t, c)
	if r.Refusal != "no transport answers" || r.Datagrams != 3 || r.Transports[0].Answers || r.Transports[0].Detail != "no answer" {
		t.Errorf("%+v", r)
	}
}

func TestRefusalIsTold(t *testing.T) {
	for notify, want := range map[wire.NotifyType]string{
		wire.NotifyNoProposalChosen: "has no configuration for our address", wire.NotifyInvalidSyntax: "INVALID_SYNTAX",
	} {
		p := &peer{instead: func(*wire.Message) []wire.Payload { return []wire.Payload{&wire.Notify{NotifyType: notify}} }}
		r := run(t, p.serve(t))
		if !strings.Contains(r.Refusal, want) || r.Groups != nil || !r.Transports[0].Answers {
			t.Errorf("%v: %+v", notify, r)
		}
	}
}

func TestAnswersThatMakeNoSenseAreTold(t *testing.T) {
	p := &peer{garbage: true}
	if r := run(t, p.serve(t)); !strings.Contains(r.Transports[0].Detail, "makes no sense") {
		t.Errorf("%+v", r)
	}
}

func TestDatagramsAreLimited(t *testing.T) {
	p := &peer{proposals: []string{"aes256gcm16-prfsha384-x25519"}}
	c := p.serve(t)
	c.Limit = 5
	if r := run(t, c); !r.Limited || r.Datagrams != 5 || p.got.Load() > 5 || accept(r.Groups, Unknown)+accept(r.Encryption, Unknown) == "" {
		t.Errorf("%+v", r)
	}
}

func TestMTUIsSearched(t *testing.T) {
	for _, largest := range []int{1472, 1300, 700} {
		p := &peer{proposals: []string{"aes256gcm16-prfsha384-x25519", "aes256-sha384-prfsha384-x25519"}, largest: largest}
		c := p.serve(t)
		s := &session{ctx: t.Context(), report: &Report{}}
		c.Timeout = 100 * time.Millisecond
		var err error
		if s.line, err = openLine(c); err != nil {
			t.Fatal(err)
		}
		if s.path, err = s.line.path(c.Port); err != nil {
			t.Fatal(err)
		}
		base := offer{encr: encryption()[:1], prf: pseudorandom()[:1], integ: integrity()[:1], ke: groups()[:1]}
		s.mtu(&base)
		if got := s.report.MTU; got > largest+28 || got < largest+28-8 || s.line.sent > 10 {
			t.Errorf("%d octets of UDP pass: MTU %d after %d datagrams", largest, got, s.line.sent)
		}
		if err := s.line.close(); err != nil {
			t.Error(err)
		}
	}
}

func TestReachIsAskedFor(t *testing.T) {
	p := &peer{proposals: []string{"aes256gcm16-prfsha384-x25519"}}
	if answers, mtu, err := Reach(t.Context(), p.serve(t)); !answers || mtu != 1500 || err != nil || p.got.Load() > 12 || p.genuine.Load() != 0 {
		t.Errorf("%v, %d, %v after %d datagrams", answers, mtu, err, p.got.Load())
	}
	silent := (&peer{}).serve(t)
	silent.Timeout = time.Millisecond
	if answers, mtu, err := Reach(t.Context(), silent); answers || mtu != 0 || err != nil {
		t.Errorf("%v, %d, %v", answers, mtu, err)
	}
}

func TestInterruptionEndsIt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	p := &peer{instead: func(*wire.Message) []wire.Payload { cancel(); return nil }}
	c := p.serve(t)
	c.Interval = time.Hour
	if _, err := Run(ctx, c); err != context.Canceled {
		t.Errorf("got %v", err)
	}
}
