package auth

import (
	"net/netip"
	"strings"
	"testing"

	"culvert/wire"
)

func mustID(t testing.TB, s string) Identity {
	t.Helper()
	id, err := ParseIdentity(s)
	if err != nil {
		t.Fatalf("ParseIdentity(%q): %v", s, err)
	}
	return id
}

func TestParseIdentity(t *testing.T) {
	for s, want := range map[string]Identity{
		"":                             {},
		"%any":                         {},
		"%any6":                        {},
		"*":                            {},
		"0.0.0.0":                      {},
		"::":                           {},
		"192.0.2.1":                    {wire.IDIPv4Addr, "\xc0\x00\x02\x01"},
		"ipv4:192.0.2.1":               {wire.IDIPv4Addr, "\xc0\x00\x02\x01"},
		"ipv4:#c0000201":               {wire.IDIPv4Addr, "\xc0\x00\x02\x01"},
		"192.0.2.9/24":                 {wire.IDIPv4Addr, "\xc0\x00\x02\x00\x18"},
		"2001:db8::1":                  {wire.IDIPv6Addr, "\x20\x01\x0d\xb8" + strings.Repeat("\x00", 11) + "\x01"},
		"ipv6:2001:db8::1":             {wire.IDIPv6Addr, "\x20\x01\x0d\xb8" + strings.Repeat("\x00", 11) + "\x01"},
		"2001:db8::/32":                {wire.IDIPv6Addr, "\x20\x01\x0d\xb8" + strings.Repeat("\x00", 12) + "\x20"},
		"gw.example.org":               {wire.IDFQDN, "gw.example.org"},
		" gw.example.org ":             {wire.IDFQDN, "gw.example.org"},
		"@gw":                          {wire.IDFQDN, "gw"},
		"@10.0.0.1x":                   {wire.IDFQDN, "10.0.0.1x"},
		"fqdn:carol@home":              {wire.IDFQDN, "carol@home"},
		"dns:gw":                       {wire.IDFQDN, "gw"},
		"fqdn:10.0.0.300":              {wire.IDFQDN, "10.0.0.300"},
		"*.example.org":                {wire.IDFQDN, "*.example.org"},
		"carol@example.org":            {wire.IDRFC822Addr, "carol@example.org"},
		"@@carol":                      {wire.IDRFC822Addr, "carol"},
		"zoë@example.org":              {wire.IDRFC822Addr, "zoë@example.org"},
		"C=CH, CN=gw":                  {wire.IDDERASN1DN, "0\x1a1\x0b0\x09\x06\x03U\x04\x06\x13\x02CH1\x0b0\x09\x06\x03U\x04\x03\x13\x02gw"},
		"asn1dn:#30023100":             {wire.IDDERASN1DN, "0\x021\x00"},
		"asn1gn:#8202":                 {wire.IDDERASN1GN, "\x82\x02"},
		"@#00ff":                       {wire.IDKeyID, "\x00\xff"},
		"@#00:ff":                      {wire.IDKeyID, "\x00\xff"},
		"keyid:branch office":          {wire.IDKeyID, "branch office"},
		"keyid:0x00ff":                 {wire.IDKeyID, "\x00\xff"},
		"KEYID:#00ff":                  {wire.IDKeyID, "\x00\xff"},
		"keyid:":                       {wire.IDKeyID, ""},
		"email:HOST\\carol@EXAMPLE.ch": {wire.IDRFC822Addr, "HOST\\carol@EXAMPLE.ch"},
	} {
		if got := mustID(t, s); got != want {
			t.Errorf("%q: %v %q, want %v %q", s, got.Type, got.Data, want.Type, want.Data)
		}
	}
}

func TestParseIdentityErrors(t *testing.T) {
	for s, want := range map[string]string{
		"10.0.0.300":       "looks like an IPv4 address",
		"gw example":       `character ' '`,
		"gw\x00":           `character '\x00'`,
		"gw\xff":           "not allowed",
		"zürich.example":   `character 'ü'`,
		"2001:db8::xyz":    "keyid:",
		"fe80::1%eth0":     "no zone",
		"10.0.0.0/33":      "prefix length",
		"ipv4:gw":          "address",
		"ipv4:2001:db8::1": "ID_IPV4_ADDR expected",
		"ipv4:fd00::/8":    "ID_IPV4_ADDR expected",
		"CN=x, 7":          "type=value expected",
		"@#xy":             "hexadecimal",
		"keyid:0x1":        "hexadecimal",
		"asn1gn:x":         "general name",
		"@":                "empty ID_FQDN",
		"#00":              "want their type",
	} {
		if id, err := ParseIdentity(s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, %v; want %q", s, id, err, want)
		}
	}
}

