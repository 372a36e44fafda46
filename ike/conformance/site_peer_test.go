package conformance

import (
	"slices"
	"testing"
	"time"

	"culvert/ike"
	"culvert/wire"
)

// Clouds and routers, which authenticate with a shared key.

// asked has a router begin, with a Child SA for the networks of the scene.
func asked(t testing.TB, l *lab, ikeWords, espWords string) (*session, *child) {
	t.Helper()
	se := l.greeted(proposals(t, wire.ProtocolIKE, ikeWords))
	o := se.offerChild(espWords)
	answer := se.ask(wire.ExchangeAuth, append(se.proof(), o.payloads()...)...)
	se.verify(answer, wire.PayloadIDr)
	return se, o.complete(answer)
}

// answers has the node begin, and a router answer with one choice.
func (l *lab) answers(ikeWords, espWords string) (*session, *child) {
	l.Helper()
	l.initiate()
	se, answer := l.accept(l.switchTo(ikeWords), ikeWords)
	se.answerInit(answer)
	request := se.request(wire.ExchangeAuth)
	se.verify(request.Payloads, wire.PayloadIDi)
	child, c := se.acceptChild(request.Payloads, espWords)
	se.answer(request, append(se.proof(), child...)...)
	return se, c
}

// nextRequest waits until the node sends something by itself, and tells how long that took.
func (l *lab) nextRequest() time.Duration {
	l.Helper()
	for start := l.now; ; {
		if len(l.datagrams) > 0 {
			return l.now.Sub(start)
		}
		due := l.nut.shard.Deadline()
		if due.IsZero() {
			l.Fatal("the node has nothing to do")
		}
		l.wait(due.Sub(l.now))
	}
}

// rekeysWithKE waits for the node to rekey its child and checks when that is and with which group.
func (s *session) rekeysWithKE(after, before time.Duration, words string) {
	s.Helper()
	if age := s.nextRequest(); age < after || age >= before {
		s.Fatalf("after %v, want between %v and %v", age, after, before)
	}
	request := s.request(wire.ExchangeCreateChildSA)
	want := firstMethod(proposals(s, wire.ProtocolESP, words))
	if ke := find[*wire.KE](s.lab, request.Payloads); ke.Method != want {
		s.answer(request, &wire.Notify{NotifyType: wire.NotifyInvalidKEPayload, Data: []byte{0, byte(want)}})
		request = s.request(wire.ExchangeCreateChildSA)
	}
	answer, _ := s.acceptChild(request.Payloads, words)
	s.answer(request, answer...)
}

func TestAWS(t *testing.T) {
	const ikeWords, espWords = "aes128-sha256-modp2048", "aes128-sha256-modp2048"
	t.Run("its usual algorithms and lifetimes", func(t *testing.T) {
		l := configured(t, siteFor("aws", settings{}), nil)
		se, _ := l.answers(ikeWords, "aes128-sha256")
		se.rekeysWithKE(40*time.Minute, time.Hour, espWords)
	})
	t.Run("the IKE SA is renewed within its eight hours", func(t *testing.T) {
		l := configured(t, siteFor("aws", settings{child: "local = [\"10.1.0.0/16\"]\n remote = [\"10.2.0.0/16\"]\n rekey_time = \"0s\""}), nil)
		se, _ := l.answers(ikeWords, "aes128-sha256")
		if age := l.nextRequest(); age >= 8*time.Hour {
			t.Fatalf("the node rekeys after %v", age)
		}
		if first := find[*wire.SA](l, se.request(wire.ExchangeCreateChildSA).Payloads).Proposals[0]; !slices.Equal(first.Transforms, se.suite.Proposal.Transforms) {
			t.Errorf("the first proposal is %v", first)
		}
	})
	t.Run("as initiator", func(t *testing.T) {
		asked(t, configured(t, siteFor("aws", settings{}), nil), ikeWords, "aes128-sha256")
	})
}

func TestAzure(t *testing.T) {
	t.Run("all traffic is narrowed to our networks", func(t *testing.T) {
		l := configured(t, siteFor("azure", settings{}), nil)
		se := l.greeted(proposals(t, wire.ProtocolIKE, "aes256-sha256-modp2048"))
		o := se.offerAnywhere("aes256gcm16")
		o.complete(se.ask(wire.ExchangeAuth, append(se.proof(), o.payloads()...)...)).carried(
			selectors(wire.PayloadTSi, prefixTS("10.2.0.0/16")), selectors(wire.PayloadTSr, prefixTS("10.1.0.0/16")))
	})
	t.Run("all traffic, where its policy wants that", func(t *testing.T) {
		l := configured(t, siteFor("azure", settings{child: "local = [\"0.0.0.0/0\"]\n remote = [\"0.0.0.0/0\"]"}), nil)
		l.initiate()
		se, answer := l.accept(l.switchTo("aes256-sha256-modp2048"), "aes256-sha256-modp2048")
		se.answerInit(answer)
		request := se.request(wire.ExchangeAuth)
		all := prefixTS("0.0.0.0/0")
		l.sameTS(findTS(l, request.Payloads, wire.PayloadTSi), selectors(wire.PayloadTSi, all))
		l.sameTS(findTS(l, request.Payloads, wire.PayloadTSr), selectors(wire.PayloadTSr, all))
	})
	t.Run("a rekeying without a key exchange", func(t *testing.T) {
		se, old := asked(t, configured(t, siteFor("azure", settings{}), nil), "aes256-sha256-modp2048", "aes256gcm16")
		o := old.offerAgain("aes256gcm16")
		o.complete(se.ask(wire.ExchangeCreateChildSA, o.payloads()...))
	})
}

