package ike

import (
	"bytes"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"culvert/auth"
	"culvert/dataplane"
	"culvert/suite"
	"culvert/wire"
)

// recordingTime is when the certificates of the recordings are valid.
var recordingTime = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// A recording is a handshake of two foreign peers with its secrets; testdata/handshakes holds them with their origin.
type recording struct {
	name                                           string
	Packets                                        []struct{ From, To, Message string }
	Shared, Nonces, OctetsI, OctetsR, AuthI, AuthR string
	NAT                                            []struct{ Chunk, Hash string }
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func recordings(t *testing.T) []recording {
	t.Helper()
	files, err := filepath.Glob("testdata/handshakes/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	var list []recording
	for _, f := range files {
		r := recording{name: strings.TrimSuffix(filepath.Base(f), ".json")}
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b, &r); err != nil {
			t.Fatal(err)
		}
		list = append(list, r)
	}
	return list
}

// packet returns message i as its recipient got it.
func (r recording) packet(t testing.TB, i int) MessageReceived {
	p := r.Packets[i]
	path := dataplane.Path{Local: netip.MustParseAddrPort(p.To), Remote: netip.MustParseAddrPort(p.From)}
	return MessageReceived{Path: path, Datagram: unhex(t, p.Message)}
}

// connection returns one side's configuration: the algorithms of the recorded answer, and everything allowed.
func (r recording) connection(t testing.TB, local, remote string) *Connection {
	t.Helper()
	m, err := wire.Parse(r.packet(t, 1).Datagram)
	if err != nil {
		t.Fatal(err)
	}
	answer, _ := wire.Find[*wire.SA](m.Payloads)
	c := pskConnection(t, local, remote)
	c.Proposals = answer.Proposals
	c.LocalAuth[0].Secrets = psk("correct horse battery staple, 32 octets+")
	c.RemoteAuth[0].Secrets = c.LocalAuth[0].Secrets
	return c
}

// trust has a connection demand the certificate of a recorded message.
func (r recording) trust(t testing.TB, c *Connection, sa *SA, i int) {
	if r.AuthI != "" {
		return
	}
	m, err := wire.Open(sa.in, r.packet(t, i).Datagram)
	if err != nil {
		t.Fatal(err)
	}
	payload, _ := wire.Find[*wire.Cert](m.Payloads)
	cert, err := x509.ParseCertificate(payload.Data)
	if err != nil {
		t.Fatal(err)
	}
	c.RemoteAuth[0] = auth.Remote{ID: c.RemoteAuth[0].ID, Method: auth.MethodPublicKey, Pinned: []*x509.Certificate{cert}}
}

// finish has an SA do its works, with the recorded shared secret in place of a key exchange, and returns its other actions.
func (r recording) finish(t testing.TB, sa *SA, actions []Action) []Action {
	t.Helper()
	var others []Action
	for len(actions) > 0 {
		a := actions[0]
		actions = actions[1:]
		w, ok := a.(StartWork)
		if !ok {
			others = append(others, a)
			continue
		}
		var result any
		switch w.Work.(type) {
		case respondKE, finishKE:
			result = keResult{public: bytes.Repeat([]byte{1}, 32), shared: unhex(t, r.Shared)}
		default:
			result = runWork(w.Work)
		}
		actions = append(actions, sa.Handle(sa.now, WorkFinished{SA: w.SA, Work: w.ID, Result: result})...)
	}
	return others
}

// replayedInitiator is our initiator in the place of the recorded one, up to its IKE_AUTH request.
func (r recording) replayedInitiator(t *testing.T) *SA {
	first := r.packet(t, 0)
	h, err := wire.ParseHeader(first.Datagram)
	if err != nil {
		t.Fatal(err)
	}
	conn := r.connection(t, "a.example", "b.example")
	env := testEnv(1)
	sa := newInitiator(env, recordingTime, h.InitiatorSPI, Initiate{Connection: conn, Path: reverse(first.Path)})
	task := sa.tasks[0].(*initTask)
	sa.tasks = nil
	sa.initial.nonceI, sa.initial.messageI = unhex(t, r.Nonces)[:32], first.Datagram
	sa.initial.exchange = &suite.KeyExchange{}
	sa.requests.next = 1
	sa.requests.pending = []*pendingRequest{{task: task, header: h, datagrams: [][]byte{first.Datagram}}}
	r.finish(t, sa, sa.Handle(recordingTime, r.packet(t, 1)))
	if sa.state != StateAuthenticating {
		t.Fatalf("state %v after the recorded response", sa.state)
	}
	return sa
}

func TestRecordedResponderIsAccepted(t *testing.T) {
	for _, r := range recordings(t) {
		t.Run(r.name, func(t *testing.T) {
			sa := r.replayedInitiator(t)
			octets, err := sa.signedOctets(fqdn("a.example").Payload(wire.PayloadIDi))
			if err != nil || !bytes.Equal(octets, unhex(t, r.OctetsI)) {
				t.Errorf("InitiatorSignedOctets differ from the recording: %v", err)
			}
			octets, err = sa.signedOctets(fqdn("b.example").Payload(wire.PayloadIDr))
			if err != nil || !bytes.Equal(octets, unhex(t, r.OctetsR)) {
				t.Errorf("ResponderSignedOctets differ from the recording: %v", err)
			}
			r.trust(t, sa.conn, sa, 3)
			r.finish(t, sa, sa.Handle(recordingTime, r.packet(t, 3)))
			if sa.state != StateEstablished || sa.remote.String() != "b.example" {
				t.Errorf("state %v, peer %v", sa.state, sa.remote)
			}
		})
	}
}

func TestRecordedResponderIsRejectedWhenAuthIsWrong(t *testing.T) {
	for _, r := range recordings(t) {
		t.Run(r.name, func(t *testing.T) {
			sa := r.replayedInitiator(t)
			r.trust(t, sa.conn, sa, 3)
			sa.initial.messageR[len(sa.initial.messageR)-1] ^= 1
			r.finish(t, sa, sa.Handle(recordingTime, r.packet(t, 3)))
			if sa.state == StateEstablished {
				t.Error("established although the first message was changed on its way")
			}
		})
	}
}

func TestRecordedInitiatorIsAccepted(t *testing.T) {
	for _, r := range recordings(t) {
		t.Run(r.name, func(t *testing.T) {
			sa, in := r.replayedResponder(t)
			r.trust(t, sa.conn, sa, 2)
			others := r.finish(t, sa, sa.Handle(recordingTime, in))
			if sa.state != StateEstablished || sa.remote.String() != "a.example" {
				t.Errorf("state %v, peer %v: %v", sa.state, sa.remote, others)
			}
		})
	}
}

// replayedResponder is our responder in the place of the recorded one. Its nonce and SPI are the recorded ones, so the
// recorded initiator's IKE_AUTH request, which is returned, is for it.
func (r recording) replayedResponder(t *testing.T) (*SA, MessageReceived) {
	first := r.packet(t, 0)
	m, err := wire.Parse(first.Datagram)
	if err != nil {
		t.Fatal(err)
	}
	conn := r.connection(t, "b.example", "a.example")
	env := testEnv(2)
	env.Connections = NewConnections(conn)
	choice, f := chooseInit(env.Connections, first.Path, m.Payloads)
	if f != nil {
		t.Fatal(f)
	}
	h, err := wire.ParseHeader(r.packet(t, 1).Datagram)
	if err != nil {
		t.Fatal(err)
	}
	env.Rand = io.MultiReader(bytes.NewReader(unhex(t, r.Nonces)[32:]), env.Rand)
	in := &inbound{Header: m.Header, path: first.Path, datagram: first.Datagram, payloads: m.Payloads}
	sa := newResponder(env, recordingTime, h.ResponderSPI, in, choice)
	sa.beginResponse(in)
	r.finish(t, sa, sa.takeActions())
	if sa.state != StateAuthenticating {
		t.Fatalf("state %v after the recorded request", sa.state)
	}
	return sa, r.packet(t, 2)
}

func TestNATHashesOfForeignPeers(t *testing.T) {
	for _, r := range recordings(t) {
		for _, n := range r.NAT {
			c := unhex(t, n.Chunk)
			addr, _ := netip.AddrFromSlice(c[16:20])
			at := netip.AddrPortFrom(addr, uint16(c[20])<<8|uint16(c[21]))
			spi := func(b []byte) wire.SPI {
				h, _ := wire.ParseHeader(append(bytes.Clone(b), make([]byte, 20)...))
				return h.InitiatorSPI
			}
			if got := natHash(spi(c), spi(c[8:]), at); !bytes.Equal(got, unhex(t, n.Hash)) {
				t.Errorf("%s: hash of %v is %x, want %s", r.name, at, got, n.Hash)
			}
		}
	}
}
