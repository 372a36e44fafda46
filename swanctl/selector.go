package swanctl

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"culvert/spd"
)

// selector turns a traffic selector of swanctl into one of Culvert: prefixes may have bits behind their length, and ports and
// protocols may go by the names that the system has for them.
func selector(s string) (string, error) {
	addrs, upper, bracket := strings.Cut(s, "[")
	addrs = strings.TrimSpace(addrs)
	if strings.Contains(addrs, "/") {
		p, err := netip.ParsePrefix(addrs)
		if err != nil {
			return "", &mistake{fmt.Sprintf("%q is no prefix", addrs), prefixHint(addrs)}
		}
		addrs = p.Masked().String()
	}
	if bracket {
		inner, closed := strings.CutSuffix(strings.TrimSpace(upper), "]")
		if !closed {
			return "", &mistake{fmt.Sprintf("%q: the bracket is not closed", s), ""}
		}
		var err error
		if upper, err = protocolAndPort(inner); err != nil {
			return "", err
		}
		upper = "[" + upper + "]"
	}
	if addrs == "dynamic" {
		return addrs + upper, nil
	}
	if _, err := spd.ParseSelector(addrs + upper); err != nil {
		return "", &mistake{fmt.Sprintf("%q is no traffic selector", s), "write a prefix, range, address or dynamic, as 10.1.0.0/16[tcp/443]"}
	}
	return addrs + upper, nil
}

// prefixHint says what is to be done about a text that is no prefix.
func prefixHint(s string) string {
	if strings.Contains(s, " ") {
		return "put commas between prefixes"
	}
	return cmp.Or(spd.PrefixHint(s), "write it as 10.1.0.0/16")
}

// protocolAndPort puts numbers in the place of names.
func protocolAndPort(s string) (string, error) {
	protocol, port, hasPort := strings.Cut(s, "/")
	number, err := protocolNumber(strings.TrimSpace(protocol))
	if err != nil || !hasPort {
		return number, err
	}
	port = strings.TrimSpace(port)
	if number == "any" && port == "" {
		return number, nil
	}
	if isWord(port) {
		network := "tcp"
		if number == "17" {
			network = "udp"
		}
		n, err := net.LookupPort(network, port)
		if err != nil {
			return "", &mistake{fmt.Sprintf("%q is no service that this system knows", port), "write its number"}
		}
		port = strconv.Itoa(n)
	}
	if number == "1" || number == "58" {
		port = withoutCode(port)
	}
	return number + "/" + port, nil
}

// withoutCode has bare types of ICMP stand for their code 0 alone, as strongSwan has them, and not for all their codes.
func withoutCode(types string) string {
	ends := strings.Split(types, "-")
	for i, end := range ends {
		if _, err := strconv.ParseUint(end, 10, 8); err == nil {
			ends[i] = end + "(0)"
		}
	}
	return strings.Join(ends, "-")
}

// isWord tells a name from a number or a word of the grammar.
func isWord(s string) bool {
	return s != "" && s != "any" && s != "opaque" && (s[0] < '0' || s[0] > '9')
}

// protocolNumber returns the number of a protocol by what IANA calls it.
func protocolNumber(s string) (string, error) {
	names := map[string]string{"": "any", "any": "any", "tcp": "6", "udp": "17", "icmp": "1", "icmpv6": "58", "ipv6-icmp": "58", "sctp": "132", "gre": "47",
		"esp": "50", "ah": "51", "ipip": "4", "ipencap": "4", "ipv6": "41", "ospf": "89", "l2tp": "115", "vrrp": "112", "igmp": "2", "dccp": "33",
		"udplite": "136", "mobility-header": "135", "mh": "135", "pim": "103", "eigrp": "88", "rsvp": "46", "ipcomp": "108"}
	if n, ok := names[strings.ToLower(s)]; ok {
		return n, nil
	}
	n, err := whole(s, 8)
	if err != nil {
		return "", &mistake{fmt.Sprintf("%q is no protocol that is known here", s), "write its number"}
	}
	if n == 0 {
		return "any", nil
	}
	return strconv.FormatUint(n, 10), nil
}
