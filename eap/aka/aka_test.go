package aka

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"culvert/eap"
	"culvert/eap/eaptest"
	"culvert/eap/usim"
	"culvert/explain"
)

const imsi = "0232010000000000@wlan.mnc001.mcc232.3gppnetwork.org"

// memory is a sequence number in memory.
type memory struct{ n uint64 }

func (m *memory) Update(next func(uint64) (uint64, error)) error {
	n, err := next(m.n)
	if err == nil {
		m.n = n
	}
	return err
}

// network is both sides of a network: a card and the accounts with its subscriber.
type network struct {
	card     *usim.Card
	accounts eaptest.Accounts
}

// subscribe makes a card with a sequence number and an account with another.
func subscribe(t testing.TB, card, centre uint64) network {
	t.Helper()
	keys := usim.Keys{K: unhex(t, "465b5ce8b199b49faa5f0a2ee238a6bc"), OPc: unhex(t, "cd63cb71954a9f4e48a5994e37a02baf")}
	c, err := usim.NewCard(keys, &memory{card})
	if err != nil {
		t.Fatal(err)
	}
	a, err := usim.NewCentre(keys, &memory{centre}, bytes.NewReader(counting(256)))
	if err != nil {
		t.Fatal(err)
	}
	carol := &eap.Account{User: "carol", Subscriber: a, Grant: &eap.Grant{User: "carol"}}
	return network{c, eaptest.Accounts{imsi: carol, IMSI(imsi): carol, "alice": {User: "alice"}}}
}

// counting returns octets that count up.
func counting(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i)
	}
	return b
}

func (n network) client(isPrime bool) Client { return Client{Card: n.card, Prime: isPrime} }

func (n network) server(isPrime bool) Server { return Server{Accounts: n.accounts, Prime: isPrime} }

func run(t testing.TB, identity string, client Client, server Server) eaptest.Outcome {
	t.Helper()
	return eaptest.Run(t, &eap.Peer{Methods: []eap.Method{client}}, &eap.Authenticator{Methods: []eap.Method{server}}, eaptest.Session(identity))
}

func checkSuccess(t *testing.T, out eaptest.Outcome) {
	t.Helper()
	if out.Client.State != eap.Succeeded || out.Server.State != eap.Succeeded {
		t.Fatalf("got %v, %v", out.Client.Err, out.Server.Err)
	}
	if len(out.Client.MSK) != 64 || !out.Client.MSK.Equal(out.Server.MSK) {
		t.Error("the keys differ")
	}
	if out.Server.Identity != "carol" || out.Server.Grant == nil || !out.Client.EAPOnly || !out.Server.EAPOnly {
		t.Errorf("got %+v", out.Server)
	}
}

func checkFailure(t *testing.T, out eaptest.Outcome, client, server explain.Code) {
	t.Helper()
	if got := eaptest.Code(out.Client); got != client {
		t.Errorf("client: got %s, want %s: %v", got, client, out.Client.Err)
	}
	if got := eaptest.Code(out.Server); got != server {
		t.Errorf("server: got %s, want %s: %v", got, server, out.Server.Err)
	}
}

// both runs a test for AKA and AKA'.
func both(t *testing.T, test func(t *testing.T, isPrime bool)) {
	for _, isPrime := range []bool{false, true} {
		t.Run(variantOf(isPrime).kind.String(), func(t *testing.T) { test(t, isPrime) })
	}
}

func TestCardAndNetworkAuthenticateEachOther(t *testing.T) {
	both(t, func(t *testing.T, isPrime bool) {
		n := subscribe(t, 0, 0)
		out := run(t, imsi, n.client(isPrime), n.server(isPrime))
		checkSuccess(t, out)
		if len(out.Packets) != 5 {
			t.Errorf("got %d packets", len(out.Packets))
		}
		again := run(t, imsi, n.client(isPrime), n.server(isPrime))
		checkSuccess(t, again)
		if again.Client.MSK.Equal(out.Client.MSK) {
			t.Error("two runs have the same keys")
		}
	})
}

