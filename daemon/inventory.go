package daemon

import (
	"cmp"
	"context"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"culvert/api"
	"culvert/config"
	"culvert/explain"
	"culvert/ike"
)

// The actions of policies.
const (
	policyProtect = "protect"
	policyTrap    = "trap"
)

// configuration is the one that is in use.
func (d *Daemon) configuration() *config.Config {
	d.useLoaded()
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.config
}

// attribute says of each connection what has loaded it.
func (d *Daemon) attribute(list []api.Connection) {
	source := map[string]string{}
	for _, c := range d.configuration().Connections {
		source[c.Name] = c.Source
	}
	for i := range list {
		list[i].Source = source[list[i].Name]
	}
}

// Settings tells what has loaded a connection, and every option of it.
func (d *Daemon) Settings(_ context.Context, connection string) (string, config.Effective, error) {
	c := d.configuration().Connection(connection)
	if c == nil {
		return "", config.Effective{}, notThere("connection", connection)
	}
	return c.Source, c.Effective(), nil
}

func notThere(kind, name string) error {
	return api.NewProblem(http.StatusNotFound, explain.ManageNotFound, "", "there is no %s %q", kind, name)
}

// Policies lists what becomes of traffic, by priority.
func (d *Daemon) Policies(ctx context.Context) ([]api.Policy, error) {
	sas, _, err := d.engine.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	cfg := d.configuration()
	list := []api.Policy{}
	for _, p := range cfg.Policies {
		list = append(list, api.Policy{Name: p.Name, Action: p.Action.String(), Local: selectorTexts(p.Local), Remote: selectorTexts(p.Remote), Priority: p.Priority})
	}
	for _, sa := range sas {
		list = append(list, protected(sa, cfg)...)
	}
	for _, c := range cfg.Connections {
		for _, child := range c.Children {
			if child.Start == ike.StartTrap {
				list = append(list, api.Policy{Name: c.Name + "/" + child.Name, Action: policyTrap, Connection: c.Name, Child: child.Name,
					Local: selectorTexts(child.Local), Remote: selectorTexts(child.Remote), Priority: child.Priority})
			}
		}
	}
	slices.SortStableFunc(list, func(a, b api.Policy) int { return cmp.Compare(b.Priority, a.Priority) })
	return list, nil
}

// protected are the policies of the children of an IKE SA.
func protected(sa ike.SAStatus, cfg *config.Config) (list []api.Policy) {
	if sa.Connection == nil {
		return nil
	}
	name := sa.Connection.Name
	c := cfg.Connection(name)
	for _, child := range sa.Children {
		p := api.Policy{Name: name + "/" + child.Name, Action: policyProtect, Connection: name, Child: child.Name, SA: spiText(sa.LocalSPI),
			Local: selectorTexts(child.Local), Remote: selectorTexts(child.Remote)}
		if c != nil && c.Child(child.Name) != nil {
			p.Priority = c.Child(child.Name).Priority
		}
		list = append(list, p)
	}
	return list
}

// Release has a pool forget whose an address was.
func (d *Daemon) Release(_ context.Context, pool, address string) error {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return api.NewProblem(http.StatusBadRequest, explain.ManageBadRequest, "", "%q is no IP address", address)
	}
	p := d.engine.leases.find(poolKey{pool, a.Unmap().Is4()})
	if p == nil {
		return notThere("pool", pool)
	}
	known, online := p.Forget(a.Unmap())
	switch {
	case online:
		return api.NewProblem(http.StatusConflict, explain.ManageBusy, "close the IKE SA that has it with `culvert down`", "%s is in use", a)
	case !known:
		return notThere("lease of "+pool, address)
	}
	d.engine.leases.watchStore()
	return nil
}

// The states of users.
const (
	userOnline   = "online"
	userOffline  = "offline"
	userDisabled = "disabled"
	userExpired  = "expired"
)

// Users lists accounts, and whoever is connected without one here.
func (d *Daemon) Users(ctx context.Context) ([]api.User, error) {
	status, err := d.Status(ctx)
	if err != nil {
		return nil, err
	}
	sessions := map[string][]api.SA{}
	for _, sa := range status.SAs {
		if sa.User != "" {
			sessions[sa.User] = append(sessions[sa.User], sa)
		}
	}
	list := []api.User{}
	for _, table := range d.configuration().Users {
		for _, u := range table.List {
			list = append(list, account(table.Name, u, sessions[u.Name]))
			delete(sessions, u.Name)
		}
	}
	for name, sas := range sessions {
		list = append(list, api.User{Name: name, Groups: append([]string{}, sas[0].Groups...), State: userOnline, Sessions: userSessions(sas)})
	}
	slices.SortStableFunc(list, func(a, b api.User) int { return cmp.Compare(a.Name, b.Name) })
	return list, nil
}

// account shows an account with its sessions.
func account(table string, u *config.User, sas []api.SA) api.User {
	shown := api.User{Name: u.Name, Table: table, Groups: append([]string{}, u.Groups...), Disabled: u.Disabled, State: userOffline, Sessions: userSessions(sas)}
	if !u.ValidUntil.IsZero() {
		shown.ValidUntil = &u.ValidUntil
	}
	switch {
	case u.Disabled:
		shown.State = userDisabled
	case !u.ValidUntil.IsZero() && time.Now().After(u.ValidUntil):
		shown.State = userExpired
	case len(sas) > 0:
		shown.State = userOnline
	}
	return shown
}

func userSessions(sas []api.SA) []api.UserSession {
	list := []api.UserSession{}
	for _, sa := range sas {
		s := api.UserSession{ID: sa.Session, Connection: sa.Connection, SA: sa.SPI, Address: sa.Remote.Address, Leases: append([]string{}, sa.Leases...), Since: sa.Created}
		if sa.Established != nil {
			s.Since = *sa.Established
		}
		for _, c := range sa.Children {
			s.In.Add(c.In)
			s.Out.Add(c.Out)
		}
		list = append(list, s)
	}
	return list
}

// LogLevel is the least severe level that is logged.
func (d *Daemon) LogLevel(context.Context) (string, error) {
	return strings.ToLower(d.level.Level().String()), nil
}

// SetLogLevel has the log say more or less, until the configuration is read again.
func (d *Daemon) SetLogLevel(_ context.Context, level string) error {
	return d.level.UnmarshalText([]byte(level))
}
