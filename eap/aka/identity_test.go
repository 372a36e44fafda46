package aka

import (
	"testing"

	"culvert/explain"
)

func TestPermanentIdentitiesTellTheMethod(t *testing.T) {
	for _, tt := range []struct{ identity, imsi, plain, prime string }{
		{"232010000000000", "232010000000000", "0232010000000000", "6232010000000000"},
		{"001010000000001@x@y", "001010000000001", "0001010000000001@x@y", "6001010000000001@x@y"},
		{"0232010000000000@example.org", "232010000000000", "0232010000000000@example.org", "6232010000000000@example.org"},
		{"6232010000000000@", "232010000000000", "0232010000000000@", "6232010000000000@"},
		{"1232010000000000", "", "1232010000000000", "1232010000000000"},
		{"23201000000000", "", "23201000000000", "23201000000000"},
		{"carol@example.org", "", "carol@example.org", "carol@example.org"},
		{"", "", "", ""},
	} {
		if got := IMSI(tt.identity); got != tt.imsi {
			t.Errorf("%q: IMSI %q", tt.identity, got)
		}
		if plain, prime := Permanent(tt.identity, false), Permanent(tt.identity, true); plain != tt.plain || prime != tt.prime {
			t.Errorf("%q: got %q and %q", tt.identity, plain, prime)
		}
	}
}

// An account that is kept under the IMSI serves both methods, whatever the client calls itself before.
func TestSubscribersAreFoundByIMSI(t *testing.T) {
	both(t, func(t *testing.T, isPrime bool) {
		for _, identity := range []string{"232010000000000", "0232010000000000@a.example", "6232010000000000@b.example"} {
			n := subscribe(t, 0, 0)
			delete(n.accounts, imsi)
			checkSuccess(t, run(t, identity, n.client(isPrime), n.server(isPrime)))
		}
		n := subscribe(t, 0, 0)
		delete(n.accounts, imsi)
		checkFailure(t, run(t, "0232010000000009", n.client(isPrime), n.server(isPrime)), explain.EAPRejected, explain.EAPUserUnknown)
	})
}
