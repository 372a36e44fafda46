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
