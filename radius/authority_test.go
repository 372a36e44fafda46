package radius

import (
	"context"
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	foreign "layeh.com/radius"

	"culvert/secret"
)

// fakeSessions has one session and notes what is asked of it.
type fakeSessions struct {
	account      Account
	disconnected int
	change       Change
	cause        ErrorCause
}

func (f *fakeSessions) Disconnect(_ context.Context, s Selection) (int, ErrorCause) {
	if !s.Matches(&f.account) {
		return 0, 0
	}
	f.disconnected++
	return 1, f.cause
}

func (f *fakeSessions) Change(_ context.Context, s Selection, c Change) (int, ErrorCause) {
	if !s.Matches(&f.account) {
		return 0, 0
	}
	f.change = c
	return 1, f.cause
}

func testClient() netip.AddrPort { return netip.MustParseAddrPort("192.0.2.9:40000") }

func authority() (*Authority, *fakeSessions) {
	s := &fakeSessions{account: account("s1")}
	return &Authority{
		NAS: testNAS(), Sessions: s, Groups: GroupRules{From: []Type{FilterID}},
		Clients: []Client{{Prefix: netip.MustParsePrefix("192.0.2.9/32"), Secret: secret.Bytes(testSecret)}},
	}, s
}

// request makes a request with the other codec. Its Message-Authenticator is over sixteen octets of zero (RFC 5176,
// Section 3.4).
func request(code foreign.Code, at time.Time, add ...func(*foreign.Packet)) *foreign.Packet {
	p := foreign.New(code, []byte(testSecret))
	p.Add(55, foreign.NewInteger(uint32(at.Unix())))
	for _, f := range add {
		f(p)
	}
	return p
}

func attr(t foreign.Type, v string) func(*foreign.Packet) {
	return func(p *foreign.Packet) { p.Add(t, foreign.Attribute(v)) }
}

func encoded(t *testing.T, p *foreign.Packet) []byte {
	t.Helper()
	p.Authenticator = [16]byte{}
	sign(p)
	b, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// send brings a request before the authority and checks the proofs of the answer.
func send(t *testing.T, a *Authority, p *foreign.Packet) *foreign.Packet {
	t.Helper()
	b := encoded(t, p)
	answer := a.receive(t.Context(), testClient(), b)
	if answer == nil {
		return nil
	}
	if !foreign.IsAuthenticResponse(answer, b, []byte(testSecret)) {
		t.Error("the Response Authenticator does not fit")
	}
	if err := checkSigned(answer, [16]byte(b[4:]), secret.Bytes(testSecret), true); err != nil {
		t.Errorf("the Message-Authenticator: %v", err)
	}
	out, err := foreign.Parse(answer, []byte(testSecret))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestDisconnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, s := authority()
		answer := send(t, a, request(foreign.CodeDisconnectRequest, time.Now(), attr(1, "carol"), attr(33, "proxy 1"), attr(33, "proxy 2")))
		if answer == nil || answer.Code != foreign.CodeDisconnectACK || s.disconnected != 1 {
			t.Fatalf("got %v, %d disconnected", answer, s.disconnected)
		}
		if states := answer.Attributes; string(answer.Get(33)) != "proxy 1" || len(states) != 3 {
			t.Errorf("Proxy-State is not repeated: %v", states)
		}
	})
}

func TestChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, s := authority()
		answer := send(t, a, request(foreign.CodeCoARequest, time.Now(), attr(44, "s1"), attr(27, "\x00\x00\x00\x3c"), attr(11, "guests"), attr(25, "new")))
		if answer == nil || answer.Code != foreign.CodeCoAACK {
			t.Fatalf("got %v", answer)
		}
		if c := s.change; c.SessionTimeout == nil || *c.SessionTimeout != time.Minute || c.IdleTimeout != nil || len(c.Groups) != 1 || len(c.Class) != 1 {
			t.Errorf("change %+v", c)
		}
	})
}

func TestRefusalsSayWhy(t *testing.T) {
	for name, tt := range map[string]struct {
		code  foreign.Code
		add   []func(*foreign.Packet)
		cause ErrorCause
	}{
		"nobody named":         {foreign.CodeDisconnectRequest, nil, MissingAttribute},
		"address alone":        {foreign.CodeDisconnectRequest, []func(*foreign.Packet){attr(31, "198.51.100.7")}, MissingAttribute},
		"unknown session":      {foreign.CodeDisconnectRequest, []func(*foreign.Packet){attr(44, "s2")}, SessionNotFound},
		"half of it fits":      {foreign.CodeDisconnectRequest, []func(*foreign.Packet){attr(44, "s1"), attr(1, "dave")}, SessionNotFound},
		"another NAS":          {foreign.CodeDisconnectRequest, []func(*foreign.Packet){attr(44, "s1"), attr(32, "gw2")}, NASMismatch},
		"change in disconnect": {foreign.CodeDisconnectRequest, []func(*foreign.Packet){attr(44, "s1"), attr(27, "\x00\x00\x00\x3c")}, UnsupportedAttribute},
		"address of 3 octets":  {foreign.CodeDisconnectRequest, []func(*foreign.Packet){attr(8, "\x0a\x09\x00")}, InvalidAttributeValue},
		"nothing to change":    {foreign.CodeCoARequest, []func(*foreign.Packet){attr(44, "s1")}, MissingAttribute},
		"Authorize Only":       {foreign.CodeCoARequest, []func(*foreign.Packet){attr(44, "s1"), attr(6, "\x00\x00\x00\x11")}, UnsupportedService},
		"unknown change":       {foreign.CodeCoARequest, []func(*foreign.Packet){attr(44, "s1"), attr(64, "\x00\x00\x00\x01")}, UnsupportedAttribute},
		"timeout of 1 octet":   {foreign.CodeCoARequest, []func(*foreign.Packet){attr(44, "s1"), attr(27, "\x09")}, InvalidAttributeValue},
	} {
		t.Run(name, func(t *testing.T) {
			a, s := authority()
			answer := send(t, a, request(tt.code, time.Now(), tt.add...))
			if answer == nil || answer.Code != tt.code+2 || ErrorCause(uint32Of(answer, 101)) != tt.cause {
				t.Errorf("got %v with cause %v", answer, ErrorCause(uint32Of(answer, 101)))
			}
			if s.disconnected != 0 || !s.change.empty() {
				t.Error("it was done all the same")
			}
		})
	}
}

