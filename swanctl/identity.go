package swanctl

import (
	"encoding/hex"
	"fmt"
	"strings"

	"culvert/auth"
)

// identity reads an identity of swanctl. Where Culvert guesses the type otherwise than strongSwan does, the type is written down:
// text with a colon is a key identifier, any other text a domain name.
func identity(s string) (auth.Identity, error) {
	s = strings.TrimSpace(s)
	if strings.HasPrefix(s, "{") {
		return numbered(s)
	}
	if text, ok := strings.CutPrefix(s, "xmppaddr:"); ok {
		return auth.Identity{}, &mistake{fmt.Sprintf("%q: names of XMPP are for certificates, not for IKE", text), ""}
	}
	id, err := auth.ParseIdentity(s)
	if err == nil {
		return id, nil
	}
	if strings.ContainsRune(s, ':') && !(strings.Contains(s, ":^") && strings.HasSuffix(s, "$")) {
		if other, err := auth.ParseIdentity("keyid:" + s); err == nil {
			return other, nil
		}
	}
	return id, &mistake{fmt.Sprintf("%q is no identity: %v", s, err), ""}
}

// numbered reads "{2}:text" and "{11}:#0102".
func numbered(s string) (auth.Identity, error) {
	number, data, ok := strings.Cut(s[1:], "}:")
	n, err := whole(number, 8)
	if !ok || err != nil {
		return auth.Identity{}, &mistake{fmt.Sprintf("%q: the type of an identity is a number, as in {2}:gw", s), ""}
	}
	prefix := map[uint64]string{1: "ipv4", 2: "fqdn", 3: "email", 5: "ipv6", 9: "asn1dn", 10: "asn1gn", 11: "keyid"}[n]
	if prefix == "" {
		return auth.Identity{}, &mistake{fmt.Sprintf("there are no identities of type %d here", n), ""}
	}
	if strings.HasPrefix(data, "^") || !strings.HasPrefix(data, "#") && prefix != "fqdn" && prefix != "email" && prefix != "keyid" {
		data = "#" + hex.EncodeToString([]byte(data))
	}
	return auth.ParseIdentity(prefix + ":" + data)
}
