package ike

import (
	"bytes"
	"crypto"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"filippo.io/mldsa"
	"golang.org/x/sys/unix"

	"culvert/auth"
	"culvert/internal/golden"
	"culvert/suite"
	"culvert/wire"
)

// A handshakeKind is a way to come from nothing to an IKE SA with a child.
type handshakeKind struct {
	exchange, proof string // as the page names them
	change          func(a, b *Connection)
}

// withMLDSA has two connections authenticate by raw public keys of ML-DSA-65.
func withMLDSA(t testing.TB) func(a, b *Connection) {
	return func(a, b *Connection) {
		var keys [2]*mldsa.PrivateKey
		for i := range keys {
			seed := make([]byte, mldsa.PrivateKeySize)
			seed[0] = byte(i)
			key, err := mldsa.NewPrivateKey(mldsa.MLDSA65(), seed)
			if err != nil {
				t.Fatal(err)
			}
			keys[i] = key
		}
		for i, c := range []*Connection{a, b} {
			c.LocalAuth[0] = auth.Local{ID: c.LocalAuth[0].ID, Method: auth.MethodPublicKey, Credentials: []auth.Credential{{Key: keys[i]}}}
			c.RemoteAuth[0] = auth.Remote{ID: c.RemoteAuth[0].ID, Method: auth.MethodPublicKey, RawKeys: []crypto.PublicKey{keys[1-i].Public()}}
		}
	}
}

// handshakeKinds lists what the benchmarks measure and the page shows.
func handshakeKinds(t testing.TB) []handshakeKind {
	proofs := []struct {
		name   string
		change func(a, b *Connection)
	}{
		{"PSK", func(a, b *Connection) {}},
		{"ECDSA P-256, certificates", withCertificates(newAuthority(t, "test CA"))},
		{"ML-DSA-65, raw public keys", withMLDSA(t)},
	}
	var kinds []handshakeKind
	for _, exchange := range []string{"x25519", "x25519-ke1_mlkem768", "ecp384-ke1_mlkem1024", "x25519-ke1_mlkem768-ke2_frodo640shake"} {
		for _, proof := range proofs {
			kinds = append(kinds, handshakeKind{exchange, proof.name, func(a, b *Connection) {
				withChild(t)(a, b)
				proof.change(a, b)
				offering(t, "aes128gcm16-prfsha256-"+exchange)(a, b)
			}})
		}
	}
	return append(kinds, handshakeKind{"defaults, both `prefer`", "PSK", withModes(t, suite.PostQuantumPrefer)},
		handshakeKind{"defaults, `prefer` with `off`", "PSK", withModes(t, suite.PostQuantumOff)})
}

// withModes has the initiator prefer what withstands quantum computers, and the responder be in a mode.
func withModes(t testing.TB, mode suite.PostQuantum) func(a, b *Connection) {
	return func(a, b *Connection) {
		withChild(t)(a, b)
		a.Proposals = suite.WithPostQuantum(suite.DefaultIKE(), suite.PostQuantumPrefer)
		b.Proposals = suite.WithPostQuantum(suite.DefaultIKE(), mode)
	}
}

// A handshakeCost is what passes between two gateways until both have a child.
type handshakeCost struct {
	roundTrips, datagrams       int
	fromInitiator, toInitiator  int // octets of UDP data
	firstRequest, firstResponse int // octets of IKE_SA_INIT, which IKE cannot fragment
}

