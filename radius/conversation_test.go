package radius

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"

	foreign "layeh.com/radius"
	"layeh.com/radius/vendors/microsoft"

	"culvert/eap"
	"culvert/explain"
)

func proxyOf(servers ...Server) *Proxy {
	return &Proxy{Group: NewGroup("corp", restTime, servers...), NAS: testNAS(), Groups: GroupRules{From: []Type{FilterID}}}
}

// during runs a test in a bubble, with links that are gone at its end.
func during(t *testing.T, p *Proxy, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		defer synctest.Wait()
		defer p.Group.Retire()
		f(t)
	})
}

func keys(recv, send string) func(*foreign.Packet) {
	return func(p *foreign.Packet) {
		_ = microsoft.MSMPPERecvKey_Add(p, []byte(recv))
		_ = microsoft.MSMPPESendKey_Add(p, []byte(send))
	}
}

func TestAcceptedUserHasKeyAndGrant(t *testing.T) {
	recv, send := strings.Repeat("r", 32), strings.Repeat("s", 32)
	f := newFake(t, accept(keys(recv, send), func(p *foreign.Packet) {
		p.Add(11, []byte("staff"))
		p.Add(8, []byte{10, 9, 0, 7})
		p.Add(27, []byte{0, 0, 14, 16})
		p.Add(25, []byte("opaque"))
	}))
	p := proxyOf(f.configured("a"))
	during(t, p, func(t *testing.T) {
		r := authenticate(t, p)
		if r.State != eap.Succeeded {
			t.Fatalf("got %v: %v", r.State, r.Err)
		}
		if !bytes.Equal(r.MSK, []byte(recv+send)) {
			t.Error("the MSK is not the server's")
		}
		g := r.Grant
		if g.User != "carol" || g.IPv4.String() != "10.9.0.7" || g.SessionTimeout.Hours() != 1 || len(g.Class) != 1 || len(g.Groups) != 1 || g.Groups[0] != "staff" {
			t.Errorf("grant %+v", g)
		}
		if r.Method != eap.TypeMSCHAPv2 || r.EAPOnly || r.Identity != "carol" {
			t.Errorf("got %v %v %q", r.Method, r.EAPOnly, r.Identity)
		}
	})
}

func TestShortKeysAreFilledUp(t *testing.T) {
	f := newFake(t, accept(keys(strings.Repeat("r", 16), strings.Repeat("s", 16))))
	p := proxyOf(f.configured("a"))
	during(t, p, func(t *testing.T) {
		want := append([]byte(strings.Repeat("r", 16)+strings.Repeat("s", 16)), make([]byte, 32)...)
		if r := authenticate(t, p); !bytes.Equal(r.MSK, want) {
			t.Errorf("MSK %x", []byte(r.MSK))
		}
	})
}

func TestRequestSaysWhoAsksForWhom(t *testing.T) {
	f := newFake(t, accept())
	p := proxyOf(f.configured("a"))
	during(t, p, func(t *testing.T) {
		authenticate(t, p)
		seen := f.requests()
		if len(seen) != 2 {
			t.Fatalf("%d requests", len(seen))
		}
		if f.raw[0][headerSize] != byte(MessageAuthenticator) {
			t.Error("the Message-Authenticator is not the first attribute")
		}
		for kind, want := range map[foreign.Type]string{
			1: "carol", 32: "gw", 31: "198.51.100.7", 30: "192.0.2.1", 87: "road", 44: "5ca1ab1e", 4: "\xc0\x00\x02\x01", 61: "\x00\x00\x00\x05", 12: "\x00\x00\x05\x78",
		} {
			if got := string(seen[1].Get(kind)); got != want {
				t.Errorf("attribute %d is %q, not %q", kind, got, want)
			}
		}
		if seen[0].Get(24) != nil || string(seen[1].Get(24)) != "state of the server" {
			t.Error("State is not repeated as it came")
		}
		if seen[0].Authenticator == seen[1].Authenticator {
			t.Error("two requests share an authenticator")
		}
	})
}

