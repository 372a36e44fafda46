package daemon

import (
	"context"
	"net"
	"strings"

	"github.com/coreos/go-systemd/v22/activation"

	"culvert/api"
	"culvert/config"
	"culvert/explain"
)

// listenVICI opens the socket of VICI, or takes the one that systemd has opened; nil if none is configured.
func listenVICI(v *config.VICI) (net.Listener, error) {
	name, activated := strings.CutPrefix(v.Socket, config.SystemdPrefix)
	switch {
	case v.Socket == "":
		return nil, nil
	case !activated:
		return api.Listen(v.Socket, v.Group)
	}
	opened, err := activation.ListenersWithNames()
	if err != nil {
		return nil, err
	}
	for _, l := range opened[name] {
		if l.Addr().Network() == "unix" {
			return l, nil
		}
	}
	return nil, api.NewProblem(0, explain.ManageSocket, "start the socket unit, or set vici.socket to a path",
		"vici.socket: systemd has opened no Unix stream socket that is called %q", name)
}

// serveVICI answers the clients of VICI until ctx ends.
func (d *Daemon) serveVICI(ctx context.Context, l net.Listener) {
	if l == nil {
		return
	}
	if err := d.engine.vici.Serve(ctx, l); err != nil {
		d.log.Error("VICI is not served any more", "error", err)
	}
}
