package daemon

import (
	"bytes"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"culvert/api"
	"culvert/auth"
	"culvert/config"
	"culvert/explain"
	"culvert/ike"
	"culvert/lease"
	"culvert/wire"
)

// A desk is leases under test.
type desk struct {
	*testing.T
	*leases
	log buffer
	now time.Time
	sa  wire.SPI // the last one
}

func newDesk(t *testing.T, store lease.Store, pools ...*config.Pool) *desk {
	t.Helper()
	d := &desk{T: t, now: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)}
	d.leases = newLeases(store, slog.New(slog.NewTextHandler(&d.log, nil)))
	d.set(pools...)
	return d
}

func (d *desk) set(pools ...*config.Pool) {
	d.Helper()
	if err := d.configure(pools); err != nil {
		d.Fatal(err)
	}
}

// pool has ranges, each written "first-last".
func pool(name string, ranges ...string) *config.Pool {
	p := &config.Pool{Name: name}
	for _, r := range ranges {
		first, last, _ := strings.Cut(r, "-")
		p.Addresses = append(p.Addresses, lease.Range{First: netip.MustParseAddr(first), Last: netip.MustParseAddr(last)})
	}
	return p
}

func addrs(list ...string) (out []netip.Addr) {
	for _, s := range list {
		out = append(out, netip.MustParseAddr(s))
	}
	return out
}

// admission is one of a peer that asks for addresses; "0.0.0.0" and "::" ask for any.
func (d *desk) admission(identity string, wishes ...string) ike.Admission {
	d.Helper()
	id, err := auth.ParseIdentity(identity)
	if err != nil {
		d.Fatal(err)
	}
	d.sa++
	return ike.Admission{
		Connection: &ike.Connection{Name: "clients", Pools: []string{"a", "b"}, Unique: ike.UniqueNo},
		SA:         d.sa, Identity: id, Request: request(addrs(wishes...)),
	}
}

// request asks for addresses, and for DNS servers of both families.
func request(wishes []netip.Addr) *wire.Configuration {
	cp := &wire.Configuration{ConfigType: wire.ConfigRequest, Attributes: []wire.Attribute{{Type: wire.AttrInternalIP4DNS}, {Type: wire.AttrInternalIP6DNS}}}
	for _, a := range wishes {
		attr := wire.Attribute{Type: wire.AttrInternalIP4Address, Value: a.AsSlice()}
		if a.Is6() {
			attr = wire.Attribute{Type: wire.AttrInternalIP6Address, Value: append(a.AsSlice(), 128)}
		}
		if a.IsUnspecified() {
			attr.Value = nil
		}
		cp.Attributes = append(cp.Attributes, attr)
	}
	return cp
}

// lease admits a peer and returns what it got.
func (d *desk) lease(identity string, wishes ...string) (wire.SPI, []string) {
	d.Helper()
	return d.bring(d.admission(identity, wishes...))
}

func (d *desk) bring(a ike.Admission) (wire.SPI, []string) {
	d.Helper()
	d.expect(a.SA)
	v := d.admit(d.now, a)
	var got []string
	for _, a := range v.Addresses {
		got = append(got, a.String())
	}
	return a.SA, got
}

// end has an IKE SA end.
func (d *desk) end(sa wire.SPI) { d.release(d.now, d.follow(ike.News{Kind: ike.NewsClosed, SA: sa})) }

func (d *desk) online() (n int) {
	for _, p := range d.status() {
		n += p.Online
	}
	return n
}

