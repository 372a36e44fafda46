package aka

import (
	"errors"
	"testing"

	"culvert/eap"
	"culvert/eap/eaptest"
	"culvert/explain"
)

// prepared is a client that was asked to answer one challenge of AKA, as the server with the same keys makes it.
type prepared struct {
	client    eap.Exchange
	server    *server
	challenge []byte
}

func prepare(t *testing.T, isPrime bool, configure func(*Server)) prepared {
	t.Helper()
	n := subscribe(t, 0, 0)
	settings := n.server(isPrime)
	if configure != nil {
		configure(&settings)
	}
	c, _ := n.client(isPrime).Begin(eaptest.Session(imsi), imsi)
	x, _ := settings.Begin(eaptest.Session(imsi), imsi)
	p := prepared{client: c, server: x.(*server)}
	ask := x.Step(t.Context(), eap.Input{Identifier: 9})
	answer := c.Step(t.Context(), p.in(eap.CodeRequest, ask.Data))
	p.challenge = x.Step(t.Context(), p.in(eap.CodeResponse, answer.Data)).Data
	return p
}

func (p prepared) in(code eap.Code, data []byte) eap.Input {
	return eap.Input{Packet: &eap.Packet{Code: code, Identifier: 9, Type: p.server.variant.kind, Data: data}, Identifier: 9}
}

func (p prepared) ask(t *testing.T, data []byte) eap.Step {
	t.Helper()
	return p.client.Step(t.Context(), p.in(eap.CodeRequest, data))
}

// notification is one of the server, protected if its keys say so.
func (p prepared) notification(code uint16, protected bool) []byte {
	m := message{subtype: subNotification}
	m.addNumber(atNotification, code)
	if !protected {
		return m.encode()
	}
	return p.server.variant.seal(p.server.keys.aut, eap.Packet{Code: eap.CodeRequest, Identifier: 9, Type: p.server.variant.kind}, m)
}

func code(s eap.Step) explain.Code {
	f, _ := errors.AsType[*eap.Failure](s.Err)
	if s.State != eap.Failed || f == nil {
		return ""
	}
	return f.Code
}

func TestClientKeepsTheOrder(t *testing.T) {
	ask := func(kind attributeType) []byte {
		m := message{subtype: subIdentity}
		m.addNumber(kind, 0)
		return m.encode()
	}
	for name, packets := range map[string][][]byte{
		"a weaker identity request": {ask(atPermanentIDReq), ask(atAnyIDReq)}, "the same identity request": {ask(atFullauthIDReq), ask(atFullauthIDReq)},
		"an identity request for nothing": {{5, 0, 0}}, "fast re-authentication": {{byte(subReauthentication), 0, 0}},
		"an answer": {{byte(subSyncFailure), 0, 0}}, "success without a challenge": {message{subtype: subNotification, attributes: []attribute{{atNotification, []byte{0x80, 0}}}}.encode()},
		"two notifications": {message{subtype: subNotification, attributes: []attribute{{atNotification, []byte{0x40, 0}}}}.encode(),
			message{subtype: subNotification, attributes: []attribute{{atNotification, []byte{0x40, 0}}}}.encode()},
	} {
		t.Run(name, func(t *testing.T) {
			n := subscribe(t, 0, 0)
			c, _ := n.client(false).Begin(eaptest.Session(imsi), imsi)
			var s eap.Step
			for _, p := range packets {
				s = c.Step(t.Context(), input(p))
			}
			if got := code(s); got != explain.EAPProtocol || s.Data[0] != byte(subClientError) {
				t.Errorf("got %q, %x", got, s.Data)
			}
		})
	}
}

func TestClientAnswersOneChallenge(t *testing.T) {
	p := prepare(t, false, nil)
	if s := p.ask(t, p.challenge); s.State != eap.Succeeded || len(s.MSK) != 64 {
		t.Fatalf("got %+v", s)
	}
	if got := code(p.ask(t, p.challenge)); got != explain.EAPProtocol {
		t.Errorf("got %q", got)
	}
}

func TestClientRefusesChangedChallenges(t *testing.T) {
	both(t, func(t *testing.T, isPrime bool) {
		length := len(prepare(t, isPrime, nil).challenge)
		for i := range length {
			p := prepare(t, isPrime, nil)
			p.challenge[i] ^= 1
			if s := p.ask(t, p.challenge); s.State == eap.Succeeded {
				t.Errorf("octet %d was changed", i)
			}
		}
	})
}

func TestClientWaitsForTheProtectedResult(t *testing.T) {
	indications := func(s *Server) { s.Indications = true }
	t.Run("success", func(t *testing.T) {
		p := prepare(t, false, indications)
		if s := p.ask(t, p.challenge); s.State != eap.Continuing || s.MSK != nil {
			t.Fatalf("got %+v", s)
		}
		if s := p.ask(t, p.notification(notifySuccess, true)); s.State != eap.Succeeded || len(s.MSK) != 64 {
			t.Errorf("got %+v", s)
		}
	})
	for name, tt := range map[string]struct {
		notification uint16
		protected    bool
		want         explain.Code
	}{
		"success without protection": {notifySuccess, false, explain.EAPProtocol}, "failure": {notifyNotSubscribed, true, explain.EAPRejected},
		"denied": {notifyDenied, true, explain.EAPRejected}, "failure without protection": {notifyFailureAfter, false, explain.EAPProtocol},
		"failure of the challenge": {notifyFailure, false, explain.EAPRejected}, "success before the challenge": {notifySuccess | phaseBit, true, explain.EAPProtocol},
	} {
		t.Run(name, func(t *testing.T) {
			p := prepare(t, false, indications)
			p.ask(t, p.challenge)
			s := p.ask(t, p.notification(tt.notification, tt.protected))
			if got := code(s); got != tt.want || s.Data == nil || s.MSK != nil {
				t.Errorf("got %+v", s)
			}
		})
	}
	t.Run("nobody asked for one", func(t *testing.T) {
		p := prepare(t, false, nil)
		p.ask(t, p.challenge)
		if got := code(p.ask(t, p.notification(notifySuccess, true))); got != explain.EAPProtocol {
			t.Errorf("got %q", got)
		}
	})
}

