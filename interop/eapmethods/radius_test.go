// Package eapmethods_test holds our EAP methods against foreign ones, carried by RADIUS on the loopback:
//
//	eapol_test (wpa_supplicant's client) --- RADIUS server of this file --- our Authenticator
//	our Peer --- our RADIUS proxy --- hostapd (its EAP server)
package eapmethods_test

import (
	"context"
	"crypto/hmac"
	"crypto/md5"
	"encoding/binary"
	"net"
	"testing"
	"time"

	foreign "layeh.com/radius"
	"layeh.com/radius/vendors/microsoft"

	"culvert/eap"
)

const radiusSecret = "tell nobody"

const (
	attrUserName   = 1
	attrState      = 24
	attrEAPMessage = 79
	attrSignature  = 80
)

// A backend is a RADIUS server that carries an eap.Server. It runs until the test ends.
type backend struct {
	testing.TB
	conn    net.PacketConn
	server  eap.Server
	talks   []eap.Conversation
	results chan eap.Result // of conversations that have ended
}

func newBackend(t testing.TB, methods ...eap.Method) *backend {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &backend{TB: t, conn: conn, server: &eap.Authenticator{Methods: methods}, results: make(chan eap.Result, 8)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		b.serve(t.Context())
	}()
	t.Cleanup(func() {
		conn.Close()
		<-done
	})
	return b
}

func (b *backend) port() int { return b.conn.LocalAddr().(*net.UDPAddr).Port }

// result returns that of the conversation that ends next.
func (b *backend) result() eap.Result {
	b.Helper()
	select {
	case r := <-b.results:
		return r
	case <-time.After(patience):
		b.Fatal("no conversation has ended")
	}
	return eap.Result{}
}

func (b *backend) serve(ctx context.Context) {
	buf := make([]byte, 4096)
	for {
		n, from, err := b.conn.ReadFrom(buf)
		if err != nil {
			return
		}
		p, err := foreign.Parse(buf[:n], []byte(radiusSecret))
		if err != nil {
			b.Errorf("RADIUS: %v", err)
			return
		}
		if answer := b.answer(ctx, p); answer != nil {
			b.conn.WriteTo(answer, from)
		}
	}
}

// answer gives the EAP packet of a request to its conversation. The first one is the Identity response to the NAS.
func (b *backend) answer(ctx context.Context, p *foreign.Packet) []byte {
	var packet []byte
	for _, a := range p.Attributes {
		if a.Type == attrEAPMessage {
			packet = append(packet, a.Attribute...)
		}
	}
	state := p.Get(attrState)
	if state == nil {
		c, err := b.server.Begin(eap.Session{IKEIdentity: string(p.Get(attrUserName))})
		if err != nil {
			b.Errorf("begin: %v", err)
			return nil
		}
		b.talks = append(b.talks, c)
		state, packet = binary.BigEndian.AppendUint32(nil, uint32(len(b.talks)-1)), nil
	}
	r := b.talks[binary.BigEndian.Uint32(state)].Step(ctx, packet)
	if r.State != eap.Continuing {
		b.results <- r
	}
	return b.encode(p, r, state)
}

func (b *backend) encode(p *foreign.Packet, r eap.Result, state []byte) []byte {
	code := map[eap.State]foreign.Code{eap.Continuing: foreign.CodeAccessChallenge, eap.Succeeded: foreign.CodeAccessAccept, eap.Failed: foreign.CodeAccessReject}
	answer := p.Response(code[r.State])
	for rest := r.Packet; len(rest) > 0; rest = rest[min(len(rest), 253):] {
		answer.Add(attrEAPMessage, rest[:min(len(rest), 253)])
	}
	if r.State == eap.Continuing {
		answer.Add(attrState, state)
	}
	if len(r.MSK) == 64 {
		microsoft.MSMPPERecvKey_Set(answer, r.MSK[:32])
		microsoft.MSMPPESendKey_Set(answer, r.MSK[32:])
	}
	answer.Set(attrSignature, make([]byte, 16))
	unsigned, err := answer.MarshalBinary()
	if err != nil {
		b.Errorf("RADIUS: %v", err)
		return nil
	}
	mac := hmac.New(md5.New, []byte(radiusSecret))
	mac.Write(unsigned)
	answer.Set(attrSignature, mac.Sum(nil))
	encoded, err := answer.Encode()
	if err != nil {
		b.Errorf("RADIUS: %v", err)
	}
	return encoded
}
