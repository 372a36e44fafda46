package auth

import (
	"strings"
	"testing"

	"culvert/wire"
)

// The examples are those of strongSwan's swanctl.conf, and what POSIX says of the rest.
func TestExpressionsAreIdentitiesOfThePeer(t *testing.T) {
	for _, tt := range []struct {
		pattern string
		fits    []string
		others  []string
	}{
		{`email:^(moon|sun)@strongswan\.org$`, []string{"moon@strongswan.org", "SUN@strongswan.org"}, []string{"mars@strongswan.org", "moon@strongswanxorg", "fqdn:moon", "a.moon@strongswan.org"}},
		{`fqdn:^vpn[0-9]+\.strongswan\.org$`, []string{"vpn1.strongswan.org", "VPN22.StrongSwan.org"}, []string{"vpn.strongswan.org", "xvpn1.strongswan.org", "vpn1.strongswan.org.example.net", "email:vpn1.strongswan.org@x"}},
		{`asn1dn:^.*CN=.+\.strongswan\.org$`, []string{"C=CH, O=strongSwan, CN=moon.strongswan.org"}, []string{"C=CH, CN=moon", "moon.strongswan.org", "CN=x.strongswan.org, O=y"}},
		{`dns:^gw[[:digit:]]{2,3}$`, []string{"gw10", "gw100"}, []string{"gw1", "gw1000"}},
	} {
		p := mustID(t, tt.pattern)
		if again := mustID(t, p.String()); !p.IsPattern() || !p.IsExpression() || again != p {
			t.Errorf("%s is %v", tt.pattern, p)
		}
		for _, id := range tt.fits {
			if got := p.Match(mustID(t, id)); got != MatchExpression {
				t.Errorf("%s with %s: %v", tt.pattern, id, got)
			}
		}
		for _, id := range tt.others {
			if p.Matches(mustID(t, id)) {
				t.Errorf("%s fits %s", tt.pattern, id)
			}
		}
	}
}

// A peer that sends the text of an expression is nobody by that, nor do names end where a line does.
func TestExpressionsAreNotFooled(t *testing.T) {
	p := mustID(t, `fqdn:^gw[0-9]\.example\.org$`)
	k := mustID(t, `fqdn:^kiosk\.example\.org$`)
	for _, lookalike := range []string{"\u212aiosk.example.org", "kio\u017fk.example.org"} {
		if k.Matches(Identity{wire.IDFQDN, lookalike}) || !k.Matches(Identity{wire.IDFQDN, "KIOSK.example.org"}) {
			t.Errorf("%q fits", lookalike)
		}
	}
	for name, data := range map[string]string{
		"itself": p.Data, "empty": "", "a second line": "gw1.example.org\nx", "a line before": "x\ngw1.example.org", "endless": strings.Repeat("a", 1<<16), "octets": "\xff\xfe",
	} {
		if p.Matches(Identity{wire.IDFQDN, data}) {
			t.Errorf("%s fits", name)
		}
	}
	if Identity.Match(p, mustID(t, "gw1.example.org")) >= mustID(t, "*.example.org").Match(mustID(t, "gw1.example.org")) {
		t.Error("an expression goes before a wildcard")
	}
}

// The whole name fits or it does not, whatever the parts of an expression say of where they stand.
func TestExpressionsFitWholeNames(t *testing.T) {
	for pattern, names := range map[string]struct{ fits, others []string }{
		`fqdn:^gw1|gw2\.example\.org$`:    {[]string{"gw1", "gw2.example.org"}, []string{"gw1.example.net", "evilgw2.example.org"}},
		`fqdn:^gw\$`:                      {[]string{"gw$"}, []string{"gw$.example.net", "gw"}},
		`fqdn:^a$|^b$`:                    {[]string{"a", "b"}, []string{"ab", "ba", "xb"}},
		`email:^|carol@example\.org$`:     {[]string{"carol@example.org"}, []string{"dave@example.org"}},
		`email:^sky@example\.org$`:        {[]string{"SKY@example.org"}, []string{"\u017fky@example.org", "s\u212ay@example.org"}},
		`asn1dn:^C=CH, CN=[^,]+$`:         {[]string{"C=CH, CN=gw"}, []string{`C=CH, CN=gw\, CN=x`, "C=CH, CN=gw, CN=x"}},
		`asn1dn:^C=CH, CN=sky$`:           {[]string{"C=CH, CN=Sky"}, []string{"C=CH, CN=\u017fky"}},
		`asn1dn:^.*, CN=gw|C=CH, CN=gw2$`: {[]string{"O=x, CN=gw", "C=CH, CN=gw2"}, []string{"O=x, CN=gw, OU=x", "O=x, C=CH, CN=gw2"}},
	} {
		p := mustID(t, pattern)
		for _, id := range names.fits {
			if !p.Matches(mustID(t, id)) {
				t.Errorf("%s does not fit %s", pattern, id)
			}
		}
		for _, id := range names.others {
			if p.Matches(mustID(t, id)) {
				t.Errorf("%s fits %s", pattern, id)
			}
		}
	}
}

// What an expression is printed as goes into configurations that are made of others: it has to be the same expression.
func TestExpressionsAreReadAsTheyArePrinted(t *testing.T) {
	for _, text := range []string{`fqdn:^[^\x2e]+$`, `fqdn:^gw\x{2d}[0-9]\\x41$`, `email:^\x63@x$`, `asn1dn:^C=CH, CN=[^\x2c]+$`, "fqdn:^z\u00fcrich$"} {
		p := mustID(t, text)
		if again := mustID(t, p.String()); again != p || p.String() != text {
			t.Errorf("%s is printed as %s", text, p)
		}
	}
	if mustID(t, mustID(t, `fqdn:^[^\x2e]+$`).String()).Matches(mustID(t, "gw.example.org")) {
		t.Error("a name has a point that must have none")
	}
	for _, wrong := range []string{"fqdn:^a\x07$", "fqdn:^a\u202eb$", "email:^a\nb@x$"} {
		if id, err := ParseIdentity(wrong); err == nil {
			t.Errorf("%q is %v", wrong, id)
		}
	}
	if s := (Identity{wire.IDFQDN, "^\x1b[31m$"}).String(); strings.Contains(s, "\x1b") {
		t.Errorf("a peer's name is printed as %q", s)
	}
}

// What an expression may cost is known when it is read.
func TestExpressionsAreBounded(t *testing.T) {
	for _, wrong := range []string{
		"fqdn:^($", "fqdn:^a**[$", `email:^\d@x$`, "fqdn:^(?i)a$", "fqdn:^" + strings.Repeat("a", longestExpression) + "$",
		"fqdn:^(a{30}){40}$", "fqdn:^" + strings.Repeat("(x{1,50})", 25) + "$", "fqdn:^((a{100}){100}){100}$",
	} {
		if id, err := ParseIdentity(wrong); err == nil {
			t.Errorf("%.40s is %v", wrong, id)
		}
	}
	if id := mustID(t, "keyid:^a$"); id.IsPattern() {
		t.Error("a key identifier is a pattern")
	}
}
