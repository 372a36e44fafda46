package spd

import "errors"

// ParseSelector reads a selector: an address, prefix or range, and in brackets a protocol and ports:
//
//	10.1.0.0/16  2001:db8::1  10.0.0.1-10.0.0.9[udp/1000-2000]  10.0.0.0/8[tcp/443]  10.0.0.0/8[/53]  10.0.0.0/8[tcp/opaque]
//	10.0.0.0/8[icmp/8]  10.0.0.0/8[icmp/3(4)]  2001:db8::/32[mh/5]
func ParseSelector(text string) (Selector, error) { return Selector{}, errors.ErrUnsupported }

// String returns the text that ParseSelector reads back.
func (s Selector) String() string { return "" }
