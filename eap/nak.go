package eap

import "slices"

// maxNak bounds the types that are read from a Nak.
const maxNak = 64

// nak answers a request for a method that the peer does not have with those it has, in order of preference. A request of an
// expanded type gets an expanded Nak (RFC 3748, Section 5.3).
func nak(request Packet, methods []Method) Packet {
	p := Packet{Code: CodeResponse, Identifier: request.Identifier, Type: TypeNak, Expanded: request.Expanded}
	for _, m := range methods {
		switch t := m.Type(); {
		case p.Expanded:
			p.Data = appendExpanded(p.Data, t)
		case t < typeExpanded:
			p.Data = append(p.Data, byte(t))
		case !slices.Contains(p.Data, byte(typeExpanded)):
			p.Data = append(p.Data, byte(typeExpanded))
		}
	}
	if len(p.Data) == 0 && p.Expanded {
		p.Data = appendExpanded(nil, 0)
	} else if len(p.Data) == 0 {
		p.Data = []byte{0}
	}
	return p
}

// parseNak returns the types that a Nak asks for. Zero, which asks for none, is left out.
func parseNak(p Packet) []Type {
	var asked []Type
	add := func(t Type) {
		if t != 0 && len(asked) < maxNak {
			asked = append(asked, t)
		}
	}
	if !p.Expanded {
		for _, b := range p.Data {
			add(Type(b))
		}
		return asked
	}
	for b := p.Data; len(b) >= expandedLen; b = b[expandedLen:] {
		if t, err := parseExpanded(b); err == nil {
			add(t)
		}
	}
	return asked
}