func expect(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func TestLeaseOfBothFamilies(t *testing.T) {
	p := pool("a", "10.3.0.1-10.3.0.9", "fd03::1-fd03::9")
	p.DNS = addrs("10.1.0.53", "fd01::53")
	d := newDesk(t, nil, p)
	a := d.admission("carol@example.org", "0.0.0.0", "::")
	d.expect(a.SA)
	v := d.admit(d.now, a)
	if v.Refusal != nil || !slices.Equal(v.Addresses, addrs("10.3.0.1", "fd03::1")) {
		t.Fatalf("the verdict is %+v", v)
	}
	want := map[wire.AttributeType][]byte{
		wire.AttrInternalIP4Address: netip.MustParseAddr("10.3.0.1").AsSlice(), wire.AttrInternalIP6Address: append(netip.MustParseAddr("fd03::1").AsSlice(), 128),
		wire.AttrInternalIP4DNS: netip.MustParseAddr("10.1.0.53").AsSlice(), wire.AttrInternalIP6DNS: netip.MustParseAddr("fd01::53").AsSlice(),
	}
	for _, a := range v.Reply.Attributes {
		if !bytes.Equal(a.Value, want[a.Type]) {
			t.Errorf("the peer is told %v %x", a.Type, a.Value)
		}
		delete(want, a.Type)
	}
	if len(want) > 0 {
		t.Errorf("the peer is not told %v", want)
	}
	s := d.status()
	if len(s) != 1 || s[0].Name != "a" || s[0].Size != "18" || s[0].Online != 2 || s[0].Leases[0].Identity != "carol@example.org" {
		t.Errorf("status is %+v", s)
	}
	_, only4 := d.lease("dave@example.org", "0.0.0.0")
	expect(t, "IPv4 alone", only4, "10.3.0.2")
	_, nothing := d.lease("erin@example.org")
	expect(t, "nothing asked for", nothing)
}

func TestLeaseComesFromTheFirstPoolWithRoom(t *testing.T) {
	d := newDesk(t, nil, pool("a", "10.3.0.1-10.3.0.1"), pool("b", "10.4.0.1-10.4.0.1"))
	_, first := d.lease("carol@example.org", "0.0.0.0")
	expect(t, "first", first, "10.3.0.1")
	_, second := d.lease("dave@example.org", "0.0.0.0")
	expect(t, "second", second, "10.4.0.1")
	a := d.admission("erin@example.org", "0.0.0.0")
	d.expect(a.SA)
	v := d.admit(d.now, a)
	if v.Refusal == nil || v.Refusal.Code != explain.IKENoAddress || v.Refusal.Notify != wire.NotifyInternalAddressFailure || v.Refusal.Fatal {
		t.Fatalf("the verdict is %+v", v)
	}
	if !says(v.Refusal.Error(), "erin@example.org", "a, b") {
		t.Errorf("it says %v", v.Refusal)
	}
}

func TestLeaseOfOneFamilyAloneIsEnough(t *testing.T) {
	d := newDesk(t, nil, pool("a", "10.3.0.1-10.3.0.9"))
	_, got := d.lease("carol@example.org", "0.0.0.0", "::")
	expect(t, "addresses", got, "10.3.0.1")
}

func TestLeaseIsReleasedWithItsSA(t *testing.T) {
	d := newDesk(t, nil, pool("a", "10.3.0.1-10.3.0.1"))
	sa, _ := d.lease("carol@example.org", "0.0.0.0")
	d.end(sa + 100)
	if d.online() != 1 {
		t.Fatal("the end of another IKE SA released it")
	}
	d.follow(ike.News{Kind: ike.NewsChildDown, SA: sa})
	d.end(sa)
	d.end(sa)
	if d.online() != 0 {
		t.Error("it is still held")
	}
	_, got := d.lease("dave@example.org", "0.0.0.0")
	expect(t, "the next peer", got, "10.3.0.1")
}

func TestLeaseFollowsARekeyedSA(t *testing.T) {
	d := newDesk(t, nil, pool("a", "10.3.0.1-10.3.0.9"))
	sa, _ := d.lease("carol@example.org", "0.0.0.0")
	d.follow(ike.News{Kind: ike.NewsRekeyed, SA: sa, Successor: 99})
	d.end(sa)
	if d.online() != 1 {
		t.Fatal("the rekeying released it")
	}
	d.end(99)
	if d.online() != 0 {
		t.Error("the successor holds it for ever")
	}
}

// An IKE SA that ends while it is being admitted holds nothing.
func TestLeaseOfAnSAThatIsGone(t *testing.T) {
	d := newDesk(t, nil, pool("a", "10.3.0.1-10.3.0.9"))
	a := d.admission("carol@example.org", "0.0.0.0")
	d.expect(a.SA)
	d.end(a.SA)
	d.admit(d.now, a)
	if d.online() != 0 {
		t.Error("nobody is left to release the address")
	}
	if len(d.asking)+len(d.held) != 0 {
		t.Errorf("the books keep %v, %v", d.asking, d.held)
	}
}

// Make before break: the new IKE SA asks for the address that the old one still holds, and gets it.
func TestReauthenticationKeepsTheAddress(t *testing.T) {
	d := newDesk(t, nil, pool("a", "10.3.0.1-10.3.0.9"))
	old, first := d.lease("carol@example.org", "0.0.0.0")
	_, again := d.lease("carol@example.org", first...)
	expect(t, "the new IKE SA", again, first...)
	d.end(old)
	if d.online() != 1 {
		t.Error("the end of the old IKE SA took the address from the new one")
	}
	_, other := d.lease("carol@example.org", "0.0.0.0")
	if slices.Equal(other, first) {
		t.Error("a second connection shares the address")
	}
}

// A peer that has lost its state, or replaces what it had, gets the address of the IKE SA that goes.
func TestReplacedSAHandsItsAddressOver(t *testing.T) {
	tests := []struct {
		name    string
		unique  ike.Uniqueness
		initial bool
		want    bool
	}{
		{"unique = replace", ike.UniqueReplace, false, true},
		{"INITIAL_CONTACT", ike.UniqueNo, true, true},
		{"a second one beside it", ike.UniqueNo, false, false},
		{"INITIAL_CONTACT, which is ignored", ike.UniqueNever, true, false},
	}
	for _, tt := range tests {
		d := newDesk(t, nil, pool("a", "10.3.0.1-10.3.0.9"))
		_, first := d.lease("carol@example.org", "0.0.0.0")
		a := d.admission("carol@example.org", "0.0.0.0")
		a.Connection.Unique, a.InitialContact = tt.unique, tt.initial
		if _, got := d.bring(a); slices.Equal(got, first) != tt.want {
			t.Errorf("%s: %v after %v", tt.name, got, first)
		}
	}
}

func TestUniquePeerIsRefused(t *testing.T) {
	west, east := newNode(t, "west", "10.1.0.0/24"), newNode(t, "east", "10.2.0.0/24")
	again := newNode(t, "west", "10.1.0.0/24")
	west.write("", west.site(east, "", ""))
	again.write("", again.site(east, "initial_contact = false", ""))
	open := strings.Replace(east.site(west, `unique = "keep"`, ""), "address = \""+west.addr+"\"", "", 1)
	east.write("", open)
	west.start()
	again.start()
	east.start()
	west.up()
	err := again.client.Up(t.Context(), command(api.Target{}), func(api.Event) {})
	if code(err) != explain.IKEAuthPeerRejected {
		t.Errorf("a second one came up, or %v", err)
	}
	east.await("the gateway to say why", func(api.Status) bool { return says(east.log.String(), string(explain.IKENotUnique)) })
	carries(west, east)
}
