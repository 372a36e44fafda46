package eapmethods_test

import (
	"testing"

	"culvert/eap"
	"culvert/eap/aka"
	"culvert/eap/eaptest"
	"culvert/eap/gtc"
	"culvert/eap/md5"
	"culvert/eap/mschapv2"
	"culvert/explain"
)

// against lets our peer talk to hostapd through our proxy.
func against(t *testing.T, hostapd eap.Server, identity string, methods ...eap.Method) eaptest.Outcome {
	t.Helper()
	return eaptest.Run(t, &eap.Peer{Identity: identity, Methods: methods}, hostapd, eaptest.Session(identity))
}

func TestClientsAuthenticateToHostapdByPassword(t *testing.T) {
	_, centre := subscription(t, 0)
	hostapd := newHostapd(t, centre)
	right := eap.Stored([]byte(password))
	for _, tt := range []struct {
		name, identity string
		method         eap.Type
		keys           bool
		methods        []eap.Method
	}{
		{"MD5", "md5", eap.TypeMD5Challenge, false, []eap.Method{md5.Client{Password: right}}},
		{"GTC", "gtc", eap.TypeGTC, false, []eap.Method{gtc.Client{Password: right, Bare: true}}},
		{"MSCHAPv2", "carol", eap.TypeMSCHAPv2, true, []eap.Method{mschapv2.Client{Password: right}}},
		{"MSCHAPv2 by hash, after a Nak", "chooses", eap.TypeMSCHAPv2, true, []eap.Method{mschapv2.Client{NTHash: mschapv2.NTHash([]byte(password))}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out := against(t, hostapd, tt.identity, tt.methods...)
			checkBoth(t, out, tt.method, tt.keys)
		})
	}
}

// checkBoth compares our client with what hostapd says in RADIUS.
func checkBoth(t *testing.T, out eaptest.Outcome, method eap.Type, keys bool) {
	t.Helper()
	if out.Client.State != eap.Succeeded || out.Server.State != eap.Succeeded || out.Client.Method != method {
		t.Fatalf("got %v, %v by %v", out.Client.Err, out.Server.Err, out.Client.Method)
	}
	if keys != (len(out.Client.MSK) == 64) || !out.Client.MSK.Equal(out.Server.MSK) {
		t.Errorf("the keys differ: %d and %d octets", len(out.Client.MSK), len(out.Server.MSK))
	}
}

func TestClientsAreRefusedByHostapd(t *testing.T) {
	_, centre := subscription(t, 0)
	hostapd := newHostapd(t, centre)
	wrong := eap.Stored([]byte("x"))
	for _, tt := range []struct {
		name, identity string
		want           explain.Code
		method         eap.Method
	}{
		{"MD5", "md5", explain.EAPRejected, md5.Client{Password: wrong}},
		{"GTC", "gtc", explain.EAPRejected, gtc.Client{Password: wrong, Bare: true}},
		{"MSCHAPv2", "carol", explain.EAPPassword, mschapv2.Client{Password: wrong}},
		{"no common method", "md5", explain.EAPNoMethod, mschapv2.Client{Password: wrong}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out := against(t, hostapd, tt.identity, tt.method)
			if got := eaptest.Code(out.Client); got != tt.want {
				t.Errorf("got %s, want %s: %v", got, tt.want, out.Client.Err)
			}
		})
	}
}

func TestCardsAuthenticateToHostapd(t *testing.T) {
	for _, tt := range []struct {
		name   string
		ahead  uint64
		prime  bool
		prefix string
	}{{"AKA", 0, false, "0"}, {"AKA, resynchronised", 1 << 30, false, "0"}, {"AKA'", 0, true, "6"}, {"AKA', resynchronised", 1 << 30, true, "6"}} {
		t.Run(tt.name, func(t *testing.T) {
			card, centre := subscription(t, tt.ahead)
			client := aka.Client{Card: card, Prime: tt.prime}
			out := against(t, newHostapd(t, centre), tt.prefix+imsi+"@example.org", client)
			checkBoth(t, out, client.Type(), true)
		})
	}
}