func TestResultsAreProtected(t *testing.T) {
	both(t, func(t *testing.T, isPrime bool) {
		n := subscribe(t, 0, 0)
		server := n.server(isPrime)
		server.Indications = true
		out := run(t, imsi, n.client(isPrime), server)
		checkSuccess(t, out)
		if len(out.Packets) != 7 {
			t.Errorf("got %d packets", len(out.Packets))
		}
	})
}

func TestNetworkFollowsTheSequenceNumberOfTheCard(t *testing.T) {
	both(t, func(t *testing.T, isPrime bool) {
		n := subscribe(t, 100000, 0)
		out := run(t, imsi, n.client(isPrime), n.server(isPrime))
		checkSuccess(t, out)
		if len(out.Packets) != 7 {
			t.Errorf("got %d packets", len(out.Packets))
		}
	})
}

func TestCardsOfAnotherNetworkAreRefused(t *testing.T) {
	both(t, func(t *testing.T, isPrime bool) {
		n := subscribe(t, 0, 0)
		other, err := usim.NewCard(usim.Keys{K: make([]byte, 16), OPc: make([]byte, 16)}, &memory{})
		if err != nil {
			t.Fatal(err)
		}
		out := run(t, imsi, Client{Card: other, Prime: isPrime}, n.server(isPrime))
		checkFailure(t, out, explain.EAPSIM, explain.EAPSIM)
	})
}

func TestIdentitiesThatNobodyKnowsAreAskedForTwice(t *testing.T) {
	both(t, func(t *testing.T, isPrime bool) {
		n := subscribe(t, 0, 0)
		out := run(t, "2pseudonym", n.client(isPrime), n.server(isPrime))
		checkFailure(t, out, explain.EAPRejected, explain.EAPUserUnknown)
		if len(out.Packets) != 7 {
			t.Errorf("got %d packets", len(out.Packets))
		}
	})
}

func TestUsersWithoutACardAreLeftToOtherMethods(t *testing.T) {
	n := subscribe(t, 0, 0)
	server := &eap.Authenticator{Methods: []eap.Method{n.server(true), n.server(false)}}
	c, err := server.Begin(eaptest.Session("alice"))
	if err != nil {
		t.Fatal(err)
	}
	if got := eaptest.Code(c.Step(t.Context(), nil)); got != explain.EAPCredential {
		t.Errorf("got %q", got)
	}
	// Who shows such an identity only when asked learns that it fails.
	out := run(t, imsi, Client{Card: n.card}, Server{Accounts: eaptest.Accounts{imsi: n.accounts[imsi]}})
	checkSuccess(t, out)
	s, _ := n.server(false).Begin(eaptest.Session("2x"), "2x")
	s.Step(t.Context(), eap.Input{})
	m := message{subtype: subIdentity}
	m.addSized(atIdentity, 5, []byte("alice"))
	if step := s.Step(t.Context(), input(m.encode())); step.State != eap.Continuing || step.Data[0] != byte(subNotification) {
		t.Errorf("got %+v", step)
	}
}

func input(data []byte) eap.Input {
	return eap.Input{Packet: &eap.Packet{Code: eap.CodeRequest, Identifier: 9, Type: eap.TypeAKA, Data: data}, Identifier: 9}
}

func TestBiddingDownIsSeen(t *testing.T) {
	n := subscribe(t, 0, 0)
	client, server := n.client(false), n.server(false)
	client.PrimeToo, server.PrimeToo = true, true
	checkFailure(t, run(t, imsi, client, server), explain.EAPProtocol, explain.EAPSIM)
	client.PrimeToo = false
	checkSuccess(t, run(t, imsi, client, server))
	client.PrimeToo, server.PrimeToo = true, false
	checkSuccess(t, run(t, imsi, client, server))
}

func TestNetworkNamesAreCompared(t *testing.T) {
	n := subscribe(t, 0, 0)
	client, server := n.client(true), n.server(true)
	client.Network = "HRPD"
	checkFailure(t, run(t, imsi, client, server), explain.EAPSIM, explain.EAPSIM)
	server.Network = "HRPD"
	checkSuccess(t, run(t, imsi, client, server))
}