func TestGCP(t *testing.T) {
	const ikeWords, espWords = "aes256gcm16-prfsha256-modp4096", "aes256gcm16-modp4096"
	t.Run("rekeying by us has a key exchange", func(t *testing.T) {
		l := configured(t, siteFor("gcp", settings{}), nil)
		se, _ := l.answers(ikeWords, "aes256gcm16")
		se.rekeysWithKE(2*time.Hour, 3*time.Hour, espWords)
	})
	t.Run("rekeying by it has a key exchange", func(t *testing.T) {
		se, old := asked(t, configured(t, siteFor("gcp", settings{}), nil), ikeWords, "aes256gcm16")
		o := old.offerAgain(espWords)
		se.chosen(o.complete(se.ask(wire.ExchangeCreateChildSA, o.payloads()...)).suite, wire.TransformKE, wire.KEMODP4096)
	})
}

func TestCisco(t *testing.T) {
	const ikeWords, espWords = "aes256-sha256-ecp256", "aes256-sha256"
	t.Run("notifies of support that nobody asked for", func(t *testing.T) {
		l := configured(t, siteFor("cisco", settings{}), nil)
		l.initiate()
		se, answer := l.accept(l.switchTo(ikeWords), ikeWords)
		se.answerInit(append(answer, status(wire.NotifyRedirectSupported), status(wire.NotifyHTTPCertLookupSupported), status(wire.NotifyCookie2)))
		request := se.request(wire.ExchangeAuth)
		child, _ := se.acceptChild(request.Payloads, espWords)
		more := []wire.Payload{status(wire.NotifyMOBIKESupported), status(wire.NotifyESPTFCPaddingNotSupported), status(wire.NotifyNonFirstFragmentsAlso)}
		se.answer(request, slices.Concat(se.proof(), child, more)...)
		l.installed(1)
		se.alive()
	})
	t.Run("several networks are narrowed to one pair", func(t *testing.T) {
		l := configured(t, siteFor("cisco", settings{child: "local = [\"10.1.0.0/16\", \"10.3.0.0/16\"]\n remote = [\"10.2.0.0/16\", \"10.4.0.0/16\"]"}), nil)
		se, c := l.answers(ikeWords, espWords) // with the networks of the scene alone
		l.installed(1)
		c.carried(selectors(wire.PayloadTSi, prefixTS("10.1.0.0/16")), selectors(wire.PayloadTSr, prefixTS("10.2.0.0/16")))
		se.alive()
	})
	t.Run("it asks for a pair of networks, not of addresses", func(t *testing.T) {
		_, c := asked(t, configured(t, siteFor("cisco", settings{}), nil), ikeWords, espWords)
		c.carried(selectors(wire.PayloadTSi, prefixTS("10.2.0.0/16")), selectors(wire.PayloadTSr, prefixTS("10.1.0.0/16")))
	})
}

// RouterOS puts a configuration request into rekeyings of children.
func TestMikroTik(t *testing.T) {
	se, old := asked(t, configured(t, siteFor("mikrotik", settings{}), nil), "aes128-sha256-modp2048", "aes256-sha256")
	o := old.offerAgain("aes256-sha256-modp2048")
	o.notifies = append(o.notifies, wishes(wire.AttrInternalIP4Address, wire.AttrInternalIP4DNS))
	answer := se.ask(wire.ExchangeCreateChildSA, o.payloads()...)
	if _, ok := wire.Find[*wire.Configuration](answer); ok {
		t.Errorf("the answer is %v", types(answer))
	}
	o.complete(answer)
	se.deletes(se.ask(wire.ExchangeInformational, old.delete()), old)
}

// Cloudflare begins IKE on port 4500.
func TestCloudflareBeginsOnPort4500(t *testing.T) {
	l := configured(t, siteFor("", settings{}), nil)
	l.port = 4500
	se, _ := asked(t, l, "aes256-sha256-ecp384", "aes256gcm16")
	se.alive()
	l.sentFrom(4500)
	l.command(se, ike.RekeyIKE{})
	se.request(wire.ExchangeCreateChildSA)
	l.sentFrom(4500)
}

// Zyxel drops messages whose key exchange has a number above 21, so that whoever begins has to lead with a group that it knows.
func TestZyxelIsOfferedECP256First(t *testing.T) {
	const words = "aes256-sha256-ecp256-x25519"
	l := configured(t, siteFor("", settings{connection: "proposals = \"" + words + "\"\n post_quantum = \"off\""}), nil)
	l.initiate()
	request := l.receivePlain()
	if ke := find[*wire.KE](l, request.Payloads); ke.Method != wire.KEECP256 {
		t.Errorf("KE of %v", ke.Method)
	}
	se, answer := l.accept(request, words)
	se.answerInit(answer)
	se.verify(se.request(wire.ExchangeAuth).Payloads, wire.PayloadIDi)
}

// switchTo has the node repeat IKE_SA_INIT with the group of a proposal, where it begins with another.
func (l *lab) switchTo(words string) message {
	l.Helper()
	request := l.receivePlain()
	want := firstMethod(proposals(l, wire.ProtocolIKE, words))
	if find[*wire.KE](l, request.Payloads).Method == want {
		return request
	}
	l.askGroup(request, 0, want)
	return l.receiveInit()
}

// sentFrom checks from and to which port the node has sent all it has.
func (l *lab) sentFrom(port uint16) {
	l.Helper()
	for _, p := range l.paths {
		if p.Local.Port() != port || p.Remote.Port() != port {
			l.Fatalf("the node sends from %v to %v", p.Local, p.Remote)
		}
	}
	if len(l.paths) == 0 {
		l.Error("the node has sent nothing")
	}
}
