package eapmethods_test

import (
	"bytes"
	"crypto/rand"
	"strings"
	"testing"

	"culvert/eap"
	"culvert/eap/aka"
	"culvert/eap/eaptest"
	"culvert/eap/gtc"
	"culvert/eap/md5"
	"culvert/eap/mschapv2"
	"culvert/eap/usim"
	"culvert/explain"
	"culvert/secret"
)

const (
	password = "clientPass"
	imsi     = "232010000000000"
)

// memory is a sequence number in memory.
type memory struct{ n uint64 }

func (m *memory) Update(next func(uint64) (uint64, error)) error {
	n, err := next(m.n)
	if err == nil {
		m.n = n
	}
	return err
}

// keys are those of 3GPP TS 35.208, test set 1.
func keys(t testing.TB) usim.Keys {
	t.Helper()
	keys, err := usim.ParseKeys("k=465b5ce8b199b49faa5f0a2ee238a6bc opc=cd63cb71954a9f4e48a5994e37a02baf")
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// subscription returns a card and its centre; the card's sequence number may be ahead.
func subscription(t testing.TB, ahead uint64) (*usim.Card, *usim.Centre) {
	t.Helper()
	card, err := usim.NewCard(keys(t), &memory{ahead})
	if err != nil {
		t.Fatal(err)
	}
	centre, err := usim.NewCentre(keys(t), &memory{}, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return card, centre
}

func accounts(subscriber eap.Subscriber) eaptest.Accounts {
	carol := &eap.Account{User: "carol", Cleartext: []byte(password), NTHash: mschapv2.NTHash([]byte(password)),
		Verify: func(p secret.Bytes) bool { return bytes.Equal(p, []byte(password)) }}
	sim := &eap.Account{User: "sim", Subscriber: subscriber}
	return eaptest.Accounts{"carol": carol, "0" + imsi + "@example.org": sim, "6" + imsi + "@example.org": sim}
}

func checkServer(t *testing.T, b *backend, want string, method eap.Type) {
	t.Helper()
	r := b.result()
	if r.State != eap.Succeeded || r.Identity != want || r.Method != method {
		t.Errorf("got %v, %q by %v, %v", r.State, r.Identity, r.Method, r.Err)
	}
}

func TestSupplicantAuthenticatesByPassword(t *testing.T) {
	a := accounts(nil)
	for _, tt := range []struct {
		name, network string
		keys          bool
		method        eap.Type
		methods       []eap.Method
	}{
		{"MD5", `eap=MD5; identity="carol"; password="clientPass"`, false, eap.TypeMD5Challenge, []eap.Method{md5.Server{Accounts: a}}},
		{"GTC", `eap=GTC; identity="carol"; password="clientPass"`, false, eap.TypeGTC, []eap.Method{gtc.Server{Accounts: a, Bare: true}}},
		{"MSCHAPv2", `eap=MSCHAPV2; identity="carol"; password="clientPass"`, true, eap.TypeMSCHAPv2, []eap.Method{mschapv2.Server{Accounts: a}}},
		{"MSCHAPv2 with a domain", `eap=MSCHAPV2; identity="HOST\carol"; password="clientPass"`, true, eap.TypeMSCHAPv2, []eap.Method{mschapv2.Server{Accounts: a}}},
		{"MSCHAPv2 after a Nak", `eap=MSCHAPV2; identity="carol"; password="clientPass"`, true, eap.TypeMSCHAPv2,
			[]eap.Method{md5.Server{Accounts: a}, gtc.Server{Accounts: a, Bare: true}, mschapv2.Server{Accounts: a}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBackend(t, tt.methods...)
			out, ok := (&supplicant{TB: t, network: tt.network, keys: tt.keys}).run(b)
			if !ok || !strings.HasSuffix(strings.TrimSpace(out), "SUCCESS") {
				t.Fatalf("eapol_test:\n%s", out)
			}
			checkServer(t, b, "carol", tt.method)
		})
	}
}

func TestSupplicantIsRefused(t *testing.T) {
	a := accounts(nil)
	for _, tt := range []struct {
		name, network, says string
		want                explain.Code
		method              eap.Method
	}{
		{"MD5", `eap=MD5; identity="carol"; password="x"`, "EAP-Failure", explain.EAPPassword, md5.Server{Accounts: a}},
		{"GTC", `eap=GTC; identity="carol"; password="x"`, "EAP-Failure", explain.EAPPassword, gtc.Server{Accounts: a, Bare: true}},
		{"MSCHAPv2", `eap=MSCHAPV2; identity="carol"; password="x"`, "error 691", explain.EAPPassword, mschapv2.Server{Accounts: a}},
		{"MSCHAPv2, unknown", `eap=MSCHAPV2; identity="eve"; password="x"`, "error 691", explain.EAPUserUnknown, mschapv2.Server{Accounts: a}},
		{"no common method", `eap=MD5; identity="carol"; password="x"`, "EAP-Failure", explain.EAPNoMethod, mschapv2.Server{Accounts: a}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBackend(t, tt.method)
			out, ok := (&supplicant{TB: t, network: tt.network}).run(b)
			if ok || !strings.Contains(out, tt.says) {
				t.Errorf("eapol_test does not say %q:\n%s", tt.says, out)
			}
			if got := eaptest.Code(b.result()); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestSupplicantAuthenticatesByCard(t *testing.T) {
	for _, tt := range []struct {
		name, network string
		ahead         uint64
		server        aka.Server
	}{
		{"AKA", `eap=AKA; identity="0` + imsi + `@example.org"`, 0, aka.Server{}},
		{"AKA, with a protected result", `eap=AKA; identity="0` + imsi + `@example.org"; phase1="result_ind=1"`, 0, aka.Server{Indications: true}},
		{"AKA, resynchronised", `eap=AKA; identity="0` + imsi + `@example.org"`, 1 << 30, aka.Server{}},
		{"AKA'", `eap=AKA'; identity="6` + imsi + `@example.org"`, 0, aka.Server{Prime: true}},
		{"AKA', resynchronised", `eap=AKA'; identity="6` + imsi + `@example.org"; phase1="result_ind=1"`, 1 << 30, aka.Server{Prime: true, Indications: true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			card, centre := subscription(t, tt.ahead)
			tt.server.Accounts = accounts(centre)
			b := newBackend(t, tt.server)
			out, ok := (&supplicant{TB: t, network: tt.network, keys: true, card: card}).run(b)
			if !ok || !strings.HasSuffix(strings.TrimSpace(out), "SUCCESS") {
				t.Fatalf("eapol_test:\n%s", out)
			}
			checkServer(t, b, "sim", tt.server.Type())
		})
	}
}

func TestSupplicantSeesBiddingDown(t *testing.T) {
	card, centre := subscription(t, 0)
	b := newBackend(t, aka.Server{Accounts: accounts(centre), PrimeToo: true})
	out, ok := (&supplicant{TB: t, network: `eap=AKA AKA'; identity="0` + imsi + `@example.org"`, keys: true, card: card}).run(b)
	if ok || !strings.Contains(out, "Bidding down") {
		t.Errorf("eapol_test:\n%s", out)
	}
	if got := eaptest.Code(b.result()); got != explain.EAPSIM {
		t.Errorf("got %s", got)
	}
}
