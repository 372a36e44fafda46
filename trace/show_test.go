package trace

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"culvert/api"
	"culvert/suite"
	"culvert/wire"
)

func TestPayloadsInWords(t *testing.T) {
	offer, err := suite.ParseProposals(wire.ProtocolESP, []string{"aes256gcm16-x25519", "aes128-sha256"})
	if err != nil {
		t.Fatal(err)
	}
	offer[0].SPI = []byte{0xc0, 0, 0, 1}
	strongSwan, _ := hex.DecodeString("882fe56d6fd20dbc2251613b2ebe5beb")
	tests := []struct {
		payload wire.Payload
		kind    string
		summary string
		fields  string // parts of the JSON of the fields
	}{
		{&wire.SA{Proposals: offer}, "SA", "2 proposals", `"name":"proposal 1","value":"ESP aes256gcm16-x25519","fields":[{"name":"SPI","value":"c0000001"},{"name":"ENCR","value":"AES_GCM_16_256"}`},
		{&wire.SA{Proposals: offer[1:]}, "SA", "ESP aes128-sha256", `"INTEG"`},
		{&wire.KE{Method: wire.KECurve25519, Data: make([]byte, 32)}, "KE", "CURVE_25519", "32 octets"},
		{&wire.Nonce{Data: make([]byte, 32)}, "Nr", "32 octets", ""},
		{&wire.Identification{Payload: wire.PayloadIDi, IDType: wire.IDFQDN, Data: []byte("gw.example.org\x1b[2J")}, "IDi", `fqdn:gw.example.org\x1b[2J`, "ID_FQDN"},
		{&wire.Auth{Method: wire.AuthSharedKey, Data: make([]byte, 32)}, "AUTH", "Shared Key Message Integrity Code", "32 octets"},
		{&wire.Auth{Method: wire.AuthDigitalSignature, Data: digital(suite.SchemeECDSASHA256)}, "AUTH", "Digital Signature, " + suite.SchemeECDSASHA256.String(), "algorithm"},
		{&wire.Notify{NotifyType: wire.NotifyInvalidKEPayload, Data: []byte{0, 31}}, "N", "INVALID_KE_PAYLOAD: CURVE_25519", "wanted"},
		{&wire.Notify{NotifyType: wire.NotifySignatureHashAlgorithms, Data: []byte{0, 2, 0, 3}}, "N", "SIGNATURE_HASH_ALGORITHMS: SHA2-256, SHA2-384", ""},
		{&wire.Notify{NotifyType: wire.NotifySetWindowSize, Data: []byte{0, 0, 0, 5}}, "N", "SET_WINDOW_SIZE: 5", ""},
		{&wire.Notify{NotifyType: wire.NotifyAuthLifetime, Data: []byte{0, 0, 0x0e, 0x10}}, "N", "AUTH_LIFETIME: 1h0m0s", ""},
		{&wire.Notify{NotifyType: wire.NotifyRekeySA, Protocol: wire.ProtocolESP, SPI: []byte{1, 2, 3, 4}}, "N", "REKEY_SA ESP 01020304", "SPI"},
		{&wire.Notify{NotifyType: wire.NotifyIPCompSupported, Data: []byte{0xbe, 0xef, 2}}, "N", "IPCOMP_SUPPORTED: DEFLATE, CPI beef", ""},
		{&wire.Notify{NotifyType: wire.NotifyAdditionalIP4Address, Data: []byte{192, 0, 2, 9}}, "N", "ADDITIONAL_IP4_ADDRESS: 192.0.2.9", ""},
		{&wire.Notify{NotifyType: wire.NotifyUnsupportedCriticalPayload, Data: []byte{49}}, "N", "UNSUPPORTED_CRITICAL_PAYLOAD: GSPM", ""},
		{&wire.Notify{NotifyType: wire.NotifyRedirect, Data: []byte("\x03\x02gwNONCE")}, "N", "REDIRECT: gw", ""},
		{&wire.Notify{NotifyType: wire.NotifyPPKIdentity, Data: []byte("\x02north")}, "N", "PPK_IDENTITY: PPK_ID_FIXED north", ""},
		{&wire.Notify{NotifyType: wire.NotifySupportedAuthMethods, Data: []byte{2, 2}}, "N", "SUPPORTED_AUTH_METHODS: Shared Key Message Integrity Code", ""},
		{&wire.Notify{NotifyType: wire.NotifyCookie, Data: make([]byte, 20)}, "N", "COOKIE", "20 octets"},
		{&wire.Notify{NotifyType: 40000, Data: []byte("x")}, "N", "NOTIFY(40000)", "1 octet"},
		{&wire.Delete{Protocol: wire.ProtocolIKE}, "D", "the IKE SA", ""},
		{&wire.Delete{Protocol: wire.ProtocolESP, SPIs: []uint32{1, 2}}, "D", "ESP 00000001 00000002", ""},
		{&wire.VendorID{Data: strongSwan}, "V", "strongSwan", ""},
		{&wire.VendorID{Data: []byte("culvert")}, "V", "culvert", ""},
		{&wire.VendorID{Data: []byte{0, 1}}, "V", "0001", ""},
		{&wire.TS{Payload: wire.PayloadTSi, Selectors: []wire.TrafficSelector{selector("10.1.0.0", "10.1.255.255"), {TSType: wire.TSSecLabel, Raw: []byte{9}}}}, "TSi", "10.1.0.0/16 TS_SECLABEL 09", ""},
		{&wire.Configuration{ConfigType: wire.ConfigReply, Attributes: []wire.Attribute{
			{Type: wire.AttrInternalIP4Address, Value: []byte{10, 9, 0, 1}}, {Type: wire.AttrInternalDNSDomain, Value: []byte("corp.example")},
			{Type: wire.AttrInternalIP4Subnet, Value: []byte{10, 0, 0, 0, 255, 0, 0, 0}}}}, "CP", "CFG_REPLY, 3 attributes", `"value":"10.0.0.0 mask 255.0.0.0"`},
		{&wire.CertReq{Encoding: wire.CertX509Signature, Data: make([]byte, 40)}, "CERTREQ", "2 authorities", ""},
		{&wire.Cert{Encoding: wire.CertX509Signature, Data: []byte{0x30}}, "CERT", "X.509 certificate - signature, 1 octet, malformed", ""},
		{&wire.Cert{Encoding: wire.CertHashURLX509, Data: append(make([]byte, 20), "http://x/"...)}, "CERT", "by URL http://x/", ""},
		{&wire.EncryptedFragment{Number: 2, Total: 3, Body: make([]byte, 9)}, "SKF", "fragment 2 of 3, 9 octets", ""},
		{&wire.Unknown{PayloadType: 99, Data: []byte("abc")}, "PAYLOAD(99)", "3 octets", ""},
	}
	for _, tt := range tests {
		got := show(keep([]wire.Payload{tt.payload}), true)[0]
		fields, _ := json.Marshal(got.Fields)
		if got.Type != tt.kind || got.Summary != tt.summary || !strings.Contains(string(fields), tt.fields) {
			t.Errorf("%s %q %s, want %s %q with %s", got.Type, got.Summary, fields, tt.kind, tt.summary, tt.fields)
		}
	}
}