func TestIdentityString(t *testing.T) {
	for _, tt := range []struct {
		id   Identity
		want string
	}{
		{Identity{}, "%any"},
		{Identity{wire.IDFQDN, "gw.example.org"}, "gw.example.org"},
		{Identity{wire.IDFQDN, "10.0.0.1"}, "fqdn:10.0.0.1"},
		{Identity{wire.IDFQDN, "a@b"}, "fqdn:a@b"},
		{Identity{wire.IDFQDN, "gw\n\x1b]0;x\x07"}, `fqdn:gw\x0a\x1b]0;x\x07`},
		{Identity{wire.IDFQDN, ""}, "fqdn:#"},
		{Identity{wire.IDFQDN, "#ab"}, "fqdn:#236162"},
		{Identity{wire.IDRFC822Addr, `HOST\carol@x`}, `HOST\carol@x`},
		{Identity{wire.IDRFC822Addr, `HOST\x00@x`}, `email:HOST\x5cx00@x`},
		{Identity{wire.IDRFC822Addr, "carol@example.org"}, "carol@example.org"},
		{Identity{wire.IDRFC822Addr, "carol"}, "email:carol"},
		{Identity{wire.IDIPv4Addr, "\x0a\x00\x00\x01"}, "10.0.0.1"},
		{Identity{wire.IDIPv4Addr, "\x00\x00\x00\x00"}, "ipv4:0.0.0.0"},
		{Identity{wire.IDIPv4Addr, "\x0a\x00"}, "ipv4:#0a00"},
		{Identity{wire.IDIPv4Addr, "\x0a\x00\x00\x00\x08"}, "10.0.0.0/8"},
		{Identity{wire.IDIPv6Addr, "\x0a\x00\x00\x01"}, "ipv6:#0a000001"},
		{Identity{wire.IDDERASN1DN, "0\x0d1\x0b0\x09\x06\x03U\x04\x03\x0c\x02gw"}, "CN=gw"},
		{Identity{wire.IDDERASN1DN, "0\x00"}, "asn1dn:#3000"},
		{Identity{wire.IDDERASN1DN, "\x01"}, "asn1dn:#01"},
		{Identity{wire.IDDERASN1GN, "\x01"}, "asn1gn:#01"},
		{Identity{wire.IDKeyID, "branch"}, "keyid:branch"},
		{Identity{wire.IDKeyID, "\x01\xff"}, "keyid:0x01ff"},
		{Identity{wire.IDKeyID, "0xzz"}, "keyid:0x30787a7a"},
		{Identity{wire.IDKeyID, "x "}, "keyid:0x7820"},
		{Identity{wire.IDKeyID, ""}, "keyid:0x"},
		{Identity{wire.IDNull, ""}, "%null"},
		{Identity{200, "\x01"}, "ID(200):#01"},
	} {
		if got := tt.id.String(); got != tt.want {
			t.Errorf("%v %q: %q, want %q", tt.id.Type, tt.id.Data, got, tt.want)
		}
	}
}

// TestEveryLength has identities of every length that a payload can have, of all types and some.
func TestEveryLength(t *testing.T) {
	data := strings.Repeat("*\x00\xff", 1<<16/3+1)
	pattern := mustID(t, "*.example.org")
	for n := 0; n < 1<<16; n += 1 + n/16 {
		for typ := wire.IDType(0); typ < 16; typ++ {
			id := FromPayload(&wire.Identification{IDType: typ, Data: []byte(data[:n])})
			if id.IsAny() {
				t.Fatalf("type %d of %d octets is %%any", typ, n)
			}
			if s := id.String(); len(s) > maxPrinted+64 {
				t.Fatalf("type %d of %d octets prints %d octets", typ, n, len(s))
			}
			if pattern.Matches(id) || !id.Matches(id) {
				t.Fatalf("type %d of %d octets matches wrongly", typ, n)
			}
		}
	}
}

func TestLongIdentitiesPrintApart(t *testing.T) {
	begin := strings.Repeat("a", 2*maxPrinted)
	a, b := Identity{wire.IDKeyID, begin + "1"}, Identity{wire.IDKeyID, begin + "2"}
	if a.String() == b.String() {
		t.Errorf("both are %s", a)
	}
}

func TestMatch(t *testing.T) {
	for _, tt := range []struct {
		pattern, id string
		want        Match
	}{
		{"%any", "gw.example.org", MatchAny},
		{"gw.example.org", "GW.Example.ORG", MatchExact},
		{"gw.example.org", "gw.example.com", MatchNone},
		{"gw.example.org", "@@gw.example.org", MatchNone},
		{"gw.example.org", "keyid:gw.example.org", MatchNone},
		{"*.example.org", "gw.example.org", MatchWildcard},
		{"*.example.org", "a.gw.EXAMPLE.org", MatchWildcard},
		{"*.example.org", "example.org", MatchNone},
		{"*.example.org", "gw.example.org.evil.net", MatchNone},
		{"*@example.org", "carol@example.org", MatchWildcard},
		{"*@example.org", "carol@sub.example.org", MatchNone},
		{"*@example.org", "fqdn:carol@example.org", MatchNone},
		{"fqdn:*", "gw", MatchWildcard},
		{"C=CH, O=x, CN=*", "C=CH, O=X, CN=gw", MatchWildcard},
		{"C=CH, O=x, CN=*", "C=CH, O=X, OU=y, CN=gw", MatchNone},
		{"C=CH, O=x, CN=gw", "C=CH, O=X, CN=GW", MatchExact},
		{"10.0.0.0/8", "10.1.2.3", MatchWildcard},
		{"10.0.0.0/8", "11.1.2.3", MatchNone},
		{"10.0.0.0/8", "ipv4:#0a0000", MatchNone},
		{"10.0.0.1", "10.0.0.1", MatchExact},
		{"10.0.0.1", "ipv6:#0a000001", MatchNone},
		{"fd00::/8", "fd00::1", MatchWildcard},
		{"keyid:*", "keyid:x", MatchNone},
		{"keyid:A", "keyid:a", MatchNone},
	} {
		if got := mustID(t, tt.pattern).Match(mustID(t, tt.id)); got != tt.want {
			t.Errorf("%s, %s: %d, want %d", tt.pattern, tt.id, got, tt.want)
		}
	}
}

