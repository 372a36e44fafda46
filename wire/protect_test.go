package wire

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// testProtector has the shape of a block cipher with separate MAC: an IV, padding to whole blocks, an ICV over everything
// before it. The cipher itself is none.
type testProtector struct {
	key   string
	block int
}

var errTestICV = errors.New("ICV differs")

const testIVLen, testICVLen = 8, 16

func (p testProtector) Overhead(n int) int {
	padded := (n + 1 + p.block - 1) / p.block * p.block
	return testIVLen + padded - n + testICVLen
}

func (p testProtector) Seal(prefix, plaintext []byte) ([]byte, error) {
	pad := p.Overhead(len(plaintext)) - testIVLen - testICVLen - 1
	b := append(prefix, "\x00iv of 8"[:testIVLen]...)
	for _, octet := range plaintext {
		b = append(b, octet^0x5a)
	}
	b = append(append(b, make([]byte, pad)...), byte(pad))
	return append(b, p.icv(b)...), nil
}

func (p testProtector) Open(prefix, body []byte) ([]byte, error) {
	if len(body) < testIVLen+p.block+testICVLen {
		return nil, errTestICV
	}
	end := len(body) - testICVLen
	if !hmac.Equal(body[end:], p.icv(prefix, body[:end])) {
		return nil, errTestICV
	}
	plaintext := body[testIVLen : end-1-int(body[end-1])]
	for i := range plaintext {
		plaintext[i] ^= 0x5a
	}
	return plaintext, nil
}

func (p testProtector) icv(parts ...[]byte) []byte {
	mac := hmac.New(sha256.New, []byte(p.key))
	for _, part := range parts {
		mac.Write(part)
	}
	return mac.Sum(nil)[:testICVLen]
}

// authRequest is the header of an IKE_AUTH request.
func authRequest() Header {
	return Header{
		InitiatorSPI: 1, ResponderSPI: 2, Version: version2, Exchange: ExchangeAuth, Flags: FlagInitiator, MessageID: 1,
	}
}

// authPayloads are payloads of an IKE_AUTH request with a certificate of n octets.
func authPayloads(n int) []Payload {
	return []Payload{
		&Identification{Payload: PayloadIDi, IDType: IDFQDN, Data: []byte("a.example")},
		&Cert{Encoding: CertX509Signature, Data: bytes.Repeat([]byte{0xce}, n)},
		&Auth{Method: AuthDigitalSignature, Data: bytes.Repeat([]byte{0x51}, 64)},
		&TS{PayloadTSi, []TrafficSelector{ipRange("10.0.0.0", "10.0.0.255")}},
	}
}

func TestSealAndOpen(t *testing.T) {
	for _, block := range []int{1, 4, 16} {
		p := testProtector{"k", block}
		for _, payloads := range [][]Payload{nil, {&Nonce{Data: make([]byte, 16)}}, authPayloads(1000)} {
			sealed, err := Seal(p, authRequest(), payloads)
			if err != nil {
				t.Fatal(err)
			}
			if outer, err := Parse(bytes.Clone(sealed)); err != nil || Summary(outer) == "" || len(outer.Payloads) != 1 {
				t.Fatalf("outer message: %v, %v", outer, err)
			}
			m, err := Open(p, sealed)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(payloads, m.Payloads, same); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if want := AppendPayloads(nil, payloads); !bytes.Equal(m.Plaintext, want) {
				t.Errorf("got plaintext %x, want %x", m.Plaintext, want)
			}
		}
	}
}

func TestSealAllocatesTheDatagramOnce(t *testing.T) {
	p := testProtector{"k", 16}
	h, plaintext := authRequest(), make([]byte, 500)
	prefix, err := sealPrefix(p, h, &Encrypted{}, len(plaintext))
	if err != nil {
		t.Fatal(err)
	}
	sealed, _ := p.Seal(prefix, plaintext)
	if &sealed[0] != &prefix[0] {
		t.Error("prefix has no room for the rest of the message")
	}
}

func TestOpenRefusesWhatIsNotAuthentic(t *testing.T) {
	p := testProtector{"k", 16}
	sealed, err := Seal(p, authRequest(), authPayloads(10))
	if err != nil {
		t.Fatal(err)
	}
	for i := range sealed {
		forged := bytes.Clone(sealed)
		forged[i] ^= 0x40
		_, err := Open(p, forged)
		var e *Error
		if !errors.As(err, &e) || e.Authentic {
			t.Fatalf("octet %d changed: got %v", i, err)
		}
	}
	_, err = Open(testProtector{"other", 16}, bytes.Clone(sealed))
	var e *Error
	if !errors.Is(err, errTestICV) || !errors.As(err, &e) || e.Notify != NotifyNone || e.Payload != PayloadSK {
		t.Errorf("wrong key: got %+v, want silence about SK", err)
	}
}

