package peap

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"testing"

	"culvert/eap"
)

func TestExtensionsAreAsTheDocumentDrawsThem(t *testing.T) {
	got := extensions{result: resultSuccess}.packet(eap.CodeRequest, 9)
	if want := []byte{1, 9, 0, 11, 33, 0x80, 3, 0, 2, 0, 1}; !bytes.Equal(got, want) {
		t.Errorf("got %x, want %x", got, want)
	}
}

func TestExtensionsSurviveTheirEncoding(t *testing.T) {
	b, err := newBinding(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	b.sign([]byte("key"))
	p, ok := asExtensions(eap.CodeResponse, extensions{resultFailure, b}.packet(eap.CodeResponse, 1))
	if !ok {
		t.Fatal("not a packet of the method")
	}
	got, err := parseExtensions(p.Data)
	if err != nil || got.result != resultFailure || !bytes.Equal(got.binding.tlv, b.tlv) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestExtensionsThatLieAreRefused(t *testing.T) {
	result := []byte{0x80, 3, 0, 2, 0, 1}
	tests := map[string][]byte{
		"half a header":                   {0x80, 3, 0},
		"a length behind the end":         {0x80, 3, 0xff, 0xff, 0, 1},
		"a result that is too long":       {0x80, 3, 0, 3, 0, 1, 1},
		"two results":                     append(bytes.Clone(result), result...),
		"half a binding":                  {0, 12, 0, 2, 0, 0},
		"a mandatory one that is unknown": {0x80, 99, 0, 0},
	}
	for name, b := range tests {
		if e, err := parseExtensions(b); !errors.Is(err, errTLV) {
			t.Errorf("%s: got %+v, %v", name, e, err)
		}
	}
	if e, err := parseExtensions(append([]byte{0, 99, 0, 1, 5}, result...)); err != nil || e.result != resultSuccess {
		t.Errorf("one that is unknown and not mandatory: got %+v, %v", e, err)
	}
}

func TestBindingsAreForOneKeyNonceAndDirection(t *testing.T) {
	request, err := newBinding(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	request.sign([]byte("key"))
	response := request.response()
	response.sign([]byte("key"))
	other, err := newBinding(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case !request.verify([]byte("key"), bindingRequest), !response.verify([]byte("key"), bindingResponse), !response.answers(request):
		t.Error("a right one is refused")
	case request.verify([]byte("other"), bindingRequest):
		t.Error("one of another key is taken")
	case request.verify([]byte("key"), bindingResponse):
		t.Error("a request is taken for a response")
	case response.answers(other):
		t.Error("one with another nonce is taken")
	}
}

// FuzzInner reads whatever comes out of the tunnel.
func FuzzInner(f *testing.F) {
	f.Add([]byte{1, 9, 0, 11, 33, 0x80, 3, 0, 2, 0, 1})
	f.Add([]byte{26, 1, 2, 3})
	f.Add([]byte{1, 0, 0, 5, 33})
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, ok := asExtensions(eap.CodeRequest, b); ok {
			parseExtensions(p.Data)
			return
		}
		packet, err := expand(eap.CodeRequest, 1, b)
		if err != nil {
			return
		}
		if !bytes.Equal(strip(packet), b) || int(binary.BigEndian.Uint16(packet[2:])) != len(packet) {
			t.Fatalf("%x became %x", b, packet)
		}
	})
}