// TestPeerSendsPattern: an asterisk that a peer sends is a character.
func TestPeerSendsPattern(t *testing.T) {
	for pattern, sent := range map[string]string{
		"gw.example.org": "*.example.org", "carol@example.org": "*@example.org", "CN=gw": "CN=*", "10.0.0.1": "10.0.0.0/8",
	} {
		if mustID(t, pattern).Matches(mustID(t, sent)) {
			t.Errorf("%s fits %s", sent, pattern)
		}
	}
}

func TestCanonical(t *testing.T) {
	a := mustID(t, "C=ch, O=My   Org, CN=GW").Canonical()
	b := mustID(t, "C=CH, O=my org, CN=gw").Canonical()
	if a != b || !a.Equal(mustID(t, "C=CH, O=MY ORG, CN=gw")) {
		t.Errorf("%v and %v differ", a, b)
	}
	if mustID(t, "gw") == mustID(t, "GW") || !mustID(t, "gw").Equal(mustID(t, "GW")) {
		t.Error("case is not kept, or not ignored")
	}
	if mustID(t, "keyid:gw").Equal(mustID(t, "keyid:GW")) {
		t.Error("the case of a key identifier is ignored")
	}
}

// TestAppleDistinguishedName: Apple's clients send a distinguished name as text, with the type of a domain name.
func TestAppleDistinguishedName(t *testing.T) {
	sent := mustID(t, "fqdn:C=CH,O=Example,CN=carol")
	for pattern, want := range map[string]Match{
		"C=CH, O=Example, CN=carol": MatchExact, "C=CH, O=example, CN=*": MatchWildcard, "C=CH, CN=carol": MatchNone, "carol": MatchNone,
	} {
		if got := mustID(t, pattern).Match(sent); got != want {
			t.Errorf("%s: %d, want %d", pattern, got, want)
		}
	}
	if p := sent.Payload(wire.PayloadIDi); p.IDType != wire.IDFQDN {
		t.Error("the octets on the wire are changed")
	}
	if !mustID(t, "fqdn:a=b").Equal(mustID(t, "fqdn:A=B")) {
		t.Error("a domain name with an equals sign is no longer itself")
	}
}

func TestAddressIdentity(t *testing.T) {
	for addr, want := range map[string]string{
		"192.0.2.1": "192.0.2.1", "::ffff:192.0.2.1": "192.0.2.1", "2001:db8::1": "2001:db8::1", "fe80::1%eth0": "fe80::1",
	} {
		id := AddressIdentity(netip.MustParseAddr(addr))
		if got, ok := id.Addr(); !ok || got.String() != want || id.String() != want {
			t.Errorf("%s: %v", addr, id)
		}
	}
	if _, ok := mustID(t, "gw").Addr(); ok {
		t.Error("a domain name is an address")
	}
}

func TestPayloadRoundTrip(t *testing.T) {
	id := mustID(t, "gw.example.org")
	p := id.Payload(wire.PayloadIDr)
	if p.Payload != wire.PayloadIDr || FromPayload(p) != id {
		t.Errorf("got %+v", p)
	}
}

func FuzzIdentity(f *testing.F) {
	f.Add(uint8(wire.IDFQDN), []byte("C="), "fqdn:C=")
	for _, s := range []string{"gw.example.org", "*@example.org", "C=CH, CN=*", "10.0.0.0/8", "keyid:0x00", "%any"} {
		id := mustID(f, s)
		f.Add(uint8(id.Type), []byte(id.Data), s)
	}
	f.Fuzz(func(t *testing.T, typ uint8, data []byte, text string) {
		id := FromPayload(&wire.Identification{IDType: wire.IDType(typ), Data: data})
		for _, r := range id.String() {
			if r < ' ' || r == 0x7f {
				t.Fatalf("%q holds a control character", id.String())
			}
		}
		if id.IsAny() || !id.Matches(id) {
			t.Fatalf("%v does not match itself", id)
		}
		pattern, err := ParseIdentity(text)
		if err != nil {
			return
		}
		pattern.Match(id)
		if s := pattern.String(); len(s) <= maxPrinted/2 && !strings.Contains(s, `\x`) && !mustID(t, s).Equal(pattern) {
			t.Fatalf("%q prints as %q, which is read as %q", text, s, mustID(t, s))
		}
	})
}