func TestOpenRefusesMessagesWithoutEncryptedPayload(t *testing.T) {
	p := testProtector{"k", 16}
	bare := &Message{Header: authRequest()}
	for _, m := range []*Message{saInit(), bare} {
		if _, err := Open(p, m.Append(nil)); !errors.Is(err, errNotEncrypted) {
			t.Errorf("got %v, want errNotEncrypted", err)
		}
	}
	if _, err := Open(p, make([]byte, 5)); !errors.Is(err, errShort) {
		t.Errorf("got %v, want errShort", err)
	}
}

func TestOpenMarksErrorsInsideAsAuthentic(t *testing.T) {
	p := testProtector{"k", 16}
	tests := []struct {
		name      string
		first     PayloadType
		plaintext string
		notify    NotifyType
		payload   PayloadType
	}{
		{"malformed payload", PayloadKE, "00000005 13", NotifyInvalidSyntax, PayloadKE},
		{"critical payload", 99, "00800004", NotifyUnsupportedCriticalPayload, 99},
		{"encrypted payload inside", PayloadSK, "00000004", NotifyInvalidSyntax, PayloadSK},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sealed, err := sealAs(p, authRequest(), &Encrypted{First: tt.first}, octets(t, tt.plaintext))
			if err != nil {
				t.Fatal(err)
			}
			_, err = Open(p, sealed)
			var e *Error
			if !errors.As(err, &e) || !e.Authentic || e.Notify != tt.notify || e.Payload != tt.payload {
				t.Errorf("got %+v, want authentic %v about %v", e, tt.notify, tt.payload)
			}
		})
	}
}

func TestOpenKeepsPayloadsBeforeTheEncryptedOne(t *testing.T) {
	p := testProtector{"k", 1}
	vendor := &VendorID{Data: []byte("outer")}
	inner := AppendPayloads(nil, []Payload{&VendorID{Data: []byte("inner")}})
	body := &Encrypted{First: PayloadVendorID, Body: make([]byte, len(inner)+p.Overhead(len(inner)))}
	draft := &Message{Header: authRequest(), Payloads: []Payload{vendor, body}}
	whole := draft.Append(nil)
	start := len(whole) - len(body.Body)
	sealed, _ := p.Seal(whole[:start:start], inner)
	m, err := Open(p, sealed)
	if err != nil {
		t.Fatal(err)
	}
	want := []Payload{vendor, &VendorID{Data: []byte("inner")}}
	if diff := cmp.Diff(want, m.Payloads); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSealRefusesWhatDoesNotFit(t *testing.T) {
	p := testProtector{"k", 16}
	_, err := Seal(p, authRequest(), authPayloads(65000))
	if err != nil {
		t.Errorf("65000 octets: %v", err)
	}
	for _, n := range []int{65500, 200000} {
		if _, err := Seal(p, authRequest(), authPayloads(n)); !errors.Is(err, errMessageSize) {
			t.Errorf("%d octets: got %v, want errMessageSize", n, err)
		}
	}
}

func TestErrorText(t *testing.T) {
	inside := &Error{Payload: PayloadKE, Offset: 44, Err: errShort}
	if got, want := inside.Error(), "KE payload at octet 44: too short"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	whole := &Error{Notify: NotifyInvalidMajorVersion, Err: errMajorVersion}
	if got := whole.Error(); !strings.HasPrefix(got, "IKE message: major version") {
		t.Errorf("got %q", got)
	}
}

func FuzzOpen(f *testing.F) {
	p := testProtector{"k", 4}
	for _, inner := range plaintexts(f) {
		f.Add(byte(inner.first), inner.octets)
	}
	f.Fuzz(func(t *testing.T, first byte, plaintext []byte) {
		sealed, err := sealAs(p, authRequest(), &Encrypted{First: PayloadType(first)}, plaintext)
		if err != nil {
			return
		}
		m, err := Open(p, sealed)
		if err != nil {
			if e := (*Error)(nil); !errors.As(err, &e) || !e.Authentic {
				t.Fatalf("got %v, want an authentic *Error", err)
			}
			return
		}
		if !bytes.Equal(m.Plaintext, plaintext) {
			t.Errorf("got %x, want %x", m.Plaintext, plaintext)
		}
	})
}