func digital(s suite.Scheme) []byte {
	id := s.AlgorithmIdentifier()
	return append(append([]byte{byte(len(id))}, id...), "SIGNATURE"...)
}

func selector(from, to string) wire.TrafficSelector {
	return wire.TrafficSelector{TSType: wire.TSIPv4AddrRange, EndPort: 65535, Start: netip.MustParseAddr(from), End: netip.MustParseAddr(to)}
}

func TestEAPInWords(t *testing.T) {
	tests := []struct{ packet, want string }{
		{"\x01\x07\x00\x05\x01", "Request Identity"},
		{"\x02\x07\x00\x0a\x01carol", "Response Identity: carol"},
		{"\x02\x07\x00\x07\x03\x1a\x0d", "Response Nak: wants EAP-MSCHAPv2, EAP-TLS"},
		{"\x02\x07\x00\x06\x03\x00", "Response Nak: wants none of the methods"},
		{"\x01\x07\x00\x06\x1a\x01", "Request EAP-MSCHAPv2: Challenge"},
		{"\x01\x07\x00\x24\x1a\x04\x01\x00\x20E=691 R=0 C=SECRET V=3 M=no", "Request EAP-MSCHAPv2: Failure E=691 R=0 M=no"},
		{"\x01\x07\x00\x06\x0d\x20", "Request EAP-TLS: start"},
		{"\x02\x07\x00\x0b\x06SECRET", "Response EAP-GTC"},
		{"\x02\x07\x00\x0b\x04SECRET", "Response EAP-MD5"},
		{"\x02\x07\x00\x06\x17\x01", "Response EAP-AKA: Challenge"},
		{"\x02\x07\x00\x0c\xfe\x00\x00\x09\x00\x00\x00\x05", "Response EAP type 5 of vendor 9"},
		{"\x03\x07\x00\x04", "Success"}, {"\x04\x07\x00\x04", "Failure"}, {"\x04", "1 octet"},
	}
	for _, tt := range tests {
		got := show(keep([]wire.Payload{&wire.EAP{Data: []byte(tt.packet)}}), false)[0]
		if got.Summary != tt.want {
			t.Errorf("%x: %q, want %q", tt.packet, got.Summary, tt.want)
		}
	}
}