func TestIKEIdentityIsIntroduced(t *testing.T) {
	f := newFake(t, func(p *foreign.Packet) *foreign.Packet { return challenge(p, 77) })
	p := proxyOf(f.configured("a"))
	p.Identity = IKEIdentity
	during(t, p, func(t *testing.T) {
		c, _ := p.Begin(session())
		r := c.Step(t.Context(), nil)
		out, err := eap.Parse(r.Packet)
		if err != nil || out.Type != eap.TypeMSCHAPv2 || out.Identifier != 77 {
			t.Errorf("got %+v, %v", out, err)
		}
		if name := string(f.requests()[0].Get(1)); name != "carol@example.org" {
			t.Errorf("User-Name %q", name)
		}
	})
}

func TestWhatIsNoAnswerToUsIsDiscarded(t *testing.T) {
	p := proxyOf(newFake(t, accept()).configured("a"))
	c, _ := p.Begin(session())
	first, _ := eap.Parse(c.Step(t.Context(), nil).Packet)
	for name, packet := range map[string][]byte{
		"a request":          eap.Packet{Code: eap.CodeRequest, Identifier: first.Identifier, Type: eap.TypeIdentity}.Encode(),
		"success":            eap.Packet{Code: eap.CodeSuccess, Identifier: first.Identifier}.Encode(),
		"another identifier": eap.Packet{Code: eap.CodeResponse, Identifier: first.Identifier + 1, Type: eap.TypeIdentity, Data: []byte("carol")}.Encode(),
		"no identity yet":    eap.Packet{Code: eap.CodeResponse, Identifier: first.Identifier, Type: eap.TypeMSCHAPv2}.Encode(),
		"nothing":            {},
		"short":              {2, 0, 0, 9, 1},
	} {
		if r := c.Step(t.Context(), packet); !r.Discarded {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// refusals are answers that end a conversation, each for its own reason.
func TestAnswersThatAreNoSuccess(t *testing.T) {
	with := func(code foreign.Code, packet *eap.Packet, attributes ...func(*foreign.Packet)) func(*foreign.Packet) *foreign.Packet {
		return func(p *foreign.Packet) *foreign.Packet {
			answer := p.Response(code)
			if packet != nil {
				answer.Add(79, packet.Encode())
			}
			for _, add := range attributes {
				add(answer)
			}
			return answer
		}
	}
	success, failure := &eap.Packet{Code: eap.CodeSuccess}, &eap.Packet{Code: eap.CodeFailure, Identifier: 9}
	vendor := func(b ...byte) func(*foreign.Packet) { return func(p *foreign.Packet) { p.Add(26, b) } }
	for name, tt := range map[string]struct {
		handle func(*foreign.Packet) *foreign.Packet
		code   explain.Code
		says   string
	}{
		"reject":                       {with(3, failure, func(p *foreign.Packet) { p.Add(18, []byte("come\nback on Monday")) }), explain.RadiusRejected, `"come\nback on Monday"`},
		"reject without EAP":           {with(3, nil), explain.RadiusRejected, ""},
		"reject with success":          {with(3, success), explain.RadiusRejected, ""},
		"accept with failure":          {with(2, failure), explain.RadiusMalformed, "success"},
		"accept without EAP":           {with(2, nil), explain.RadiusMalformed, "EAP-Message"},
		"challenge with success":       {with(11, success), explain.RadiusMalformed, "request"},
		"Framed-IP of three octets":    {with(2, success, func(p *foreign.Packet) { p.Add(8, []byte{10, 9, 0}) }), explain.RadiusMalformed, "Framed-IP-Address"},
		"Session-Timeout of one octet": {with(2, success, func(p *foreign.Packet) { p.Add(27, []byte{9}) }), explain.RadiusMalformed, "Session-Timeout"},
		"vendor length beyond the end": {with(2, success, vendor(0, 0, 1, 55, 17, 200, 1)), explain.RadiusMalformed, "Vendor-Specific"},
		"vendor length of zero":        {with(2, success, vendor(0, 0, 1, 55, 17, 0)), explain.RadiusMalformed, "Vendor-Specific"},
		"keys of no multiple of 16":    {with(2, success, vendor(0, 0, 1, 55, 17, 6, 0x80, 1, 2, 3)), explain.RadiusMalformed, "keys"},
	} {
		t.Run(name, func(t *testing.T) {
			p := proxyOf(newFake(t, tt.handle).configured("a"))
			during(t, p, func(t *testing.T) {
				r := authenticate(t, p)
				f, ok := r.Err.(*eap.Failure)
				if r.State != eap.Failed || !ok || f.Code != tt.code || !strings.Contains(f.Cause, tt.says) {
					t.Fatalf("got %v: %v", r.State, r.Err)
				}
				if out, err := eap.Parse(r.Packet); err != nil || out.Code != eap.CodeFailure {
					t.Errorf("the client hears %+v, %v", out, err)
				}
				if r.MSK != nil || r.Grant != nil {
					t.Error("somebody who was refused has a key or a grant")
				}
			})
		})
	}
}

func TestNameThatDoesNotFitIsRefused(t *testing.T) {
	p := proxyOf(newFake(t, silence).configured("a"))
	c, _ := p.Begin(session())
	first, _ := eap.Parse(c.Step(t.Context(), nil).Packet)
	r := c.Step(t.Context(), eap.Packet{Code: eap.CodeResponse, Identifier: first.Identifier, Type: eap.TypeIdentity, Data: make([]byte, 254)}.Encode())
	if f, ok := r.Err.(*eap.Failure); !ok || f.Code != explain.EAPIdentity {
		t.Errorf("got %v", r.Err)
	}
}

func TestEAPOnlyRefusesMethodsThatDoNotProveTheServer(t *testing.T) {
	p := proxyOf(newFake(t, accept()).configured("a"))
	during(t, p, func(t *testing.T) {
		s := session()
		s.EAPOnly = true
		c, _ := p.Begin(s)
		first, _ := eap.Parse(c.Step(t.Context(), nil).Packet)
		r := c.Step(t.Context(), eap.Packet{Code: eap.CodeResponse, Identifier: first.Identifier, Type: eap.TypeIdentity, Data: []byte("carol")}.Encode())
		if f, ok := r.Err.(*eap.Failure); !ok || f.Code != explain.EAPNoMethod {
			t.Errorf("got %v", r.Err)
		}
	})
}

// A client may say anything outside a tunnel, and an accepted name stands in logs, tables and accounting.
func TestNamesThatAreNoTextAreRefused(t *testing.T) {
	for _, name := range []string{"carol\x1b[2J", "carol\r\nroot", "carol\x00", "carol\xff"} {
		f := newFake(t, accept())
		p := proxyOf(f.configured("a"))
		during(t, p, func(t *testing.T) {
			c, _ := p.Begin(session())
			in, _ := eap.Parse(c.Step(t.Context(), nil).Packet)
			r := c.Step(t.Context(), eap.Packet{Code: eap.CodeResponse, Identifier: in.Identifier, Type: eap.TypeIdentity, Data: []byte(name)}.Encode())
			if r.State != eap.Failed || eap.AsFailure(0, r.Err).Code != explain.EAPIdentity || len(f.requests()) != 0 || strings.ContainsAny(r.Err.Error(), "\x1b\r\n\x00\xff") {
				t.Errorf("%q: %v, %v", name, r.State, r.Err)
			}
		})
		f = newFake(t, accept(keys(strings.Repeat("r", 32), strings.Repeat("s", 32)), func(p *foreign.Packet) { p.Set(1, []byte(name)) }))
		p = proxyOf(f.configured("a"))
		during(t, p, func(t *testing.T) {
			if r := authenticate(t, p); r.State != eap.Failed || eap.AsFailure(0, r.Err).Code != explain.RadiusMalformed {
				t.Errorf("accepted as %q: %v, %v", name, r.State, r.Err)
			}
		})
	}
}
