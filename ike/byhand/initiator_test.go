package byhand

import (
	"bytes"
	"crypto/ecdh"
	"crypto/mlkem"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"
)

// An initiator makes one IKE SA by hand.
type initiator struct {
	*testing.T
	setting
	send       func(datagram []byte) []byte // and returns the answer
	spiI, spiR uint64
	ni, nr     []byte
	request    []byte
	response   []byte
	keys       keys
	id         uint32
	intI, intR []byte
}

// connect runs the exchanges, and returns the keys of the child.
func (p *initiator) connect() []byte {
	p.Helper()
	p.spiI, p.ni = 0x1122334455667788, bytes.Repeat([]byte{0xa5}, 32)
	p.init()
	if p.kem {
		p.keyExchange()
	}
	if p.ppk == "intermediate" {
		p.presharedKey()
	}
	return p.auth()
}

// init is the IKE_SA_INIT exchange.
func (p *initiator) init() {
	p.Helper()
	ours, err := ecdh.X25519().GenerateKey(rand.NewChaCha8([32]byte{9}))
	p.must(err)
	transforms := [][3]uint16{{1, 20, 256}, {2, 5, 0}, {4, methodX25519, 0}}
	if p.kem {
		transforms = append(transforms, [3]uint16{6, methodMLKEM768, 0})
	}
	list := []payload{proposal(1, nil, transforms...), keyPayload(methodX25519, ours.PublicKey().Bytes()), {payloadNonce, p.ni},
		notify(intermediateSupported)}
	switch p.ppk {
	case "auth":
		list = append(list, notify(usePPK))
	case "intermediate":
		list = append(list, notify(usePPKInt))
	}
	if p.transcript {
		list = append(list, notify(fta))
	}
	first, body := chain(list...)
	p.request = append(header(p.spiI, 0, first, exchangeInit, 8, 0, 28+len(body)), body...)
	p.response = p.send(p.request)
	p.spiR = binary.BigEndian.Uint64(p.response[8:])
	answer := unchain(p.T, p.response[16], p.response[28:])
	p.nr = find(answer, payloadNonce)
	theirs, err := ecdh.X25519().NewPublicKey(find(answer, payloadKE)[4:])
	p.must(err)
	shared, err := ours.ECDH(theirs)
	p.must(err)
	p.keys = expand(afterInit(shared, p.ni, p.nr), p.ni, p.nr, p.spiI, p.spiR)
}

// exchange makes a protected exchange, and returns what is inside of the answer. content returns header, generic header and
// plaintext of each message with the lengths of RFC 9242, Section 3.3.2.
func (p *initiator) exchange(kind byte, list ...payload) (answer []payload, contentI, contentR []byte) {
	p.Helper()
	p.id++
	first, inner := chain(list...)
	iv := binary.BigEndian.AppendUint64(nil, uint64(p.id))
	aead, nonce := gcm(p.T, p.keys.ei, iv)
	length := 4 + 8 + len(inner) + 1 + 16
	prefix := append(header(p.spiI, p.spiR, payloadSK, kind, 8, p.id, 28+length), first, 0, byte(length>>8), byte(length))
	sealed := aead.Seal(append(slices.Clone(prefix), iv...), nonce, append(slices.Clone(inner), 0), prefix)
	response := p.send(sealed)
	if response[16] != payloadSK || binary.BigEndian.Uint32(response[20:]) != p.id {
		p.Fatalf("answer %x", response)
	}
	aead, nonce = gcm(p.T, p.keys.er, response[32:40])
	plain, err := aead.Open(nil, nonce, response[40:], response[:32])
	p.must(err)
	plain = plain[:len(plain)-1-int(plain[len(plain)-1])]
	return unchain(p.T, response[28], plain), adjusted(prefix, inner), adjusted(response[:32], plain)
}

