package radius

import "strconv"

// A Code is the kind of a packet (RFC 2865, Section 3; RFC 2866, Section 3; RFC 5176, Section 2).
type Code uint8

// The codes that are used here.
const (
	AccessRequest      Code = 1
	AccessAccept       Code = 2
	AccessReject       Code = 3
	AccountingRequest  Code = 4
	AccountingResponse Code = 5
	AccessChallenge    Code = 11
	DisconnectRequest  Code = 40
	DisconnectACK      Code = 41
	DisconnectNAK      Code = 42
	CoARequest         Code = 43
	CoAACK             Code = 44
	CoANAK             Code = 45
)

// String returns the name of the RFCs.
func (c Code) String() string {
	names := map[Code]string{
		AccessRequest: "Access-Request", AccessAccept: "Access-Accept", AccessReject: "Access-Reject", AccessChallenge: "Access-Challenge",
		AccountingRequest: "Accounting-Request", AccountingResponse: "Accounting-Response",
		DisconnectRequest: "Disconnect-Request", DisconnectACK: "Disconnect-ACK", DisconnectNAK: "Disconnect-NAK",
		CoARequest: "CoA-Request", CoAACK: "CoA-ACK", CoANAK: "CoA-NAK",
	}
	if name, ok := names[c]; ok {
		return name
	}
	return "code " + strconv.Itoa(int(c))
}

// answers tells whether a packet of this code may answer a request.
func (c Code) answers(request Code) bool {
	switch request {
	case AccessRequest:
		return c == AccessAccept || c == AccessReject || c == AccessChallenge
	case AccountingRequest:
		return c == AccountingResponse
	}
	return false
}
