package wire

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestSealFragmentsSendsOneMessageWhenItFits(t *testing.T) {
	p := testProtector{"k", 16}
	whole, err := Seal(p, authRequest(), authPayloads(300))
	if err != nil {
		t.Fatal(err)
	}
	datagrams, err := SealFragments(p, authRequest(), authPayloads(300), len(whole))
	if err != nil || len(datagrams) != 1 || !bytes.Equal(datagrams[0], whole) {
		t.Errorf("got %d datagrams, %v, want the one message", len(datagrams), err)
	}
	datagrams, err = SealFragments(p, authRequest(), authPayloads(300), len(whole)-1)
	if err != nil || len(datagrams) != 2 {
		t.Errorf("one octet less: got %d datagrams, %v, want 2", len(datagrams), err)
	}
}

func TestSealFragmentsHeaders(t *testing.T) {
	p := testProtector{"k", 16}
	datagrams, err := SealFragments(p, authRequest(), authPayloads(2000), 500)
	if err != nil {
		t.Fatal(err)
	}
	for i, d := range datagrams {
		m, err := Parse(d)
		if err != nil {
			t.Fatal(err)
		}
		e := m.Payloads[0].(*EncryptedFragment)
		first := PayloadNone
		if i == 0 {
			first = PayloadIDi
		}
		if e.First != first || int(e.Number) != i+1 || int(e.Total) != len(datagrams) {
			t.Errorf("got %d of %d naming %v, want %d of %d naming %v", e.Number, e.Total, e.First, i+1, len(datagrams), first)
		}
		if !sameMessage(m.Header, authRequest()) || m.NextPayload != PayloadSKF || int(m.Length) != len(d) {
			t.Errorf("fragment %d: header %+v", i+1, m.Header)
		}
		if i < len(datagrams)-1 && (len(d) > 500 || len(d) <= 500-16) {
			t.Errorf("fragment %d has %d octets, want it to fill 500 but for less than a block", i+1, len(d))
		}
	}
}

func TestFragmentsIdentity(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := testProtector{"k", rapid.SampledFrom([]int{1, 4, 16}).Draw(t, "block")}
		payloads := authPayloads(rapid.IntRange(0, 20000).Draw(t, "size"))
		limit := rapid.IntRange(200, 2000).Draw(t, "datagram")
		datagrams, err := SealFragments(p, authRequest(), payloads, limit)
		if err != nil {
			t.Fatal(err)
		}
		if len(datagrams) == 1 {
			return
		}
		var r Reassembler
		for i, n := range rapid.Permutation(indexes(len(datagrams))).Draw(t, "order") {
			if len(datagrams[n]) > limit {
				t.Fatalf("datagram of %d octets, limit %d", len(datagrams[n]), limit)
			}
			f, err := OpenFragment(p, datagrams[n])
			if err != nil {
				t.Fatal(err)
			}
			m, complete, err := r.Add(f)
			if err != nil || complete != (i == len(datagrams)-1) {
				t.Fatalf("fragment %d: complete %v, %v", i, complete, err)
			}
			if !complete {
				continue
			}
			if diff := cmp.Diff(payloads, m.Payloads, same); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		}
	})
}

// indexes returns 0 to n-1.
func indexes(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

func TestSealFragmentsUsesEveryOctetOfTheDatagram(t *testing.T) {
	p := testProtector{"k", 1}
	payloads := []Payload{&Notify{NotifyType: NotifyCookie}} // 8 octets of plaintext
	smallest := HeaderLen + genericLen + fragmentLen + 1 + p.Overhead(1)
	datagrams, err := SealFragments(p, authRequest(), payloads, smallest)
	if err != nil || len(datagrams) != 8 || len(datagrams[0]) != smallest {
		t.Errorf("got %d datagrams, %v, want one for each octet", len(datagrams), err)
	}
}

func TestSealFragmentsRefusesWhatCannotBeDone(t *testing.T) {
	p := testProtector{"k", 16}
	tests := []struct {
		name        string
		size, limit int
		want        error
	}{
		{"no room for any content", 100, 70, errDatagramSize},
		{"negative limit", 100, -5, errDatagramSize},
		{"too many fragments", 20000, 90, errFragmentCount},
		{"message too large", 70000, 1200, errMessageSize},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			datagrams, err := SealFragments(p, authRequest(), authPayloads(tt.size), tt.limit)
			if !errors.Is(err, tt.want) || datagrams != nil {
				t.Errorf("got %d datagrams, %v, want %v", len(datagrams), err, tt.want)
			}
		})
	}
}

func TestOpenFragmentRefused(t *testing.T) {
	p := testProtector{"k", 16}
	datagrams, err := SealFragments(p, authRequest(), authPayloads(1000), 500)
	if err != nil {
		t.Fatal(err)
	}
	for i := range datagrams[0] {
		forged := bytes.Clone(datagrams[0])
		forged[i] ^= 0x20
		if _, err := OpenFragment(p, forged); err == nil {
			t.Fatalf("octet %d changed: accepted", i)
		}
	}
	whole, err := Seal(p, authRequest(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenFragment(p, whole); !errors.Is(err, errNoFragment) {
		t.Errorf("unfragmented message: got %v, want errNoFragment", err)
	}
	if _, err := Open(p, bytes.Clone(datagrams[0])); !errors.Is(err, errNotEncrypted) {
		t.Errorf("fragment as message: got %v, want errNotEncrypted", err)
	}
}

// failingProtector refuses from the nth message on.
type failingProtector struct {
	testProtector
	left *int
}

var errTestSeal = errors.New("cannot seal")

func (p failingProtector) Seal(prefix, plaintext []byte) ([]byte, error) {
	if *p.left--; *p.left < 0 {
		return nil, errTestSeal
	}
	return p.testProtector.Seal(prefix, plaintext)
}

func TestSealFragmentsPassesOnErrorsOfTheProtector(t *testing.T) {
	for _, left := range []int{0, 1} {
		p := failingProtector{testProtector{"k", 16}, &left}
		if d, err := SealFragments(p, authRequest(), authPayloads(2000), 500); !errors.Is(err, errTestSeal) || d != nil {
			t.Errorf("got %d datagrams, %v, want errTestSeal", len(d), err)
		}
	}
	none := 0
	p := failingProtector{testProtector{"k", 16}, &none}
	if _, err := Seal(p, authRequest(), nil); !errors.Is(err, errTestSeal) {
		t.Errorf("got %v, want errTestSeal", err)
	}
	if d, err := SealFragments(p, authRequest(), nil, 500); !errors.Is(err, errTestSeal) || d != nil {
		t.Errorf("one message: got %d datagrams, %v, want errTestSeal", len(d), err)
	}
}
