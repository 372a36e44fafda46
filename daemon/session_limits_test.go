package daemon

import (
	"testing"
	"time"

	"culvert/eap"
	"culvert/explain"
	"culvert/ike"
	"culvert/wire"
)

// Who asks for an address of the session that there is, and gets others as well, has begun another session.
func TestLimitOfSessionsIsNotEvadedByWishes(t *testing.T) {
	one := grants(eap.Grant{MaxSessions: 1})
	wish := func(a *ike.Admission) { a.Request = request(addrs("10.9.0.7")) }
	here := func(a *ike.Admission) { a.Path.Remote = admission(1, "carol").Path.Remote }
	for name, tt := range map[string]struct {
		change func(*ike.Admission)
		gets   []string
	}{
		"one address more":  {wish, []string{"10.9.0.7", "2001:db8::7"}},
		"another address":   {wish, []string{"10.9.0.8"}},
		"none, from there":  {here, nil},
		"not even a wish":   {func(*ike.Admission) {}, []string{"10.9.0.8"}},
		"nothing and a CP":  {wish, nil},
		"other, from there": {here, []string{"10.9.0.8"}},
	} {
		inLobby(t, func(l *lobby) {
			l.enter(admission(1, "carol", one), "10.9.0.7")
			if f := l.enter(admission(2, "carol", one, tt.change), tt.gets...); f == nil || f.Code != explain.UserSessions {
				t.Errorf("%s: %v", name, f)
			}
			if len(l.users["carol"]) != 1 || len(l.admitted) != 0 {
				t.Errorf("%s: %d sessions, %d admitted", name, len(l.users["carol"]), len(l.admitted))
			}
		})
	}
}

// Each of many IKE SAs that begin at a time would take the place of what was there before, and none of another.
func TestLimitOfSessionsIsNotEvadedByManyAtATime(t *testing.T) {
	one := grants(eap.Grant{MaxSessions: 1})
	inLobby(t, func(l *lobby) {
		replaces := func(began time.Time) func(*ike.Admission) {
			return func(a *ike.Admission) {
				a.Connection = &ike.Connection{Name: "road", Unique: ike.UniqueReplace}
				a.Began = began
			}
		}
		began := time.Now()
		time.Sleep(time.Second)
		if f := l.enter(admission(1, "carol", one, replaces(began)), "10.9.0.1"); f != nil {
			t.Fatal(f)
		}
		for sa := wire.SPI(2); sa < 5; sa++ {
			if f := l.enter(admission(sa, "carol", one, replaces(began)), "10.9.0.2"); f == nil || f.Code != explain.UserSessions {
				t.Errorf("IKE SA %d: %v", sa, f)
			}
		}
		time.Sleep(time.Second)
		if f := l.enter(admission(5, "carol", one, replaces(time.Now())), "10.9.0.2"); f != nil {
			t.Errorf("one that began later: %v", f)
		}
	})
}
