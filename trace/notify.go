package trace

import (
	"encoding/binary"
	"fmt"
	"time"

	"culvert/auth"
	"culvert/suite"
	"culvert/wire"
)

// showsData tells whether the data of a notification may be kept. Cookies, tickets, tokens and hashes may not: whoever has them
// may be taken for the peer.
func showsData(t wire.NotifyType) bool {
	switch t {
	case wire.NotifyUnsupportedCriticalPayload, wire.NotifyInvalidKEPayload, wire.NotifyInvalidMajorVersion, wire.NotifyInvalidSPI,
		wire.NotifyInvalidMessageID, wire.NotifySetWindowSize, wire.NotifyIPCompSupported, wire.NotifyAdditionalIP4Address,
		wire.NotifyAdditionalIP6Address, wire.NotifyAuthLifetime, wire.NotifyRedirect, wire.NotifyRedirectedFrom,
		wire.NotifyROHCSupported, wire.NotifySecurePasswordMethods, wire.NotifySignatureHashAlgorithms, wire.NotifyPPKIdentity,
		wire.NotifyUseAGGFRAG, wire.NotifySupportedAuthMethods, wire.NotifyDSCP, wire.NotifyDeleteReason, wire.NotifyMessageIDSync:
		return true
	}
	return false
}

func showNotify(n *wire.Notify, length int) shown {
	s := shown{summary: n.NotifyType.String()}
	if len(n.SPI) > 0 {
		s.fields = append(s.fields, field("protocol", n.Protocol.String()), field("SPI", hexadecimal(n.SPI)))
		s.summary += " " + n.Protocol.String() + " " + hexadecimal(n.SPI)
	}
	name, value := notifyData(n)
	switch {
	case value != "":
		s.fields = append(s.fields, field(name, value))
		s.summary += ": " + value
	case length > 0:
		s.fields = append(s.fields, field("data", octets(length)))
	}
	return s
}

// notifyData shows the data of a notification by its form; no value where there is none to show.
func notifyData(n *wire.Notify) (name, value string) {
	b := n.Data
	switch n.NotifyType {
	case wire.NotifyInvalidKEPayload:
		return "wanted", number(b, 2, func(v uint32) string {
			return suite.TransformName(wire.Transform{Type: wire.TransformKE, ID: wire.TransformID(v)})
		})
	case wire.NotifyUnsupportedCriticalPayload:
		return "payload", number(b, 1, func(v uint32) string { return wire.PayloadType(v).String() })
	case wire.NotifyInvalidSPI:
		return "SPI", hexadecimal(b)
	case wire.NotifyInvalidMessageID:
		return "Message ID", decimal(b, 4)
	case wire.NotifySetWindowSize:
		return "window size", decimal(b, 4)
	case wire.NotifyAuthLifetime:
		return "lifetime", number(b, 4, func(v uint32) string { return (time.Duration(v) * time.Second).String() })
	case wire.NotifyIPCompSupported:
		if len(b) >= 3 {
			return "transform", fmt.Sprintf("%v, CPI %04x", wire.IPCompTransform(b[2]), b[:2])
		}
	case wire.NotifyAdditionalIP4Address, wire.NotifyAdditionalIP6Address:
		return "address", address(b)
	}
	return extensionData(n)
}

// extensionData shows the data of notifications of later documents.
func extensionData(n *wire.Notify) (name, value string) {
	b := n.Data
	switch n.NotifyType {
	case wire.NotifySignatureHashAlgorithms:
		return "hashes", list16(b, func(v uint16) string { return wire.HashAlgorithm(v).String() })
	case wire.NotifySecurePasswordMethods:
		return "methods", list16(b, func(v uint16) string { return wire.PasswordMethod(v).String() })
	case wire.NotifySupportedAuthMethods:
		return "methods", announced(b)
	case wire.NotifyPPKIdentity:
		if len(b) > 1 {
			return "identity", wire.PPKIDType(b[0]).String() + " " + words(b[1:])
		}
	case wire.NotifyRedirect:
		return "gateway", gateway(b)
	case wire.NotifyRedirectedFrom:
		return "gateway", gateway(b)
	case wire.NotifyUseAGGFRAG:
		return "flags", number(b, 1, func(v uint32) string { return fmt.Sprintf("%02x", v) })
	case wire.NotifyROHCSupported, wire.NotifyDSCP, wire.NotifyMessageIDSync, wire.NotifyInvalidMajorVersion:
		return "data", hexadecimal(b)
	case wire.NotifyDeleteReason:
		return "reason", words(b)
	}
	return "", ""
}

// number shows an integer of that many octets, nothing if there are more or fewer.
func number(b []byte, size int, text func(uint32) string) string {
	if len(b) != size {
		return hexadecimal(b)
	}
	var v [4]byte
	copy(v[4-size:], b)
	return text(binary.BigEndian.Uint32(v[:]))
}

func decimal(b []byte, size int) string {
	return number(b, size, func(v uint32) string { return fmt.Sprint(v) })
}

// list16 shows numbers of two octets.
func list16(b []byte, name func(uint16) string) string {
	var names []string
	for ; len(b) >= 2; b = b[2:] {
		names = append(names, name(binary.BigEndian.Uint16(b)))
	}
	return joined(names)
}

// announced shows ways to authenticate (RFC 9593, Section 3.2).
func announced(b []byte) string {
	var names []string
	for _, a := range auth.ParseAnnouncements(b) {
		name := a.Method.String()
		if a.Scheme != suite.SchemeNone {
			name = a.Scheme.String()
		}
		names = append(names, name)
	}
	return joined(names)
}

// gateway shows where a peer is sent: | type (1) | length (1) | identity | nonce | (RFC 5685, Sections 9.2 and 9.3).
func gateway(b []byte) string {
	if len(b) < 2 || len(b) < 2+int(b[1]) {
		return ""
	}
	id := b[2 : 2+int(b[1])]
	if wire.GatewayType(b[0]) == wire.GatewayFQDN {
		return words(id)
	}
	return address(id)
}

// errorNotify returns the error that a message reports.
func errorNotify(list []kept) (*wire.Notify, bool) {
	for _, k := range list {
		if n, ok := k.payload.(*wire.Notify); ok && n.NotifyType.IsError() {
			return n, true
		}
	}
	return nil, false
}
