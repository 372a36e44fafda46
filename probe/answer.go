package probe

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"culvert/wire"
)

// wantedGroup is the key exchange method that an answer asks for, if it does.
func wantedGroup(m *wire.Message) (wire.TransformID, bool) {
	n, ok := wire.FindNotify(m.Payloads, wire.NotifyInvalidKEPayload)
	if !ok || len(n.Data) != 2 {
		return 0, false
	}
	return wire.TransformID(binary.BigEndian.Uint16(n.Data)), true
}

// chosen is the proposal that an answer accepts, if it does.
func chosen(m *wire.Message) (wire.Proposal, bool) {
	sa, ok := wire.Find[*wire.SA](m.Payloads)
	if !ok || len(sa.Proposals) != 1 {
		return wire.Proposal{}, false
	}
	return sa.Proposals[0], true
}

// describe says what an answer is, for people.
func describe(m *wire.Message) string {
	if g, ok := wantedGroup(m); ok {
		return "speaks IKEv2, wants " + name(wire.Transform{Type: wire.TransformKE, ID: g})
	}
	if _, ok := chosen(m); ok {
		return "speaks IKEv2"
	}
	if n := refusal(m); n != "" {
		return "speaks IKEv2, answers " + n
	}
	return fmt.Sprintf("answers %s", wire.Summary(m))
}

// refusal is the error that an answer has, "" if none.
func refusal(m *wire.Message) string {
	for _, p := range m.Payloads {
		if n, ok := p.(*wire.Notify); ok && n.NotifyType.IsError() {
			return n.NotifyType.String()
		}
	}
	return ""
}

// meanings are the extensions that are announced before authentication.
func meanings() map[wire.NotifyType]string {
	return map[wire.NotifyType]string{
		wire.NotifyIKEv2FragmentationSupported:   "IKE messages in fragments (RFC 7383)",
		wire.NotifyIntermediateExchangeSupported: "IKE_INTERMEDIATE (RFC 9242), which additional key exchanges need",
		wire.NotifyChildlessIKEv2Supported:       "IKE SAs without a child (RFC 6023)",
		wire.NotifySignatureHashAlgorithms:       "signatures with a choice of hashes (RFC 7427)",
		wire.NotifyMultipleAuthSupported:         "several rounds of authentication (RFC 4739)",
		wire.NotifyUsePPK:                        "post-quantum preshared keys (RFC 8784)",
		wire.NotifyUsePPKInt:                     "post-quantum preshared keys in IKE_INTERMEDIATE (RFC 9867)",
		wire.NotifyRedirectSupported:             "redirection to another gateway (RFC 5685)",
		wire.NotifyRedirect:                      "it sends clients to another gateway (RFC 5685)",
		wire.NotifySupportedAuthMethods:          "announces its ways to authenticate (RFC 9593)",
		wire.NotifyFullTranscriptAuth:            "prevents downgrades: AUTH covers both first messages",
		wire.NotifyNATDetectionSourceIP:          "NAT traversal (RFC 7296, Section 2.23)",
		wire.NotifyHTTPCertLookupSupported:       "certificates by hash and URL",
	}
}

// tell writes what the answer to the genuine question says.
func (r *Report) tell(m *wire.Message) {
	known := meanings()
	for _, p := range m.Payloads {
		switch p := p.(type) {
		case *wire.Notify:
			if p.NotifyType.IsError() || p.NotifyType == wire.NotifyNATDetectionDestinationIP {
				continue
			}
			meaning := known[p.NotifyType]
			r.Extensions = append(r.Extensions, Extension{p.NotifyType.String(), meaning})
			r.detail(p)
		case *wire.VendorID:
			r.Vendors = append(r.Vendors, vendor(p.Data))
		case *wire.CertReq:
			r.Extensions = append(r.Extensions, Extension{"CERTREQ", fmt.Sprintf("it trusts %d certificate authorities", len(p.Data)/20)})
		}
	}
	slices.SortFunc(r.Extensions, func(a, b Extension) int { return strings.Compare(a.Notify, b.Notify) })
	r.Extensions = slices.Compact(r.Extensions)
}

// detail reads the data of a notification.
func (r *Report) detail(n *wire.Notify) {
	switch n.NotifyType {
	case wire.NotifySignatureHashAlgorithms:
		const most = 32 // that are told; there are seven
		for b := n.Data; len(b) >= 2 && len(r.Hashes) < most; b = b[2:] {
			r.Hashes = append(r.Hashes, wire.HashAlgorithm(binary.BigEndian.Uint16(b)).String())
		}
	case wire.NotifyRedirect:
		r.Redirect = gateway(n.Data)
	}
}

// gateway reads whom a REDIRECT names: | type (1) | length (1) | identity | nonce | (RFC 5685, Section 9.2).
func gateway(b []byte) string {
	if len(b) < 2 || len(b) < 2+int(b[1]) {
		return "a gateway whose name makes no sense"
	}
	id := b[2 : 2+int(b[1])]
	if a, ok := addressOf(id); ok && b[0] != 3 {
		return a
	}
	return printable(id)
}

// vendor names a vendor ID, of which any data will do.
func vendor(data []byte) string {
	const most = 64 // octets that are told
	data = data[:min(len(data), most)]
	hex := fmt.Sprintf("%x", data)
	for prefix, who := range vendors() {
		if strings.HasPrefix(hex, prefix) {
			return who + " (" + hex + ")"
		}
	}
	if text := printable(data); text != "" {
		return text
	}
	return hex
}

// vendors are vendor IDs by the digits that they begin with.
func vendors() map[string]string {
	return map[string]string{
		"882fe56d6fd20dbc2251613b2ebe5beb":   "strongSwan",
		"4f45":                               "Libreswan or Openswan",
		"4f53":                               "Libreswan or Openswan",
		"1e2b516905991c7d7c96fcbfb587e461":   "Microsoft",
		"fb1de3cdf341b7ea16b7e5be0855f120":   "Microsoft",
		"434953434f":                         "Cisco",
		"464c455856504e2d535550504f52544544": "Cisco FlexVPN",
		"4048b7d56ebce88525e7de7f00d6c2d3":   "fragments of IKEv1 times",
		"f4ed19e0c114eb516faaac0ee37daf28":   "Check Point",
		"8299031757a36082c6a621de":           "Fortinet",
		"699369228741c6d4ca094c93e242c9de":   "SonicWall or Juniper",
		"4a4131":                             "Juniper",
		"afcad71368a1f1c96b8696fc77570100":   "dead peer detection of IKEv1",
	}
}
