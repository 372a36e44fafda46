package daemon

import (
	"net/netip"
	"testing"

	"culvert/ike"
	"culvert/radius"
)

// Two groups may know users of the same name, and none rules over users of the other, or over those whom nobody but us knows.
func TestServersRuleOverTheirOwnUsersAlone(t *testing.T) {
	inLobby(t, func(l *lobby) {
		l.enter(admission(1, "carol", func(a *ike.Admission) { a.Connection = &ike.Connection{Name: "other"} }), "10.9.0.1")
		for _, which := range []radius.Selection{{User: "carol"}, {Session: "session-1"}, {IPv4: netip.MustParseAddr("10.9.0.1")}} {
			n, _ := l.ruler().Disconnect(t.Context(), which)
			m, _ := l.ruler().Change(t.Context(), which, radius.Change{Groups: []string{"admins"}})
			if n+m != 0 || len(l.closed) != 0 {
				t.Errorf("%+v: %d and %d met, closed %v", which, n, m, l.closed)
			}
		}
		if p := l.of(1); p.groups[0] != "staff" {
			t.Errorf("groups %v", p.groups)
		}
	})
}
