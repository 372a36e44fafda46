package auth

import (
	"testing"

	"culvert/secret"
	"culvert/suite"
	"culvert/wire"
)

func TestRoundsOfOursAreComparedByWhatAPeerSees(t *testing.T) {
	name := func(s string) Identity { return Identity{wire.IDFQDN, s} }
	secrets := func(psk string) *Secrets {
		return NewSecrets(Secret{Name: psk, IDs: []Identity{name("peer")}, PSK: secret.Bytes(psk)})
	}
	shared := Local{ID: name("us"), Method: MethodPSK, Secrets: secrets("one")}
	for what, change := range map[string]func(l *Local){
		"identity":  func(l *Local) { l.ID = name("them") },
		"method":    func(l *Local) { l.Method = MethodNULL },
		"secret":    func(l *Local) { l.Secrets = secrets("another") },
		"no secret": func(l *Local) { l.Secrets = NewSecrets() },
		"EAP alone": func(l *Local) { l.EAPOnly = true },
		"sending":   func(l *Local) { l.SendCert = SendNever },
	} {
		other := shared
		other.Secrets = secrets("one")
		if !shared.Same(&other, name("us"), name("peer")) {
			t.Fatal("the same is not the same")
		}
		change(&other)
		if shared.Same(&other, name("us"), name("peer")) || other.Same(&shared, name("us"), name("peer")) {
			t.Errorf("%s makes no difference", what)
		}
	}
	signed := Local{Method: MethodPublicKey}
	other := signed
	other.Schemes = []suite.Scheme{suite.SchemeEd25519}
	if signed.Same(&other, name("us"), name("peer")) || !signed.Same(&signed, name("us"), name("peer")) {
		t.Error("schemes make no difference")
	}
}
