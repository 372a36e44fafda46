package ike

import (
	"strings"
	"testing"

	"culvert/auth"
	"culvert/suite"
	"culvert/wire"
)

func TestSidesAnnounceWhatTheyAccept(t *testing.T) {
	_, a, b := connected(t, func(ca, cb *Connection) {
		setRounds(ca, cb, []string{"a.example"}, []string{"b.example"})
		ca.AnnounceAuth, cb.AnnounceAuth = true, true
	})
	if got := b.messages(NewsMessageSent)[0]; !strings.Contains(got, "N(SUPPORTED_AUTH_METHODS)") {
		t.Errorf("the responder sent %q", got)
	}
	if got := a.authMessages()[0]; !strings.Contains(got, "N(SUPPORTED_AUTH_METHODS)") {
		t.Errorf("the initiator sent %q (RFC 9593, Section 3.1)", got)
	}
}

// A responder that verifies ECDSA only gets it from an initiator that would rather sign otherwise.
func TestAnnouncementChoosesTheCredential(t *testing.T) {
	for _, announces := range []bool{true, false} {
		n, a, b := gateways(t, func(ca, cb *Connection) {
			setRounds(ca, cb, []string{"a.example"}, []string{"b.example"})
			key := newKey(t)
			ca.LocalAuth[0].Credentials = append(ca.LocalAuth[0].Credentials, auth.Credential{Key: key})
			cb.RemoteAuth[0].RawKeys = append(cb.RemoteAuth[0].RawKeys, key.Public())
			cb.RemoteAuth[0].Signatures.Schemes = []suite.Scheme{suite.SchemeECDSASHA256}
			cb.AnnounceAuth = announces
		})
		n.do(a, initiate(a))
		if up := len(b.of(NewsEstablished)) == 1; up != announces {
			t.Errorf("announced %v, established %v: %q", announces, up, b.digest())
		}
	}
}

// What is long goes into IKE_INTERMEDIATE when there will be one, and an empty notify says so.
func TestLongAnnouncementIsLeftForLater(t *testing.T) {
	sa := &SA{conn: &Connection{AnnounceAuth: true, RemoteAuth: []auth.Remote{{Method: auth.MethodPublicKey}}}, initial: &initialState{}, env: &Env{}}
	if got := sa.announceInInit(); len(got) != 1 || len(got[0].(*wire.Notify).Data) == 0 {
		t.Errorf("without IKE_INTERMEDIATE: %v", got)
	}
	for range 8 {
		sa.conn.RemoteAuth = append(sa.conn.RemoteAuth, sa.conn.RemoteAuth[0])
	}
	sa.initial.additional = []wire.TransformID{wire.KEMLKEM768}
	if got := sa.announceInInit(); len(got) != 1 || len(got[0].(*wire.Notify).Data) != 0 {
		t.Errorf("with IKE_INTERMEDIATE: %v (RFC 9593, Section 3.1)", got)
	}
	if got := sa.announceInIntermediate(); len(got) != len(sa.conn.RemoteAuth) {
		t.Errorf("in IKE_INTERMEDIATE: %v", got)
	}
	if got := sa.announceInIntermediate(); got != nil {
		t.Errorf("twice: %v", got)
	}
}

// One list for each round, or all as one.
func TestAnnouncementsOfSeveralRounds(t *testing.T) {
	sa := &SA{conn: &Connection{LocalAuth: make([]auth.Local, 2)}, initial: &initialState{}}
	sa.learnAnnounced([]wire.Payload{&wire.Notify{NotifyType: wire.NotifySupportedAuthMethods}})
	if got := sa.announcedFor(0); len(got) != 0 {
		t.Errorf("an empty list says %v", got)
	}
	for _, data := range [][]byte{{2, 2}, {2, 13}, {2, 2}} {
		sa.learnAnnounced([]wire.Payload{&wire.Notify{NotifyType: wire.NotifySupportedAuthMethods, Data: data}})
		want := map[int]int{1: 1, 2: 1, 3: 3}[len(sa.initial.announced)]
		if got := sa.announcedFor(1); len(got) != want {
			t.Errorf("of %d lists: %v", len(sa.initial.announced), got)
		}
	}
}
