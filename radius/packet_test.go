package radius

import (
	"bytes"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"testing"

	"culvert/secret"
)

// The example of RFC 2865, Section 7.1: secret, request and answer.
const exampleSecret = "xyzzy5461"

func exampleRequest() []byte {
	return unhex("010000380f403f9473978057bd83d5cb98f4227a01066e656d6f02120dbe708d93d413ce3196e43f782a0aee0406c0a80110050600000003")
}

func exampleAnswer() []byte {
	return unhex("0200002686fe220e7624ba2a1005f6bf9b55e0b20606000000010f06000000000e06c0a80103")
}

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

func TestPacketOfTheRFCIsRead(t *testing.T) {
	p, err := Parse(exampleRequest())
	if err != nil {
		t.Fatal(err)
	}
	if name, _ := p.Attributes.First(UserName); p.Code != AccessRequest || p.Identifier != 0 || string(name) != "nemo" {
		t.Errorf("got %v %d %q", p.Code, p.Identifier, name)
	}
	if a, err := p.Attributes.Addr(NASIPAddress, 32); err != nil || a.String() != "192.168.1.16" {
		t.Errorf("got %v, %v", a, err)
	}
	if n, ok, err := p.Attributes.Number(5); err != nil || !ok || n != 3 {
		t.Errorf("NAS-Port %d %v %v", n, ok, err)
	}
	again, err := p.encode()
	if err != nil || !bytes.Equal(again, exampleRequest()) {
		t.Errorf("written again: %x, %v", again, err)
	}
}

func TestPaddingIsIgnored(t *testing.T) {
	p, err := Parse(append(exampleAnswer(), 0xff, 0xff, 0xff))
	if err != nil || len(p.Attributes) != 3 {
		t.Errorf("got %v, %v", p, err)
	}
}

func TestEveryPrefixOfAPacketIsRefused(t *testing.T) {
	whole := exampleRequest()
	for n := range whole {
		if _, err := Parse(whole[:n]); !errors.Is(err, errMalformed) {
			t.Errorf("%d of %d octets: %v", n, len(whole), err)
		}
	}
}

func TestAttributeLengthsStayInsideThePacket(t *testing.T) {
	for name, attributes := range map[string]string{
		"no length":           "01",
		"length 0":            "0100",
		"length 1":            "0101",
		"beyond the end":      "010a6e656d6f",
		"one beyond the end":  "01076e656d6f",
		"second one is short": "01066e656d6f0104aa",
	} {
		list := unhex(attributes)
		b := append(slices.Clone(exampleAnswer()[:headerSize]), list...)
		b[2], b[3] = 0, byte(len(b))
		if _, err := Parse(b); !errors.Is(err, errMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLongValuesAreSplitAndJoined(t *testing.T) {
	long := bytes.Repeat([]byte("EAP-TLS "), 100)
	list := split(EAPMessage, long)
	if len(list) != 4 || !bytes.Equal(list.Joined(EAPMessage), long) {
		t.Errorf("%d attributes, %d octets", len(list), len(list.Joined(EAPMessage)))
	}
	b, err := (&Packet{Attributes: list}).encode()
	if err != nil {
		t.Fatal(err)
	}
	p, err := Parse(b)
	if err != nil || !bytes.Equal(p.Attributes.Joined(EAPMessage), long) {
		t.Errorf("read again: %v", err)
	}
}

func TestWhatIsTooLargeIsNotSent(t *testing.T) {
	if _, err := (&Packet{Attributes: Attributes{text(UserName, strings.Repeat("x", 254))}}).encode(); !errors.Is(err, errTooLong) {
		t.Errorf("attribute of 254 octets: %v", err)
	}
	if _, err := (&Packet{Attributes: split(EAPMessage, make([]byte, maxPacket))}).encode(); !errors.Is(err, errTooLarge) {
		t.Errorf("packet of more than 4096 octets: %v", err)
	}
}

func TestAnswerOfTheRFCFits(t *testing.T) {
	request := [16]byte(exampleRequest()[4:])
	if err := checkResponse(exampleAnswer(), request, secret.Bytes(exampleSecret), false); err != nil {
		t.Error(err)
	}
	if err := checkResponse(exampleAnswer(), request, secret.Bytes(exampleSecret), true); !errors.Is(err, errUnsigned) {
		t.Errorf("without a Message-Authenticator: %v", err)
	}
	for i := range exampleAnswer() {
		forged := exampleAnswer()
		forged[i] ^= 1
		if checkResponse(forged, request, secret.Bytes(exampleSecret), false) == nil {
			t.Errorf("octet %d may be changed", i)
		}
	}
	if checkResponse(exampleAnswer(), request, secret.Bytes("xyzzy5462"), false) == nil {
		t.Error("another secret fits too")
	}
}

// The example of RFC 5176, Section 7, whose secret the RFC does not tell: it is well formed and proves nothing to us.
func TestDisconnectRequestOfTheRFCIsRead(t *testing.T) {
	b := unhex("2801001ead0d8e5355b6bd02a0cbace64e3877bd2c0a3930323334353637")
	p, err := Parse(b)
	if id, _ := p.Attributes.First(AcctSessionID); err != nil || p.Code != DisconnectRequest || string(id) != "90234567" {
		t.Errorf("got %v %q, %v", p.Code, id, err)
	}
	if checkRequest(b, secret.Bytes("x"), false) == nil {
		t.Error("any secret fits")
	}
}

func TestSecondMessageAuthenticatorIsRefused(t *testing.T) {
	p := &Packet{Code: CoAACK, Attributes: signedFirst(nil)}
	b, err := p.encodeResponse([16]byte{}, secret.Bytes("s"))
	if err != nil {
		t.Fatal(err)
	}
	if err := checkSigned(b, [16]byte{}, secret.Bytes("s"), true); !errors.Is(err, errMalformed) {
		t.Errorf("got %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(exampleRequest())
	f.Add(exampleAnswer())
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := Parse(b)
		if err != nil {
			return
		}
		whole, _ := trim(b)
		again, err := p.encode()
		if err != nil || !bytes.Equal(again, whole) {
			t.Errorf("written again: %v", err)
		}
		_ = checkRequest(whole, secret.Bytes("s"), true)
	})
}

// FuzzAttributes takes attributes through everything that an answer's attributes go through.
func FuzzAttributes(f *testing.F) {
	f.Add(exampleAnswer()[headerSize:])
	f.Add(unhex("1a0c0000013711061234abcd6112" + "00402001" + "0db8000000000000000000000000"))
	f.Fuzz(func(t *testing.T, b []byte) {
		list, err := parseAttributes(b)
		if err != nil {
			return
		}
		rules := GroupRules{From: []Type{FilterID, Class}}
		if g, err := rules.grant(list); err == nil && (len(g.Groups) > maxGroups || len(g.Class) > maxClass || len(g.DNS) > maxDNS) {
			t.Errorf("no bounds: %d groups, %d classes, %d DNS servers", len(g.Groups), len(g.Class), len(g.DNS))
		}
		if msk, err := list.msk([16]byte{}, secret.Bytes("s")); err == nil && msk != nil && len(msk) != mskSize {
			t.Errorf("a key of %d octets", len(msk))
		}
		_, _ = selectionOf(list)
		_, _ = rules.changeOf(list)
	})
}
