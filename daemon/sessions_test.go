package daemon

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"culvert/auth"
	"culvert/dataplane"
	"culvert/eap"
	"culvert/explain"
	"culvert/ike"
	"culvert/radius"
	"culvert/wire"
)

// A lobby is a book of sessions under test, with what it does.
type lobby struct {
	*testing.T
	*sessions
	records  []radius.Record
	closed   []wire.SPI
	why      *ike.Failure
	counters map[childKey]dataplane.Counters
}

// inLobby runs a test in a bubble.
func inLobby(t *testing.T, test func(l *lobby)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		l := &lobby{T: t, counters: map[childKey]dataplane.Counters{}}
		l.sessions = &sessions{
			now: time.Now, engine: time.Now, account: func(_ string, r radius.Record) { l.records = append(l.records, r) },
			interim: func(string) time.Duration { return 10 * time.Minute },
			query: func(d dataplane.Direction, spi uint32, _ dataplane.PolicyID) (dataplane.Counters, error) {
				c, ok := l.counters[childKey{d, spi}]
				if !ok {
					return c, fmt.Errorf("no SA %08x", spi)
				}
				return c, nil
			},
			close:    func(_ string, sas []wire.SPI, why *ike.Failure) { l.closed, l.why = append(l.closed, sas...), why },
			expected: map[wire.SPI]bool{}, admitted: map[wire.SPI]*session{}, bySA: map[wire.SPI]*session{}, users: map[string][]*session{}, policies: map[dataplane.PolicyID]*session{},
		}
		test(l)
		for spi := range l.bySA {
			l.news(ike.News{Kind: ike.NewsClosed, SA: spi})
		}
	})
}

// ended returns what has been closed, and why, while timers may be at it.
func (l *lobby) ended() ([]wire.SPI, *ike.Failure) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.closed), l.why
}

// ruler is of a group that authenticates the users of the connection "road".
func (l *lobby) ruler() ruler {
	return ruler{l.sessions, func(connection string) bool { return connection == "road" }}
}

func (l *lobby) news(n ike.News) { l.follow(n) }

// admission is one of a user who comes by EAP.
func admission(sa wire.SPI, user string, change ...func(*ike.Admission)) ike.Admission {
	a := ike.Admission{
		Connection: &ike.Connection{Name: "road", Unique: ike.UniqueNo}, SA: sa, Session: fmt.Sprintf("session-%d", sa), EAPIdentity: user,
		Identity: auth.UserIdentity(user), Grants: []*eap.Grant{{User: user, Groups: []string{"staff"}}},
		Path: dataplane.Path{Local: netip.MustParseAddrPort("192.0.2.1:4500"), Remote: netip.AddrPortFrom(netip.MustParseAddr("198.51.100.7"), uint16(1000+sa))},
	}
	for _, f := range change {
		f(&a)
	}
	return a
}

func grants(g eap.Grant) func(*ike.Admission) {
	return func(a *ike.Admission) {
		g.User = a.EAPIdentity
		a.Grants = []*eap.Grant{&g}
	}
}

// enter admits a user and establishes the IKE SA.
func (l *lobby) enter(a ike.Admission, addresses ...string) *ike.Failure {
	l.expect(a.SA)
	if f := l.admit(a); f != nil {
		return f
	}
	if f := l.granted(a, addrs(addresses...)); f != nil {
		l.news(ike.News{Kind: ike.NewsClosed, SA: a.SA, Failure: f})
		return f
	}
	l.news(ike.News{Kind: ike.NewsEstablished, SA: a.SA})
	return nil
}

// count sets the counters of an SA.
func (l *lobby) count(key childKey, c dataplane.Counters) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counters[key] = c
}

func (l *lobby) statuses() string {
	var list []string
	for _, r := range l.records {
		list = append(list, fmt.Sprint(r.Status))
	}
	return strings.Join(list, " ")
}

func (l *lobby) last() radius.Record { return l.records[len(l.records)-1] }

func child(in, out uint32, policy dataplane.PolicyID) *ike.ChildInfo {
	return &ike.ChildInfo{InSPI: in, OutSPI: out, Policy: policy}
}

