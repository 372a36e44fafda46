package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"culvert/api"
	"culvert/config"
	"culvert/eap"
	"culvert/explain"
	"culvert/radius"
)

// drainTime is how long records of a group that is not configured any more may take.
const drainTime = time.Minute

// A radiusGroup is a group of servers at work.
type radiusGroup struct {
	config     *config.RADIUS
	group      *radius.Group
	nas        radius.NAS
	accountant *radius.Accountant // nil: no accounting
	hush       context.CancelFunc // ends the hearing of requests
	stop       context.CancelFunc
}

// radiusGroups are the groups of the configuration. It is safe for concurrent use.
type radiusGroups struct {
	ctx    context.Context
	log    *slog.Logger
	rulers *sessions // whom Disconnect-Requests and CoA-Requests are about
	wg     *sync.WaitGroup

	mu       sync.Mutex
	groups   map[string]*radiusGroup
	accounts map[string]string // connection -> group that its sessions are accounted by
}

func newRadiusGroups(e *engine) *radiusGroups {
	return &radiusGroups{ctx: e.ctx, log: e.log, wg: &e.wg, groups: map[string]*radiusGroup{}, accounts: map[string]string{}}
}

// configure makes the groups of a configuration, or none of them. One that has not changed keeps its state.
func (g *radiusGroups) configure(list []*config.RADIUS, accounts map[string]string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	next := map[string]*radiusGroup{}
	var made []*radiusGroup
	for _, c := range list {
		if old := g.groups[c.Name]; old != nil && old.config.Same(c) {
			next[c.Name] = old
			continue
		}
		r, err := g.open(c, g.groups[c.Name])
		if err != nil {
			for _, m := range made {
				m.close()
			}
			return fmt.Errorf("radius %q: %w", c.Name, err)
		}
		next[c.Name], made = r, append(made, r)
	}
	for name, old := range g.groups {
		if next[name] != old {
			old.hush()
			if now := next[name]; now == nil || now.accountant == nil {
				old.sayOff()
			}
			g.wg.Go(func() { old.retire(g.ctx) })
		}
	}
	g.groups, g.accounts = next, accounts
	return nil
}

// open starts a group. Servers hear that the node is there, which to them ends all sessions, unless the group takes the place of
// one that has accounted for them.
func (g *radiusGroups) open(c *config.RADIUS, before *radiusGroup) (*radiusGroup, error) {
	sockets, err := listenDAE(g.ctx, &c.DAE)
	if err != nil {
		return nil, err
	}
	r := &radiusGroup{config: c, nas: nasOf(c)}
	hearing, hush := context.WithCancel(g.ctx)
	running, stop := context.WithCancel(g.ctx)
	r.hush, r.stop = hush, stop
	var servers []radius.Server
	for _, s := range c.Servers {
		servers = append(servers, serverOf(c, s))
	}
	r.group = radius.NewGroup(c.Name, c.DeadTime, servers...)
	a := g.authority(r)
	for _, conn := range sockets {
		g.wg.Go(func() {
			if err := a.Serve(hearing, conn); err != nil {
				g.log.Error("requests of RADIUS servers are not heard any more", "code", string(explain.RadiusRefused), "error", err)
			}
		})
	}
	if c.Accounting {
		r.accountant = radius.NewAccountant(r.group, r.nas)
		if before == nil || before.accountant == nil {
			r.accountant.Add(radius.Record{Status: radius.AccountingOn, Time: time.Now()})
		}
		g.wg.Go(func() { r.accountant.Run(running) })
	}
	return r, nil
}

// sayOff puts behind all records that the node accounts no more, which ends what sessions there still are.
func (r *radiusGroup) sayOff() {
	if r.accountant != nil {
		r.accountant.Add(radius.Record{Status: radius.AccountingOff, Time: time.Now()})
	}
}

// retire ends a group that is not configured any more as soon as its records are taken, or the daemon ends.
func (r *radiusGroup) retire(ctx context.Context) {
	if r.accountant != nil {
		ctx, cancel := context.WithTimeout(ctx, drainTime)
		defer cancel()
		r.accountant.Flush(ctx)
	}
	r.close()
}

// close ends what still hears and accounts, and then the sockets and connections to the servers.
func (r *radiusGroup) close() {
	r.hush()
	r.stop()
	r.group.Retire()
}

