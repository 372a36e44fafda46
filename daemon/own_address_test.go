package daemon

import (
	"testing"

	"culvert/eap"
	"culvert/explain"
	"culvert/ike"
)

// ours is an admission of a user who has addresses of the user's own.
func (d *desk) ours(user string, own []string, wishes ...string) ike.Admission {
	a := d.admission(user, wishes...)
	g := &eap.Grant{User: user}
	for _, addr := range addrs(own...) {
		if addr.Is4() {
			g.IPv4 = addr
		} else {
			g.IPv6 = addr
		}
	}
	a.Grants = []*eap.Grant{g}
	return a
}

func TestUserHasTheAddressOfTheAccount(t *testing.T) {
	for name, pools := range map[string][]string{"no pool": nil, "outside of the pool": {"10.3.0.1-10.3.0.9"}, "inside of it": {"10.9.0.1-10.9.0.9"}} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, nil)
			if pools != nil {
				d.set(pool("a", pools...))
			}
			sa, got := d.bring(d.ours("carol@example.org", []string{"10.9.0.7", "2001:db8::7"}, "0.0.0.0", "::"))
			expect(t, "addresses", got, "10.9.0.7", "2001:db8::7")
			if v := d.leases.admit(d.now, d.ours("dave@example.org", []string{"10.9.0.7"}, "0.0.0.0")); v.Refusal == nil || v.Refusal.Code != explain.UserAddress {
				t.Errorf("another user: %+v", v)
			}
			if v := d.leases.admit(d.now, d.ours("carol@example.org", []string{"10.9.0.7"}, "0.0.0.0")); v.Refusal == nil || v.Refusal.Code != explain.UserAddress {
				t.Errorf("another device: %+v", v)
			}
			again, got := d.bring(d.ours("carol@example.org", []string{"10.9.0.7"}, "10.9.0.7"))
			expect(t, "who authenticates anew", got, "10.9.0.7")
			d.end(sa)
			d.end(again)
			_, got = d.bring(d.ours("dave@example.org", []string{"10.9.0.7"}, "0.0.0.0"))
			expect(t, "when it is free", got, "10.9.0.7")
		})
	}
}

func TestPoolDoesNotHandOutAUsersAddress(t *testing.T) {
	d := newDesk(t, nil, pool("a", "10.9.0.7-10.9.0.8"))
	d.bring(d.ours("carol@example.org", []string{"10.9.0.7"}, "0.0.0.0"))
	_, got := d.lease("dave@example.org", "10.9.0.7")
	expect(t, "somebody else", got, "10.9.0.8")
	d = newDesk(t, nil, pool("a", "10.9.0.7-10.9.0.8"))
	d.lease("dave@example.org", "10.9.0.7")
	if v := d.leases.admit(d.now, d.ours("carol@example.org", []string{"10.9.0.7"}, "0.0.0.0")); v.Refusal == nil || v.Refusal.Code != explain.UserAddress {
		t.Errorf("the owner of an address that was leased: %+v", v)
	}
}

func TestFamilyThatWasNotAskedForIsNotGiven(t *testing.T) {
	d := newDesk(t, nil)
	_, got := d.bring(d.ours("carol@example.org", []string{"10.9.0.7", "2001:db8::7"}, "::"))
	expect(t, "addresses", got, "2001:db8::7")
}

func TestServersOfTheAccountComeFirst(t *testing.T) {
	p := pool("a", "10.9.0.1-10.9.0.9")
	p.DNS = addrs("10.1.0.53")
	d := newDesk(t, nil, p)
	a := d.admission("carol@example.org", "0.0.0.0")
	a.Grants = []*eap.Grant{{DNS: addrs("10.2.0.53")}}
	v := d.leases.admit(d.now, a)
	if text := v.Reply.Attributes; len(text) != 2 || string(text[1].Value) != "\x0a\x02\x00\x35" {
		t.Errorf("reply %+v", v.Reply)
	}
}
