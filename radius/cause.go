package radius

import "strconv"

// An ErrorCause says why a Disconnect-Request or CoA-Request is refused (RFC 5176, Section 3.5).
type ErrorCause uint32

// The causes that a gateway has; 0 is none.
const (
	UnsupportedAttribute  ErrorCause = 401
	MissingAttribute      ErrorCause = 402
	NASMismatch           ErrorCause = 403
	UnsupportedService    ErrorCause = 405
	InvalidAttributeValue ErrorCause = 407
	SessionNotFound       ErrorCause = 503
)

// String returns the words of the RFC.
func (c ErrorCause) String() string {
	names := map[ErrorCause]string{
		UnsupportedAttribute: "Unsupported Attribute", MissingAttribute: "Missing Attribute", NASMismatch: "NAS Identification Mismatch",
		UnsupportedService: "Unsupported Service", InvalidAttributeValue: "Invalid Attribute Value",
		SessionNotFound: "Session Context Not Found",
	}
	if name, ok := names[c]; ok {
		return name
	}
	return "error cause " + strconv.Itoa(int(c))
}
