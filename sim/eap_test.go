package sim

import (
	"testing"
	"time"

	"culvert/auth"
	"culvert/eap"
	"culvert/eap/eaptest"
	"culvert/eap/mschapv2"
	"culvert/ike"
	"culvert/secret"
)

// byEAP has node "a" authenticate as carol, by EAP-MSCHAPv2.
func byEAP(c *ike.Connection) {
	password := secret.Bytes("a password")
	if c.LocalAuth[0].ID.Data == "a.example" {
		c.LocalAuth[0].Method = auth.MethodEAP
		c.LocalAuth[0].EAP = &eap.Peer{Identity: "carol", Methods: []eap.Method{mschapv2.Client{Password: eap.Stored(password)}}}
		return
	}
	accounts := eaptest.Accounts{"carol": {User: "carol", NTHash: mschapv2.NTHash(password)}}
	c.RemoteAuth[0] = auth.Remote{ID: c.RemoteAuth[0].ID, Method: auth.MethodEAP,
		EAP: &eap.Authenticator{AskIdentity: true, Methods: []eap.Method{mschapv2.Server{Accounts: accounts}}}}
}

// Five exchanges on lines that lose, double and swap packets.
func TestEAPInBadWeather(t *testing.T) {
	overSeeds(t, min(300, seedsOrLess(30)), func(l *Lab) {
		a, b, conn := pair(l, Terms{Change: byEAP})
		for _, n := range l.Nodes() {
			n.Up.Loss, n.Up.Duplicate, n.Up.Jitter = 0.2, 0.2, 200*time.Millisecond
			n.Down = n.Up
		}
		l.bringUp(a, conn)
		up := func() bool { return len(a.Children(conn)) == 1 && len(b.Children(conn)) == 1 }
		if !l.RunUntil(10*time.Minute, up) {
			l.Problem("not up in bad weather")
		}
	})
}

// A client with EAP authenticates anew with the credentials that it has, make before break.
func TestClientWithEAPAuthenticatesAnewWithoutLoss(t *testing.T) {
	l := newLab(t, 1)
	a, b, conn := pair(l, Terms{Change: func(c *ike.Connection) {
		byEAP(c)
		c.AuthLifetime = 10 * time.Minute
	}})
	l.up(a, b, conn)
	first := l.Ledger.Next()
	l.chatter(a, b, 100*time.Millisecond, time.Hour)
	l.Run(time.Hour + time.Minute)
	if n := b.count(ike.NewsEstablished); n < 6 || n > 8 {
		t.Errorf("%d authentications in an hour, one for every ten minutes wanted", n)
	}
	if s := l.Ledger.Sum(first); s.Delivered != s.Sent {
		t.Errorf("packets: %+v", s)
	}
}