func TestRepetitionGetsTheSameAnswerAndDoesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, s := authority()
		b := encoded(t, request(foreign.CodeDisconnectRequest, time.Now(), attr(1, "carol")))
		first := a.receive(t.Context(), testClient(), b)
		second := a.receive(t.Context(), netip.MustParseAddrPort("192.0.2.9:50000"), b)
		if first == nil || string(first) != string(second) || s.disconnected != 1 {
			t.Errorf("disconnected %d times", s.disconnected)
		}
		time.Sleep(defaultWindow + time.Second)
		if a.receive(t.Context(), testClient(), b) != nil || s.disconnected != 1 {
			t.Error("an old request is obeyed")
		}
	})
}

func TestWhatDoesNotProveItselfIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		good := request(foreign.CodeDisconnectRequest, time.Now(), attr(1, "carol"))
		unsigned, _ := good.Encode()
		wrong := request(foreign.CodeDisconnectRequest, time.Now(), attr(1, "carol"))
		wrong.Secret = []byte("guessed")
		undated := foreign.New(foreign.CodeDisconnectRequest, []byte(testSecret))
		undated.Add(1, []byte("carol"))
		for name, tt := range map[string]struct {
			from string
			b    []byte
		}{
			"stranger":                 {"192.0.2.10:40000", encoded(t, good)},
			"no Message-Authenticator": {"192.0.2.9:40000", unsigned},
			"another secret":           {"192.0.2.9:40000", encoded(t, wrong)},
			"old":                      {"192.0.2.9:40000", encoded(t, request(foreign.CodeDisconnectRequest, time.Now().Add(-6*time.Minute), attr(1, "carol")))},
			"from the future":          {"192.0.2.9:40000", encoded(t, request(foreign.CodeDisconnectRequest, time.Now().Add(6*time.Minute), attr(1, "carol")))},
			"no Event-Timestamp":       {"192.0.2.9:40000", encoded(t, undated)},
			"neither of the two kinds": {"192.0.2.9:40000", encoded(t, request(foreign.CodeAccountingRequest, time.Now(), attr(1, "carol")))},
			"nothing":                  {"192.0.2.9:40000", nil},
			"shorter than it claims":   {"192.0.2.9:40000", encoded(t, good)[:30]},
		} {
			a, s := authority()
			var heard error
			a.Told = func(_ netip.AddrPort, _ string, err error) { heard = err }
			if answer := a.receive(t.Context(), netip.MustParseAddrPort(tt.from), tt.b); answer != nil || s.disconnected != 0 || heard == nil {
				t.Errorf("%s: answered with %d octets, told %v", name, len(answer), heard)
			}
		}
	})
}

func TestRequestsOfOneWindowAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, _ := authority()
		for i := range maxAnswered {
			if _, err := a.remember([16]byte{byte(i), byte(i >> 8)}); err != nil {
				t.Fatal(i, err)
			}
		}
		if _, err := a.remember([16]byte{15: 1}); err == nil {
			t.Error("there is no bound")
		}
		time.Sleep(2*defaultWindow + time.Second)
		if _, err := a.remember([16]byte{15: 1}); err != nil {
			t.Error(err)
		}
	})
}

func TestServeAnswersOnASocket(t *testing.T) {
	a, s := authority()
	a.Clients[0].Prefix = netip.MustParsePrefix("127.0.0.0/8")
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- a.Serve(ctx, conn) }()
	p := request(foreign.CodeDisconnectRequest, time.Now(), attr(1, "carol"))
	client, err := net.Dial("udp", conn.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := client.Write(encoded(t, p)); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, maxPacket)
	if n, err := client.Read(b); err != nil || b[0] != byte(DisconnectACK) {
		t.Errorf("%d octets, code %d, %v", n, b[0], err)
	}
	cancel()
	if err := <-done; err != nil || s.disconnected != 1 {
		t.Errorf("disconnected %d times, %v", s.disconnected, err)
	}
}
