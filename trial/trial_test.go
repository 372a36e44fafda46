package trial

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"culvert/api"
	"culvert/trial/ping"
)

// A fake is a daemon and a host with a tunnel between them.
type fake struct {
	up       bool
	serial   int
	packets  uint64
	inbound  uint64
	children []string
	stuck    bool             // commands have no effect
	err      map[string]error // by command
	calls    []string
	child    api.Child // template
	dns      []string

	own     []netip.Addr
	silent  bool // nobody answers
	around  bool // answers come, but not through the tunnel
	outer   bool // packets leave through the tunnel
	refuses bool // and errors come back
	echoes  []ping.Echo
}

func newFake() *fake {
	return &fake{
		up: true, children: []string{"net"}, err: map[string]error{}, own: []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("10.1.0.1")},
		child: api.Child{State: api.ChildInstalled, Local: []string{"10.1.0.0/16"}, Remote: []string{"10.2.0.0/16"}, MTU: &api.MTU{Effective: 1422, Path: 1500, Source: "probe"}},
	}
}

func (f *fake) Status(context.Context) (api.Status, error) {
	if err := f.err["status"]; err != nil {
		return api.Status{}, err
	}
	s := api.Status{Connections: []api.Connection{{Name: "office", Children: f.children}}}
	if !f.up {
		return s, nil
	}
	sa := api.SA{Connection: "office", State: api.SAEstablished, SPI: fmt.Sprintf("%016x", f.serial/2), DNS: f.dns}
	for i, name := range f.children {
		c := f.child
		c.Name, c.InSPI, c.OutSPI = name, fmt.Sprintf("c%06x%d", f.serial, i), fmt.Sprintf("d%06x%d", f.serial, i)
		c.In.Packets, c.Out.Packets = f.inbound, f.packets
		sa.Children = append(sa.Children, c)
	}
	s.SAs = []api.SA{sa, {Connection: "office", State: api.SARekeyed, SPI: "old"}, {Connection: "other", State: api.SAEstablished}}
	return s, nil
}

func (f *fake) do(command string, c api.Command, change func()) error {
	f.calls = append(f.calls, strings.TrimSpace(command+" "+c.Target.String()+" "+string(c.Layer)))
	if err := f.err[command]; err != nil {
		return err
	}
	if !f.stuck {
		change()
	}
	return nil
}

func (f *fake) Up(_ context.Context, c api.Command, _ func(api.Event)) error {
	return f.do("up", c, func() { f.up = true })
}

func (f *fake) Rekey(_ context.Context, c api.Command) error {
	return f.do("rekey", c, func() {
		if f.serial++; c.Layer == api.LayerIKE {
			f.serial++
		}
	})
}

func (f *fake) Reauth(_ context.Context, c api.Command) error {
	return f.do("reauth", c, func() { f.serial += 2 })
}

func (f *fake) Addresses() ([]netip.Addr, error) { return f.own, f.err["addresses"] }

func (f *fake) Ping(_ context.Context, e ping.Echo) (time.Duration, error) {
	f.echoes = append(f.echoes, e)
	if !f.around && (!f.silent || f.outer) {
		f.packets++
	}
	if f.refuses {
		f.inbound++
	}
	if f.silent {
		return 0, errors.New("no answer")
	}
	if !f.around {
		f.inbound++
	}
	return time.Millisecond, nil
}

// run carries a plan out without waiting for the clock.
func run(t *testing.T, f *fake, p Plan) (steps []Step, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		if p.Target.Connection == "" {
			p.Target.Connection = "office"
		}
		p.Patience = time.Second
		err = Run(t.Context(), f, f, p, func(s Step) { steps = append(steps, s) })
	})
	return steps, err
}

func TestEverythingIsTried(t *testing.T) {
	f := newFake()
	f.up = false
	steps, err := run(t, f, Plan{Ping: netip.MustParseAddr("10.2.0.9"), Rekey: true, Reauth: true, MTU: true})
	if err != nil || len(steps) != 9 {
		t.Fatalf("%v: %+v", err, steps)
	}
	for _, s := range steps {
		if s.Verdict != OK || s.Text == "" {
			t.Errorf("%+v", s)
		}
	}
	want := []string{"up office", "rekey office ike", "rekey office child", "reauth office"}
	if !slices.Equal(f.calls, want) {
		t.Errorf("asked %q", f.calls)
	}
	large := slices.ContainsFunc(f.echoes, func(e ping.Echo) bool { return e.Size == 1422 && e.Whole })
	if !large || f.echoes[0].From != netip.MustParseAddr("10.1.0.1") || f.echoes[0].To != netip.MustParseAddr("10.2.0.9") {
		t.Errorf("%+v", f.echoes)
	}
}

