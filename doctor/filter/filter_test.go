package filter

import (
	"net/netip"
	"os/exec"
	"strings"
	"testing"

	"culvert/internal/netnstest"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"github.com/google/nftables/xt"
)

// loaded returns what the kernel makes of a ruleset in a network namespace of its own.
func loaded(t *testing.T, rules string) *Ruleset {
	t.Helper()
	netnstest.Enter(t)
	nft := exec.Command("nft", "-f", "-")
	nft.Stdin = strings.NewReader(strings.NewReplacer("; };", "\n}\n", "; }", "\n}\n", "};", "}\n", " } }", "\n}\n}").Replace(rules))
	if out, err := nft.CombinedOutput(); err != nil {
		t.Fatalf("nft: %v\n%s", err, out)
	}
	r, err := Read()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func udp(port uint16) *Packet {
	return &Packet{Source: netip.MustParseAddr("192.0.2.2"), Destination: netip.MustParseAddr("192.0.2.1"), Protocol: 17, SourcePort: port, DestinationPort: port, In: "eth0", Out: "eth0"}
}

func esp() *Packet {
	p := udp(0)
	p.Protocol = 50
	return p
}

func six(p *Packet) *Packet {
	p.Source, p.Destination = netip.MustParseAddr("2001:db8::2"), netip.MustParseAddr("2001:db8::1")
	return p
}

func TestRulesOfTheKernelAreJudged(t *testing.T) {
	const input = "table inet f { chain input { type filter hook input priority 0; policy accept; %s } }"
	const closed = "table inet f { chain input { type filter hook input priority 0; policy drop; %s } }"
	tests := map[string]struct {
		rules  string
		packet *Packet
		want   Fate
	}{
		"no rules":                          {"table inet f { }", udp(500), Passes},
		"dropped by port":                   {strings.Replace(input, "%s", "udp dport 500 drop", 1), udp(500), Drops},
		"another port":                      {strings.Replace(input, "%s", "udp dport 500 drop", 1), udp(4500), Passes},
		"TCP port":                          {strings.Replace(input, "%s", "tcp dport 500 drop", 1), udp(500), Passes},
		"set of ports":                      {strings.Replace(input, "%s", "udp dport { 500, 4500 } drop", 1), udp(4500), Drops},
		"set without it":                    {strings.Replace(input, "%s", "udp dport { 53, 123 } drop", 1), udp(4500), Passes},
		"all but a set":                     {strings.Replace(input, "%s", "udp dport != { 53, 123 } reject", 1), udp(4500), Drops},
		"intervals":                         {strings.Replace(input, "%s", "udp dport { 100-600, 5000-6000 } drop", 1), udp(500), Drops},
		"between intervals":                 {strings.Replace(input, "%s", "udp dport { 100-400, 450-499, 501-6000 } drop", 1), udp(500), Passes},
		"a range":                           {strings.Replace(input, "%s", "udp dport 400-600 drop", 1), udp(500), Drops},
		"by protocol":                       {strings.Replace(input, "%s", "meta l4proto esp drop", 1), esp(), Drops},
		"by protocol of IPv4":               {strings.Replace(input, "%s", "ip protocol esp drop", 1), esp(), Drops},
		"closed":                            {strings.Replace(closed, "%s", "", 1), udp(500), Drops},
		"closed but for known connections":  {strings.Replace(closed, "%s", "ct state established,related accept", 1), udp(500), Drops},
		"closed but for IKE":                {strings.Replace(closed, "%s", "ct state invalid drop; udp dport { 500, 4500 } accept", 1), udp(500), Passes},
		"closed but for another interface":  {strings.Replace(closed, "%s", `iifname "lan0" accept`, 1), udp(500), Drops},
		"closed but for its interface":      {strings.Replace(closed, "%s", `iifname "eth0" accept`, 1), udp(500), Passes},
		"closed but for a mark":             {strings.Replace(closed, "%s", "meta mark 7 accept", 1), udp(500), MayDrop},
		"perhaps dropped":                   {strings.Replace(input, "%s", "udp dport 500 limit rate over 5/second drop", 1), udp(500), MayDrop},
		"source of others":                  {strings.Replace(input, "%s", "ip saddr 198.51.100.0/24 drop", 1), udp(500), Passes},
		"source is refused":                 {strings.Replace(input, "%s", "ip saddr 192.0.2.0/24 drop", 1), udp(500), Drops},
		"counted and logged":                {strings.Replace(input, "%s", `udp dport 500 counter log prefix "x" drop`, 1), udp(500), Drops},
		"IPv6":                              {strings.Replace(input, "%s", "udp dport 500 drop", 1), six(udp(500)), Drops},
		"IPv4 alone":                        {"table ip f { chain i { type filter hook input priority 0; policy drop; } }", six(udp(500)), Passes},
		"source of IPv6":                    {strings.Replace(input, "%s", "ip6 saddr 2001:db8::/32 drop", 1), six(udp(500)), Drops},
		"verdict map":                       {strings.Replace(closed, "%s", "udp dport vmap { 500 : accept, 4500 : drop };", 1), udp(500), Passes},
		"verdict map drops":                 {strings.Replace(input, "%s", "udp dport vmap { 500 : accept, 4500 : drop };", 1), udp(4500), Drops},
		"chain of its own":                  {"table inet f { chain ike { udp dport 500 drop; }; chain input { type filter hook input priority 0; jump ike; } }", udp(500), Drops},
		"returned from a chain":             {"table inet f { chain ike { udp dport 500 return; drop; }; chain input { type filter hook input priority 0; jump ike; } }", udp(500), Passes},
		"goto does not come back":           {"table inet f { chain ike { udp dport 4500 drop; }; chain input { type filter hook input priority 0; goto ike; udp dport 500 drop; } }", udp(500), Passes},
		"perhaps a chain":                   {"table inet f { chain ike { drop; }; chain input { type filter hook input priority 0; meta mark 7 jump ike; } }", udp(500), MayDrop},
		"second chain":                      {"table inet a { chain i { type filter hook input priority 0; accept; }; }; table inet b { chain i { type filter hook input priority 10; udp dport 500 drop; }; }", udp(500), Drops},
		"another hook":                      {"table inet f { chain o { type filter hook output priority 0; policy drop; } }", udp(500), Passes},
		"closed, and perhaps let in before": {strings.Replace(closed, "%s", "udp dport 500 limit rate 5/second accept", 1), udp(500), MayDrop},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := loaded(t, tt.rules).Judge(nftables.ChainHookInput, tt.packet)
			if got.Fate != tt.want || (got.Fate == Passes) != (got.Chain == "") {
				t.Errorf("got %+v, want %d", got, tt.want)
			}
		})
	}
}

