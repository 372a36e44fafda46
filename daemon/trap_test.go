package daemon

import (
	"testing"

	"culvert/api"
	"culvert/explain"
)

func TestTrapInstalledAtRunTimeBringsTheChildUp(t *testing.T) {
	n, east := newNode(t, "west", "10.1.0.0/24"), newNode(t, "east", "10.2.0.0/24")
	n.write("", n.site(east, "", ""))
	east.write("", east.site(n, "", ""))
	east.start()
	d := n.inside()
	net := api.Target{Connection: "site", Child: "net"}
	must(t, d.Install(t.Context(), net))
	if s, err := d.Status(t.Context()); err != nil || s.Connections[0].State != api.Trapped {
		t.Errorf("%+v, %v", s.Connections, err)
	}
	_ = n.packets.Inject(packet("hello")) // is not carried yet
	east.await("the child", func(s api.Status) bool { return len(s.SAs) == 1 && len(s.SAs[0].Children) == 1 })
	must(t, d.Uninstall(t.Context(), net))
	if err := d.Install(t.Context(), api.Target{Connection: "absent"}); !isProblem(err, explain.ManageNotFound) {
		t.Errorf("got %v", err)
	}
}
