package ike

import (
	"slices"
	"strings"
	"testing"

	"culvert/dataplane"
	"culvert/suite"
	"culvert/wire"
)

func espOf(t testing.TB, texts ...string) []wire.Proposal {
	t.Helper()
	var list []wire.Proposal
	for _, text := range texts {
		list = append(list, mustProposal(t, wire.ProtocolESP, text))
	}
	return list
}

// withESP gives the child of both sides its proposals.
func withESP(t testing.TB, a, b []wire.Proposal) func(ca, cb *Connection) {
	return func(ca, cb *Connection) { ca.Children[0].Proposals, cb.Children[0].Proposals = a, b }
}

// sentSince returns what a node has sent since the story began.
func (l *childLab) sentSince(at *testNode) []string {
	var list []string
	for _, line := range l.story {
		if _, after, ok := strings.Cut(line, " sent "); ok && strings.Contains(line, " "+at.name+" ") {
			list = append(list, after)
		}
	}
	return list
}

func TestFirstChildComesUpInsideIKEAuth(t *testing.T) {
	l := oneChild(t, nil)
	for _, node := range []*testNode{l.a, l.b} {
		if up := node.of(NewsChildUp); len(up) != 1 || up[0].Child.Name != "net" || up[0].Child.Suite == "" {
			t.Errorf("%s: news %q", node.name, node.digest())
		}
	}
	if got := l.a.messages(NewsMessageSent)[1]; got != "IKE_AUTH request 1 [ IDi IDr AUTH SA TSi TSr ]" {
		t.Errorf("request %s", got)
	}
}

// suites are ESP proposals with and without key exchange, combined and separate integrity, and both kinds of sequence numbers.
func suites() []string {
	return []string{"aes128gcm16-noesn", "aes256gcm16-x25519-noesn", "aes128gcm16-esn", "aes256-sha256-ecp256-noesn", "chacha20poly1305-x25519-esn"}
}

func TestChildIsCreatedAndRekeyedInBothRoles(t *testing.T) {
	for _, text := range suites() {
		for _, by := range []string{"a", "b"} {
			t.Run(text+" by "+by, func(t *testing.T) {
				l := oneChild(t, withESP(t, espOf(t, text), espOf(t, text)))
				node := l.a
				if by == "b" {
					node = l.b
				}
				old := l.child(node)
				keys := l.planes[node].in[old.inSPI].EncrKey
				l.command(node, RekeyChild{SPI: old.inSPI})
				l.quiet()
				l.agree(1)
				now := l.child(node)
				if now.inSPI == old.inSPI || l.planes[node].in[now.inSPI].EncrKey.Equal(keys) {
					t.Error("the child has the same SPI or keys")
				}
				if now.policy != old.policy {
					t.Errorf("policy %d became %d", old.policy, now.policy)
				}
				l.command(node, CreateChild{Child: l.sa(node).conn.Children[0]})
				l.quiet()
				l.agree(2)
				wantKE := strings.Contains(text, "x25519") || strings.Contains(text, "ecp256")
				for _, m := range l.sentSince(node) {
					if strings.Contains(m, "CREATE_CHILD_SA request") && strings.Contains(m, " KE ") != wantKE {
						t.Errorf("key exchange in %s", m)
					}
				}
			})
		}
	}
}

func TestIKEIsRekeyedInBothRoles(t *testing.T) {
	for _, by := range []string{"a", "b"} {
		t.Run("by "+by, func(t *testing.T) {
			l := oneChild(t, nil)
			node := map[string]*testNode{"a": l.a, "b": l.b}[by]
			old, child := l.sa(node), l.child(node).inSPI
			l.command(node, RekeyIKE{})
			l.quiet()
			l.agree(1)
			now := l.sa(node)
			if now.spiI == old.spiI || now.spiR == old.spiR || !now.initiator || l.child(node).inSPI != child {
				t.Errorf("IKE SA %v/%v became %v/%v, initiator %t", old.spiI, old.spiR, now.spiI, now.spiR, now.initiator)
			}
			if got := node.of(NewsRekeyed); len(got) != 1 || got[0].Successor != now.LocalSPI() {
				t.Errorf("news %q", node.digest())
			}
			// Both directions of the new SA work, and Message IDs begin at 0 (RFC 7296, Section 2.18).
			l.command(l.a, CheckLiveness{})
			l.command(l.b, CheckLiveness{})
			if got := l.a.lastMessage(); got != "INFORMATIONAL response 0 [ ]" {
				t.Errorf("last message %s", got)
			}
			if now.keys.D.Equal(old.keys.D) || now.keys.Pi != nil && !allZero(now.keys.Pi) {
				t.Error("the keys are the old ones, or those of the authentication are kept")
			}
		})
	}
}

