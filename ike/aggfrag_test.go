package ike

import (
	"testing"
	"time"

	"culvert/dataplane"
	"culvert/esp"
	"culvert/explain"
	"culvert/wire"
)

func constant() *AggFragConfig {
	return &AggFragConfig{AggFrag: dataplane.AggFrag{Sending: dataplane.SendConstant, Rate: 1_000_000}}
}

// wish gives the children of both sides their configurations.
func wish(a, b *AggFragConfig) func(a, b *Connection) {
	return func(x, y *Connection) { x.Children[0].AggFrag, y.Children[0].AggFrag = a, b }
}

// modes returns the outbound SAs of both sides, with the modes of their counterparts checked.
func (l *childLab) modes() (a, b *dataplane.AggFrag) {
	l.t.Helper()
	for _, n := range []*testNode{l.a, l.b} {
		c := l.child(n)
		in, out := l.planes[n].in[c.inSPI], l.planes[n].latest()
		if (in.AggFrag == nil) != (out.AggFrag == nil) || in.AggFrag != nil && (in.AggFrag.Pair != out.SPI || out.AggFrag.Pair != in.SPI) {
			l.t.Errorf("inbound SA %08x %+v, outbound SA %08x %+v", in.SPI, in.AggFrag, out.SPI, out.AggFrag)
		}
	}
	return l.planes[l.a].latest().AggFrag, l.planes[l.b].latest().AggFrag
}

func (p *testPlane) latest() dataplane.SA { return p.out[1][len(p.out[1])-1] }

func TestAggFragIsNegotiated(t *testing.T) {
	controlled, breaker, whole := constant(), constant(), constant()
	controlled.Sending = dataplane.SendControlled
	breaker.BreakerLoss, breaker.BreakerTime = 0.1, time.Minute
	whole.NoFragments = true
	tests := []struct {
		name           string
		a, b           *AggFragConfig
		reports        bool
		wholeA, wholeB bool // what the side sends
	}{
		{"plain", constant(), constant(), false, false, false},
		{"congestion control of the initiator", controlled, constant(), true, false, false},
		{"congestion control of the responder", constant(), controlled, true, false, false},
		{"circuit breaker", constant(), breaker, true, false, false},
		{"the initiator takes no fragments", whole, constant(), false, false, true},
		{"the responder takes no fragments", constant(), whole, false, true, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, b := oneChild(t, wish(tt.a, tt.b)).modes()
			if a == nil || b == nil || a.Reports != tt.reports || b.Reports != tt.reports || a.Whole != tt.wholeA || b.Whole != tt.wholeB {
				t.Errorf("%+v and %+v", a, b)
			}
		})
	}
}

func TestAggFragNeedsBothSides(t *testing.T) {
	for _, w := range [][2]*AggFragConfig{{constant(), nil}, {nil, constant()}} {
		l := oneChild(t, wish(w[0], w[1]))
		if a, b := l.modes(); a != nil || b != nil {
			t.Errorf("%v: %+v and %+v", w, a, b)
		}
		for i, n := range []*testNode{l.a, l.b} {
			if told := l.sa(n).Children()[0].Unhidden; told != (w[i] != nil) {
				t.Errorf("%v: %s tells %v", w, n.name, told)
			}
		}
	}
	l := oneChild(t, wish(constant(), constant()))
	if l.sa(l.a).Children()[0].Unhidden || l.sa(l.b).Children()[0].Unhidden {
		t.Error("told to be declined where both use it")
	}
}

func TestAggFragKeepsOutPaddingAndDummies(t *testing.T) {
	l := oneChild(t, func(a, b *Connection) {
		wish(constant(), constant())(a, b)
		a.Children[0].TFC, a.Children[0].Cover = 1000, 10
	})
	if out := l.planes[l.a].latest(); out.TFC != 0 || out.Cover != 0 {
		t.Errorf("padded to %d, %d dummies", out.TFC, out.Cover)
	}
}

func TestAggFragIsKeptAtRekey(t *testing.T) {
	l := oneChild(t, wish(constant(), constant()))
	for _, n := range []*testNode{l.a, l.b} {
		l.command(n, RekeyChild{SPI: l.child(n).inSPI})
		l.elapse(2 * lingerTime)
		if a, b := l.modes(); a == nil || b == nil {
			t.Errorf("rekeyed by %s: %+v and %+v", n.name, a, b)
		}
	}
}

// failureOf returns the code of the last failure that a side has reported.
func (l *childLab) failureOf(n *testNode) (code explain.Code) {
	for _, news := range n.news {
		if news.Failure != nil {
			code = news.Failure.Code
		}
	}
	return code
}

