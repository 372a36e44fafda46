package suite_test

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"

	"culvert/suite"
	"culvert/wire"
)

func ExampleParseProposal() {
	p, err := suite.ParseProposal(wire.ProtocolIKE, "aes256gcm16-prfsha384-x25519-ecp256")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(suite.FormatProposal(p))
	_, err = suite.ParseProposal(wire.ProtocolESP, "aes256gcm61")
	fmt.Println(err)
	// Output:
	// aes256gcm16-prfsha384-x25519-ecp256
	// proposal "aes256gcm61": "aes256gcm61": no such algorithm; did you mean "aes256gcm64"?
}

func ExampleSelect() {
	ours, _ := suite.ParseProposals(wire.ProtocolIKE, []string{"aes256gcm16-prfsha384-x25519-ecp256"})
	for _, s := range []string{"aes128gcm16-aes256gcm16-prfsha384-ecp256", "aes256gcm16-prfsha384-modp2048"} {
		offered, _ := suite.ParseProposals(wire.ProtocolIKE, []string{s})
		chosen, err := suite.Select(offered, ours, suite.SelectOptions{})
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(chosen)
	}
	// Output:
	// AES_GCM_16_256/PRF_HMAC_SHA2_384/ECP_256
	// peer offers key exchange MODP_2048 only; we allow CURVE_25519, ECP_256
}

func ExampleNewKeyExchange() {
	initiator, err := suite.NewKeyExchange(wire.KECurve25519, rand.Reader)
	if err != nil {
		fmt.Println(err)
		return
	}
	answer, theirs, err := suite.RespondKeyExchange(wire.KECurve25519, initiator.Public(), rand.Reader)
	if err != nil {
		fmt.Println(err)
		return
	}
	ours, err := initiator.Finish(answer)
	fmt.Println(ours.Equal(theirs), ours, err)
	// Output: true [redacted] <nil>
}

func ExampleNewESPCipher() {
	esp := suite.ESP{ENCR: wire.Transform{Type: wire.TransformENCR, ID: wire.EncrAESGCM16, KeyLength: 256}}
	encr, _ := esp.KeyLengths()
	key := make([]byte, encr) // from DeriveChildKeys, of course
	c, err := suite.NewESPCipher(esp, key, nil, rand.Reader)
	if err != nil {
		fmt.Println(err)
		return
	}
	payload := []byte("fourteen bytes\x00\x04") // ends in pad length and next header
	pkt := make([]byte, 8+c.IVLen()+len(payload)+c.ICVLen())
	binary.BigEndian.PutUint32(pkt, 0xc0ffee00) // SPI
	binary.BigEndian.PutUint32(pkt[4:], 1)      // sequence number
	copy(pkt[8+c.IVLen():], payload)
	c.Seal(pkt, 1)

	text, err := c.Open(pkt, 1)
	fmt.Printf("%s, %d octets more than the payload, %v\n", text[:14], len(pkt)-len(payload), err)
	// Output: fourteen bytes, 32 octets more than the payload, <nil>
}
