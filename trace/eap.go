package trace

import (
	"fmt"
	"strings"

	"culvert/api"
	"culvert/eap"
	"culvert/wire"
)

// Offsets in EAP packets: | code (1) | identifier (1) | length (2) | type (1) | data ... | (RFC 3748, Section 4).
const (
	offsetEAPType = 4
	offsetEAPData = 5
)

// Operations of EAP-MSCHAPv2 (draft-kamath-pppext-eap-mschapv2-02, Section 2).
const (
	mschapChallenge = 1
	mschapResponse  = 2
	mschapSuccess   = 3
	mschapFailure   = 4
)

// keepEAP copies what of an EAP packet is not secret: header and type, identities, refused types, the operation of
// MSCHAPv2 and why it failed, the flags of methods over TLS. Never a password, challenge or proof.
func keepEAP(b []byte) []byte {
	if len(b) <= offsetEAPData {
		return cut(b, len(b))
	}
	switch t, response := eap.Type(b[offsetEAPType]), eap.Code(b[0]) == eap.CodeResponse; {
	case t == eap.TypeIdentity, t == eap.TypeNotification, t == eap.TypeNak:
		return cut(b, offsetEAPData+maxValue)
	case t == eap.TypeMSCHAPv2 && b[offsetEAPData] == mschapFailure && !response:
		return append(cut(b, offsetEAPData+4), failureParts(b[min(len(b), offsetEAPData+4):])...)
	case t == eap.TypeMSCHAPv2, t == eap.TypeTLS, t == eap.TypeTTLS, t == eap.TypePEAP, t == eap.TypeAKA, t == eap.TypeAKAPrime:
		return cut(b, offsetEAPData+1)
	case t == 254:
		return cut(b, offsetEAPData+7)
	}
	return cut(b, offsetEAPData)
}

// failureParts are error code, retry flag and message of a failure, without its challenge (RFC 2759, Section 6).
func failureParts(b []byte) string {
	var parts []string
	for word := range strings.FieldsSeq(string(b[:min(len(b), maxValue)])) {
		if strings.HasPrefix(word, "E=") || strings.HasPrefix(word, "R=") {
			parts = append(parts, word)
		}
	}
	if _, message, ok := strings.Cut(string(b[:min(len(b), maxValue)]), "M="); ok {
		parts = append(parts, "M="+message)
	}
	return strings.Join(parts, " ")
}

func showEAP(p *wire.EAP, length int) shown {
	b := p.Data
	if len(b) < 2 {
		return shown{summary: octets(length)}
	}
	code := codeName(eap.Code(b[0]))
	fields := []api.TraceField{field("code", code), field("identifier", fmt.Sprint(b[1]))}
	if len(b) <= offsetEAPType {
		return shown{code, fields}
	}
	t := eapType(b)
	fields = append(fields, field("type", t.String()), field("length", octets(length)))
	detail := eapDetail(eap.Code(b[0]), t, b)
	text := code + " " + t.String()
	if detail != "" {
		fields = append(fields, field("content", detail))
		text += ": " + detail
	}
	return shown{text, fields}
}

func codeName(c eap.Code) string {
	switch c {
	case eap.CodeRequest:
		return "Request"
	case eap.CodeResponse:
		return "Response"
	case eap.CodeSuccess:
		return "Success"
	case eap.CodeFailure:
		return "Failure"
	}
	return fmt.Sprintf("code %d", c)
}

// eapType reads the type, expanded or not (RFC 3748, Section 5.7).
func eapType(b []byte) eap.Type {
	if b[offsetEAPType] == 254 && len(b) >= offsetEAPData+7 {
		return eap.VendorType(uint32(b[5])<<16|uint32(b[6])<<8|uint32(b[7]), uint32(b[8])<<24|uint32(b[9])<<16|uint32(b[10])<<8|uint32(b[11]))
	}
	return eap.Type(b[offsetEAPType])
}

func eapDetail(code eap.Code, t eap.Type, b []byte) string {
	data := b[offsetEAPData:]
	switch {
	case len(data) == 0:
		return ""
	case t == eap.TypeIdentity, t == eap.TypeNotification:
		return clean(string(data))
	case t == eap.TypeNak && code == eap.CodeResponse:
		return "wants " + wantedTypes(data)
	case t == eap.TypeMSCHAPv2:
		return mschapText(data)
	case t == eap.TypeTLS, t == eap.TypeTTLS, t == eap.TypePEAP:
		return tlsFlags(data[0])
	case t == eap.TypeAKA, t == eap.TypeAKAPrime:
		return akaSubtype(data[0])
	}
	return ""
}

// wantedTypes are those that a Nak asks for instead (RFC 3748, Section 5.3.1).
func wantedTypes(b []byte) string {
	var names []string
	for _, t := range b[:min(len(b), 16)] {
		if t == 0 {
			return "none of the methods"
		}
		names = append(names, eap.Type(t).String())
	}
	return strings.Join(names, ", ")
}

func mschapText(b []byte) string {
	switch b[0] {
	case mschapChallenge:
		return "Challenge"
	case mschapResponse:
		return "Response"
	case mschapSuccess:
		return "Success"
	case mschapFailure:
		if len(b) > 4 {
			return "Failure " + clean(string(b[4:]))
		}
		return "Failure"
	}
	return fmt.Sprintf("operation %d", b[0])
}

// tlsFlags are the bits length included, more fragments and start (RFC 5216, Section 3.1).
func tlsFlags(b byte) string {
	var flags []string
	for _, f := range [...]struct {
		bit  byte
		name string
	}{{0x20, "start"}, {0x40, "more fragments"}, {0x80, "length"}} {
		if b&f.bit != 0 {
			flags = append(flags, f.name)
		}
	}
	return strings.Join(flags, ", ")
}

// akaSubtype names the messages of EAP-AKA (RFC 4187, Section 11).
func akaSubtype(b byte) string {
	switch b {
	case 1:
		return "Challenge"
	case 2:
		return "Authentication-Reject"
	case 4:
		return "Synchronization-Failure"
	case 5:
		return "Identity"
	case 12:
		return "Notification"
	case 14:
		return "Client-Error"
	}
	return fmt.Sprintf("subtype %d", b)
}