// unseparated makes vectors that are not for AKA'.
type unseparated struct{ eap.Subscriber }

func (u unseparated) Vector(ctx context.Context, _ bool) (eap.Vector, error) {
	return u.Subscriber.Vector(ctx, false)
}

func TestVectorsOfPlainAKAAreRefusedInAKAPrime(t *testing.T) {
	n := subscribe(t, 0, 0)
	n.accounts[imsi].Subscriber = unseparated{n.accounts[imsi].Subscriber}
	checkFailure(t, run(t, imsi, n.client(true), n.server(true)), explain.EAPSIM, explain.EAPSIM)
}

// liar is a subscriber whose answers differ from those of the card.
type liar struct {
	eap.Subscriber
	spoil func(*eap.Vector)
}

func (l liar) Vector(ctx context.Context, separated bool) (eap.Vector, error) {
	v, err := l.Subscriber.Vector(ctx, separated)
	l.spoil(&v)
	return v, err
}

var errAny = errors.New("the disk is full")

// broken is a subscriber that has nothing.
type broken struct{}

func (broken) Vector(context.Context, bool) (eap.Vector, error) { return eap.Vector{}, errAny }

func (broken) Resynchronise(context.Context, [16]byte, [14]byte) error { return errAny }

func TestVectorsThatDoNotFitFail(t *testing.T) {
	both(t, func(t *testing.T, isPrime bool) {
		for name, tt := range map[string]struct {
			spoil          func(*eap.Vector)
			client, server explain.Code
		}{
			"another response": {func(v *eap.Vector) { v.XRES[0] ^= 1 }, explain.EAPRejected, explain.EAPSIMWrong},
			"other keys":       {func(v *eap.Vector) { v.CK[0] ^= 1 }, explain.EAPServerUnknown, explain.EAPMethod},
		} {
			t.Run(name, func(t *testing.T) {
				n := subscribe(t, 0, 0)
				n.accounts[imsi].Subscriber = liar{n.accounts[imsi].Subscriber, tt.spoil}
				checkFailure(t, run(t, imsi, n.client(isPrime), n.server(isPrime)), tt.client, tt.server)
			})
		}
		n := subscribe(t, 0, 0)
		n.accounts[imsi].Subscriber = broken{}
		out := run(t, imsi, n.client(isPrime), n.server(isPrime))
		checkFailure(t, out, explain.EAPRejected, explain.EAPMethod)
		if !errors.Is(out.Server.Err, errAny) {
			t.Errorf("got %v", out.Server.Err)
		}
	})
}

// FuzzMachines gives both sides what arrives in the middle.
func FuzzMachines(f *testing.F) {
	f.Add(true, []byte{5, 0, 0, 13, 1, 0, 0}, []byte{12, 0, 0, 12, 1, 0x80, 0})
	f.Add(false, []byte{5, 0, 0, 14, 2, 0, 1, 'a', 0, 0, 0}, []byte{4, 0, 0, 4, 4, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14})
	f.Add(true, unhex(f, whole), unhex(f, "0e0000 16 01 0000"))
	f.Fuzz(func(t *testing.T, isPrime bool, a, b []byte) {
		n := subscribe(t, 0, 0)
		c, _ := n.client(isPrime).Begin(eaptest.Session(imsi), imsi)
		s, _ := n.server(isPrime).Begin(eaptest.Session(imsi), imsi)
		s.Step(t.Context(), eap.Input{})
		m := message{subtype: subIdentity}
		m.addSized(atIdentity, len(imsi), []byte(imsi))
		s.Step(t.Context(), input(m.encode()))
		for _, data := range [][]byte{a, b} {
			if c.Step(t.Context(), input(data)).State == eap.Succeeded || s.Step(t.Context(), input(data)).State == eap.Succeeded {
				t.Error("success without the keys")
			}
		}
		c.Close()
		s.Close()
	})
}
