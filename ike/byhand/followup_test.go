package byhand

import (
	"bytes"
	"crypto/ecdh"
	"crypto/mlkem"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// More numbers of the registry.
const (
	exchangeCreateChild, exchangeInformational, exchangeFollowUp = 36, 37, 44
	payloadDelete                                                = 42
	rekeySA, additionalKeyExchange                               = 16393, 16441
)

// TestEngineAgreesOnWhatIsMadeLater rekeys the child and the IKE SA by hand, with one and two key exchanges, with a PPK and without,
// over IKE SAs of each kind.
func TestEngineAgreesOnWhatIsMadeLater(t *testing.T) {
	for _, kem := range []bool{false, true} {
		for _, ppk := range []string{"", "auth", "intermediate"} {
			for _, fresh := range []bool{false, true} {
				for _, additional := range []bool{false, true} {
					s := setting{kem: kem, ppk: ppk, transcript: true}
					t.Run(fmt.Sprintf("%+v, PPK %t, additional %t", s, fresh, additional), func(t *testing.T) {
						n := newNode(t, s)
						p := &initiator{T: t, setting: s, send: n.exchange}
						p.connect()
						keymat := p.rekeyChild(fresh, additional)
						p.exchange(exchangeInformational, payload{payloadDelete, []byte{3, 4, 0, 1, 1, 2, 3, 4}}) // has the engine send with the new child
						if !bytes.Equal(n.in, keymat[:36]) || !bytes.Equal(n.out, keymat[36:]) {
							t.Errorf("keys of the child: in %x, out %x, want %x", n.in, n.out, keymat)
						}
						p.rekeyIKE(fresh, additional || kem) // it does not get weaker
						p.exchange(exchangeInformational)    // under the new keys
					})
				}
			}
		}
	}
}

// createChild makes a CREATE_CHILD_SA exchange, and the additional key exchange that may follow. It returns the answer, the nonces
// and what goes into the formulas: SK_d, SK(0) and SK(1).
func (p *initiator) createChild(fresh, additional bool, list ...payload) (answer []payload, ni, nr, d, sk0, sk1 []byte) {
	p.Helper()
	ours, err := ecdh.X25519().GenerateKey(rand.NewChaCha8([32]byte{byte(p.id)}))
	p.must(err)
	ni = bytes.Repeat([]byte{0xb6}, 32)
	list = append(list, payload{payloadNonce, ni}, keyPayload(methodX25519, ours.PublicKey().Bytes()))
	d = p.keys.d
	if fresh {
		spis := binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, p.spiI), p.spiR)
		confirmation := hmac(ppkValue, ni, spis)[:8] // prf(PPK, Ni | SPIi | SPIr) (RFC 9867, Section 3.2)
		list = append(list, notify(ppkIdentityKey, append(slices.Clone(ppkID), confirmation...)...))
		d = prfPlus(ppkValue, d, 32) // RFC 9867, Section 3.2.1
	}
	answer, _, _ = p.exchange(exchangeCreateChild, list...)
	if id, ok := notification(answer, ppkIdentity); ok != fresh || fresh && !bytes.Equal(id, ppkID) {
		p.Fatalf("PPK_IDENTITY in the answer: %t, %x", ok, id)
	}
	theirs, err := ecdh.X25519().NewPublicKey(find(answer, payloadKE)[4:])
	p.must(err)
	sk0, err = ours.ECDH(theirs)
	p.must(err)
	link, follows := notification(answer, additionalKeyExchange)
	if follows != additional {
		p.Fatalf("ADDITIONAL_KEY_EXCHANGE in the answer: %t", follows)
	}
	if additional {
		sk1 = p.followUp(link)
	}
	return answer, ni, find(answer, payloadNonce), d, sk0, sk1
}

// followUp is the one IKE_FOLLOWUP_KE exchange.
func (p *initiator) followUp(link []byte) []byte {
	p.Helper()
	ours, err := mlkem.GenerateKey768()
	p.must(err)
	answer, _, _ := p.exchange(exchangeFollowUp, keyPayload(methodMLKEM768, ours.EncapsulationKey().Bytes()), notify(additionalKeyExchange, link...))
	if _, more := notification(answer, additionalKeyExchange); more {
		p.Fatal("the engine expects one more key exchange")
	}
	shared, err := ours.Decapsulate(find(answer, payloadKE)[4:])
	p.must(err)
	return shared
}

// rekeyChild returns KEYMAT = prf+ (SK_d, SK(0) | Ni | Nr | SK(1)) (RFC 9370, Section 2.2.4).
func (p *initiator) rekeyChild(fresh, additional bool) []byte {
	p.Helper()
	transforms := [][3]uint16{{1, 20, 256}, {4, methodX25519, 0}}
	if additional {
		transforms = append(transforms, [3]uint16{6, methodMLKEM768, 0})
	}
	transforms = append(transforms, [3]uint16{5, 0, 0})
	rekey := payload{payloadNotify, []byte{3, 4, rekeySA >> 8, rekeySA & 0xff, 1, 2, 3, 4}}
	_, ni, nr, d, sk0, sk1 := p.createChild(fresh, additional, rekey, proposal(3, []byte{5, 6, 7, 8}, transforms...),
		selector(payloadTSi, [4]byte{10, 1, 0, 0}, [4]byte{10, 1, 255, 255}), selector(payloadTSr, [4]byte{10, 2, 0, 0}, [4]byte{10, 2, 255, 255}))
	return prfPlus(d, slices.Concat(sk0, ni, nr, sk1), 2*36)
}

// rekeyIKE goes over to the new IKE SA: SKEYSEED = prf(SK_d, SK(0) | Ni | Nr | SK(1)), and the SPIs are those of the proposals.
func (p *initiator) rekeyIKE(fresh, additional bool) {
	p.Helper()
	transforms := [][3]uint16{{1, 20, 256}, {2, 5, 0}, {4, methodX25519, 0}}
	if additional {
		transforms = append(transforms, [3]uint16{6, methodMLKEM768, 0})
	}
	const next = 0x99aabbccddeeff00
	answer, ni, nr, d, sk0, sk1 := p.createChild(fresh, additional, proposal(1, binary.BigEndian.AppendUint64(nil, next), transforms...))
	p.spiI, p.spiR = next, binary.BigEndian.Uint64(find(answer, payloadSA)[8:])
	p.keys = expand(hmac(d, sk0, ni, nr, sk1), ni, nr, p.spiI, p.spiR)
	p.id = 1<<32 - 1 // Message IDs begin at 0 again
}
