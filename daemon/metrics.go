package daemon

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"sync"

	"culvert/api"
	"culvert/config"
	"culvert/explain"
	"culvert/metrics"
)

// Metrics answers scrapes of Prometheus.
func (d *Daemon) Metrics() http.Handler { return d.scrapes }

// snapshot is what one scrape shows.
func (d *Daemon) snapshot(ctx context.Context) (*metrics.Snapshot, error) {
	status, carried, err := d.look(ctx)
	if err != nil {
		return nil, err
	}
	pools, err := d.Pools(ctx)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	cfg := d.config
	d.mu.Unlock()
	return &metrics.Snapshot{Status: status, Pools: pools, Certificates: certificatesOf(cfg), Counts: d.engine.tally.Counts(carried.owned)}, nil
}

// certificatesOf lists the certificates that a configuration names.
func certificatesOf(cfg *config.Config) (list []metrics.Certificate) {
	add := func(connection, use string, files []config.CertificateFile) {
		for _, f := range files {
			for _, c := range f.Certificates {
				list = append(list, metrics.Certificate{Connection: connection, Use: use, Subject: nameOfCertificate(c), NotAfter: c.NotAfter})
			}
		}
	}
	for _, c := range cfg.Connections {
		for _, round := range c.Local.Rounds() {
			add(c.Name, "local", round.Certificates)
			for _, a := range round.Alternatives {
				add(c.Name, "local", a.Certificates)
			}
		}
		for _, round := range c.Remote.Rounds() {
			add(c.Name, "ca", round.CAs)
		}
	}
	return list
}

// nameOfCertificate is the subject, or where there is none the first alternative name.
func nameOfCertificate(c *x509.Certificate) string {
	if name := c.Subject.String(); name != "" || len(c.DNSNames) == 0 {
		return name
	}
	return c.DNSNames[0]
}

// listenMetrics opens the ports that are configured for scrapes.
func listenMetrics(m *config.Metrics) (list []net.Listener, err error) {
	for _, address := range m.Listen {
		l, err := net.Listen("tcp", address.String())
		if err != nil {
			closeAll(list)
			return nil, api.NewProblem(0, explain.HostPort, "another program may have the port; `ss -ltnp` shows which", "metrics.listen: %v", err)
		}
		list = append(list, l)
	}
	return list, nil
}

func closeAll(list []net.Listener) {
	for _, l := range list {
		_ = l.Close()
	}
}

// serveMetrics answers scrapes until ctx ends. It closes the listeners.
func (d *Daemon) serveMetrics(ctx context.Context, list []net.Listener) {
	server := metrics.Listener(d.scrapes)
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	var wg sync.WaitGroup
	for _, l := range list {
		wg.Go(func() {
			if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				d.log.Error("metrics are served no more", "error", err)
			}
		})
	}
	wg.Wait()
}