func TestIKERekeyFollowsARekeyedPRF(t *testing.T) {
	proposals := []wire.Proposal{mustProposal(t, wire.ProtocolIKE, "aes128gcm16-prfsha256-x25519"), mustProposal(t, wire.ProtocolIKE, "aes256gcm16-prfsha512-ecp256")}
	l := oneChild(t, func(a, b *Connection) { a.Proposals, b.Proposals = proposals, proposals })
	reduced := *l.b.env.Connections.list[0]
	reduced.Proposals = proposals[1:]
	l.command(l.b, Reconfigure{Connection: &reduced})
	for range 2 { // the second one starts from the new PRF (RFC 7296, Section 2.18)
		l.command(l.a, RekeyIKE{})
		l.letGo()
	}
	l.quiet()
	l.agree(1)
	if prf, _ := l.sa(l.a).suite.Get(wire.TransformPRF); prf.ID != wire.PRFHMACSHA512 {
		t.Errorf("PRF %v", prf)
	}
}

func TestDataPlaneIsToldInOrder(t *testing.T) {
	l := oneChild(t, nil)
	order := func(at *testNode) string {
		var list []string
		for _, a := range at.actions {
			switch a := a.(type) {
			case SetPolicy:
				list = append(list, "policy")
			case InstallSA:
				list = append(list, map[dataplane.Direction]string{dataplane.Inbound: "in", dataplane.Outbound: "out"}[a.SA.Direction])
			case RemoveSA:
				list = append(list, map[dataplane.Direction]string{dataplane.Inbound: "-in", dataplane.Outbound: "-out"}[a.Direction])
			case RemovePolicy:
				list = append(list, "-policy")
			}
		}
		at.actions = nil
		return strings.Join(list, " ")
	}
	check := func(what string, at *testNode, want string) {
		t.Helper()
		if got := order(at); got != want {
			t.Errorf("%s: %s was told %q, want %q", what, at.name, got, want)
		}
	}
	check("first child", l.a, "policy in out")
	check("first child", l.b, "policy in out")
	l.command(l.a, RekeyChild{SPI: l.child(l.a).inSPI})
	check("rekey", l.a, "in out -out")
	check("rekey", l.b, "in out -out")
	l.elapse(lingerTime)
	check("stragglers", l.a, "-in")
	check("stragglers", l.b, "-in")
	l.lossless = false
	l.command(l.a, CloseChild{SPI: l.child(l.a).inSPI})
	check("close", l.a, "policy -out -in -policy")
	check("close", l.b, "policy -out -in -policy")
}

// What is copied outwards is not copied inwards as well.
func TestDSCPIsCopiedInTheDirectionsThatAreAskedFor(t *testing.T) {
	for copying, want := range map[DSCPCopying][2]bool{0: {}, DSCPOut: {false, true}, DSCPIn: {true, false}, DSCPBoth: {true, true}} {
		l := oneChild(t, func(a, _ *Connection) { a.Children[0].CopyDSCP = copying })
		in, out := l.planes[l.a].in[l.child(l.a).inSPI], l.planes[l.a].out[1][0]
		if got := [2]bool{in.CopyDSCP, out.CopyDSCP}; got != want {
			t.Errorf("%d: in and out are %v", copying, got)
		}
	}
}

