package daemon

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"sync"
	"time"

	"culvert/api"
	"culvert/config"
	"culvert/dataplane"
	"culvert/explain"
	"culvert/hook"
	"culvert/ike"
)

// updowns has the commands of children run. A child is named by its policy, which it keeps when it or its IKE SA is rekeyed. It is
// safe for concurrent use.
type updowns struct {
	engine *engine
	runner *hook.Runner[dataplane.PolicyID]

	mu      sync.Mutex
	running map[dataplane.PolicyID]*updown
}

// An updown is the command of a child that is up.
type updown struct {
	child  hook.Child
	line   string
	device string // by which the peer was reached when it came up
}

func newUpdowns(e *engine, h config.Hooks) *updowns {
	limits := hook.Limits{Time: h.Timeout, AtOnce: h.AtOnce, Queue: h.Queue}
	return &updowns{engine: e, running: map[dataplane.PolicyID]*updown{}, runner: hook.NewRunner[dataplane.PolicyID](e.ctx, limits)}
}

// follow runs what belongs to news.
func (u *updowns) follow(n ike.News) {
	switch {
	case n.Child == nil || n.Child.Resource > 0:
	case n.Kind == ike.NewsChildUp && n.Status != nil:
		u.up(n)
	case n.Kind == ike.NewsChildDown:
		u.down(n.Child.Policy)
	}
}

func (u *updowns) up(n ike.News) {
	i := slices.IndexFunc(n.Connection.Children, func(c *ike.ChildConfig) bool { return c.Name == n.Child.Name })
	if i < 0 || n.Connection.Children[i].Updown == "" {
		return
	}
	c := n.Connection.Children[i]
	run := &updown{child: u.child(n, c), line: c.Updown}
	u.mu.Lock()
	u.running[n.Child.Policy] = run
	u.mu.Unlock()
	if err := u.start(n.Child.Policy, run, hook.Up); err != nil {
		u.warn(run, explain.HookQueueFull, err)
	}
}

// child is what the command is told.
func (u *updowns) child(n ike.News, c *ike.ChildConfig) hook.Child {
	sa := n.Status
	k := hook.Child{
		Connection: n.Connection.Name, Name: c.Name, Reqid: u.engine.reqid(n.Child.Policy, c.ReqID), UniqueID: sa.ID,
		Local: sa.Path.Local, Remote: sa.Path.Remote, LocalID: sa.Local, RemoteID: sa.Remote,
		PeerVirtualIPs: sa.Leases, DNS: sa.Assigned.DNS, LocalTraffic: n.Child.Local, RemoteTraffic: n.Child.Remote,
		Kernel: n.Child.Kernel, Encapsulated: sa.ESP == dataplane.TransportUDP, HostAccess: c.HostAccess,
	}
	if p := sa.Proof; p != nil {
		k.EAPID = p.EAPIdentity
		if id := p.IKEIdentity.String(); k.EAPID != "" && id != "" {
			k.RemoteID = id
		}
	}
	for _, p := range sa.Assigned.Addresses {
		k.VirtualIPs = append(k.VirtualIPs, p.Addr())
	}
	return k
}

func (u *updowns) down(id dataplane.PolicyID) {
	u.mu.Lock()
	run := u.running[id]
	delete(u.running, id)
	u.mu.Unlock()
	if run != nil {
		_ = u.start(id, run, hook.Down) // is refused to none
	}
}

func (u *updowns) start(id dataplane.PolicyID, run *updown, o hook.Occasion) error {
	return u.runner.Start(id, hook.Job{
		Occasion: o,
		Commands: func() []hook.Command { return u.commands(run, o) },
		Line: func(_ hook.Command, line string) {
			u.engine.log.Info("updown: "+line, "connection", run.child.Connection, "child", run.child.Name)
		},
		Done: func(_ hook.Command, took time.Duration, err error) { u.done(run, o, took, err) },
	})
}

// commands are the runs for a child, one for each pair of its selectors.
func (u *updowns) commands(run *updown, o hook.Occasion) []hook.Command {
	if o == hook.Up {
		run.device = deviceOf(run.child.Local.Addr())
	}
	pairs, left := run.child.Pairs()
	if left > 0 {
		u.warn(run, explain.HookPairs, fmt.Errorf("%d pairs of selectors are left out", left))
	}
	path := cmp.Or(os.Getenv("PATH"), "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
	list := make([]hook.Command, len(pairs))
	for i, p := range pairs {
		list[i] = hook.Command{Line: run.line, Environment: run.child.Environment(o, p, path, run.device)}
	}
	return list
}

// deviceOf names the interface that has one of our addresses, or its network. "": none has.
func deviceOf(own netip.Addr) (name string) {
	interfaces, _ := net.Interfaces() // without it is not known
	for _, i := range interfaces {
		addrs, _ := i.Addrs()
		for _, a := range addrs {
			p, err := netip.ParsePrefix(a.String())
			switch {
			case err != nil:
			case p.Addr().Unmap() == own.Unmap():
				return i.Name
			case p.Contains(own.Unmap()):
				name = i.Name
			}
		}
	}
	return name
}

// done notes how a run has ended.
func (u *updowns) done(run *updown, o hook.Occasion, took time.Duration, err error) {
	c := &run.child
	switch {
	case err == nil:
		u.engine.log.Debug("updown command done", "connection", c.Connection, "child", c.Name, "verb", o.String(), "took", took)
	case errors.Is(err, hook.ErrTimeout):
		u.warn(run, explain.HookTimeout, fmt.Errorf("%s: %w", o, err))
	default:
		u.warn(run, explain.HookFailed, fmt.Errorf("%s: %w", o, err))
	}
}

// warn tells what is wrong with the command of a child.
func (u *updowns) warn(run *updown, code explain.Code, err error) {
	u.engine.tell(api.Event{Connection: run.child.Connection, Child: run.child.Name, Kind: api.EventWarning, Text: "updown: " + err.Error(),
		Problem: api.NewProblem(http.StatusConflict, code, "", "updown: %v", err)})
}

// wait returns when every command has ended.
func (u *updowns) wait() { _ = u.runner.Wait(context.Background()) }

// lastRuns is how long the commands for the ends of children may take when the daemon ends.
const lastRuns = 10 * time.Second

// sayGoodbye gives the commands for the ends of children a moment to finish. Those that do not are killed with the engine.
func (u *updowns) sayGoodbye() {
	ctx, cancel := context.WithTimeout(context.Background(), lastRuns)
	defer cancel()
	if err := u.runner.Wait(ctx); err != nil {
		u.engine.log.Warn("updown commands still run", "error", err)
	}
}
