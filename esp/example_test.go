package esp_test

import (
	"crypto/rand"
	"errors"
	"fmt"

	"culvert/esp"
	"culvert/suite"
	"culvert/wire"
)

func Example() {
	params := func() esp.Params {
		return esp.Params{
			SPI:          0x1001,
			Transforms:   suite.ESP{ENCR: wire.Transform{Type: wire.TransformENCR, ID: wire.EncrAESGCM16, KeyLength: 128}},
			EncrKey:      make([]byte, 20), // from IKEv2; the SA owns it
			ReplayWindow: 128,
		}
	}
	out, err := esp.NewOutbound(params(), rand.Reader)
	if err != nil {
		panic(err)
	}
	in, err := esp.NewInbound(params())
	if err != nil {
		panic(err)
	}
	inner := []byte{0x45, 0, 0, 20, 0, 0, 0, 0, 64, 59, 0x66, 0xa9, 10, 1, 0, 5, 10, 2, 0, 6}
	pkt, err := out.Seal(nil, inner)
	if err != nil {
		panic(err)
	}
	replayed := append([]byte(nil), pkt...)
	got, next, err := in.Open(pkt)
	fmt.Println(len(pkt), len(got), next, err)
	_, _, err = in.Open(replayed)
	fmt.Println(err, errors.Is(err, esp.ErrReplay))
	// Output:
	// 56 20 4 <nil>
	// sequence number seen before or too old true
}