func TestClientNegotiatesTheDerivation(t *testing.T) {
	offer := func(fs ...uint16) []byte {
		m := message{subtype: subChallenge}
		for _, f := range fs {
			m.addNumber(atKDF, f)
		}
		m.addSized(atKDFInput, 4, []byte("WLAN"))
		return m.encode()
	}
	begin := func() eap.Exchange {
		c, _ := subscribe(t, 0, 0).client(true).Begin(eaptest.Session(imsi), imsi)
		return c
	}
	c := begin()
	if s := c.Step(t.Context(), input(offer(7, 1))); s.State != eap.Continuing || string(s.Data) != "\x01\x00\x00\x18\x01\x00\x01" {
		t.Fatalf("got %+v", s)
	}
	if s := c.Step(t.Context(), input(offer(1, 7, 1))); code(s) != explain.EAPMalformed {
		t.Errorf("got %+v, want it to get as far as RAND", s)
	}
	for name, tt := range map[string]struct {
		packets [][]byte
		want    explain.Code
	}{
		"the list changes": {[][]byte{offer(7, 1), offer(1, 7)}, explain.EAPProtocol}, "the list is the same": {[][]byte{offer(7, 1), offer(7, 1)}, explain.EAPProtocol},
		"nothing of ours": {[][]byte{offer(7)}, explain.EAPNoMethod}, "no list": {[][]byte{offer()}, explain.EAPNoMethod},
		"no network": {[][]byte{{1, 0, 0, 24, 1, 0, 1}}, explain.EAPSIM},
	} {
		c, s := begin(), eap.Step{}
		for _, p := range tt.packets {
			s = c.Step(t.Context(), input(p))
		}
		if got := code(s); got != tt.want || s.Data[0] != byte(subReject) {
			t.Errorf("%s: got %q, %x", name, got, s.Data)
		}
	}
}

func TestServerKeepsTheOrder(t *testing.T) {
	for name, tt := range map[string]struct {
		data []byte
		want explain.Code
	}{
		"malformed": {[]byte{1}, explain.EAPMalformed}, "unknown attribute": {[]byte{1, 0, 0, 99, 1, 0, 0}, explain.EAPMalformed},
		"an identity again": {[]byte{5, 0, 0}, explain.EAPProtocol}, "no proof": {[]byte{1, 0, 0, 24, 1, 0, 1}, explain.EAPSIMWrong},
		"synchronisation without AUTS": {[]byte{4, 0, 0}, explain.EAPSIM},
		"AUTS of another card":         {append([]byte{4, 0, 0, 4, 4}, make([]byte, 14)...), explain.EAPSIMWrong},
	} {
		t.Run(name, func(t *testing.T) {
			p := prepare(t, true, nil)
			s := p.server.Step(t.Context(), p.in(eap.CodeResponse, tt.data))
			if s.State != eap.Continuing || s.Data[0] != byte(subNotification) {
				t.Fatalf("got %+v", s)
			}
			if got := code(p.server.Step(t.Context(), p.in(eap.CodeResponse, []byte{12, 0, 0}))); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	for name, tt := range map[string]struct {
		data []byte
		want explain.Code
	}{"client error": {[]byte{14, 0, 0, 22, 1, 0, 0}, explain.EAPMethod}, "without a code": {[]byte{14, 0, 0}, explain.EAPMethod}, "reject": {[]byte{2, 0, 0}, explain.EAPSIM}} {
		p := prepare(t, true, nil)
		if got := code(p.server.Step(t.Context(), p.in(eap.CodeResponse, tt.data))); got != tt.want {
			t.Errorf("%s: got %q", name, got)
		}
	}
}

func TestServerChecksTheAcknowledgementOfTheResult(t *testing.T) {
	p := prepare(t, false, func(s *Server) { s.Indications = true })
	answer := p.ask(t, p.challenge)
	if s := p.server.Step(t.Context(), p.in(eap.CodeResponse, answer.Data)); s.State != eap.Continuing {
		t.Fatalf("got %+v", s)
	}
	if got := code(p.server.Step(t.Context(), p.in(eap.CodeResponse, []byte{12, 0, 0}))); got != explain.EAPSIMWrong {
		t.Errorf("got %q", got)
	}
}

func TestServerSeesChangedIdentities(t *testing.T) {
	p := prepare(t, false, nil)
	p.server.checkcode.add(p.server.variant, eap.Packet{Code: eap.CodeRequest})
	answer := p.ask(t, p.challenge)
	p.server.Step(t.Context(), p.in(eap.CodeResponse, answer.Data))
	if f, ok := errors.AsType[*eap.Failure](p.server.failed); !ok || f.Code != explain.EAPSIMWrong {
		t.Errorf("got %v", p.server.failed)
	}
}