func adjusted(prefix, inner []byte) []byte {
	b := append(slices.Clone(prefix), inner...)
	binary.BigEndian.PutUint32(b[24:], uint32(len(b)))
	binary.BigEndian.PutUint16(b[30:], uint16(4+len(inner)))
	return b
}

// intermediate makes an IKE_INTERMEDIATE exchange and takes it into IntAuth, under the keys that it begins with.
func (p *initiator) intermediate(list ...payload) []payload {
	p.Helper()
	answer, i, r := p.exchange(exchangeIntermediate, list...)
	p.intI, p.intR = hmac(p.keys.pi, p.intI, i), hmac(p.keys.pr, p.intR, r)
	return answer
}

// keyExchange makes the additional key exchange with ML-KEM-768.
func (p *initiator) keyExchange() {
	p.Helper()
	ours, err := mlkem.GenerateKey768()
	p.must(err)
	answer := p.intermediate(keyPayload(methodMLKEM768, ours.EncapsulationKey().Bytes()))
	shared, err := ours.Decapsulate(find(answer, payloadKE)[4:])
	p.must(err)
	p.keys = expand(afterKE(p.keys.d, shared, p.ni, p.nr), p.ni, p.nr, p.spiI, p.spiR)
}

// presharedKey agrees on the PPK (RFC 9867, Section 3.1).
func (p *initiator) presharedKey() {
	p.Helper()
	spis := binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, p.spiI), p.spiR)
	confirmation := hmac(ppkValue, p.ni, p.nr, spis)[:8]
	answer := p.intermediate(notify(ppkIdentityKey, append(slices.Clone(ppkID), confirmation...)...))
	if id, ok := notification(answer, ppkIdentity); !ok || !bytes.Equal(id, ppkID) {
		p.Fatalf("the PPK is not picked: %x", answer)
	}
	p.keys = expand(afterPPK(ppkValue, p.keys.d), p.ni, p.nr, p.spiI, p.spiR)
}

// auth is the IKE_AUTH exchange. It checks the responder's proof and returns KEYMAT of the child.
func (p *initiator) auth() []byte {
	p.Helper()
	k := p.keys
	if p.ppk == "auth" {
		k = withPPK(ppkValue, p.keys)
	}
	var intAuth []byte
	if p.intI != nil {
		intAuth = binary.BigEndian.AppendUint32(slices.Concat(p.intI, p.intR), p.id+1)
	}
	idI := append([]byte{2, 0, 0, 0}, "a.example"...)
	proof := pskAuth(psk, signed(p.transcript, p.request, p.response, p.nr, k.pi, idI, intAuth))
	list := []payload{{payloadIDi, idI}, {payloadAUTH, append([]byte{2, 0, 0, 0}, proof...)},
		proposal(3, []byte{1, 2, 3, 4}, [3]uint16{1, 20, 256}, [3]uint16{5, 0, 0}),
		selector(payloadTSi, [4]byte{10, 1, 0, 0}, [4]byte{10, 1, 255, 255}), selector(payloadTSr, [4]byte{10, 2, 0, 0}, [4]byte{10, 2, 255, 255})}
	if p.ppk == "auth" {
		list = append(list, notify(ppkIdentity, ppkID...))
	}
	answer, _, _ := p.exchange(exchangeAuth, list...)
	if data, ok := notification(answer, ppkIdentity); ok != (p.ppk == "auth") || len(data) != 0 {
		p.Errorf("PPK_IDENTITY in the answer: %v, %x", ok, data)
	}
	want := pskAuth(psk, signed(p.transcript, p.response, p.request, p.ni, k.pr, find(answer, payloadIDr), intAuth))
	if got := find(answer, payloadAUTH); len(got) < 4 || !bytes.Equal(got[4:], want) {
		p.Fatalf("AUTH %x, want %x", got, want)
	}
	p.keys = k
	return prfPlus(k.d, slices.Concat(p.ni, p.nr), 2*36)
}

func (p *initiator) must(err error) {
	p.Helper()
	if err != nil {
		p.Fatal(err)
	}
}
