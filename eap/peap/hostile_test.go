package peap_test

import (
	"context"
	"testing"

	"culvert/eap"
	"culvert/eap/carrier"
	"culvert/eap/eaptest"
	"culvert/eap/internal/tlslab"
	"culvert/eap/peap"
	"culvert/explain"
)

// A script is a server of PEAP that says in the tunnel what it is told to, whatever it hears.
func script(messages ...[]byte) carrier.Program {
	return func(t *carrier.Tunnel) (carrier.Outcome, error) {
		if err := t.Handshake(); err != nil {
			return carrier.Outcome{}, err
		}
		for _, m := range messages {
			if err := t.Write(m); err != nil {
				return carrier.Outcome{}, err
			}
			if _, err := t.ReadMessage(); err != nil {
				return carrier.Outcome{}, err
			}
		}
		msk, err := t.MSK("client EAP encryption")
		return carrier.Outcome{MSK: msk}, err
	}
}

func TestServersThatLieInTheTunnelAreRefused(t *testing.T) {
	success := []byte{1, 9, 0, 11, 33, 0x80, 3, 0, 2, 0, 1}
	failure := []byte{1, 9, 0, 11, 33, 0x80, 3, 0, 2, 0, 2}
	binding := append([]byte{1, 9, 0, 71, 33, 0x80, 3, 0, 2, 0, 1, 0, 12, 0, 56}, make([]byte, 56)...)
	identity := []byte{1}
	tests := []struct {
		name     string
		messages [][]byte
		want     explain.Code
	}{
		{"success at once", [][]byte{success}, explain.EAPEarlySuccess},
		{"success with a binding at once", [][]byte{binding}, explain.EAPEarlySuccess},
		{"success after the identity", [][]byte{identity, success}, explain.EAPEarlySuccess},
		{"success after the challenge", [][]byte{identity, challenge(), success}, explain.EAPEarlySuccess},
		{"failure", [][]byte{identity, failure}, explain.EAPRejected},
		{"a proof that is none", [][]byte{identity, challenge(), append([]byte{26, 3, 1, 0, 46}, "S=0000000000000000000000000000000000000000"...)}, explain.EAPServerUnknown},
		{"TLVs that end too early", [][]byte{{1, 9, 0, 9, 33, 0x80, 3, 0, 2}}, explain.EAPProtocol},
		{"a request that is a response", [][]byte{identity, {3, 26}}, explain.EAPProtocol},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSides(t)
			c, err := peap.NewClient(s.client, s.inside, false)
			if err != nil {
				t.Fatal(err)
			}
			session := eaptest.Session("anonymous")
			client, err := c.Begin(session, "anonymous")
			if err != nil {
				t.Fatal(err)
			}
			server, err := s.server.Begin(session, eap.TypePEAP, true, 0, script(tt.messages...))
			if err != nil {
				t.Fatal(err)
			}
			got, _ := tlslab.Talk(t, client, server, tlslab.Unchanged)
			if got.State != eap.Failed || len(got.MSK) > 0 {
				t.Fatalf("got %v", got.State)
			}
			if code := eap.AsFailure(eap.TypePEAP, got.Err).Code; code != tt.want {
				t.Errorf("got %s (%v), want %s", code, got.Err, tt.want)
			}
		})
	}
}

// challenge is a request of EAP-MSCHAPv2.
func challenge() []byte {
	return append(append([]byte{26, 1, 1, 0, 27, 16}, make([]byte, 16)...), "culvert"...)
}

// strange is an inner client that never finds the server's binding right: its key is another one.
type strange struct{ eap.Client }

func (s strange) Begin(session eap.Session) (eap.Conversation, error) {
	c, err := s.Client.Begin(session)
	return strangeConversation{c}, err
}

type strangeConversation struct{ eap.Conversation }

func (c strangeConversation) Step(ctx context.Context, packet []byte) eap.Result {
	r := c.Conversation.Step(ctx, packet)
	if len(r.MSK) > 0 {
		r.MSK[0] ^= 1
	}
	return r
}

func TestAnInnerMethodOfAnotherTunnelIsNotBound(t *testing.T) {
	s := newSides(t)
	c, err := peap.NewClient(s.client, strange{s.inside}, false)
	if err != nil {
		t.Fatal(err)
	}
	v, err := peap.NewServer(s.server, &eap.Authenticator{Methods: s.methods}, false)
	if err != nil {
		t.Fatal(err)
	}
	out := eaptest.Run(t, &eap.Peer{Methods: []eap.Method{c}}, &eap.Authenticator{Methods: []eap.Method{v}}, eaptest.Session("anonymous"))
	if got := eaptest.Code(out.Client); got != explain.EAPTLSBinding {
		t.Errorf("client: got %q (%v)", got, out.Client.Err)
	}
	if out.Server.State != eap.Failed {
		t.Errorf("server: %v", out.Server.State)
	}
}

func TestAMissingBindingIsRefusedWhereItIsRequired(t *testing.T) {
	s := newSides(t)
	c, err := peap.NewClient(s.client, proven{}, true)
	if err != nil {
		t.Fatal(err)
	}
	client, err := c.Begin(eaptest.Session("anonymous"), "anonymous")
	if err != nil {
		t.Fatal(err)
	}
	server, err := s.server.Begin(eaptest.Session(""), eap.TypePEAP, true, 0, script([]byte{1, 9, 0, 11, 33, 0x80, 3, 0, 2, 0, 1}))
	if err != nil {
		t.Fatal(err)
	}
	got, _ := tlslab.Talk(t, client, server, tlslab.Unchanged)
	if code := eap.AsFailure(eap.TypePEAP, got.Err).Code; got.State != eap.Failed || code != explain.EAPTLSBinding {
		t.Errorf("got %v, %v", got.State, got.Err)
	}
}

// proven is an inner client that is content with everything.
type proven struct{}

func (proven) Begin(eap.Session) (eap.Conversation, error) { return proven{}, nil }
func (proven) Step(context.Context, []byte) eap.Result     { return eap.Result{State: eap.Succeeded} }
func (proven) Close()                                      {}