func TestChildAloneIsRekeyed(t *testing.T) {
	f := newFake()
	f.children = []string{"net", "voice"}
	steps, err := run(t, f, Plan{Target: api.Target{Connection: "office", Child: "voice"}, Rekey: true})
	if err != nil || !slices.Equal(f.calls, []string{"rekey office/voice child"}) || !strings.Contains(steps[0].Text, "with voice") {
		t.Errorf("%v, asked %q, %+v", err, f.calls, steps)
	}
}

func TestFailuresAreTold(t *testing.T) {
	refused := errors.New("NO_PROPOSAL_CHOSEN")
	given := netip.MustParseAddr("10.2.0.9")
	tests := map[string]struct {
		plan  Plan
		plant func(*fake)
		step  string
		want  Verdict
		text  string
	}{
		"does not come up":        {Plan{}, func(f *fake) { f.up, f.err["up"] = false, refused }, "up", Failed, "NO_PROPOSAL_CHOSEN"},
		"says so, but is not up":  {Plan{}, func(f *fake) { f.up, f.stuck = false, true }, "up", Failed, "it is not up after 1s"},
		"daemon is gone":          {Plan{}, func(f *fake) { f.err["status"] = refused }, "up", Failed, "NO_PROPOSAL_CHOSEN"},
		"rekeying is refused":     {Plan{Rekey: true}, func(f *fake) { f.err["rekey"] = refused }, "rekey the IKE SA", Failed, "NO_PROPOSAL_CHOSEN"},
		"keys stay":               {Plan{Rekey: true}, func(f *fake) { f.stuck = true }, "rekey the children", Failed, "the children are not other ones after 1s"},
		"IKE SA stays":            {Plan{Reauth: true}, func(f *fake) { f.stuck = true }, "reauthentication", Failed, "are not other ones"},
		"answers go around":       {Plan{Ping: given}, func(f *fake) { f.around = true }, "traffic", Failed, "not through net: its counters stand still"},
		"nothing comes back":      {Plan{Ping: given}, func(f *fake) { f.silent, f.outer = true, true }, "traffic", Failed, "3 packets to 10.2.0.9 left through net, 0 came back"},
		"the other side refuses":  {Plan{Ping: given}, func(f *fake) { f.silent, f.outer, f.refuses = true, true, true }, "traffic", Failed, "and 3 came back, but no answer"},
		"nobody may be there":     {Plan{}, func(f *fake) { f.silent, f.outer = true, true }, "traffic", Unknown, "perhaps nobody has 10.2.0.1"},
		"packets do not enter":    {Plan{Ping: given}, func(f *fake) { f.silent = true }, "traffic", Failed, "do not enter net"},
		"no address of ours":      {Plan{}, func(f *fake) { f.own = f.own[:1] }, "traffic", Unknown, "no address in [10.1.0.0/16]"},
		"addresses are not known": {Plan{}, func(f *fake) { f.err["addresses"] = refused }, "traffic", Unknown, "NO_PROPOSAL_CHOSEN"},
		"elsewhere":               {Plan{Ping: netip.MustParseAddr("10.3.0.1")}, func(*fake) {}, "traffic", Unknown, "10.3.0.1 is not in [10.2.0.0/16]"},
		"for a port only":         {Plan{}, func(f *fake) { f.child.Remote = []string{"10.2.0.0/16[tcp/443]"} }, "traffic", Unknown, "no address behind net is known"},
		"large packets are lost":  {Plan{Ping: given, MTU: true}, func(f *fake) { f.silent = true }, "MTU", Failed, "1422 octets, the MTU of net, is not answered"},
		"no MTU":                  {Plan{MTU: true}, func(f *fake) { f.child.MTU = nil }, "MTU", Unknown, "does not tell"},
		"guessed address":         {Plan{MTU: true}, func(*fake) {}, "MTU", Unknown, "name an address that answers"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f := newFake()
			tt.plant(f)
			steps, err := run(t, f, tt.plan)
			i := slices.IndexFunc(steps, func(s Step) bool { return s.Name == tt.step })
			if i < 0 || steps[i].Verdict != tt.want || !strings.Contains(steps[i].Text, tt.text) || (err != nil) != (tt.want == Failed) {
				t.Errorf("%v: %+v", err, steps)
			}
		})
	}
}

func TestAddressesAreFound(t *testing.T) {
	f := newFake()
	f.dns = []string{"192.0.2.53", "10.2.0.53"}
	if _, err := run(t, f, Plan{}); err != nil || f.echoes[0].To != netip.MustParseAddr("10.2.0.53") {
		t.Errorf("%v, %+v", err, f.echoes)
	}
	f = newFake()
	f.child.Remote = []string{"fd02::/64", "10.2.0.0/16", "10.2.7.7/32"}
	if _, err := run(t, f, Plan{}); err != nil || f.echoes[0].To != netip.MustParseAddr("10.2.7.7") {
		t.Errorf("%v, %+v", err, f.echoes)
	}
}

func TestInterruptionEndsATrial(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	f := newFake()
	if err := Run(ctx, f, f, Plan{}, func(s Step) { t.Errorf("%+v", s) }); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