func TestSessionOutlivesRekeyingOfBothLayers(t *testing.T) {
	inLobby(t, func(l *lobby) {
		l.enter(admission(1, "carol"), "10.9.0.7")
		l.news(ike.News{Kind: ike.NewsChildUp, SA: 1, Child: child(0xa1, 0xb1, 7)})
		l.counters[childKey{dataplane.Inbound, 0xa1}] = dataplane.Counters{Bytes: 1000, Packets: 10}
		l.counters[childKey{dataplane.Outbound, 0xb1}] = dataplane.Counters{Bytes: 2000, Packets: 20}
		time.Sleep(time.Minute)
		l.news(ike.News{Kind: ike.NewsRekeyed, SA: 1, Successor: 2})
		l.news(ike.News{Kind: ike.NewsChildRekeyed, SA: 2, Child: child(0xa2, 0xb2, 7)})
		for _, key := range []childKey{{dataplane.Outbound, 0xb1}, {dataplane.Inbound, 0xa1}} {
			l.removed(key.direction, key.spi, 7, l.counters[key])
			delete(l.counters, key)
		}
		l.counters[childKey{dataplane.Inbound, 0xa2}] = dataplane.Counters{Bytes: 5, Packets: 1}
		l.news(ike.News{Kind: ike.NewsClosed, SA: 1}) // the old IKE SA: nobody's
		l.news(ike.News{Kind: ike.NewsClosed, SA: 2, Failure: &ike.Failure{Code: explain.IKEPeerDeleted}})
		if got := l.statuses(); got != "1 2" {
			t.Fatalf("records %s", got)
		}
		want := radius.Usage{InOctets: 1005, OutOctets: 2000, InPackets: 11, OutPackets: 20, Time: time.Minute}
		if r := l.last(); r.Usage != want || r.Cause != radius.UserRequest || r.Account.Line.Session != "session-1" || r.Account.Addresses[0].String() != "10.9.0.7" {
			t.Errorf("stop %+v", r)
		}
	})
}

func TestReauthenticationGoesOnWithTheSession(t *testing.T) {
	wish := func(a *ike.Admission) { a.Request = request(addrs("10.9.0.7")) }
	inLobby(t, func(l *lobby) {
		one := grants(eap.Grant{MaxSessions: 1})
		l.enter(admission(1, "carol", one), "10.9.0.7")
		if f := l.enter(admission(2, "carol", one, wish), "10.9.0.7"); f != nil {
			t.Fatal(f.Err)
		}
		time.Sleep(time.Second)
		l.news(ike.News{Kind: ike.NewsClosed, SA: 1})
		if got := l.statuses(); got != "1 3" {
			t.Errorf("records %s: start, an update, and no stop while the new IKE SA lives", got)
		}
		l.news(ike.News{Kind: ike.NewsClosed, SA: 2})
		if r := l.last(); r.Status != radius.Stop || r.Account.Line.Session != "session-1" || r.Usage.Time != time.Second {
			t.Errorf("stop %+v", r)
		}
	})
}

func TestSessionsOfAUserAreLimited(t *testing.T) {
	limit := grants(eap.Grant{MaxSessions: 2})
	inLobby(t, func(l *lobby) {
		for sa := range wire.SPI(2) {
			if f := l.enter(admission(sa+1, "carol", limit), fmt.Sprintf("10.9.0.%d", sa+1)); f != nil {
				t.Fatal(f.Err)
			}
		}
		f := l.enter(admission(3, "carol", limit))
		if f == nil || f.Code != explain.UserSessions || f.Notify != wire.NotifyAuthenticationFailed {
			t.Fatalf("got %+v", f)
		}
		if f := l.enter(admission(4, "dave", limit), "10.9.0.9"); f != nil {
			t.Errorf("another user: %v", f.Err)
		}
		time.Sleep(time.Second)
		contact := func(a *ike.Admission) { a.InitialContact, a.Began = true, time.Now() }
		if f := l.enter(admission(5, "carol", limit, contact), "10.9.0.1"); f != nil {
			t.Errorf("a client that has forgotten its IKE SAs: %v", f.Err)
		}
		l.news(ike.News{Kind: ike.NewsClosed, SA: 1})
		l.news(ike.News{Kind: ike.NewsClosed, SA: 2})
		l.news(ike.News{Kind: ike.NewsClosed, SA: 5})
		if f := l.enter(admission(6, "carol", limit), "10.9.0.1"); f != nil {
			t.Errorf("after the others have ended: %v", f.Err)
		}
	})
}

// Whoever is gone before the decision leaves nothing behind.
func TestAdmissionOfADeadIKESACountsForNobody(t *testing.T) {
	limit := grants(eap.Grant{MaxSessions: 1})
	inLobby(t, func(l *lobby) {
		l.expect(1)
		l.news(ike.News{Kind: ike.NewsClosed, SA: 1})
		l.admit(admission(1, "carol", limit))
		l.expect(2)
		l.admit(admission(2, "carol", limit))
		l.news(ike.News{Kind: ike.NewsClosed, SA: 2})
		if f := l.enter(admission(3, "carol", limit)); f != nil {
			t.Error(f.Err)
		}
		if n := len(l.admitted) + len(l.expected); n != 0 || len(l.users["carol"]) != 1 {
			t.Errorf("%d entries are left", n)
		}
	})
}