func TestRequiredAggFrag(t *testing.T) {
	must := constant()
	must.Require = true
	for name, w := range map[string][2]*AggFragConfig{"initiator": {must, nil}, "responder": {nil, must}} {
		t.Run(name, func(t *testing.T) {
			l := newChildLab(t, func(a, b *Connection) {
				a.Children = []*ChildConfig{netChild(t, "10.1.0.0/16", "10.2.0.0/16")}
				b.Children = []*ChildConfig{netChild(t, "10.2.0.0/16", "10.1.0.0/16")}
				wish(w[0], w[1])(a, b)
			})
			l.elapse(2 * lingerTime)
			if len(l.sa(l.a).children) != 0 || len(l.sa(l.b).children) != 0 {
				t.Error("there is a child without IP-TFS")
			}
			strict := l.a
			if name == "responder" {
				strict = l.b
			}
			if got := l.failureOf(strict); got != explain.IKEAggFrag {
				t.Errorf("failure %q", got)
			}
		})
	}
}

// ask requests a child with a notification and returns the flags of the answer.
func (l *childLab) askAggFrag(extra ...wire.Payload) (flags []byte, refusal wire.NotifyType) {
	l.t.Helper()
	request := append(extra, l.childRequest(l.espProposal("aes128gcm16-noesn", 0x7000))...)
	answer := l.ask(l.a, wire.ExchangeCreateChildSA, request...)
	if n, ok := wire.FindNotify(answer, wire.NotifyUseAGGFRAG); ok {
		flags = n.Data
	}
	return flags, notifyOf(answer)
}

func TestAggFragRequests(t *testing.T) {
	transport := &wire.Notify{NotifyType: wire.NotifyUseTransportMode}
	notify := func(data ...byte) *wire.Notify { return &wire.Notify{NotifyType: wire.NotifyUseAGGFRAG, Data: data} }
	tests := []struct {
		name  string
		extra []wire.Payload
		want  bool
	}{
		{"no flags", []wire.Payload{notify(0)}, true},
		{"both flags", []wire.Payload{notify(3)}, true},
		{"none", nil, false},
		{"an unknown flag", []wire.Payload{notify(4)}, false},
		{"no octet", []wire.Payload{notify()}, false},
		{"two octets", []wire.Payload{notify(0, 0)}, false},
		{"transport mode as well", []wire.Payload{transport, notify(0)}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := oneChild(t, wish(nil, constant()))
			flags, refusal := l.askAggFrag(tt.extra...)
			if refusal != 0 || (flags != nil) != tt.want {
				t.Errorf("flags %x, refusal %v", flags, refusal)
			}
		})
	}
}

func TestAggFragIsNotForTransportMode(t *testing.T) {
	c := &ChildConfig{Mode: esp.Transport, AggFrag: constant()}
	if c.aggFrag() != nil {
		t.Error("asked for in transport mode")
	}
}

func TestAggFragAnswers(t *testing.T) {
	flags := func(r requirements) *requirements { return &r }
	old := &Child{aggFrag: &dataplane.AggFrag{}}
	tests := []struct {
		name          string
		config        *AggFragConfig
		offer, answer *requirements
		old           *Child
		want, refused bool
	}{
		{"accepted", constant(), flags(0), flags(0), nil, true, false},
		{"declined", constant(), flags(0), nil, nil, false, false},
		{"declined at rekey", constant(), flags(0), nil, old, false, true},
		{"not asked for", nil, nil, flags(0), nil, false, true},
		{"an unknown requirement", constant(), flags(0), flags(8), nil, false, true},
		{"neither", nil, nil, nil, nil, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := &childDeal{config: &ChildConfig{Name: "net", AggFrag: tt.config}}
			err := d.acceptAggFrag(tt.offer, tt.answer, tt.old)
			if (err != nil) != tt.refused || (d.aggFrag != nil) != tt.want {
				t.Errorf("%v, %+v", err, d.aggFrag)
			}
		})
	}
}

func TestTrippedBreakerEndsTheChild(t *testing.T) {
	breaker := constant()
	breaker.BreakerLoss, breaker.BreakerTime = 0.1, time.Minute
	l := oneChild(t, wish(breaker, breaker))
	l.lossless = false
	c := l.child(l.a)
	l.notice(l.a, dataplane.Notice{Kind: dataplane.NoticeBreaker, Direction: dataplane.Outbound, SPI: c.outSPI, Policy: c.policy})
	l.elapse(2 * lingerTime)
	if len(l.sa(l.a).children) != 0 || len(l.sa(l.b).children) != 0 || l.failureOf(l.a) != explain.IKECircuitBreaker {
		t.Errorf("children %v, failure %q", l.sa(l.a).Children(), l.failureOf(l.a))
	}
}
