package auth

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"testing"

	"culvert/suite"
	"culvert/wire"
)

func TestAnnouncementsAreThoseOfTheRounds(t *testing.T) {
	rsaID := suite.SchemePSSSHA256.AlgorithmIdentifier()
	one := Remote{Method: MethodPublicKey, Signatures: suite.SignaturePolicy{Schemes: []suite.Scheme{suite.SchemePSSSHA256}}}
	want := append([]byte{byte(3 + len(rsaID)), 14, 0}, rsaID...)
	got := Announcements(&Remote{Method: MethodPSK}, &one, &Remote{Method: MethodEAP}, &Remote{Method: MethodNULL})
	if len(got) != 3 || !bytes.Equal(got[0], []byte{2, 2}) || !bytes.Equal(got[1], want) || !bytes.Equal(got[2], []byte{2, 13}) {
		t.Errorf("announced %x (RFC 9593, Section 3.2)", got)
	}
	one.AllowSHA1 = true
	if got := Announcements(&one)[0]; !bytes.HasSuffix(got, []byte{3, 1, 0}) {
		t.Errorf("announced %x", got)
	}
}

// Where two rounds trust different authorities each list names its own by its number in CERTREQ.
func TestAnnouncementsAreLinkedToAuthorities(t *testing.T) {
	anchors := []*x509.Certificate{{RawSubjectPublicKeyInfo: []byte("one")}, {RawSubjectPublicKeyInfo: []byte("two")}}
	round := func(i int) *Remote {
		return &Remote{Method: MethodPublicKey, Anchors: anchors[i : i+1], Signatures: suite.SignaturePolicy{Schemes: []suite.Scheme{suite.SchemeEd25519}}}
	}
	rounds := []*Remote{round(0), round(1)}
	authorities := authoritiesOf(CertReqs(rounds...))
	for i, data := range Announcements(rounds...) {
		list := ParseAnnouncements(data)
		if len(list) != 1 || list[0].Link == 0 || !bytes.Equal(authorities[list[0].Link-1], authorityHash(anchors[i])) {
			t.Errorf("round %d: %+v", i, list)
		}
	}
}

func TestAnnouncementsThatAreNotUnderstood(t *testing.T) {
	ed := suite.SchemeEd25519.AlgorithmIdentifier()
	good := append([]byte{byte(3 + len(ed)), 14, 7}, ed...)
	for name, tt := range map[string]struct {
		data []byte
		want int
	}{
		"nothing":                {nil, 0},
		"length 0":               {append([]byte{0, 2}, good...), 0},
		"length 1":               {append([]byte{1, 2}, good...), 0},
		"longer than the rest":   {[]byte{9, 14, 0, 1}, 0},
		"unknown method":         {append([]byte{5, 99, 1, 2, 3}, good...), 1},
		"shared key of 3 octets": {append([]byte{3, 2, 0}, good...), 1},
		"signature of 2 octets":  {append([]byte{2, 1}, good...), 1},
		"unknown algorithm":      {append([]byte{5, 14, 0, 0x30, 0}, good...), 1},
		"three":                  {append([]byte{2, 2, 2, 13}, good...), 3},
		"very many":              {bytes.Repeat([]byte{2, 2}, 1000), maxAnnouncements},
	} {
		if got := ParseAnnouncements(tt.data); len(got) != tt.want {
			t.Errorf("%s: %+v", name, got)
		}
	}
	for i := range good {
		if got := ParseAnnouncements(good[:i]); len(got) != 0 {
			t.Errorf("%d of %d octets: %+v", i, len(good), got)
		}
	}
}

func TestCredentialAndSchemeFollowTheAnnouncement(t *testing.T) {
	rsaKey, ecKey := foreignKey(t, "rsa"), foreignKey(t, "ecdsa256")
	s := Sign{Local: &Local{Method: MethodPublicKey, Credentials: []Credential{{Key: rsaKey}, {Key: ecKey}}}, PeerHashes: allHashes()}
	for name, tt := range map[string]struct {
		announced []Announcement
		key       crypto.Signer
		scheme    suite.Scheme
	}{
		"the second of ours": {[]Announcement{{Method: wire.AuthDigitalSignature, Scheme: suite.SchemeECDSASHA256}}, ecKey, suite.SchemeECDSASHA256},
		"PSS":                {[]Announcement{{Method: wire.AuthDigitalSignature, Scheme: suite.SchemePSSSHA384}}, rsaKey, suite.SchemePSSSHA384},
		"an old method":      {[]Announcement{{Method: wire.AuthECDSA256}}, ecKey, suite.SchemeECDSASHA256},
	} {
		s.Announced = tt.announced
		found := false
		for _, c := range s.Local.Credentials {
			if _, scheme, ok := s.announcedScheme(c); ok {
				found = true
				if c.Key != tt.key || scheme != tt.scheme {
					t.Errorf("%s: %v with %v", name, scheme, c.name())
				}
			}
		}
		if !found {
			t.Errorf("%s: nothing fits", name)
		}
	}
	s.Announced = []Announcement{{Method: wire.AuthSharedKey}}
	if _, _, ok := s.announcedScheme(s.Local.Credentials[0]); ok {
		t.Error("a signature for a peer that wants a shared key")
	}
}

func FuzzParseAnnouncements(f *testing.F) {
	f.Add([]byte{2, 2, 3, 1, 0})
	f.Add(Announcements(&Remote{Method: MethodPublicKey})[0])
	f.Fuzz(func(t *testing.T, data []byte) {
		if got := ParseAnnouncements(data); len(got) > maxAnnouncements || len(got)*2 > len(data) {
			t.Errorf("%d announcements in %d octets", len(got), len(data))
		}
	})
}