// Answers are of a connection that is known; what iptables says about that is read, too.
func TestAnswersAreOfAKnownConnection(t *testing.T) {
	known := udp(500)
	known.Established = true
	if j := loaded(t, "table inet f { chain i { type filter hook input priority 0; policy drop; ct state established,related accept; } }").Judge(nftables.ChainHookInput, known); j.Fate != Passes {
		t.Errorf("nftables: %+v", j)
	}
	for name, tt := range map[string]struct {
		info   xt.InfoAny
		packet *Packet
		want   Fate
	}{
		"an answer":           {state(stateEstablished, 0), known, Passes},
		"a beginning":         {state(stateEstablished, 0), udp(500), Drops},
		"anything but new":    {state(stateNew, uint16(xt.ConntrackState)), known, Passes},
		"another question":    {&xt.ConntrackMtinfo1{ConntrackMtinfoBase: xt.ConntrackMtinfoBase{MatchFlags: uint16(xt.ConntrackStatus)}}, known, MayDrop},
		"of an older version": {&xt.ConntrackMtinfo2{ConntrackMtinfoBase: xt.ConntrackMtinfoBase{MatchFlags: uint16(xt.ConntrackState)}, StateMask: stateEstablished}, known, Passes},
	} {
		rule := []expr.Any{&expr.Match{Name: "conntrack", Info: tt.info}, &expr.Verdict{Kind: expr.VerdictAccept}}
		r := Ruleset{Chains: []Chain{{Family: nftables.TableFamilyIPv4, Table: "filter", Name: "INPUT", Hook: nftables.ChainHookInput, Drop: true, Rules: [][]expr.Any{rule}}}}
		if j := r.Judge(nftables.ChainHookInput, tt.packet); j.Fate != tt.want {
			t.Errorf("%s: %+v", name, j)
		}
	}
}

