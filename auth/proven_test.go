package auth

import (
	"testing"

	"culvert/secret"
)

// A peer that varies the case of its name is still one peer, to uniqueness and address pools too.
func TestSpellingOfAnIdentityIsNotThePeersChoice(t *testing.T) {
	certified := foreignLocal(t, "ecdsa256")
	anchors := &Remote{Method: MethodPublicKey, Anchors: foreignAnchors(t)}
	id := mustID(t, "moon.example.org")
	psk := func(ids ...Identity) *Secrets {
		return NewSecrets(Secret{Name: "office", IDs: ids, PSK: secret.Bytes("x8Qm!2vLpR#9tZkW4bNc")})
	}
	shared := &Local{Method: MethodPSK, Secrets: psk()}
	for _, tt := range []struct {
		name   string
		local  *Local
		remote *Remote
		claim  string
		want   string
	}{
		{"as in the certificate", certified, anchors, "ECDSA256.Example.ORG", "ecdsa256.example.org"},
		{"as in the configuration", shared, &Remote{ID: id, Method: MethodPSK, Secrets: psk()}, "MOON.example.org", "moon.example.org"},
		{"as in the secret", shared, &Remote{Method: MethodPSK, Secrets: psk(id)}, "Moon.example.org", "moon.example.org"},
		{"anybody who knows the secret", shared, &Remote{Method: MethodPSK, Secrets: psk()}, "Moon.example.org", "Moon.example.org"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			claim := mustID(t, tt.claim)
			result := check(t, tt.remote, claim, foreignNow(), mustProve(t, tt.local, claim, allHashes()))
			if result.Err != nil || result.ID != mustID(t, tt.want) {
				t.Errorf("proven: %v, %v", result.ID, result.Err)
			}
		})
	}
}
