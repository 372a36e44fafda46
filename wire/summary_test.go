package wire

import "testing"

func TestSummary(t *testing.T) {
	tests := []struct {
		name    string
		message *Message
		want    string
	}{
		{"IKE_SA_INIT request", saInit(), "IKE_SA_INIT request 0 [ SA KE Ni N(NAT_DETECTION_SOURCE_IP) " +
			"N(NAT_DETECTION_DESTINATION_IP) N(IKEV2_FRAGMENTATION_SUPPORTED) N(SIGNATURE_HASH_ALGORITHMS) ]"},
		{"IKE_AUTH response", &Message{
			Header: Header{Exchange: ExchangeAuth, Flags: FlagResponse, MessageID: 1},
			Payloads: []Payload{
				&Identification{Payload: PayloadIDr}, &Cert{}, &Auth{}, &Configuration{ConfigType: ConfigReply}, &SA{},
				&TS{Payload: PayloadTSi}, &TS{Payload: PayloadTSr}, &Notify{NotifyType: 40000},
			},
		}, "IKE_AUTH response 1 [ IDr CERT AUTH CP(CFG_REPLY) SA TSi TSr N(NOTIFY(40000)) ]"},
		{"deletions", &Message{
			Header:   Header{Exchange: ExchangeInformational, MessageID: 9},
			Payloads: []Payload{&Delete{Protocol: ProtocolIKE}, &Delete{Protocol: ProtocolESP, SPIs: []uint32{1, 2}}},
		}, "INFORMATIONAL request 9 [ D(IKE) D(ESP 2) ]"},
		{"liveness", &Message{
			Header: Header{Exchange: ExchangeInformational, Flags: FlagResponse, MessageID: 3},
		}, "INFORMATIONAL response 3 [ ]"},
		{"rekey response", &Message{
			Header:   Header{Exchange: ExchangeCreateChildSA, Flags: FlagResponse, MessageID: 4},
			Payloads: []Payload{&SA{}, &Nonce{}, &KE{}},
		}, "CREATE_CHILD_SA response 4 [ SA Nr KE ]"},
		{"encrypted", &Message{
			Header:   Header{Exchange: ExchangeAuth},
			Payloads: []Payload{&VendorID{}, &Encrypted{Body: make([]byte, 213)}},
		}, "IKE_AUTH request 0 [ V SK(213 octets) ]"},
		{"fragment and unknown", &Message{
			Header:   Header{Exchange: 99},
			Payloads: []Payload{&Unknown{PayloadType: 99}, &EncryptedFragment{Number: 2, Total: 3}},
		}, "EXCHANGE(99) request 0 [ PAYLOAD(99) SKF(2/3) ]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Summary(tt.message); got != tt.want {
				t.Errorf("\n got %s\nwant %s", got, tt.want)
			}
		})
	}
}
