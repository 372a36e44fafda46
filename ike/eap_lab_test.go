package ike

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"testing"

	"culvert/auth"
	"culvert/eap"
	"culvert/eap/eaptest"
	"culvert/eap/md5"
	"culvert/eap/mschapv2"
	"culvert/secret"
	"culvert/wire"
)

// signer returns a key that is the same for the same name.
func signer(name string) crypto.Signer {
	return ed25519.NewKeyFromSeed(append(bytes.Repeat([]byte{1}, ed25519.SeedSize-len(name)), name...))
}

// signsAs and signedBy are the two sides of a round with a raw public key.
func signsAs(name string) auth.Local {
	return auth.Local{ID: fqdn(name), Method: auth.MethodPublicKey, Credentials: []auth.Credential{{Key: signer(name)}}}
}

func signedBy(name string) auth.Remote {
	return auth.Remote{ID: fqdn(name), Method: auth.MethodPublicKey, RawKeys: []crypto.PublicKey{signer(name).Public()}}
}

// A scriptedEAP is client or server with one conversation, whose results a test says, and which it can watch.
type scriptedEAP struct {
	begun    []eap.Session
	heard    [][]byte
	closed   int
	step     func(n int, packet []byte) eap.Result // of the nth step, from 0
	inside   eap.Client                            // instead
	refusing error
}

func (s *scriptedEAP) Begin(session eap.Session) (eap.Conversation, error) {
	s.begun = append(s.begun, session)
	if s.refusing != nil || s.inside == nil {
		return &scriptedConversation{script: s}, s.refusing
	}
	inside, err := s.inside.Begin(session)
	return &scriptedConversation{script: s, inside: inside}, err
}

type scriptedConversation struct {
	script *scriptedEAP
	inside eap.Conversation
}

func (c *scriptedConversation) Step(ctx context.Context, packet []byte) eap.Result {
	s := c.script
	s.heard = append(s.heard, bytes.Clone(packet))
	if c.inside != nil {
		return c.inside.Step(ctx, packet)
	}
	return s.step(len(s.heard)-1, packet)
}

func (c *scriptedConversation) Close() {
	c.script.closed++
	if c.inside != nil {
		c.inside.Close()
	}
}

// A eapLab is a client "a" and a gateway "b", which shows a raw public key and knows carol.
type eapLab struct {
	*testNet
	a, b           *testNode
	client, server *scriptedEAP
}

// users are carol's account, with all proofs.
func users() eaptest.Accounts {
	return eaptest.Accounts{"carol": {User: "carol", NTHash: mschapv2.NTHash(secret.Bytes("a password")), Cleartext: secret.Bytes("a password"),
		Grant: &eap.Grant{User: "carol", Groups: []string{"staff"}}}}
}

// mschap is the method of a gateway with some accounts.
func mschap(accounts eap.Accounts) []eap.Method {
	return []eap.Method{mschapv2.Server{Accounts: accounts}}
}

// newEAPLab connects the client by EAP-MSCHAPv2, after the connections were changed.
func newEAPLab(t testing.TB, change func(l *eapLab, a, b *Connection)) *eapLab {
	t.Helper()
	password := eap.Stored(secret.Bytes("a password"))
	l := &eapLab{
		client: &scriptedEAP{inside: &eap.Peer{Identity: "carol", Methods: []eap.Method{mschapv2.Client{Password: password}, md5.Client{Password: password}}}},
		server: &scriptedEAP{inside: &eap.Authenticator{AskIdentity: true, Methods: mschap(users())}},
	}
	l.testNet, l.a, l.b = gateways(t, func(a, b *Connection) {
		a.LocalAuth[0] = auth.Local{ID: fqdn("a.example"), Method: auth.MethodEAP, EAP: l.client}
		a.RemoteAuth[0] = signedBy("b.example")
		b.LocalAuth[0] = signsAs("b.example")
		b.RemoteAuth[0] = auth.Remote{Method: auth.MethodEAP, EAP: l.server}
		if change != nil {
			change(l, a, b)
		}
	})
	return l
}

// connect begins an attempt and lets it come to its end.
func (l *eapLab) connect() { l.do(l.a, initiate(l.a)) }

// established connects and fails the test if that does not succeed.
func (l *eapLab) established(t testing.TB) (a, b *SA) {
	t.Helper()
	l.connect()
	if len(l.a.of(NewsEstablished)) != 1 || len(l.b.of(NewsEstablished)) != 1 {
		t.Fatalf("not established\na: %q\nb: %q", l.a.digest(), l.b.digest())
	}
	return l.a.only(t), l.b.only(t)
}

// authMessages are the messages of IKE_AUTH, in order.
func (x *testNode) authMessages() []string {
	var list []string
	for _, m := range x.messages(NewsMessageSent) {
		if len(m) > 8 && m[:8] == "IKE_AUTH" {
			list = append(list, m)
		}
	}
	return list
}

// rewrite has the payloads of IKE_AUTH messages from a node changed before they are sealed.
func (l *eapLab) rewrite(from *testNode, change func(id uint32, payloads []wire.Payload) []wire.Payload) {
	l.tap = func(sender, _ *testNode, d []byte) [][]byte {
		h, err := wire.ParseHeader(d)
		if err != nil || sender != from || h.Exchange != wire.ExchangeAuth {
			return [][]byte{d}
		}
		own, peer := from.shard.slots.find(from.spi(h)).sa, l.other(from)
		m, err := wire.Open(awake(peer.shard.slots.find(peer.spi(h)).sa).in, d)
		if err != nil {
			l.t.Fatal(err)
		}
		d, err = wire.Seal(awake(own).out, wire.Header{InitiatorSPI: h.InitiatorSPI, ResponderSPI: h.ResponderSPI, Version: h.Version,
			Exchange: h.Exchange, Flags: h.Flags, MessageID: h.MessageID}, change(h.MessageID, m.Payloads))
		if err != nil {
			l.t.Fatal(err)
		}
		return [][]byte{d}
	}
}

func (l *eapLab) other(x *testNode) *testNode {
	if x == l.a {
		return l.b
	}
	return l.a
}

// spi is the SPI of a header that belongs to the node: a is always the initiator.
func (x *testNode) spi(h wire.Header) wire.SPI {
	if x.addr == addrA {
		return h.InitiatorSPI
	}
	return h.ResponderSPI
}
