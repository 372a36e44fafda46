package doctor_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"

	"culvert/api"
	"culvert/doctor"
	"culvert/doctor/doctortest"
	"culvert/doctor/filter"
)

func prefix(s string) netip.Prefix { return netip.MustParsePrefix(s) }

// chain is a base chain with one rule.
func chain(hook *nftables.ChainHook, rule ...expr.Any) *filter.Ruleset {
	return &filter.Ruleset{Chains: []filter.Chain{{Family: nftables.TableFamilyINet, Table: "f", Name: "c", Hook: hook, Rules: [][]expr.Any{rule}}}}
}

func TestRulesThatStopPacketsAreFound(t *testing.T) {
	drop := &expr.Verdict{Kind: expr.VerdictDrop}
	esp := []expr.Any{&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: 1}, &expr.Cmp{Register: 1, Data: []byte{50}}, drop}
	tests := map[string]struct {
		rules *filter.Ruleset
		level doctor.Level
		text  string
	}{
		"arriving": {chain(nftables.ChainHookInput, esp...), doctor.Fail, "ESP arriving from 198.51.100.7 is dropped by the chain inet f c"},
		"leaving":  {chain(nftables.ChainHookOutput, esp...), doctor.Fail, "ESP leaving for 198.51.100.7 is dropped"},
		"early":    {chain(nftables.ChainHookPrerouting, esp...), doctor.Fail, "ESP arriving from"},
		"perhaps":  {chain(nftables.ChainHookInput, &expr.Limit{}, drop), doctor.Warn, "may be dropped"},
		"of a port": {chain(nftables.ChainHookInput, &expr.Payload{DestRegister: 1, Base: expr.PayloadBaseTransportHeader, Offset: 2, Len: 2},
			&expr.Cmp{Register: 1, Data: []byte{0x11, 0x94}}, drop), doctor.Fail, "UDP port 4500 arriving from"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			h := doctortest.New()
			h.Rules = tt.rules
			got := findings(t, patient(h, office), "packet-filter")
			for _, f := range got {
				if f.Level == tt.level && strings.Contains(f.Text, tt.text) && strings.Contains(f.Action, "inet f c") {
					return
				}
			}
			t.Errorf("%+v", got)
		})
	}
}

// A closed firewall lets answers in, so that a host that begins its tunnels needs no rule.
func TestHostThatBeginsNeedsNoRule(t *testing.T) {
	h := doctortest.New()
	h.Rules = chain(nftables.ChainHookInput, &expr.Ct{Register: 1, Key: expr.CtKeySTATE}, &expr.Bitwise{SourceRegister: 1, DestRegister: 1, Len: 4, Mask: []byte{6, 0, 0, 0}, Xor: make([]byte, 4)},
		&expr.Cmp{Op: expr.CmpOpNeq, Register: 1, Data: make([]byte, 4)}, &expr.Verdict{Kind: expr.VerdictAccept})
	h.Rules.Chains[0].Drop = true
	for _, f := range findings(t, patient(h, office), "packet-filter") {
		if f.Level == doctor.Fail {
			t.Errorf("%+v", f)
		}
		if f.Level == doctor.Warn && (!strings.Contains(f.Text, "answers to what this host begins pass") || !strings.Contains(f.Action, "insert rule inet f c")) {
			t.Errorf("%+v", f)
		}
	}
}

// What lies behind the host passes the rules for forwarding; one side that may begin is enough.
func TestRulesThatStopForwardingAreFound(t *testing.T) {
	drop := &expr.Verdict{Kind: expr.VerdictDrop}
	from := func(octets ...byte) []expr.Any {
		return []expr.Any{&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseNetworkHeader, Offset: 12, Len: uint32(len(octets))}, &expr.Cmp{Register: 1, Data: octets}, drop}
	}
	for name, tt := range map[string]struct {
		rule  []expr.Any
		level doctor.Level
		text  string
	}{
		"everything":         {[]expr.Any{drop}, doctor.Fail, "packets of office/net between 10.1.0.0/16 and 10.2.0.0/16 are not forwarded: the chain inet f c drops them"},
		"what comes from us": {from(10, 1), doctor.Fail, "are not forwarded"},
		"what others send":   {from(10, 9), doctor.OK, "is on"},
		"perhaps":            {[]expr.Any{&expr.Limit{}, drop}, doctor.Warn, "may be dropped"},
	} {
		h := doctortest.New()
		h.Rules = chain(nftables.ChainHookForward, tt.rule...)
		got := findings(t, patient(h, office), "forwarding")
		if last := got[len(got)-1]; last.Level != tt.level || !strings.Contains(last.Text, tt.text) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestTranslationOfTunnelTrafficIsFound(t *testing.T) {
	h := doctortest.New()
	h.Rules = chain(nftables.ChainHookPostrouting, &expr.Masq{})
	h.Routes[netip.MustParseAddr("10.2.0.0")] = doctor.Route{Interface: "eth0", Source: doctortest.Local, MTU: 1500}
	got := findings(t, patient(h, office), "nat")
	if len(got) != 1 || got[0].Level != doctor.Warn || !strings.Contains(got[0].Text, "office/net from 10.1.0.0/16 to 10.2.0.0/16") || !strings.Contains(got[0].Action, "ip daddr 10.2.0.0/16 accept") {
		t.Errorf("%+v", got)
	}
}

func TestNATOnTheWayIsTold(t *testing.T) {
	for want, sa := range map[string]api.SA{
		"both sides are behind NAT": {Local: api.Endpoint{NAT: true}, Remote: api.Endpoint{NAT: true}},
		"this host is behind NAT":   {Local: api.Endpoint{NAT: true}},
		"the peer is behind NAT":    {Remote: api.Endpoint{NAT: true}},
	} {
		p := patient(doctortest.New(), office)
		p.Status.SAs = []api.SA{sa}
		if got := findings(t, p, "nat"); got[0].Level != doctor.OK || !strings.Contains(got[0].Text, want) {
			t.Errorf("%+v, want %q", got, want)
		}
	}
}
