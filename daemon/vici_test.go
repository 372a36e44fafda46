package daemon

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"culvert/api"
	"culvert/swanctl/settings"
	"culvert/vici"
)

// viciBlock has a node serve VICI.
func (n *node) viciBlock() string { return fmt.Sprintf("vici {\n  socket = %q\n}\n", n.viciSocket()) }

func (n *node) viciSocket() string { return filepath.Join(n.dir, "vici") }

// A controller is a client of VICI in a test.
type controller struct {
	*testing.T
	*vici.Client
	events []string // by name, with what they are about
}

func (n *node) controller(events ...string) *controller {
	n.Helper()
	client, err := vici.Dial(n.Context(), n.viciSocket())
	if err != nil {
		n.Fatal(err)
	}
	n.Cleanup(func() { client.Close() })
	c := &controller{T: n.T, Client: client}
	client.Event = func(name string, m *settings.Section) { c.events = append(c.events, name+" "+flat(m)) }
	for _, e := range events {
		if err := client.Register(n.Context(), e); err != nil {
			n.Fatal(err)
		}
	}
	return c
}

// flat writes a message in one line.
func flat(m *settings.Section) string {
	var parts []string
	for _, i := range m.Items {
		switch i.Kind {
		case settings.Sub:
			parts = append(parts, i.Name+" {"+flat(i.Section)+"}")
		case settings.List:
			parts = append(parts, i.Name+"=["+strings.Join((&settings.Section{Items: []settings.Item{i}}).Texts(i.Name), " ")+"]")
		default:
			parts = append(parts, i.Name+"="+string(i.Value))
		}
	}
	return strings.Join(parts, " ")
}

func args(pairs ...string) *settings.Section {
	m := new(settings.Section)
	for i := 0; i < len(pairs); i += 2 {
		m.Add(pairs[i], pairs[i+1])
	}
	return m
}

// must does a command that has to succeed.
func (c *controller) must(command string, pairs ...string) *settings.Section {
	c.Helper()
	reply, err := c.Call(c.Context(), command, args(pairs...))
	if err != nil {
		c.Fatalf("%s: %v", command, err)
	}
	return reply
}

// refused does a command that has to fail, and returns why.
func (c *controller) refused(command string, pairs ...string) string {
	c.Helper()
	_, err := c.Call(c.Context(), command, args(pairs...))
	var refused *vici.RefusedError
	if !errors.As(err, &refused) {
		c.Fatalf("%s: %v", command, err)
	}
	return refused.Message
}

// stream collects what a command streams.
func (c *controller) stream(command, event string, pairs ...string) []string {
	c.Helper()
	var list []string
	if _, err := c.Stream(c.Context(), command, event, args(pairs...), func(m *settings.Section) { list = append(list, flat(m)) }); err != nil {
		c.Fatalf("%s: %v", command, err)
	}
	return list
}

// told waits until an event has come that matches, and returns it.
func (c *controller) told(pattern string) string {
	c.Helper()
	matches := regexp.MustCompile(pattern).MatchString
	look := func() []string {
		c.must("version") // events come with the answer at the latest
		return c.events
	}
	seen := awaited(c.T, "an event that matches "+pattern, look, func(seen []string) bool { return slices.ContainsFunc(seen, matches) })
	return seen[slices.IndexFunc(seen, matches)]
}

// viciPair is a pair of which west serves VICI.
func viciPair(t *testing.T, options string) (west, east *node) {
	t.Helper()
	west, east = newNode(t, "west", "10.1.0.0/24"), newNode(t, "east", "10.2.0.0/24")
	west.write("", west.viciBlock()+west.site(east, options, ""))
	east.write("", east.site(west, "", ""))
	return west.start(), east.start()
}

