package wire_test

import (
	"errors"
	"fmt"

	"culvert/wire"
)

// What comes from the network is parsed, looked at, and answered.
func Example() {
	request := &wire.Message{
		Header: wire.Header{InitiatorSPI: 0x1122334455667788, Version: 0x20, Exchange: wire.ExchangeSAInit, Flags: wire.FlagInitiator},
		Payloads: []wire.Payload{
			&wire.Nonce{Data: make([]byte, 32)},
			&wire.Notify{NotifyType: wire.NotifyIKEv2FragmentationSupported},
		},
	}
	datagram := request.Append(nil)

	m, err := wire.Parse(datagram)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(wire.Summary(m))
	if nonce, ok := wire.Find[*wire.Nonce](m.Payloads); ok {
		fmt.Println("nonce of", len(nonce.Data), "octets")
	}
	_, knows := wire.FindNotify(m.Payloads, wire.NotifyIKEv2FragmentationSupported)
	fmt.Println("fragments:", knows)
	// Output:
	// IKE_SA_INIT request 0 [ Ni N(IKEV2_FRAGMENTATION_SUPPORTED) ]
	// nonce of 32 octets
	// fragments: true
}

// An error says what the peer may be told and what only the log should know.
func ExampleError() {
	m := &wire.Message{
		Header:   wire.Header{InitiatorSPI: 1, Version: 0x20, Exchange: wire.ExchangeSAInit, Flags: wire.FlagInitiator},
		Payloads: []wire.Payload{&wire.Unknown{PayloadType: 250, Critical: true}},
	}
	_, err := wire.Parse(m.Append(nil))
	var refused *wire.Error
	if errors.As(err, &refused) {
		fmt.Println("to the log:", err)
		fmt.Println("to the peer:", refused.Notify)
	}
	// Output:
	// to the log: PAYLOAD(250) payload at octet 28: unsupported critical payload
	// to the peer: UNSUPPORTED_CRITICAL_PAYLOAD
}