func measureHandshake(t *testing.T, k handshakeKind) handshakeCost {
	t.Helper()
	n, a, b := gateways(t, k.change)
	var c handshakeCost
	n.tap = func(from, _ *testNode, d []byte) [][]byte {
		sum, first := &c.fromInitiator, &c.firstRequest
		if from == b {
			sum, first = &c.toInitiator, &c.firstResponse
		}
		if h, err := wire.ParseHeader(d); err == nil && h.Exchange == wire.ExchangeSAInit {
			*first = len(d)
		}
		*sum += len(d)
		c.datagrams++
		return [][]byte{d}
	}
	n.do(a, initiate(a))
	if len(a.of(NewsChildUp)) != 1 || len(b.of(NewsChildUp)) != 1 {
		t.Fatalf("%s, %s: not up\na: %q\nb: %q", k.exchange, k.proof, a.digest(), b.digest())
	}
	c.roundTrips = len(a.exchanges())
	return c
}

// row writes a line of the table in docs/benchmarks.md.
func (c handshakeCost) row(k handshakeKind) string {
	return fmt.Sprintf("| %s | %s | %d | %d | %d | %d | %d | %d |", k.exchange, k.proof, c.roundTrips, c.datagrams, c.fromInitiator, c.toInitiator, c.firstRequest, c.firstResponse)
}

const costPage = "../docs/benchmarks.md"

// TestHandshakeCosts holds the table of docs/benchmarks.md against what happens; with -update it writes the rows. Signatures
// of ECDSA and certificates differ by a few octets from one to the next.
func TestHandshakeCosts(t *testing.T) {
	page, err := os.ReadFile(costPage)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range handshakeKinds(t) {
		c := measureHandshake(t, k)
		if c.firstRequest > 1232 || c.firstResponse > 1232 {
			t.Errorf("%s: IKE_SA_INIT of %d and %d octets", k.exchange, c.firstRequest, c.firstResponse)
		}
		start := fmt.Sprintf("| %s | %s | ", k.exchange, k.proof)
		_, rest, found := strings.Cut(string(page), "\n"+start)
		line, _, _ := strings.Cut(rest, "\n")
		if golden.Updating() && found {
			page = bytes.Replace(page, []byte(start+line), []byte(c.row(k)), 1)
		} else if !found || !near(numbersIn(line), numbersIn(strings.TrimPrefix(c.row(k), start))) {
			t.Errorf("the page says %q, it should say (run with -update)\n%s", line, c.row(k))
		}
	}
	if golden.Updating() {
		golden.Write(t, costPage, string(page))
	}
}

func numbersIn(s string) []int {
	var list []int
	for _, digits := range regexp.MustCompile(`[0-9]+`).FindAllString(s, -1) {
		n, _ := strconv.Atoi(digits)
		list = append(list, n)
	}
	return list
}

// near reports whether two rows have the same round trips, datagrams but for one, and octets but for the length of an
// extension's notification.
func near(a, b []int) bool {
	leeway := []int{0, 1, 64, 64, 64, 64}
	if len(a) != len(leeway) || len(b) != len(leeway) {
		return false
	}
	for i := range a {
		if d := a[i] - b[i]; d > leeway[i] || d < -leeway[i] {
			return false
		}
	}
	return true
}

// processorTime is the time that the process has spent, which other work of the machine does not lengthen.
func processorTime(b *testing.B) time.Duration {
	var usage unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// BenchmarkHandshakeKinds is both sides of a handshake with a child, of each kind on the page.
func BenchmarkHandshakeKinds(b *testing.B) {
	for _, k := range handshakeKinds(b) {
		b.Run(k.exchange+"/"+strings.ReplaceAll(k.proof, " ", "_"), func(b *testing.B) {
			l := newLink(b)
			ca, cb := l.a.env.Connections.list[0], l.b.env.Connections.list[0]
			k.change(ca, cb)
			l.a.env.Connections, l.b.env.Connections = NewConnections(ca), NewConnections(cb)
			b.ReportAllocs()
			before := processorTime(b)
			for i := 0; b.Loop(); i++ {
				if n := l.connect(i); n != 4 {
					b.Fatalf("%d SAs installed", n)
				}
			}
			b.ReportMetric(float64((processorTime(b)-before).Microseconds())/float64(b.N), "cpu-µs/op")
		})
	}
}
