package trace

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"culvert/api"
	"culvert/auth"
	"culvert/legible"
	"culvert/spd"
	"culvert/suite"
	"culvert/wire"
)

// shown is a payload in words.
type shown struct {
	summary string
	fields  []api.TraceField
}

// show writes the payloads of a message in words.
func show(list []kept, response bool) []api.TracePayload {
	out := make([]api.TracePayload, 0, len(list))
	for i := range list {
		s := list[i].show()
		if n := list[i].more; n > 0 {
			s.fields = append(s.fields, field("left out", fmt.Sprint(n)))
		}
		out = append(out, api.TracePayload{Type: typeName(list[i].payload, response), Summary: s.summary, Fields: s.fields})
	}
	return out
}

// typeName is the notation of RFC 7296, Section 1.2.
func typeName(p wire.Payload, response bool) string {
	switch p.(type) {
	case *wire.Nonce:
		if response {
			return "Nr"
		}
		return "Ni"
	case *wire.Notify:
		return "N"
	case *wire.Delete:
		return "D"
	case *wire.VendorID:
		return "V"
	}
	return p.Type().String()
}

func (k *kept) show() shown {
	switch p := k.payload.(type) {
	case *wire.SA:
		return showSA(p)
	case *wire.KE:
		name := suite.TransformName(wire.Transform{Type: wire.TransformKE, ID: p.Method})
		return shown{name, []api.TraceField{field("method", name), field("length", octets(k.length))}}
	case *wire.Identification:
		return showIdentification(p)
	case *wire.Cert:
		return showCert(p, k.length)
	case *wire.CertReq:
		return showCertReq(p, k.length)
	case *wire.Auth:
		return showAuth(p, k.length)
	case *wire.Nonce:
		return shown{octets(k.length), nil}
	case *wire.Notify:
		return showNotify(p, k.length)
	case *wire.Delete:
		return showDelete(p)
	case *wire.VendorID:
		return showVendorID(p)
	case *wire.TS:
		return showTS(p)
	case *wire.Configuration:
		return showConfiguration(p)
	case *wire.EAP:
		return showEAP(p, k.length)
	case *wire.Encrypted:
		return shown{octets(k.length), nil}
	case *wire.EncryptedFragment:
		return shown{fmt.Sprintf("fragment %d of %d, %s", p.Number, p.Total, octets(k.length)), nil}
	}
	return shown{octets(k.length), nil}
}

func showSA(sa *wire.SA) shown {
	var s shown
	for _, p := range sa.Proposals {
		f := field(fmt.Sprintf("proposal %d", p.Number), p.Protocol.String()+" "+suite.FormatProposal(p))
		if len(p.SPI) > 0 {
			f.Fields = append(f.Fields, field("SPI", hexadecimal(p.SPI)))
		}
		for _, t := range p.Transforms {
			f.Fields = append(f.Fields, field(t.Type.String(), suite.TransformName(t)))
		}
		s.fields = append(s.fields, f)
	}
	s.summary = legible.Count(len(sa.Proposals), "proposal")
	if len(s.fields) == 1 {
		s.summary = s.fields[0].Value
	}
	return s
}

func showIdentification(id *wire.Identification) shown {
	text := auth.Identity{Type: id.IDType, Data: string(id.Data)}.String()
	return shown{text, []api.TraceField{field("type", id.IDType.String()), field("identity", text)}}
}

func showAuth(a *wire.Auth, length int) shown {
	name := a.Method.String()
	fields := []api.TraceField{field("method", name), field("length", octets(length))}
	if len(a.Data) > 0 {
		scheme := "unknown algorithm " + hexadecimal(a.Data)
		if known := suite.SchemeOf(a.Data); known != suite.SchemeNone {
			scheme = known.String()
		}
		name, fields = name+", "+scheme, append(fields, field("algorithm", scheme))
	}
	return shown{name, fields}
}

func showDelete(d *wire.Delete) shown {
	if d.Protocol == wire.ProtocolIKE {
		return shown{"the IKE SA", nil}
	}
	var spis []string
	for _, spi := range d.SPIs {
		spis = append(spis, fmt.Sprintf("%08x", spi))
	}
	s := shown{summary: d.Protocol.String() + " " + strings.Join(spis, " ")}
	for _, spi := range spis {
		s.fields = append(s.fields, field("SPI", spi))
	}
	return s
}

func showTS(ts *wire.TS) shown {
	var s shown
	var texts []string
	for _, sel := range ts.Selectors {
		text := selectorText(sel)
		texts = append(texts, text)
		s.fields = append(s.fields, field("selector", text))
	}
	s.summary = strings.Join(texts[:min(len(texts), 4)], " ")
	if more := len(texts) - 4; more > 0 {
		s.summary += fmt.Sprintf(" and %d more", more)
	}
	return s
}

