package chain

import (
	"net/netip"
	"net/url"
	"strings"

	"culvert/auth/dn"
)

// isSubtree reports whether a name can be the base of a subtree. A base of a form that is not understood can: it matters
// only where names of that form are.
func (n generalName) isSubtree() bool {
	switch n.form {
	case formDNS:
		return n.value == "" || isDomain(strings.TrimPrefix(n.value, "."))
	case formEmail:
		return isMailbox(n.value) || isDomain(strings.TrimPrefix(n.value, "."))
	case formURI:
		return isDomain(strings.TrimPrefix(n.value, "."))
	case formIP:
		_, ok := n.network()
		return ok
	}
	return true
}

// isName reports whether a name is one that can be compared with subtrees.
func (n generalName) isName() bool {
	switch n.form {
	case formDNS:
		return isDomain(strings.TrimPrefix(n.value, "*."))
	case formEmail:
		return isMailbox(n.value)
	case formURI:
		_, ok := n.uriHost()
		return ok
	case formIP:
		return len(n.value) == 4 || len(n.value) == 16
	case formDirectory:
		return true
	}
	return false
}

// holds reports whether a name of the same form is in the subtree of a base (RFC 5280, Section 4.2.1.10). Letter case does
// not count, in mailboxes neither: it does not where identities are compared.
func (base generalName) holds(n generalName) bool {
	switch base.form {
	case formDNS:
		return base.value == "" || holdsDomain("."+strings.TrimPrefix(base.value, "."), n.value) || strings.EqualFold(base.value, n.value)
	case formEmail:
		return base.holdsMailbox(n.value)
	case formURI:
		host, ok := n.uriHost()
		return ok && base.holdsHost(host)
	case formIP:
		network, ok := base.network()
		addr, okAddr := netip.AddrFromSlice([]byte(n.value))
		return ok && okAddr && network.Contains(addr.Unmap())
	}
	return base.form == formDirectory && dn.Within([]byte(base.value), []byte(n.value))
}

// mayHold is holds for excluded subtrees, and errs on the safe side: *.example.org may stand for a name in the subtree
// gw.example.org, and who excludes a host by mail or URI may mean the hosts below it, as many readers do.
func (base generalName) mayHold(n generalName) bool {
	if base.holds(n) || base.form != formDNS && !strings.HasPrefix(base.value, ".") && (generalName{base.form, "." + base.value}).holds(n) {
		return true
	}
	domain, wild := strings.CutPrefix(n.value, "*.")
	_, parent, ok := strings.Cut(strings.TrimPrefix(base.value, "."), ".")
	return base.form == formDNS && wild && ok && strings.EqualFold(domain, parent)
}

// holdsMailbox compares a mail address with a mailbox, a host, or a domain that begins with a period.
func (base generalName) holdsMailbox(address string) bool {
	if strings.Contains(base.value, "@") {
		return strings.EqualFold(base.value, address)
	}
	return base.holdsHost(address[strings.LastIndexByte(address, '@')+1:])
}

// holdsHost compares a host with a host, or with a domain that begins with a period.
func (base generalName) holdsHost(host string) bool {
	return strings.EqualFold(base.value, host) || strings.HasPrefix(base.value, ".") && holdsDomain(base.value, host)
}

// holdsDomain reports whether a name ends in a suffix that begins with a period.
func holdsDomain(suffix, name string) bool {
	return len(name) > len(suffix) && strings.EqualFold(name[len(name)-len(suffix):], suffix)
}

// uriHost returns the host of a URI. One without a host, or with an address, cannot be constrained.
func (n generalName) uriHost() (string, bool) {
	u, err := url.Parse(n.value)
	if err != nil {
		return "", false
	}
	_, notAddress := netip.ParseAddr(u.Hostname())
	return u.Hostname(), notAddress != nil && isDomain(u.Hostname())
}

// network reads address and mask. IPv4 addresses that came as IPv6 ones are IPv4 addresses, as where identities are
// compared.
func (n generalName) network() (netip.Prefix, bool) {
	half := len(n.value) / 2
	if len(n.value) != 8 && len(n.value) != 32 {
		return netip.Prefix{}, false
	}
	addr, _ := netip.AddrFromSlice([]byte(n.value[:half]))
	bits := 0
	for bits < 8*half && n.value[half+bits/8]&(0x80>>(bits%8)) != 0 {
		bits++
	}
	for i := bits; i < 8*half; i++ {
		if n.value[half+i/8]&(0x80>>(i%8)) != 0 {
			return netip.Prefix{}, false
		}
	}
	if addr.Is4In6() && bits >= 96 {
		addr, bits = addr.Unmap(), bits-96
	}
	return netip.PrefixFrom(addr, bits), true
}

// isMailbox reports whether s is local-part@domain, without quotes and comments, which nobody uses as an identity.
func isMailbox(s string) bool {
	local, domain, ok := strings.Cut(s, "@")
	return ok && local != "" && isDomain(domain) && !strings.ContainsFunc(local, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"(),:;<>[\]`, r)
	})
}

// isDomain reports whether s is a host name: labels of letters, digits, hyphens and underscores, without a final period.
func isDomain(s string) bool {
	const longest = 253
	if s == "" || len(s) > longest {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || strings.ContainsFunc(label, func(r rune) bool {
			return !(r == '-' || r == '_' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z')
		}) {
			return false
		}
	}
	return true
}