func TestTimesOfASession(t *testing.T) {
	for name, tt := range map[string]struct {
		grant eap.Grant
		after time.Duration
		cause radius.Cause
	}{
		"session timeout": {eap.Grant{SessionTimeout: time.Hour}, time.Hour, radius.SessionTimedOut},
		"valid until":     {eap.Grant{SessionTimeout: 9 * time.Hour, ValidUntil: time.Date(2000, 1, 1, 2, 0, 0, 0, time.UTC)}, 2 * time.Hour, radius.SessionTimedOut},
		"idle":            {eap.Grant{IdleTimeout: 30 * time.Minute}, 50 * time.Minute, radius.IdleTimedOut},
	} {
		t.Run(name, func(t *testing.T) {
			inLobby(t, func(l *lobby) {
				l.enter(admission(1, "carol", grants(tt.grant)))
				l.news(ike.News{Kind: ike.NewsChildUp, SA: 1, Child: child(0xa1, 0xb1, 7)})
				time.Sleep(20 * time.Minute)
				l.count(childKey{dataplane.Inbound, 0xa1}, dataplane.Counters{Bytes: 1, Packets: 1, LastUse: time.Now().UnixNano()})
				time.Sleep(tt.after - 20*time.Minute - time.Second)
				synctest.Wait()
				if closed, _ := l.ended(); len(closed) != 0 {
					t.Fatal("it ends before its time")
				}
				time.Sleep(time.Second)
				synctest.Wait()
				if closed, why := l.ended(); !slices.Equal(closed, []wire.SPI{1}) || why.Code != explain.UserTimeout {
					t.Fatalf("closed %v for %v", closed, why)
				}
				l.news(ike.News{Kind: ike.NewsClosed, SA: 1})
				if l.last().Cause != tt.cause {
					t.Errorf("cause %d", l.last().Cause)
				}
			})
		})
	}
}

func TestInterimUpdatesComeInTime(t *testing.T) {
	for _, tt := range []struct {
		says  time.Duration
		count int
	}{{0, 6}, {20 * time.Minute, 3}, {time.Second, 60}} {
		inLobby(t, func(l *lobby) {
			l.enter(admission(1, "carol", grants(eap.Grant{InterimInterval: tt.says})))
			time.Sleep(time.Hour)
			synctest.Wait()
			if n := len(l.records) - 1; n != tt.count {
				t.Errorf("the server says %v: %d updates in an hour, want %d", tt.says, n, tt.count)
			}
		})
	}
}

func TestServersDisconnectAndChangeSessions(t *testing.T) {
	inLobby(t, func(l *lobby) {
		l.enter(admission(1, "carol"), "10.9.0.1")
		l.enter(admission(2, "dave"), "10.9.0.2")
		if n, cause := l.ruler().Disconnect(t.Context(), radius.Selection{User: "erin"}); n != 0 || cause != 0 {
			t.Errorf("nobody: %d, %v", n, cause)
		}
		hour, none := time.Hour, time.Duration(0)
		if n, cause := l.ruler().Change(t.Context(), radius.Selection{IPv4: netip.MustParseAddr("10.9.0.2")}, radius.Change{SessionTimeout: &hour, IdleTimeout: &none, Groups: []string{"guests"}}); n != 1 || cause != 0 {
			t.Errorf("change: %d, %v", n, cause)
		}
		if p := l.of(2); !slices.Equal(p.groups, []string{"guests"}) {
			t.Errorf("groups %v", p.groups)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if !slices.Equal(l.closed, []wire.SPI{2}) {
			t.Errorf("closed %v", l.closed)
		}
		if n, _ := l.ruler().Disconnect(t.Context(), radius.Selection{User: "carol"}); n != 1 || !slices.Equal(l.closed, []wire.SPI{2, 1}) || l.why.Code != explain.RadiusDisconnect {
			t.Errorf("%d met, closed %v", n, l.closed)
		}
		l.news(ike.News{Kind: ike.NewsClosed, SA: 1})
		if r := l.last(); r.Cause != radius.AdminReset {
			t.Errorf("cause %d", r.Cause)
		}
	})
}

func TestChangeToAGroupThatMayNotConnectIsRefused(t *testing.T) {
	inLobby(t, func(l *lobby) {
		l.enter(admission(1, "carol", func(a *ike.Admission) { a.Connection.RemoteAuth = []auth.Remote{{Groups: []string{"staff"}}} }))
		if _, cause := l.ruler().Change(t.Context(), radius.Selection{User: "carol"}, radius.Change{Groups: []string{"guests"}}); cause != radius.InvalidAttributeValue {
			t.Errorf("got %v", cause)
		}
		if p := l.of(1); !slices.Equal(p.groups, []string{"staff"}) {
			t.Errorf("groups %v", p.groups)
		}
	})
}

func TestWhyAnIKESAEndsIsWhyTheSessionEnds(t *testing.T) {
	for code, want := range map[explain.Code]radius.Cause{
		"": radius.AdminReset, explain.IKEPeerDeleted: radius.UserRequest, explain.IKETimeout: radius.LostCarrier,
		explain.IKELifetime: radius.SessionTimedOut, explain.IKEInternal: radius.NASError,
	} {
		var f *ike.Failure
		if code != "" {
			f = &ike.Failure{Code: code}
		}
		if got := causeOf(f); got != want {
			t.Errorf("%s: %d, want %d", code, got, want)
		}
	}
}
