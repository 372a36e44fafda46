package wire

import (
	"fmt"
	"strconv"
)

// Summary describes a message in one line for logs and diagrams, in the notation of the RFCs:
//
//	IKE_SA_INIT request 0 [ SA KE Ni N(NAT_DETECTION_SOURCE_IP) N(NAT_DETECTION_DESTINATION_IP) ]
//
// It shows types and numbers only, never content of the peer's choice, so it is safe to log.
func Summary(m *Message) string {
	b := make([]byte, 0, 160)
	b = append(b, m.Exchange.String()...)
	kind := " request "
	if m.IsResponse() {
		kind = " response "
	}
	b = append(b, kind...)
	b = strconv.AppendUint(b, uint64(m.MessageID), 10)
	b = append(b, " [ "...)
	for _, p := range m.Payloads {
		b = append(b, notation(p, m.IsResponse())...)
		b = append(b, ' ')
	}
	return string(append(b, ']'))
}

// notation returns the RFC's notation for a payload with the detail that tells it from others of its type.
func notation(p Payload, response bool) string {
	switch p := p.(type) {
	case *Nonce:
		if response {
			return "Nr"
		}
		return "Ni"
	case *Notify:
		return "N(" + p.NotifyType.String() + ")"
	case *Delete:
		if p.Protocol == ProtocolIKE {
			return "D(IKE)"
		}
		return fmt.Sprintf("D(%v %d)", p.Protocol, len(p.SPIs))
	case *Configuration:
		return "CP(" + p.ConfigType.String() + ")"
	case *Encrypted:
		return fmt.Sprintf("SK(%d octets)", len(p.Body))
	case *EncryptedFragment:
		return fmt.Sprintf("SKF(%d/%d)", p.Number, p.Total)
	}
	return p.Type().String()
}