func TestChildParametersReachTheDataPlane(t *testing.T) {
	l := oneChild(t, func(a, b *Connection) {
		c := a.Children[0]
		c.HardBytes, c.SoftBytes, c.HardPackets, c.SoftPackets = 1<<30, 1<<29, 1000, 900
		c.TFC, c.DF, c.CopyDSCP, c.NonFirstFragments, c.Priority, c.ReplayWindow = 1400, dataplane.DFClear, DSCPIn, true, 7, 256
		b.Children[0].NonFirstFragments = true
	})
	in := l.planes[l.a].in[l.child(l.a).inSPI]
	if in.SoftBytes != 1<<29 || in.HardBytes != 1<<30 || in.SoftPackets != 900 || in.HardPackets != 1000 || in.ReplayWindow != 256 ||
		in.DF != dataplane.DFClear || !in.CopyDSCP || !in.NonFirstFragments || in.TFC != 0 {
		t.Errorf("inbound SA %+v", in)
	}
	if out := l.planes[l.a].out[1][0]; out.TFC != 1400 || out.SPI != l.child(l.b).inSPI || out.Path != l.sa(l.a).espPath() {
		t.Errorf("outbound SA %+v", out)
	}
	if !slices.Equal(in.Local, selectors(t, "10.1.0.0/16")) || !slices.Equal(in.Remote, selectors(t, "10.2.0.0/16")) {
		t.Errorf("selectors %v === %v", in.Local, in.Remote)
	}
	if p := l.planes[l.a].policies[1]; p.Name != "a.example-b.example/net" || p.Priority != 15 || p.Peer != addrB {
		t.Errorf("policy %+v", p)
	}
	if p := l.planes[l.b].out[1][0]; !p.NonFirstFragments {
		t.Error("the responder did not agree to non-first fragments")
	}
}

func TestNonFirstFragmentsNeedBothSides(t *testing.T) {
	for _, side := range []string{"a", "b"} {
		l := oneChild(t, func(a, b *Connection) {
			a.Children[0].NonFirstFragments, b.Children[0].NonFirstFragments = side == "a", side == "b"
		})
		if l.planes[l.a].out[1][0].NonFirstFragments || l.planes[l.b].out[1][0].NonFirstFragments {
			t.Errorf("agreed although only %s wants it", side)
		}
	}
}

func TestPeerWithoutTFCGetsNone(t *testing.T) {
	l := oneChild(t, func(a, b *Connection) { b.Children[0].TFC = 1000 })
	request := append([]wire.Payload{&wire.Notify{NotifyType: wire.NotifyESPTFCPaddingNotSupported}},
		l.childRequest(l.espProposal("aes128gcm16-noesn", 0x7000))...)
	if answer := l.ask(l.a, wire.ExchangeCreateChildSA, request...); notifyOf(answer) != 0 {
		t.Fatalf("answer %v", answer)
	}
	for _, list := range l.planes[l.b].out {
		if out := list[0]; (out.SPI == 0x7000) != (out.TFC == 0) {
			t.Errorf("SA %08x is padded to %d", out.SPI, out.TFC)
		}
	}
}

func TestIPCompIsRefusedBySilence(t *testing.T) {
	l := oneChild(t, nil)
	request := append([]wire.Payload{&wire.Notify{NotifyType: wire.NotifyIPCompSupported, Data: []byte{0, 1, 2}}},
		l.childRequest(l.espProposal("aes128gcm16-noesn", 0x7000))...)
	answer := l.ask(l.a, wire.ExchangeCreateChildSA, request...)
	if _, ok := wire.FindNotify(answer, wire.NotifyIPCompSupported); ok || notifyOf(answer) != 0 {
		t.Errorf("answer %v", answer)
	}
}

func TestESNIsNegotiated(t *testing.T) {
	l := oneChild(t, withESP(t, espOf(t, "aes128gcm16-esn", "aes128gcm16-noesn"), espOf(t, "aes128gcm16-esn")))
	if !l.planes[l.a].out[1][0].Transforms.ESN {
		t.Error("no extended sequence numbers")
	}
	l = oneChild(t, withESP(t, espOf(t, "aes128gcm16-esn", "aes128gcm16-noesn"), espOf(t, "aes128gcm16-noesn")))
	if l.planes[l.a].out[1][0].Transforms.ESN {
		t.Error("extended sequence numbers with a peer that does not allow them")
	}
}

func TestRekeyOfferLeadsWithTheAlgorithmsInUse(t *testing.T) {
	proposals := []wire.Proposal{mustProposal(t, wire.ProtocolIKE, "aes256gcm16-prfsha384-ecp384"), mustProposal(t, wire.ProtocolIKE, "aes128gcm16-prfsha256-x25519")}
	l := oneChild(t, func(a, b *Connection) { a.Proposals, b.Proposals = proposals, proposals[1:] })
	l.story = nil
	l.command(l.a, RekeyIKE{})
	if n := l.sent(l.a, "CREATE_CHILD_SA request"); n != 1 {
		t.Errorf("%d requests: some peers know no INVALID_KE_PAYLOAD", n)
	}
	if got := suite.FormatProposal(l.sa(l.a).rekeyOffer()[0]); !strings.Contains(got, "x25519") {
		t.Errorf("offer begins with %s", got)
	}
}
