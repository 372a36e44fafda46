package radius

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"strconv"
	"time"
)

// A Type is the type of an attribute.
type Type uint8

// The attributes that are used here (RFC 2865, 2866, 2869, 3162, 3579, 5176, 6911).
const (
	UserName             Type = 1
	NASIPAddress         Type = 4
	ServiceType          Type = 6
	FramedIPAddress      Type = 8
	FilterID             Type = 11
	FramedMTU            Type = 12
	ReplyMessage         Type = 18
	State                Type = 24
	Class                Type = 25
	VendorSpecific       Type = 26
	SessionTimeout       Type = 27
	IdleTimeout          Type = 28
	CalledStationID      Type = 30
	CallingStationID     Type = 31
	NASIdentifier        Type = 32
	ProxyState           Type = 33
	AcctStatusType       Type = 40
	AcctDelayTime        Type = 41
	AcctInputOctets      Type = 42
	AcctOutputOctets     Type = 43
	AcctSessionID        Type = 44
	AcctAuthentic        Type = 45
	AcctSessionTime      Type = 46
	AcctInputPackets     Type = 47
	AcctOutputPackets    Type = 48
	AcctTerminateCause   Type = 49
	AcctInputGigawords   Type = 52
	AcctOutputGigawords  Type = 53
	EventTimestamp       Type = 55
	NASPortType          Type = 61
	EAPMessage           Type = 79
	MessageAuthenticator Type = 80
	AcctInterimInterval  Type = 85
	NASPortID            Type = 87
	NASIPv6Address       Type = 95
	FramedIPv6Prefix     Type = 97
	ErrorCauseAttribute  Type = 101
	FramedIPv6Address    Type = 168
	DNSServerIPv6Address Type = 169
)

// String returns the name of the RFCs for those that messages are about.
func (t Type) String() string {
	names := map[Type]string{
		UserName: "User-Name", NASIPAddress: "NAS-IP-Address", ServiceType: "Service-Type", FramedIPAddress: "Framed-IP-Address",
		FilterID: "Filter-Id", ReplyMessage: "Reply-Message", State: "State", Class: "Class", VendorSpecific: "Vendor-Specific",
		SessionTimeout: "Session-Timeout", IdleTimeout: "Idle-Timeout", CallingStationID: "Calling-Station-Id", CalledStationID: "Called-Station-Id",
		NASIdentifier: "NAS-Identifier", AcctSessionID: "Acct-Session-Id", EventTimestamp: "Event-Timestamp", EAPMessage: "EAP-Message",
		MessageAuthenticator: "Message-Authenticator", AcctInterimInterval: "Acct-Interim-Interval", NASPortID: "NAS-Port-Id",
		NASIPv6Address: "NAS-IPv6-Address", FramedIPv6Prefix: "Framed-IPv6-Prefix", FramedIPv6Address: "Framed-IPv6-Address",
		DNSServerIPv6Address: "DNS-Server-IPv6-Address",
	}
	if name, ok := names[t]; ok {
		return name
	}
	return "attribute " + strconv.Itoa(int(t))
}

// maxValue is the longest value of an attribute (RFC 2865, Section 5).
const maxValue = 253

// An Attribute is one type and its value, at most 253 octets.
type Attribute struct {
	Type  Type
	Value []byte
}

// Attributes are those of a packet, in its order.
type Attributes []Attribute

// errValue means that an attribute has a value of the wrong form.
type errValue struct{ Type Type }

func (e errValue) Error() string { return e.Type.String() + " is malformed" }

var errTooLong = errors.New("an attribute is longer than 253 octets")

// parseAttributes reads attributes; their values alias b. A length that is shorter than the header or reaches beyond the packet
// makes the whole of it invalid (RFC 2865, Section 5).
func parseAttributes(b []byte) (Attributes, error) {
	var list Attributes
	for len(b) > 0 {
		if len(b) < 2 || b[1] < 2 || int(b[1]) > len(b) {
			return nil, errMalformed
		}
		list = append(list, Attribute{Type(b[0]), b[2:b[1]]})
		b = b[b[1]:]
	}
	return list, nil
}

// appendTo appends the attributes as they are on the wire.
func (list Attributes) appendTo(b []byte) ([]byte, error) {
	for _, a := range list {
		if len(a.Value) > maxValue {
			return b, errTooLong
		}
		b = append(b, byte(a.Type), byte(2+len(a.Value)))
		b = append(b, a.Value...)
	}
	return b, nil
}

// First returns the value of the first attribute of a type.
func (list Attributes) First(t Type) ([]byte, bool) {
	for _, a := range list {
		if a.Type == t {
			return a.Value, true
		}
	}
	return nil, false
}

// All returns the values of the attributes of a type.
func (list Attributes) All(t Type) (values [][]byte) {
	for _, a := range list {
		if a.Type == t {
			values = append(values, a.Value)
		}
	}
	return values
}

// Joined returns the values of a type as one, which is how EAP packets longer than an attribute are carried (RFC 3579,
// Section 3.1).
func (list Attributes) Joined(t Type) []byte {
	var whole []byte
	for _, v := range list.All(t) {
		whole = append(whole, v...)
	}
	return whole
}

// split makes attributes of a value that may be longer than one can hold.
func split(t Type, value []byte) (list Attributes) {
	for len(value) > maxValue {
		list = append(list, Attribute{t, value[:maxValue]})
		value = value[maxValue:]
	}
	return append(list, Attribute{t, value})
}

func text(t Type, s string) Attribute { return Attribute{t, []byte(s)} }

func number(t Type, n uint32) Attribute { return Attribute{t, binary.BigEndian.AppendUint32(nil, n)} }

// seconds holds a time as an attribute can: one that is too long is the longest.
func seconds(t Type, d time.Duration) Attribute {
	return number(t, uint32(min(max(0, d/time.Second), 1<<32-1)))
}

// Number returns the value of a type as an integer. There is none without the attribute; one of another length is an error.
func (list Attributes) Number(t Type) (n uint32, ok bool, err error) {
	v, ok := list.First(t)
	if !ok {
		return 0, false, nil
	}
	if len(v) != 4 {
		return 0, false, errValue{t}
	}
	return binary.BigEndian.Uint32(v), true, nil
}

// Duration is Number for a time in seconds; none is 0.
func (list Attributes) Duration(t Type) (time.Duration, error) {
	n, _, err := list.Number(t)
	return time.Duration(n) * time.Second, err
}

// Addr returns the value of a type as an address of the family that its length says, which must be bits.
func (list Attributes) Addr(t Type, bits int) (netip.Addr, error) {
	v, ok := list.First(t)
	if !ok {
		return netip.Addr{}, nil
	}
	a, ok := netip.AddrFromSlice(v)
	if !ok || a.BitLen() != bits {
		return netip.Addr{}, errValue{t}
	}
	return a, nil
}
