package radius

import (
	"context"
	"crypto/hmac"
	"crypto/md5"
	"encoding/binary"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	foreign "layeh.com/radius"

	"culvert/eap"
	"culvert/secret"
)

const testSecret = "tell nobody"

// A fakeServer answers with another codec than ours. handle may return nil, which is silence.
type fakeServer struct {
	t        testing.TB
	secret   string
	unsigned bool
	handle   func(*foreign.Packet) *foreign.Packet

	mu   sync.Mutex
	seen []*foreign.Packet
	raw  [][]byte
}

// dial makes a link to the server in memory.
func (f *fakeServer) dial(context.Context, string, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	go f.serve(theirs)
	return ours, nil
}

func (f *fakeServer) serve(conn net.Conn) {
	defer conn.Close()
	buf := make([]byte, maxPacket)
	for {
		n, err := conn.Read(buf)
		if err != nil {
			return
		}
		if answer := f.answer(slices.Clone(buf[:n])); answer != nil {
			conn.Write(answer)
		}
	}
}

func (f *fakeServer) answer(raw []byte) []byte {
	p, err := foreign.Parse(raw, []byte(f.secret))
	if err != nil {
		f.t.Errorf("the other codec cannot read our request: %v", err)
		return nil
	}
	f.mu.Lock()
	f.seen, f.raw = append(f.seen, p), append(f.raw, raw)
	f.mu.Unlock()
	answer := f.handle(p)
	if answer == nil {
		return nil
	}
	if !f.unsigned && p.Code == foreign.CodeAccessRequest {
		sign(answer)
	}
	b, err := answer.Encode()
	if err != nil {
		f.t.Error(err)
	}
	return b
}

// sign puts a Message-Authenticator into an answer, as RFC 3579, Section 3.2 says.
func sign(p *foreign.Packet) {
	p.Set(80, make([]byte, 16))
	b, _ := p.MarshalBinary()
	mac := hmac.New(md5.New, p.Secret)
	mac.Write(b)
	p.Set(80, mac.Sum(nil))
}

func (f *fakeServer) requests() []*foreign.Packet {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.seen)
}

// configured is the server as a group has it.
func (f *fakeServer) configured(name string) Server {
	return Server{Name: name, Auth: "192.0.2.9:1812", Accounting: "192.0.2.9:1813", Secret: secret.Bytes(testSecret), Timeout: time.Second, Tries: 3, Dial: f.dial}
}

func newFake(t testing.TB, handle func(*foreign.Packet) *foreign.Packet) *fakeServer {
	return &fakeServer{t: t, secret: testSecret, handle: handle}
}

func silence(*foreign.Packet) *foreign.Packet { return nil }

func acknowledge(p *foreign.Packet) *foreign.Packet {
	return p.Response(foreign.CodeAccountingResponse)
}

// accept answers an Identity response with a challenge, and what comes then with success.
func accept(attributes ...func(*foreign.Packet)) func(*foreign.Packet) *foreign.Packet {
	return func(p *foreign.Packet) *foreign.Packet {
		in, err := eap.Parse(p.Get(79))
		if err != nil {
			return nil
		}
		if in.Type == eap.TypeIdentity {
			return challenge(p, in.Identifier+1)
		}
		answer := p.Response(foreign.CodeAccessAccept)
		answer.Add(79, eap.Packet{Code: eap.CodeSuccess, Identifier: in.Identifier}.Encode())
		for _, add := range attributes {
			add(answer)
		}
		return answer
	}
}

func challenge(p *foreign.Packet, id byte) *foreign.Packet {
	answer := p.Response(foreign.CodeAccessChallenge)
	answer.Add(79, eap.Packet{Code: eap.CodeRequest, Identifier: id, Type: eap.TypeMSCHAPv2, Data: []byte("prove it")}.Encode())
	answer.Add(24, []byte("state of the server"))
	return answer
}

func session() eap.Session {
	return eap.Session{
		Connection: "road", ID: "5ca1ab1e", IKEIdentity: "carol@example.org",
		Local: netip.MustParseAddrPort("192.0.2.1:4500"), Remote: netip.MustParseAddrPort("198.51.100.7:61234"),
	}
}

func testNAS() NAS { return NAS{Identifier: "gw"} }

// authenticate plays a client that answers the identity and one challenge.
func authenticate(t testing.TB, p *Proxy) eap.Result {
	t.Helper()
	c, err := p.Begin(session())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	r := c.Step(t.Context(), nil)
	for range 2 {
		in, err := eap.Parse(r.Packet)
		if err != nil || in.Code != eap.CodeRequest {
			return r
		}
		out := eap.Packet{Code: eap.CodeResponse, Identifier: in.Identifier, Type: in.Type, Data: []byte("carol")}
		r = c.Step(t.Context(), out.Encode())
	}
	return r
}

func uint32Of(p *foreign.Packet, t foreign.Type) uint32 {
	v := p.Get(t)
	if len(v) != 4 {
		return 0
	}
	return binary.BigEndian.Uint32(v)
}
