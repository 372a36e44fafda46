package radius

import (
	"net/netip"
	"strconv"
	"time"
)

// A Status is what an accounting record is about (RFC 2866, Section 5.1).
type Status uint32

// The statuses.
const (
	Start         Status = 1
	Stop          Status = 2
	Interim       Status = 3
	AccountingOn  Status = 7
	AccountingOff Status = 8
)

// A Cause says why a session ended (RFC 2866, Section 5.10).
type Cause uint32

// The causes that a gateway has.
const (
	UserRequest     Cause = 1
	LostCarrier     Cause = 2
	IdleTimedOut    Cause = 4
	SessionTimedOut Cause = 5
	AdminReset      Cause = 6
	AdminReboot     Cause = 7
	NASError        Cause = 9
)

// Usage is what a session has carried so far. In comes from the user.
type Usage struct {
	InOctets, OutOctets   uint64
	InPackets, OutPackets uint64
	Time                  time.Duration
}

// attributes are those of RFC 2866 and, for what 32 bits do not hold, RFC 2869, Section 5.1. Packets have no such
// attribute: their count wraps.
func (u Usage) attributes() Attributes {
	return Attributes{
		number(AcctInputOctets, uint32(u.InOctets)), number(AcctInputGigawords, uint32(u.InOctets>>32)),
		number(AcctOutputOctets, uint32(u.OutOctets)), number(AcctOutputGigawords, uint32(u.OutOctets>>32)),
		number(AcctInputPackets, uint32(u.InPackets)), number(AcctOutputPackets, uint32(u.OutPackets)),
		seconds(AcctSessionTime, u.Time),
	}
}

// An Account is what all records of a session have in common.
type Account struct {
	User      string
	Line      Line
	Class     [][]byte     // as the server gave them, unchanged (RFC 2865, Section 5.25)
	Addresses []netip.Addr // of the user inside of the tunnel
}

// A Record is one accounting request to come.
type Record struct {
	Status  Status
	Account Account
	Time    time.Time // when it happened
	Usage   Usage     // of Interim and Stop
	Cause   Cause     // of Stop
}

// authenticRADIUS is the value of Acct-Authentic (RFC 2866, Section 5.6): a server has authenticated the user.
const authenticRADIUS = 1

// request makes the packet. It may be made several times; the delay is then another one (RFC 2866, Section 5.2).
func (r *Record) request(nas NAS, now time.Time) *Packet {
	list := Attributes{number(AcctStatusType, uint32(r.Status))}
	if r.Status == AccountingOn || r.Status == AccountingOff {
		list = append(list, nas.attributes(netip.Addr{})...)
		list = append(list, text(AcctSessionID, "node-"+strconv.FormatInt(r.Time.Unix(), 16)))
	} else {
		list = append(list, r.Account.attributes(nas)...)
	}
	if r.Status == Interim || r.Status == Stop {
		list = append(list, r.Usage.attributes()...)
	}
	if r.Status == Stop {
		list = append(list, number(AcctTerminateCause, uint32(r.Cause)))
	}
	list = append(list, number(EventTimestamp, uint32(r.Time.Unix())), seconds(AcctDelayTime, now.Sub(r.Time)))
	return &Packet{Code: AccountingRequest, Attributes: list}
}

func (a *Account) attributes(nas NAS) Attributes {
	list := Attributes{text(UserName, a.User)}
	list = append(list, a.Line.attributes(nas)...)
	list = append(list, number(AcctAuthentic, authenticRADIUS))
	for _, c := range a.Class {
		list = append(list, Attribute{Class, c})
	}
	for _, addr := range a.Addresses {
		if addr.Is4() {
			list = append(list, Attribute{FramedIPAddress, addr.AsSlice()})
		} else {
			list = append(list, Attribute{FramedIPv6Address, addr.AsSlice()})
		}
	}
	return list
}
