package usim

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"

	"culvert/eap"
)

// memory is a sequence number in memory, which may fail.
type memory struct {
	n    uint64
	fail error
}

func (m *memory) Update(next func(uint64) (uint64, error)) error {
	n, err := next(m.n)
	if err == nil && m.fail == nil {
		m.n = n
	}
	return errors.Join(err, m.fail)
}

var (
	k, _   = hex.DecodeString("465b5ce8b199b49faa5f0a2ee238a6bc")
	opc, _ = hex.DecodeString("cd63cb71954a9f4e48a5994e37a02baf")
	errAny = errors.New("the disk is full")
)

// pair returns a card and its centre, whose sequence numbers stand where they are said to.
func pair(t *testing.T, card, centre *memory) (*Card, *Centre) {
	t.Helper()
	c, err := NewCard(Keys{k, opc}, card)
	if err != nil {
		t.Fatal(err)
	}
	a, err := NewCentre(Keys{k, opc}, centre, bytes.NewReader(bytes.Repeat([]byte("sixteen octets.."), 8)))
	if err != nil {
		t.Fatal(err)
	}
	return c, a
}

func vector(t *testing.T, c *Centre, separated bool) eap.Vector {
	t.Helper()
	v, err := c.Vector(t.Context(), separated)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestCardAndCentreAgree(t *testing.T) {
	card, centre := pair(t, &memory{n: 7}, &memory{n: 100})
	for _, separated := range []bool{false, true} {
		v := vector(t, centre, separated)
		r, err := card.Authenticate(t.Context(), v.RAND, v.AUTN)
		if err != nil {
			t.Fatal(err)
		}
		if !r.RES.Equal(v.XRES) || !r.CK.Equal(v.CK) || !r.IK.Equal(v.IK) || r.Separated != separated {
			t.Errorf("got %v, want %v", r.Separated, separated)
		}
	}
}

// The AUTN of 3GPP TS 35.208, test set 1: SQN ff9bb4d0b607, AMF b9b9.
func TestCardTakesTheVectorOfTheStandard(t *testing.T) {
	card, _ := pair(t, &memory{n: 0xff9bb4d0b606}, &memory{})
	rand, _ := hex.DecodeString("23553cbe9637a89d218ae64dae47bf35")
	autn, _ := hex.DecodeString("55f328b43577b9b94a9ffac354dfafb3")
	r, err := card.Authenticate(t.Context(), [16]byte(rand), [16]byte(autn))
	if err != nil {
		t.Fatal(err)
	}
	if got := hex.EncodeToString(r.RES); got != "a54211d5e3ba50bf" || !r.Separated {
		t.Errorf("got %s, %v", got, r.Separated)
	}
}

func TestCardRefusesOldNumbersAndBringsTheCentreUp(t *testing.T) {
	mine, theirs := &memory{n: 5000}, &memory{n: 100}
	card, centre := pair(t, mine, theirs)
	v := vector(t, centre, false)
	_, err := card.Authenticate(t.Context(), v.RAND, v.AUTN)
	stale, ok := errors.AsType[*SynchronisationError](err)
	if !ok || mine.n != 5000 {
		t.Fatalf("got %v", err)
	}
	if err := centre.Resynchronise(t.Context(), v.RAND, stale.AUTS); err != nil || theirs.n != 5000 {
		t.Fatalf("got %v, number %d", err, theirs.n)
	}
	v = vector(t, centre, false)
	if _, err := card.Authenticate(t.Context(), v.RAND, v.AUTN); err != nil || mine.n != 5032 {
		t.Errorf("got %v, number %d", err, mine.n)
	}
	if _, err := card.Authenticate(t.Context(), v.RAND, v.AUTN); err == nil {
		t.Error("a challenge was answered twice")
	}
}

func TestCentreNeverGoesBack(t *testing.T) {
	theirs := &memory{n: 100}
	card, centre := pair(t, &memory{n: 5000}, theirs)
	v := vector(t, centre, false)
	_, err := card.Authenticate(t.Context(), v.RAND, v.AUTN)
	stale, _ := errors.AsType[*SynchronisationError](err)
	theirs.n = 9000
	if err := centre.Resynchronise(t.Context(), v.RAND, stale.AUTS); err != nil || theirs.n != 9000 {
		t.Errorf("got %v, number %d", err, theirs.n)
	}
}

func TestProofsWithAnotherKeyAreRefused(t *testing.T) {
	mine, theirs := &memory{}, &memory{}
	card, centre := pair(t, mine, theirs)
	v := vector(t, centre, false)
	for i := range v.AUTN {
		autn := v.AUTN
		autn[i] ^= 1
		if _, err := card.Authenticate(t.Context(), v.RAND, autn); !errors.Is(err, ErrNetwork) {
			t.Errorf("octet %d of AUTN: got %v", i, err)
		}
	}
	auts := card.auts(v.RAND, octets(7000))
	for i := range auts {
		bad := auts
		bad[i] ^= 1
		if err := centre.Resynchronise(t.Context(), v.RAND, bad); !errors.Is(err, ErrResynchronisation) {
			t.Errorf("octet %d of AUTS: got %v", i, err)
		}
	}
	if mine.n != 0 || theirs.n != 32 {
		t.Errorf("numbers %d and %d have moved", mine.n, theirs.n)
	}
}

func TestNumbersThatCannotBeKeptAreNotUsed(t *testing.T) {
	_, good := pair(t, &memory{}, &memory{})
	v := vector(t, good, false)
	full := &memory{fail: errAny}
	card, centre := pair(t, full, full)
	if r, err := card.Authenticate(t.Context(), v.RAND, v.AUTN); !errors.Is(err, errAny) || r.RES != nil {
		t.Errorf("card: got %v", err)
	}
	if v, err := centre.Vector(t.Context(), false); !errors.Is(err, errAny) || v.XRES != nil {
		t.Errorf("centre: got %v", err)
	}
	_, centre = pair(t, &memory{}, &memory{n: 1<<48 - 32})
	if _, err := centre.Vector(t.Context(), false); err == nil {
		t.Error("the numbers begin anew")
	}
}

func TestKeysHaveTheirLength(t *testing.T) {
	if _, err := NewCard(Keys{k[:15], opc}, &memory{}); err == nil {
		t.Error("a card has a short key")
	}
	if _, err := NewCentre(Keys{k, nil}, &memory{}, nil); err == nil {
		t.Error("a centre has no OPc")
	}
}