func selectorText(s wire.TrafficSelector) string {
	if sel := spdSelector(s); sel.Valid() {
		return sel.String()
	}
	return fmt.Sprintf("%v %s", s.TSType, hexadecimal(s.Raw))
}

func spdSelector(s wire.TrafficSelector) spd.Selector {
	return spd.Selector{Start: s.Start, End: s.End, Protocol: s.Protocol, StartPort: s.StartPort, EndPort: s.EndPort}
}

func showConfiguration(c *wire.Configuration) shown {
	s := shown{summary: c.ConfigType.String()}
	for _, a := range c.Attributes {
		s.fields = append(s.fields, field(a.Type.String(), AttributeText(a)))
	}
	if n := len(c.Attributes); n > 0 {
		s.summary += ", " + legible.Count(n, "attribute")
	}
	return s
}

// AttributeText shows the value of a configuration attribute by its form (RFC 7296, Section 3.15.1). An empty one asks for any.
func AttributeText(a wire.Attribute) string {
	v := a.Value
	switch {
	case len(v) == 0:
		return ""
	case (a.Type == wire.AttrInternalIP4Subnet || a.Type == wire.AttrUnitySplitInclude || a.Type == wire.AttrUnityLocalLAN) && len(v) == 8:
		return fmt.Sprintf("%v mask %v", address(v[:4]), address(v[4:]))
	case len(v) == 17 && slices.Contains([]wire.AttributeType{wire.AttrInternalIP6Address, wire.AttrInternalIP6Subnet, wire.AttrInternalIP6Prefix, wire.AttrUnitySplitInclude, wire.AttrUnityLocalLAN}, a.Type):
		return fmt.Sprintf("%v/%d", address(v[:16]), v[16])
	case a.Type == wire.AttrInternalDNSSECTA, a.Type == wire.AttrEncDNSDigestInfo, a.Type == wire.AttrInternalIP6Link:
		return hexadecimal(v)
	case a.Type == wire.AttrApplicationVersion, a.Type == wire.AttrInternalDNSDomain, printable(v) && len(v) != 4 && len(v) != 16:
		return words(v)
	case len(v) == 4 || len(v) == 16:
		return address(v)
	}
	return hexadecimal(v)
}

// address shows four or sixteen octets.
func address(b []byte) string {
	a, ok := netip.AddrFromSlice(b)
	if !ok {
		return hexadecimal(b)
	}
	return a.String()
}

func showVendorID(v *wire.VendorID) shown {
	return shown{summary: cmp.Or(vendorName(v.Data), words(v.Data))}
}

// vendorName names the Vendor IDs that are met most: hashes of names that do not show what they are.
func vendorName(b []byte) string {
	for _, v := range [...]struct{ prefix, name string }{
		{"\x88\x2f\xe5\x6d\x6f\xd2\x0d\xbc\x22\x51\x61\x3b\x2e\xbe\x5b\xeb", "strongSwan"},
		{"\x1e\x2b\x51\x69\x05\x99\x1c\x7d\x7c\x96\xfc\xbf\xb5\x87\xe4\x61", "Windows (MS NT5 ISAKMPOAKLEY)"},
		{"\xfb\x1d\xe3\xcd\xf3\x41\xb7\xea\x16\xb7\xe5\xbe\x08\x55\xf1\x20", "Windows (MS-Negotiation Discovery Capable)"},
		{"\x26\x24\x4d\x38\xed\xdb\x61\xb3\x17\x2a\x36\xe3\xd0\xcf\xb8\x19", "Windows (Vid-Initial-Contact)"},
		{"\x01\x52\x8b\xbb\xc0\x06\x96\x12\x18\x49\xab\x9a\x1c\x5b\x2a\x51", "Windows (IKE_CGA_version_1)"},
		{"\xaf\xca\xd7\x13\x68\xa1\xf1\xc9\x6b\x86\x96\xfc\x77\x57\x01\x00", "dead peer detection (IKEv1)"},
		{"\x40\x48\xb7\xd5\x6e\xbc\xe8\x85\x25\xe7\xde\x7f\x00\xd6\xc2\xd3", "fragmentation (Windows and IKEv1)"},
		{"\x4f\x45", "Libreswan or Openswan"},
	} {
		if strings.HasPrefix(string(b), v.prefix) {
			return v.name
		}
	}
	return ""
}

// Payloads writes the payloads of a message in words, as traces have them.
func Payloads(list []wire.Payload, response bool) []api.TracePayload {
	return show(keep(list), response)
}