func (g *radiusGroups) authority(r *radiusGroup) *radius.Authority {
	over := func(connection string) bool { return g.groupOf(connection) == r.config.Name }
	a := &radius.Authority{NAS: r.nas, Groups: rulesOf(r.config), Window: r.config.DAE.Window, Sessions: ruler{g.rulers, over}, Told: g.told}
	for _, p := range r.config.DAE.Clients {
		a.Clients = append(a.Clients, radius.Client{Prefix: p, Secret: r.config.DAE.Secret})
	}
	return a
}

// told logs what became of a request. Strangers are told of in the debug log only: anybody can send, as often as he likes.
func (g *radiusGroups) told(from netip.AddrPort, what string, err error) {
	switch refusal, refused := errors.AsType[*radius.Refusal](err); {
	case err == nil:
		g.log.Info("obeyed a "+what, "peer", from)
	case refused:
		g.log.Warn("refused a "+what, "peer", from, "code", string(explain.RadiusRefused), "reason", refusal.Cause.String())
	default:
		g.log.Debug("dropped a "+what, "peer", from, "code", string(explain.RadiusRefused), "error", err)
	}
}

// proxy returns the eap.Server of a configured group.
func (g *radiusGroups) proxy(name string, askIdentity bool) eap.Server {
	g.mu.Lock()
	defer g.mu.Unlock()
	r := g.groups[name]
	p := &radius.Proxy{Group: r.group, NAS: r.nas, FramedMTU: r.config.FramedMTU, Groups: rulesOf(r.config)}
	if !askIdentity {
		p.Identity = radius.IKEIdentity
	}
	return p
}

// accountsOf tells which group accounts for the sessions of a connection: the one that authenticates its users.
func accountsOf(cfg *config.Config) map[string]string {
	accounts := map[string]string{}
	for _, c := range cfg.Connections {
		for _, r := range c.Remote.Rounds() {
			if r.EAP.RADIUS != "" {
				accounts[c.Name] = r.EAP.RADIUS
			}
		}
	}
	return accounts
}

// groupOf names the group that authenticates the users of a connection; "" is none.
func (g *radiusGroups) groupOf(connection string) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.accounts[connection]
}

// accounting returns the group that accounts for the sessions of a connection, nil when none does.
func (g *radiusGroups) accounting(connection string) *radiusGroup {
	g.mu.Lock()
	defer g.mu.Unlock()
	r := g.groups[g.accounts[connection]]
	if r == nil || r.accountant == nil {
		return nil
	}
	return r
}

// account takes an accounting record of a session.
func (g *radiusGroups) account(connection string, record radius.Record) {
	if r := g.accounting(connection); r != nil {
		r.accountant.Add(record)
	}
}

// interim is the configured time between the accounting updates of a connection's sessions; 0 is none.
func (g *radiusGroups) interim(connection string) time.Duration {
	if r := g.accounting(connection); r != nil {
		return r.config.Interim
	}
	return 0
}

// all returns the groups of the moment.
func (g *radiusGroups) all() (list []*radiusGroup) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, r := range g.groups {
		list = append(list, r)
	}
	return list
}

// sayGoodbye tells the servers that the node ends, after the records of its sessions, and waits for that as long as ctx lasts.
func (g *radiusGroups) sayGoodbye(ctx context.Context) {
	var wg sync.WaitGroup
	for _, r := range g.all() {
		if r.sayOff(); r.accountant != nil {
			wg.Go(func() { r.accountant.Flush(ctx) })
		}
	}
	wg.Wait()
}

// close closes the groups. Nobody asks them any more.
func (g *radiusGroups) close() {
	for _, r := range g.all() {
		r.close()
	}
}

// warnings are the servers that do not answer, and records that wait or were lost.
func (g *radiusGroups) warnings() (list []api.Warning) {
	for _, r := range g.all() {
		for _, err := range r.group.Trouble() {
			list = append(list, newWarning(explain.RadiusNoAnswer, "radius "+r.config.Name+": "+err.Error()))
		}
		if r.accountant == nil {
			continue
		}
		if waiting, lost, trouble := r.accountant.State(); trouble != nil || lost > 0 {
			list = append(list, newWarning(explain.RadiusAccounting, fmt.Sprintf("radius %s: %d accounting records wait, %d were lost", r.config.Name, waiting, lost)))
		}
	}
	return list
}

// count adds the counters of the groups to a map.
func (g *radiusGroups) count(m map[string]uint64) {
	for _, r := range g.all() {
		if r.accountant != nil {
			if _, lost, _ := r.accountant.State(); lost > 0 {
				m["radius_accounting_lost"] += lost
			}
		}
	}
}
