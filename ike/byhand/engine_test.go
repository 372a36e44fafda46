package byhand

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"culvert/auth"
	"culvert/dataplane"
	"culvert/ike"
	"culvert/secret"
	"culvert/spd"
	"culvert/suite"
	"culvert/wire"
)

var (
	psk      = []byte("a pre-shared key of good length")
	ppkID    = append([]byte{2}, "x.example"...)
	ppkValue = []byte("a post-quantum preshared key of 32.")
)

// A setting is what a handshake has beside the basics.
type setting struct {
	kem        bool
	ppk        string // "", "auth" or "intermediate"
	transcript bool
}

// TestEngineAgreesWithASecondReading has the engine answer, in every combination. AUTH of both sides and the keys of the child
// show that both have derived the same.
func TestEngineAgreesWithASecondReading(t *testing.T) {
	for _, kem := range []bool{false, true} {
		for _, ppk := range []string{"", "auth", "intermediate"} {
			for _, transcript := range []bool{false, true} {
				s := setting{kem, ppk, transcript}
				t.Run(fmt.Sprintf("%+v", s), func(t *testing.T) {
					n := newNode(t, s)
					keymat := (&initiator{T: t, setting: s, send: n.exchange}).connect()
					if !bytes.Equal(n.in, keymat[:36]) || !bytes.Equal(n.out, keymat[36:]) {
						t.Errorf("keys of the child: in %x, out %x, want %x", n.in, n.out, keymat)
					}
				})
			}
		}
	}
}

// A node is the engine as responder.
type node struct {
	*testing.T
	shard   *ike.Shard
	sent    [][]byte
	in, out []byte // keys of the child
}

type spis struct{ next uint32 }

func (s *spis) AllocateSPI(int) (uint32, error) { s.next++; return s.next, nil }
func (s *spis) ReleaseSPI(uint32)               {}

func newNode(t *testing.T, s setting) *node {
	t.Helper()
	secrets := auth.NewSecrets(auth.Secret{Name: "test", PSK: secret.Bytes(slices.Clone(psk))})
	side := func(name string) auth.Identity { return auth.Identity{Type: wire.IDFQDN, Data: name} }
	conn := &ike.Connection{
		Name:       "test",
		LocalAuth:  []auth.Local{{ID: side("b.example"), Method: auth.MethodPSK, Secrets: secrets}},
		RemoteAuth: []auth.Remote{{ID: side("a.example"), Method: auth.MethodPSK, Secrets: secrets}},
		Proposals:  suite.WithPostQuantum([]wire.Proposal{parse(t, wire.ProtocolIKE, "aes256gcm16-prfsha256-x25519")}, suite.PostQuantumPrefer),
		PPKs:       []auth.PPK{{Name: "x", ID: ppkID, Key: ppkValue}},
		Children: []*ike.ChildConfig{{Name: "net", Local: selectors(t, "10.2.0.0/16"), Remote: selectors(t, "10.1.0.0/16"), ReplayWindow: 64,
			Proposals: suite.WithPostQuantum([]wire.Proposal{parse(t, wire.ProtocolESP, "aes256gcm16-x25519-noesn")}, suite.PostQuantumPrefer)}},
	}
	policy := dataplane.PolicyID(0)
	env := &ike.Env{Rand: rand.NewChaCha8([32]byte{1}), SPIs: &spis{}, Connections: ike.NewConnections(conn),
		NewPolicy: func() dataplane.PolicyID { policy++; return policy }}
	return &node{T: t, shard: ike.NewShard(0, env)}
}

func parse(t *testing.T, protocol wire.ProtocolID, text string) wire.Proposal {
	t.Helper()
	p, err := suite.ParseProposal(protocol, text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func selectors(t *testing.T, text string) []spd.Selector {
	t.Helper()
	s, err := spd.ParseSelector(text)
	if err != nil {
		t.Fatal(err)
	}
	return []spd.Selector{s}
}

// exchange gives the engine a request and returns its answer.
func (n *node) exchange(request []byte) []byte {
	n.Helper()
	n.sent = nil
	path := dataplane.Path{Local: netip.MustParseAddrPort("192.0.2.2:500"), Remote: netip.MustParseAddrPort("192.0.2.1:500")}
	n.handle(ike.MessageReceived{Path: path, Datagram: slices.Clone(request)})
	if len(n.sent) != 1 {
		n.Fatalf("%d answers", len(n.sent))
	}
	return n.sent[0]
}

func (n *node) handle(ev ike.Event) {
	for _, a := range n.shard.Handle(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), ev) {
		switch a := a.(type) {
		case ike.Send:
			for _, d := range a.Datagrams {
				n.sent = append(n.sent, slices.Clone(d))
			}
		case ike.StartWork:
			n.handle(ike.WorkFinished{SA: a.SA, Work: a.ID, Result: a.Work.Run(context.Background())})
		case ike.InstallSA:
			if a.SA.Direction == dataplane.Inbound {
				n.in = slices.Clone(a.SA.EncrKey)
			} else {
				n.out = slices.Clone(a.SA.EncrKey)
			}
		}
	}
}
