package ike

import (
	"bytes"
	"errors"
	"testing"
	"time"
)

func TestCiphersAreDroppedAtRestAndMadeAnew(t *testing.T) {
	n, a, b := connected(t, nil)
	for range 3 {
		for _, x := range []*testNode{a, b} {
			if sa := x.only(t); sa.in != nil || sa.out != nil {
				t.Errorf("%s keeps ciphers at rest", x.name)
			}
		}
		n.do(a, Command{SA: a.only(t).LocalSPI(), Event: CheckLiveness{}})
		n.do(b, Command{SA: b.only(t).LocalSPI(), Event: CheckLiveness{}})
	}
	if pending := len(a.only(t).requests.pending) + len(b.only(t).requests.pending); pending != 0 {
		t.Errorf("%d requests are not answered", pending)
	}
}

func TestCiphersStayWhileARequestWaits(t *testing.T) {
	n, a, _ := connected(t, nil)
	n.tap = func(from, to *testNode, d []byte) [][]byte { return nil }
	n.do(a, Command{SA: a.only(t).LocalSPI(), Event: CheckLiveness{}})
	if a.only(t).in == nil {
		t.Error("dropped")
	}
}

func TestKeysOfAClosedSAAreGone(t *testing.T) {
	a, _, _ := newEchoPair(t)
	keys := a.keys
	a.terminate(nil)
	for _, k := range [][]byte{keys.D, keys.Ai, keys.Ar, keys.Ei, keys.Er, keys.Pi, keys.Pr} {
		if !bytes.Equal(k, make([]byte, len(k))) {
			t.Error("a key is still in memory")
		}
	}
	if err := a.wake(); !errors.Is(err, errNoKeys) {
		t.Errorf("ciphers are made of cleared keys: %v", err)
	}
}

// TestClosedSAAnswersItsLastRequestForAWhile has the answer to a Delete lost.
func TestClosedSAAnswersItsLastRequestForAWhile(t *testing.T) {
	n, a, b := connected(t, nil)
	lose := true
	n.tap = func(from, to *testNode, d []byte) [][]byte {
		if from == b && lose {
			lose = false
			return nil
		}
		return [][]byte{d}
	}
	n.do(a, Command{SA: a.only(t).LocalSPI(), Event: Close{}})
	if len(b.of(NewsClosed)) != 1 || len(a.of(NewsClosed)) != 0 {
		t.Fatal("the answer was not lost")
	}
	n.elapse(5 * time.Second)
	if len(a.of(NewsClosed)) != 1 {
		t.Errorf("the answer is not repeated: %q", a.digest())
	}
	n.elapse(closedMemory)
	if a.shard.Len()+b.shard.Len() != 0 {
		t.Error("closed SAs stay")
	}
}

func TestKeysAreExportedOnRequestOnly(t *testing.T) {
	for _, wanted := range []bool{false, true} {
		n, a, _ := gateways(t, nil)
		a.env.ExportKeys = wanted
		n.do(a, initiate(a))
		exported := 0
		for _, action := range a.actions {
			if e, ok := action.(ExportIKEKeys); ok {
				exported++
				if e.SPIi == 0 || e.SPIr == 0 || len(e.Keys.Ei) == 0 {
					t.Errorf("exported %v %v", e.SPIi, e.SPIr)
				}
			}
		}
		if (exported == 1) != wanted {
			t.Errorf("%d exports, wanted %v", exported, wanted)
		}
	}
}
