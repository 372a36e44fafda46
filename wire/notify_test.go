package wire

import (
	"testing"

	"pgregory.net/rapid"
)

// rekeyNotify is from a child rekey of strongSwan.
const rekeyNotify = "03044009 5d940f8c"

func TestNotifyForeign(t *testing.T) {
	checkForeign(t, []foreign{
		{"REKEY_SA", rekeyNotify, &Notify{Protocol: ProtocolESP, SPI: octets(t, "5d940f8c"), NotifyType: NotifyRekeySA}},
		{"AUTH_LIFETIME", "00004013 0000276c", &Notify{NotifyType: NotifyAuthLifetime, Data: octets(t, "0000276c")}},
		{"INITIAL_CONTACT", "00004000", &Notify{NotifyType: NotifyInitialContact}},
		{"protocol without SPI", "0100000e", &Notify{Protocol: ProtocolIKE, NotifyType: NotifyNoProposalChosen}},
		{"SPI of a protocol of a later document", "cd08000b 0102030405060708", &Notify{
			Protocol: ProtocolEESPv0, SPI: octets(t, "0102030405060708"), NotifyType: NotifyInvalidSPI,
		}},
	})
}

func TestNotifyRefused(t *testing.T) {
	checkRefused(t, PayloadNotify, map[string]refusal{
		"SPI longer than the payload": {"03044009 5d940f", errShort},
		"SPI for the IKE SA":          {"01080004 0102030405060708", errNotifySPI},
		"SPI of 8 octets for ESP":     {"03084009 0102030405060708", errNotifySPI},
		"SPI of 3 octets for AH":      {"02034009 010203", errNotifySPI},
		"SPI of 255 octets, none":     {"00ff4009", errShort},
	})
}

func TestNotifyIdentity(t *testing.T) {
	checkIdentity(t, rapid.Custom(func(t *rapid.T) *Notify {
		n := &Notify{
			Protocol:   rapid.SampledFrom([]ProtocolID{ProtocolNone, ProtocolIKE, ProtocolAH, ProtocolESP}).Draw(t, "protocol"),
			NotifyType: NotifyType(rapid.Uint16().Draw(t, "type")),
			Data:       anyOctets(100).Draw(t, "data"),
		}
		if n.Protocol == ProtocolAH || n.Protocol == ProtocolESP {
			n.SPI = rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "SPI")
		}
		return n
	}))
}

func TestNotifyPrefixes(t *testing.T) {
	checkPrefixes(t, PayloadNotify, rekeyNotify+"00010203", 8)
}

func TestFindNotify(t *testing.T) {
	cookie := &Notify{NotifyType: NotifyCookie}
	payloads := []Payload{&Nonce{}, &Notify{NotifyType: NotifyRekeySA}, cookie, &Notify{NotifyType: NotifyCookie}}
	if got, ok := FindNotify(payloads, NotifyCookie); !ok || got != cookie {
		t.Errorf("got %v, %v, want the first COOKIE", got, ok)
	}
	if got, ok := FindNotify(payloads, NotifyRedirect); ok || got != nil {
		t.Errorf("got %v, %v, want none", got, ok)
	}
}

func FuzzNotify(f *testing.F) { fuzzPayload(f, PayloadNotify) }
