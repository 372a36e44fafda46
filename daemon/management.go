package daemon

import (
	"context"
	"errors"
	"net"

	"culvert/api"
	"culvert/config"
	"culvert/explain"
)

// management is where the daemon is managed from.
type management struct {
	socket  net.Listener
	network []net.Listener // TLS
	vici    net.Listener   // nil: none
}

// listen opens everything, or nothing.
func (d *Daemon) listen(cfg *config.Config) (*management, error) {
	socket, err := api.Listen(d.options.Socket, cfg.Daemon.SocketGroup)
	if err != nil {
		return nil, err
	}
	m := &management{socket: socket}
	for _, at := range cfg.API.Listen {
		l, err := net.Listen("tcp", at.String())
		if err != nil {
			return nil, errors.Join(api.NewProblem(0, explain.ManageSocket, "see who uses the port with `ss -ltnp`, or set api.listen", "management on %s: %v", at, err), m.close())
		}
		m.network = append(m.network, l)
	}
	if m.vici, err = listenVICI(&cfg.VICI); err != nil {
		return nil, errors.Join(err, m.close())
	}
	return m, nil
}

func (m *management) close() error {
	err := m.socket.Close()
	if m.vici != nil {
		err = errors.Join(err, m.vici.Close())
	}
	for _, l := range m.network {
		err = errors.Join(err, l.Close())
	}
	return err
}

// serve answers on all of them until the context ends or one fails.
func (m *management) serve(ctx context.Context, s *api.Server) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1+len(m.network))
	serve := func(with func(context.Context, net.Listener) error, l net.Listener) {
		ended <- with(ctx, l)
		cancel()
	}
	go serve(s.Serve, m.socket)
	for _, l := range m.network {
		go serve(s.ServeTLS, l)
	}
	var err error
	for range 1 + len(m.network) {
		err = errors.Join(err, <-ended)
	}
	return err
}

// permit has a configuration count for who may manage the daemon.
func (d *Daemon) permit(cfg *config.Config) {
	if d.server == nil {
		return
	}
	if err := d.server.Permit(cfg.API, d.running.SocketGroup); err != nil {
		d.log.Warn("some of those who may manage the daemon are not known", "code", string(explain.ManageForbidden), "error", err.Error())
	}
}
