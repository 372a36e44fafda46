package daemon

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"culvert/api"
	"culvert/config"
	"culvert/ike"
	"culvert/supervisor"
	"culvert/swanctl"
	"culvert/swanctl/settings"
	"culvert/vici/service"
	"culvert/wire"
)

// viciControl is the daemon as VICI drives it.
type viciControl struct{ *Daemon }

// Configuration is the one in use.
func (c viciControl) Configuration() *config.Config {
	return c.configuration()
}

// Fetched lists the revocation lists and OCSP answers that were fetched, or shown by peers, and still count.
func (c viciControl) Fetched() []service.Certificate {
	var all []service.Certificate
	lists, answers := c.answers.Fetched(time.Now())
	for _, der := range lists {
		all = append(all, service.Certificate{Type: service.TypeCRL, DER: der})
	}
	for _, der := range answers {
		all = append(all, service.Certificate{Type: service.TypeOCSP, DER: der})
	}
	return all
}

// Loaded lists the certificates that clients have loaded.
func (c viciControl) Loaded() []service.Certificate {
	c.useLoaded()
	setup := c.viciSetup()
	all := slices.Concat(setup.Certificates, c.inTokens())
	list := make([]service.Certificate, len(all))
	for i, cert := range all {
		list[i] = service.Certificate{DER: cert.DER}
		list[i].Type, list[i].Flag = kindOf(cert.Kind)
		if cert.Key != nil {
			_, list[i].HasKey = setup.KeyOf(cert.Key)
		}
	}
	return list
}

// inTokens lists the certificates in tokens.
func (c viciControl) inTokens() []swanctl.Certificate {
	c.reloading.Lock()
	defer c.reloading.Unlock()
	return c.sources.inTokens
}

// kindOf is what list-certs calls certificates of a kind.
func kindOf(k swanctl.CertificateKind) (kind, flag string) {
	switch k {
	case swanctl.CertAuthority:
		return service.TypeX509, service.FlagCA
	case swanctl.CertOCSP:
		return service.TypeX509, service.FlagOCSP
	case swanctl.CertCRL:
		return service.TypeCRL, ""
	case swanctl.CertPublicKey:
		return service.TypePublicKey, ""
	}
	return service.TypeX509, service.FlagNone
}

// Load does one of the commands about what clients load.
func (c viciControl) Load(ctx context.Context, command string, request *settings.Section) (*settings.Section, bool) {
	reply, ok := c.ViciConfigure(ctx, command, request)
	if ok && reply.Text("success") == "yes" && flushes(command, request) {
		c.answers.Clear()
	}
	return reply, ok
}

// flushes tells whether a command has revocation lists and OCSP answers forgotten that were fetched. They are kept together.
func flushes(command string, request *settings.Section) bool {
	switch strings.ToLower(request.Text("type")) {
	case "", "any", "x509_crl", "x509crl", "ocsp_response":
		return command == "flush-certs" || command == "clear-creds"
	}
	return false
}

// Trapped lists the children whose first packet brings them up.
func (c viciControl) Trapped(ctx context.Context) ([]api.Target, error) {
	c.useLoaded()
	var list []api.Target
	err := c.engine.supervisor.ask(ctx, func(time.Time) ([]supervisor.Action, error) {
		for _, l := range c.machine().Status() {
			for _, child := range l.Traps {
				list = append(list, api.Target{Connection: l.Connection.Name, Child: child})
			}
		}
		return nil, nil
	})
	return list, err
}

// Names returns the connection and the child that a policy is made of.
func (c viciControl) Names(policy string) (connection, child string) {
	for _, o := range c.viciSetup().Connections {
		if child, ok := strings.CutPrefix(policy, o.Name+"-"); ok && o.Section.Sub("children").Sub(child) != nil {
			return o.Name, child
		}
	}
	return "", policy
}

// Raise brings up the IKE SA of a connection without its children.
func (c viciControl) Raise(ctx context.Context, connection string) error {
	return c.pursue(ctx, pursuit{
		begin:   func(now time.Time) ([]supervisor.Action, error) { return c.machine().UpAlone(now, connection) },
		see:     attempts(connection, ""),
		reached: func() bool { return len(c.machine().Established(connection, 0)) > 0 },
	})
}

// CloseSA closes an IKE SA, of whatever connection. One that is forced and still there at the end of the wait is dropped without the
// peer's answer.
func (c viciControl) CloseSA(ctx context.Context, sa api.SA, force bool) error {
	spi, err := parseSPI(sa.SPI)
	if err != nil {
		return err
	}
	if _, limited := ctx.Deadline(); force && !limited {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), forceAfter)
		defer cancel()
	}
	gone := false
	err = c.pursue(ctx, pursuit{
		begin: func(time.Time) ([]supervisor.Action, error) {
			c.engine.supervisor.end(sa.Connection, spi)
			return nil, nil
		},
		see: func(n ike.News) (bool, error) {
			gone = gone || n.Kind == ike.NewsClosed && n.SA == spi
			return gone, nil
		},
		reached: func() bool { return gone },
	})
	if force && ctx.Err() != nil {
		c.drop(spi)
		return nil
	}
	return err
}

// forceAfter is how long the peer may take to answer the Delete of an IKE SA that is to go by force, unless who asks says so.
const forceAfter = 500 * time.Millisecond

// drop ends an IKE SA at once.
func (c viciControl) drop(spi wire.SPI) {
	if l := c.engine.shard(spi); l != nil {
		l.box.put(ike.Command{SA: spi, Event: ike.Close{Reason: "by force", Abandon: true}})
	}
}

// CloseChild closes one child.
func (c viciControl) CloseChild(ctx context.Context, sa api.SA, child api.Child) error {
	spi, in, err := spis(sa, child)
	if err != nil {
		return err
	}
	gone := false
	return c.pursue(ctx, pursuit{
		begin: func(now time.Time) ([]supervisor.Action, error) { return c.machine().DownChild(now, spi, in), nil },
		see: func(n ike.News) (bool, error) {
			gone = gone || n.Kind == ike.NewsChildDown && n.Child.InSPI == in || n.Kind == ike.NewsClosed && n.SA == spi
			return gone, nil
		},
		reached: func() bool { return gone },
	})
}

// RekeyChild gives new keys to one child.
func (c viciControl) RekeyChild(ctx context.Context, sa api.SA, child api.Child) error {
	spi, in, err := spis(sa, child)
	if err != nil {
		return err
	}
	r := &rekeying{child: child.Name}
	return c.pursue(ctx, pursuit{
		begin: func(time.Time) ([]supervisor.Action, error) {
			actions := []supervisor.Action{supervisor.Command{SA: spi, Event: ike.RekeyChild{SPI: in}}}
			r.begin(actions)
			return actions, nil
		},
		see:     r.see,
		reached: r.done,
	})
}

// spis names a child to the engine: by the SPI of its IKE SA, and its inbound SPI.
func spis(sa api.SA, child api.Child) (wire.SPI, uint32, error) {
	spi, err := parseSPI(sa.SPI)
	if err != nil {
		return 0, 0, err
	}
	in, err := strconv.ParseUint(child.InSPI, 16, 32)
	return spi, uint32(in), err
}