func TestVICIBringsTunnelsUpAndDown(t *testing.T) {
	west, east := viciPair(t, "")
	c := west.controller("ike-updown", "child-updown", "child-rekey", "ike-rekey", "control-log")
	c.must("initiate", "child", "net", "timeout", "20000")
	c.told(`^control-log group=ENC level=1 ikesa-name=site ikesa-uniqueid=1 msg=sent IKE_AUTH request 2`)
	c.told(`^control-log group=IKE level=0 ikesa-name=site ikesa-uniqueid=1 msg=IKE SA established`)
	up := c.told(`^ike-updown up=yes site \{uniqueid=1 version=2 state=ESTABLISHED `)
	if !strings.Contains(up, "local-id=west.example.org") || strings.Contains(up, "child-sas") {
		t.Errorf("told %s", up)
	}
	c.told(`^child-updown up=yes site \{uniqueid=1 .* child-sas \{net-1 \{name=net uniqueid=1 reqid=\d+ state=INSTALLED mode=TUNNEL protocol=ESP encap=yes spi-in=`)
	carries(west, east)
	c.must("rekey", "child", "net")
	west.await("another child", func(s api.Status) bool {
		return len(s.SAs) == 1 && len(s.SAs[0].Children) == 1 && s.SAs[0].Children[0].ID == 2
	})
	c.told(`^child-rekey site \{.* child-sas \{net \{old \{name=net uniqueid=1 .*new \{name=net uniqueid=2 `)
	c.must("rekey", "ike", "site")
	west.await("another IKE SA", func(s api.Status) bool { return len(s.SAs) == 1 && s.SAs[0].ID == 2 })
	c.told(`^ike-rekey site \{old \{uniqueid=1 .*new \{uniqueid=2 `)
	if m := c.must("terminate", "ike-id", "2", "timeout", "20000"); m.Text("matches") != "1" || m.Text("terminated") != "1" {
		t.Errorf("terminated: %s", flat(m))
	}
	c.told(`^ike-updown site \{uniqueid=2 version=2 state=`)
	c.told(`^child-updown site \{uniqueid=2 .*child-sas \{net-2 \{.* state=DELETING .*bytes-out=\d`)
	if got := c.refused("terminate", "ike", "site"); got != "no matching SAs to terminate found" {
		t.Error(got)
	}
}

// What came by the tunnel is told when it goes, though its SAs are removed before.
func TestVICITellsWhatAChildHasCarried(t *testing.T) {
	west, east := viciPair(t, "")
	c := west.controller("child-updown")
	c.must("initiate", "ike", "site", "child", "net")
	carries(west, east)
	c.must("terminate", "child-id", "1")
	c.told(`^child-updown site \{.* packets-out=1 `)
}

func TestVICIBringsUpTheIKESAAlone(t *testing.T) {
	west, _ := viciPair(t, "")
	c := west.controller()
	c.must("initiate", "ike", "site")
	if s := west.status(); len(s.SAs) != 1 || len(s.SAs[0].Children) != 0 {
		t.Errorf("up is %+v", s.SAs)
	}
}

func TestVICISaysWhyNothingComesUp(t *testing.T) {
	west := newNode(t, "west", "10.1.0.0/24")
	nobody := newNode(t, "nobody", "10.2.0.0/24")
	west.write("", west.viciBlock()+west.site(nobody, "", ""))
	west.start()
	c := west.controller()
	for _, tt := range []struct {
		pairs []string
		want  string
	}{
		{nil, "missing configuration name"},
		{[]string{"child", "nothing"}, "CHILD_SA config 'nothing' not found"},
		{[]string{"ike", "nothing"}, "IKE_SA config 'nothing' not found"},
		{[]string{"ike", "site", "child", "nothing"}, "CHILD_SA config 'nothing' not found"},
		{[]string{"child", "net", "timeout", "50"}, "CHILD_SA 'net' not established after 50ms"},
		{[]string{"child", "net"}, "establishing CHILD_SA 'net' failed"},
		{[]string{"ike", "site"}, "establishing IKE_SA 'site' failed"},
	} {
		if got := c.refused("initiate", tt.pairs...); got != tt.want {
			t.Errorf("initiate %v: %s", tt.pairs, got)
		}
	}
	c.must("initiate", "child", "net", "timeout", "-1")
}

func TestVICIListsWhatThereIs(t *testing.T) {
	west, _ := viciPair(t, "")
	west.up()
	c := west.controller()
	sas := c.stream("list-sas", "list-sa", "ike", "site")
	if len(sas) != 1 || !strings.HasPrefix(sas[0], "site {uniqueid=1 version=2 state=ESTABLISHED local-host="+west.addr+" local-port=15501 local-id=west.example.org remote-host=") {
		t.Errorf("SAs: %q", sas)
	}
	if none := c.stream("list-sas", "list-sa", "ike-id", "7"); len(none) != 0 {
		t.Errorf("others: %q", none)
	}
	conns := c.stream("list-conns", "list-conn")
	if len(conns) != 1 || !strings.HasPrefix(conns[0], "site {local_addrs=["+west.addr+"] remote_addrs=[") || !strings.Contains(conns[0], "local-ts=[10.1.0.0/24] remote-ts=[10.2.0.0/24]") {
		t.Errorf("connections: %q", conns)
	}
	if v := c.must("version"); v.Text("daemon") != "culvert" || v.Text("version") != "test" || v.Text("sysname") == "" {
		t.Errorf("version: %s", flat(v))
	}
	if s := c.must("stats"); s.Sub("ikesas").Text("total") != "1" || s.Sub("uptime").Text("running") == "" || s.Sub("queues").Text("low") == "" {
		t.Errorf("stats: %s", flat(s))
	}
	c.must("reload-settings")
}
