package trace

import (
	"bytes"
	"slices"

	"culvert/wire"
)

// Bounds of what is kept of one message. What is longer is cut, and shown as such.
const (
	maxPayloads   = 64
	maxProposals  = 32
	maxTransforms = 64
	maxEntries    = 64 // selectors, attributes, SPIs
	maxValue      = 256
	maxIdentity   = 2048
	maxCert       = 4096
)

// A kept payload is a private copy of the parts of a payload that may be shown.
type kept struct {
	payload wire.Payload
	length  int // octets of what was left out or cut: a key exchange value, a proof; 0 for the others
	more    int // entries that were left out
}

// keep copies what may be shown of a message.
func keep(payloads []wire.Payload) []kept {
	list := make([]kept, 0, min(len(payloads), maxPayloads))
	for _, p := range payloads[:min(len(payloads), maxPayloads)] {
		list = append(list, keepOne(p))
	}
	return list
}

func keepOne(p wire.Payload) kept {
	switch p := p.(type) {
	case *wire.SA:
		return keepSA(p)
	case *wire.KE:
		return kept{payload: &wire.KE{Method: p.Method}, length: len(p.Data)}
	case *wire.Identification:
		return kept{payload: &wire.Identification{Payload: p.Payload, IDType: p.IDType, Data: cut(p.Data, maxIdentity)}, length: len(p.Data)}
	case *wire.Cert:
		return keepCert(p)
	case *wire.CertReq:
		return kept{payload: &wire.CertReq{Encoding: p.Encoding, Data: cut(p.Data, maxValue)}, length: len(p.Data)}
	case *wire.Auth:
		return kept{payload: &wire.Auth{Method: p.Method, Data: algorithmIdentifier(p)}, length: len(p.Data)}
	case *wire.Nonce:
		return kept{payload: &wire.Nonce{}, length: len(p.Data)}
	case *wire.Notify:
		return keepNotify(p)
	case *wire.Delete:
		n := min(len(p.SPIs), maxEntries)
		return kept{payload: &wire.Delete{Protocol: p.Protocol, SPIs: slices.Clone(p.SPIs[:n])}, more: len(p.SPIs) - n}
	case *wire.VendorID:
		return kept{payload: &wire.VendorID{Data: cut(p.Data, maxValue)}, length: len(p.Data)}
	case *wire.TS:
		return keepTS(p)
	case *wire.Configuration:
		return keepConfiguration(p)
	case *wire.EAP:
		return kept{payload: &wire.EAP{Data: keepEAP(p.Data)}, length: len(p.Data)}
	case *wire.Encrypted:
		return kept{payload: &wire.Encrypted{First: p.First}, length: len(p.Body)}
	case *wire.EncryptedFragment:
		return kept{payload: &wire.EncryptedFragment{First: p.First, Number: p.Number, Total: p.Total}, length: len(p.Body)}
	case *wire.Unknown:
		return kept{payload: &wire.Unknown{PayloadType: p.PayloadType, Critical: p.Critical}, length: len(p.Data)}
	}
	return kept{payload: &wire.Unknown{PayloadType: p.Type()}}
}

// cut copies up to most octets.
func cut(b []byte, most int) []byte { return bytes.Clone(b[:min(len(b), most)]) }

// keepSA shares the lists of transforms, which nobody changes.
func keepSA(sa *wire.SA) kept {
	n := min(len(sa.Proposals), maxProposals)
	list := slices.Clone(sa.Proposals[:n])
	for i := range list {
		p := &list[i]
		p.SPI = cut(p.SPI, 8)
		p.Transforms = p.Transforms[:min(len(p.Transforms), maxTransforms)]
	}
	return kept{payload: &wire.SA{Proposals: list}, more: len(sa.Proposals) - n}
}

// keepCert leaves out what is too large to be shown, as it is never cut: a part of a certificate tells nothing.
func keepCert(c *wire.Cert) kept {
	k := &wire.Cert{Encoding: c.Encoding}
	if len(c.Data) <= maxCert {
		k.Data = bytes.Clone(c.Data)
	}
	return kept{payload: k, length: len(c.Data)}
}

// algorithmIdentifier is what stands before a digital signature: | length (1) | AlgorithmIdentifier | (RFC 7427, Section 3).
func algorithmIdentifier(a *wire.Auth) []byte {
	if a.Method != wire.AuthDigitalSignature || len(a.Data) == 0 || len(a.Data) < 1+int(a.Data[0]) {
		return nil
	}
	return bytes.Clone(a.Data[1 : 1+int(a.Data[0])])
}

func keepTS(ts *wire.TS) kept {
	n := min(len(ts.Selectors), maxEntries)
	list := slices.Clone(ts.Selectors[:n])
	for i := range list {
		list[i].Raw = cut(list[i].Raw, maxValue)
	}
	return kept{payload: &wire.TS{Payload: ts.Payload, Selectors: list}, more: len(ts.Selectors) - n}
}

func keepConfiguration(c *wire.Configuration) kept {
	n := min(len(c.Attributes), maxEntries)
	list := slices.Clone(c.Attributes[:n])
	for i := range list {
		list[i].Value = cut(list[i].Value, maxValue)
	}
	return kept{payload: &wire.Configuration{ConfigType: c.ConfigType, Attributes: list}, more: len(c.Attributes) - n}
}

// keepNotify keeps the data of notifications that are known to have no secret in it.
func keepNotify(n *wire.Notify) kept {
	k := &wire.Notify{Protocol: n.Protocol, SPI: cut(n.SPI, 8), NotifyType: n.NotifyType}
	if showsData(n.NotifyType) {
		k.Data = cut(n.Data, maxValue)
	}
	if n.NotifyType == wire.NotifyRedirect && len(k.Data) > 2 { // a nonce follows (RFC 5685, Section 9.2)
		k.Data = cut(k.Data, 2+int(k.Data[1]))
	}
	return kept{payload: k, length: len(n.Data)}
}

// octets is about what a kept payload takes of memory.
func (k *kept) octets() int {
	const each = 96
	switch p := k.payload.(type) {
	case *wire.SA:
		n := each
		for _, proposal := range p.Proposals {
			n += each + 8*len(proposal.Transforms)
		}
		return n
	case *wire.Identification:
		return each + len(p.Data)
	case *wire.Cert:
		return each + len(p.Data)
	case *wire.Notify:
		return each + len(p.Data)
	case *wire.TS:
		return each * (1 + len(p.Selectors))
	case *wire.Configuration:
		n := each
		for _, a := range p.Attributes {
			n += 32 + len(a.Value)
		}
		return n
	}
	return 2 * each
}