// What must not be shown is not even kept.
func TestSecretsAreNotKept(t *testing.T) {
	const secret = "SECRETSECRETSECRETSECRETSECRET"
	payloads := []wire.Payload{
		&wire.KE{Method: 31, Data: []byte(secret)}, &wire.Nonce{Data: []byte(secret)},
		&wire.Auth{Method: wire.AuthSharedKey, Data: []byte(secret)}, &wire.Auth{Method: wire.AuthDigitalSignature, Data: append(digital(suite.SchemePSSSHA256), secret...)},
		&wire.Encrypted{Body: []byte(secret)}, &wire.EncryptedFragment{Number: 1, Total: 1, Body: []byte(secret)}, &wire.Unknown{PayloadType: 99, Data: []byte(secret)},
		&wire.Notify{NotifyType: wire.NotifyRedirect, Data: []byte("\x03\x01x" + secret)},
	}
	for n := range 65536 {
		if showsData(wire.NotifyType(n)) {
			continue
		}
		payloads = append(payloads, &wire.Notify{NotifyType: wire.NotifyType(n), Data: []byte(secret)})
	}
	for kind := range 256 {
		for code := range 3 {
			if kind >= 1 && kind <= 3 || kind == 254 {
				continue
			}
			payloads = append(payloads, &wire.EAP{Data: append([]byte{byte(code), 1, 0, 40, byte(kind), 4}, secret...)})
		}
	}
	for _, p := range payloads {
		k := keepOne(p)
		b := wire.AppendPayload(nil, k.payload)
		shown, _ := json.Marshal(show([]kept{k}, false))
		if bytes.Contains(b, []byte("SECRET")) || strings.Contains(string(shown), "SECRET") || strings.Contains(string(shown), hex.EncodeToString([]byte("SECRET"))) {
			t.Errorf("%T %v keeps a secret: %q", p, p.Type(), b)
		}
	}
}

func TestLongMessagesAreCut(t *testing.T) {
	long := bytes.Repeat([]byte{'x'}, 60_000)
	var selectors []wire.TrafficSelector
	var attributes []wire.Attribute
	for range 250 {
		selectors = append(selectors, selector("10.0.0.1", "10.0.0.2"))
		attributes = append(attributes, wire.Attribute{Type: wire.AttrUnityBanner, Value: long[:1000]})
	}
	payloads := []wire.Payload{&wire.TS{Payload: wire.PayloadTSi, Selectors: selectors}, &wire.Configuration{ConfigType: 2, Attributes: attributes},
		&wire.Identification{Payload: wire.PayloadIDi, IDType: wire.IDKeyID, Data: long}, &wire.VendorID{Data: long}, &wire.CertReq{Encoding: 4, Data: long},
		&wire.Cert{Encoding: wire.CertX509Signature, Data: long}, &wire.Delete{Protocol: wire.ProtocolESP, SPIs: make([]uint32, 10_000)},
		&wire.EAP{Data: append([]byte{2, 1, 0, 0, 1}, long...)}}
	for _, p := range payloads {
		k := keepOne(p)
		shown, _ := json.Marshal(show([]kept{k}, false))
		if len(wire.AppendPayload(nil, k.payload)) > 20_000 || len(shown) > 20_000 {
			t.Errorf("%v: keeps %d, shows %d octets", p.Type(), len(wire.AppendPayload(nil, k.payload)), len(shown))
		}
	}
	if s := show(keep(payloads[:1]), false)[0]; s.Fields[len(s.Fields)-1].Value != "186" {
		t.Errorf("left out: %+v", s.Fields[len(s.Fields)-1])
	}
	if n := len(keep(make([]wire.Payload, 0, 1))); n != 0 {
		t.Error(n)
	}
}

// FuzzShow shows payloads of any octets: nothing may panic, not print, or be without bound.
func FuzzShow(f *testing.F) {
	for kind := byte(33); kind <= 54; kind++ {
		f.Add(kind, []byte{0, 0, 0, 12, 1, 0, 0, 0, 10, 9, 0, 1})
	}
	f.Add(byte(wire.PayloadEAP), []byte("\x00\x00\x00\x0e\x02\x07\x00\x0a\x01carol"))
	f.Add(byte(wire.PayloadNotify), []byte("\x00\x00\x00\x0a\x00\x00\x00\x11\x00\x1f"))
	f.Fuzz(func(t *testing.T, kind byte, chain []byte) {
		h := wire.Header{InitiatorSPI: 1, Version: 0x20, Exchange: wire.ExchangeSAInit, NextPayload: wire.PayloadType(kind), Length: uint32(wire.HeaderLen + len(chain))}
		m, err := wire.Parse(append(h.Append(nil), chain...))
		if err != nil {
			return
		}
		list := keep(m.Payloads)
		for i := range list {
			if list[i].octets() <= 0 {
				t.Errorf("%v takes %d octets", list[i].payload.Type(), list[i].octets())
			}
		}
		for _, p := range show(list, false) {
			checkText(t, p.Type+p.Summary)
			checkFields(t, p.Fields)
		}
	})
}

func checkFields(t *testing.T, list []api.TraceField) {
	if len(list) > 4*maxTransforms {
		t.Errorf("%d fields", len(list))
	}
	for _, f := range list {
		checkText(t, f.Name+f.Value)
		checkFields(t, f.Fields)
	}
}

func checkText(t *testing.T, s string) {
	if !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) || len(s) > 20_000 {
		t.Errorf("%d octets: %.300q", len(s), s)
	}
}