func state(states, invert uint16) *xt.ConntrackMtinfo3 {
	m := &xt.ConntrackMtinfo3{}
	m.MatchFlags, m.InvertFlags, m.StateMask = uint16(xt.ConntrackState)|uint16(xt.ConntrackStateAlias), invert, states
	return m
}

func TestTranslationIsSeen(t *testing.T) {
	const rules = `table ip nat { chain post { type nat hook postrouting priority 100;
		ip saddr 10.1.0.0/16 ip daddr 10.2.0.0/16 accept; oifname "eth0" masquerade; } }`
	r := loaded(t, rules)
	tunnel := &Packet{Source: netip.MustParseAddr("10.1.0.1"), Destination: netip.MustParseAddr("10.2.0.1"), Protocol: 6, Out: "eth0"}
	if j := r.Judge(nftables.ChainHookPostrouting, tunnel); j.Translated || j.Fate != Passes {
		t.Errorf("what is exempt: %+v", j)
	}
	tunnel.Destination = netip.MustParseAddr("10.3.0.1")
	if j := r.Judge(nftables.ChainHookPostrouting, tunnel); !j.Translated || j.Fate != Passes {
		t.Errorf("what is not: %+v", j)
	}
}

func TestWhatIsNotKnownIsUncertain(t *testing.T) {
	drop := &expr.Verdict{Kind: expr.VerdictDrop}
	for name, rule := range map[string][]expr.Any{
		"unknown register":  {&expr.Cmp{Register: 1, Op: expr.CmpOpEq, Data: []byte{1}}, drop},
		"unknown set":       {&expr.Lookup{SourceRegister: 1, SetName: "gone"}, drop},
		"beyond a header":   {&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseTransportHeader, Offset: 2, Len: 8}, &expr.Cmp{Register: 1, Data: []byte{1}}, drop},
		"field not thought": {&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseNetworkHeader, Offset: 1, Len: 1}, &expr.Cmp{Register: 1, Data: []byte{1}}, drop},
		"match of iptables": {&expr.Match{Name: "hashlimit"}, drop},
		"link layer":        {&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseLLHeader, Len: 2}, &expr.Range{Register: 1, FromData: []byte{0}, ToData: []byte{1}}, drop},
	} {
		r := Ruleset{Chains: []Chain{{Family: nftables.TableFamilyINet, Table: "f", Name: "i", Hook: nftables.ChainHookInput, Rules: [][]expr.Any{rule}}}}
		if j := r.Judge(nftables.ChainHookInput, udp(500)); j.Fate != MayDrop || j.Chain != "inet f i" {
			t.Errorf("%s: %+v", name, j)
		}
	}
}

func TestChainsThatJumpInCirclesEnd(t *testing.T) {
	loop := []expr.Any{&expr.Verdict{Kind: expr.VerdictJump, Chain: "i"}}
	r := Ruleset{Chains: []Chain{{Family: nftables.TableFamilyINet, Table: "f", Name: "i", Hook: nftables.ChainHookInput, Drop: true, Rules: [][]expr.Any{loop}}}}
	if j := r.Judge(nftables.ChainHookInput, udp(500)); j.Fate != Drops {
		t.Errorf("%+v", j)
	}
}
