package dn

import (
	"bytes"
	"testing"
)

// A foreignName is a name as another implementation reads and encodes it.
type foreignName struct{ text, der, formatted string }

// pkiNames are what strongSwan's pki 5.9.8 makes of a text: `pki --self --dn TEXT`, `pki --dn --format hex`.
func pkiNames() []foreignName {
	return []foreignName{
		{"C=CH, ST=Zurich, L=Rapperswil, O=strongSwan Project, OU=VPN, CN=moon.strongswan.org, E=moon@strongswan.org",
			"3081a0310b3009060355040613024348310f300d060355040813065a7572696368311330110603550407130a5261707065727377696c311b3019060355" +
				"040a13127374726f6e675377616e2050726f6a656374310c300a060355040b130356504e311c301a060355040313136d6f6f6e2e7374726f6e67" +
				"7377616e2e6f72673122302006092a864886f70d01090116136d6f6f6e407374726f6e677377616e2e6f7267",
			"C=CH, ST=Zurich, L=Rapperswil, O=strongSwan Project, OU=VPN, CN=moon.strongswan.org, E=moon@strongswan.org"},
		{"DC=org, DC=example, UID=carol, CN=Carol Example",
			"305d31133011060a0992268993f22c64011913036f726731173015060a0992268993f22c64011913076578616d706c6531153013060a0992268993f22c64" +
				"010113056361726f6c311630140603550403130d4361726f6c204578616d706c65",
			"DC=org, DC=example, UID=carol, CN=Carol Example"},
		{"C=CH, O=Zürcher Käserei, CN=gw",
			"3036310b3009060355040613024348311a3018060355040a0c115ac3bc7263686572204bc3a47365726569310b3009060355040313026777",
			"C=CH, O=Zürcher Käserei, CN=gw"},
	}
}

// opensslNames are what openssl 3.0 makes of a text: `openssl req -new -utf8 -subj TEXT`.
func opensslNames() []foreignName {
	return []foreignName{
		{"/C=CH/O=Zürcher Käserei/CN=gw",
			"3036310b3009060355040613024348311a3018060355040a0c115ac3bc7263686572204bc3a47365726569310b300906035504030c026777",
			"C=CH, O=Zürcher Käserei, CN=gw"},
		{"/C=CH/O=a+OU=b/CN=gw",
			"3030310b300906035504061302434831143008060355040a0c01613008060355040b0c0162310b300906035504030c026777",
			"C=CH, O=a + OU=b, CN=gw"},
		{"/DC=org/DC=example/UID=carol/CN=Carol",
			"305531133011060a0992268993f22c64011916036f726731173015060a0992268993f22c64011916076578616d706c6531153013060a0992268993f22c64" +
				"01010c056361726f6c310e300c06035504030c054361726f6c",
			"DC=org, DC=example, UID=carol, CN=Carol"},
		{"/C=CH/emailAddress=a@b.ch/serialNumber=5/GN=J/surname=D/title=T/postalCode=8000/street=Weg 1",
			"3073310b30090603550406130243483115301306092a864886f70d01090116066140622e6368310a30080603550405130135310a3008060355042a0c014a" +
				"310a300806035504040c0144310a3008060355040c0c0154310d300b06035504110c0438303030310e300c06035504090c055765672031",
			"C=CH, E=a@b.ch, serialNumber=5, G=J, surname=D, T=T, postalCode=8000, STREET=Weg 1"},
	}
}

func TestForeignTexts(t *testing.T) {
	for _, n := range append(pkiNames(), opensslNames()...) {
		der := fromHex(t, n.der)
		ours := mustParse(t, n.text)
		if !Match(ours, der) || !Match(der, ours) || !bytes.Equal(Canonical(ours), Canonical(der)) {
			t.Errorf("%s: read as %x, theirs is %x", n.text, ours, der)
		}
		if got := Format(der); got != n.formatted {
			t.Errorf("%s: printed as %s, want %s", n.text, got, n.formatted)
		}
		if back := mustParse(t, Format(der)); !Match(back, der) {
			t.Errorf("%s: what is printed reads as %x", n.text, back)
		}
	}
}

// TestEncodingIsThatOfPki: our string types are those of strongSwan, but for domain components, which are IA5String
// (RFC 4519, Section 2.4).
func TestEncodingIsThatOfPki(t *testing.T) {
	for _, i := range []int{0, 2} {
		n := pkiNames()[i]
		if got := mustParse(t, n.text); !bytes.Equal(got, fromHex(t, n.der)) {
			t.Errorf("%s: encoded as\n%x, pki has\n%s", n.text, got, n.der)
		}
	}
}

func TestForeignNamesDiffer(t *testing.T) {
	all := append(pkiNames(), opensslNames()[1:]...)
	for i, a := range all {
		for j, b := range all {
			if got := Match(fromHex(t, a.der), fromHex(t, b.der)); got != (i == j) {
				t.Errorf("%s, %s: match %v", a.formatted, b.formatted, got)
			}
		}
	}
}
