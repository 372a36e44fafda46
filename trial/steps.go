package trial

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"culvert/api"
)

// A view is what is up of the target at one moment.
type view struct {
	sas      map[string]api.SA // established ones, by our SPI
	children []api.Child       // installed ones
}

func (t *trial) look() (view, error) {
	v := view{sas: map[string]api.SA{}}
	s, err := t.daemon.Status(t.ctx)
	if err != nil {
		return v, err
	}
	for _, sa := range s.SAsOf(t.Target.Connection) {
		if sa.State != api.SAEstablished {
			continue
		}
		v.sas[sa.SPI] = sa
		for _, c := range sa.Children {
			if c.State == api.ChildInstalled && (t.Target.Child == "" || c.Name == t.Target.Child) {
				v.children = append(v.children, c)
			}
		}
	}
	return v, nil
}

// up reports whether all is there that is asked for.
func (v view) up() bool { return len(v.sas) > 0 && len(v.children) > 0 }

// names lists the children.
func (v view) names() string {
	var list []string
	for _, c := range v.children {
		if !slices.Contains(list, c.Name) {
			list = append(list, c.Name)
		}
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

// await looks until a condition holds.
func (t *trial) await(what string, holds func(view) bool) (view, error) {
	const interval = 100 * time.Millisecond
	deadline := time.Now().Add(t.Patience)
	for {
		v, err := t.look()
		if err != nil || holds(v) {
			return v, err
		}
		if time.Now().After(deadline) {
			return v, fmt.Errorf("%s after %v", what, t.Patience)
		}
		select {
		case <-t.ctx.Done():
			return v, t.ctx.Err()
		case <-time.After(interval):
		}
	}
}

func (t *trial) up() (Verdict, string, error) {
	v, err := t.look()
	if err != nil {
		return Failed, "", err
	}
	if v.up() {
		return OK, "it is up already, with " + v.names(), nil
	}
	if err := t.daemon.Up(t.ctx, t.command(""), func(api.Event) {}); err != nil {
		return Failed, "", err
	}
	if v, err = t.await("it is not up", view.up); err != nil {
		return Failed, "", err
	}
	return OK, "it came up, with " + v.names(), nil
}

// rekeyIKE gives new keys to the IKE SA: it gets another SPI, and the children stay.
func (t *trial) rekeyIKE() (Verdict, string, error) {
	return t.renew(func() error { return t.daemon.Rekey(t.ctx, t.command(api.LayerIKE)) }, func(before, now view) bool {
		return now.up() && apart(before.sas, now.sas) && len(now.children) == len(before.children)
	}, "the IKE SA is not another one")
}

// rekeyChildren gives new keys to the children: each gets other SPIs.
func (t *trial) rekeyChildren() (Verdict, string, error) {
	return t.renew(func() error { return t.daemon.Rekey(t.ctx, t.command(api.LayerChild)) }, func(before, now view) bool {
		return now.up() && len(now.children) == len(before.children) && apart(spis(before), spis(now))
	}, "the children are not other ones")
}

// reauth authenticates anew: IKE SA and children are others.
func (t *trial) reauth() (Verdict, string, error) {
	return t.renew(func() error { return t.daemon.Reauth(t.ctx, t.command("")) }, func(before, now view) bool {
		return now.up() && apart(before.sas, now.sas) && apart(spis(before), spis(now))
	}, "IKE SA and children are not other ones")
}

// renew does something that is to change what is up.
func (t *trial) renew(do func() error, changed func(before, now view) bool, otherwise string) (Verdict, string, error) {
	before, err := t.look()
	if err != nil {
		return Failed, "", err
	}
	if err := do(); err != nil {
		return Failed, "", err
	}
	now, err := t.await(otherwise, func(v view) bool { return changed(before, v) })
	if err != nil {
		return Failed, "", err
	}
	return OK, now.describe(), nil
}

// describe tells the SPIs of what is up.
func (v view) describe() string {
	var list []string
	for spi := range v.sas {
		list = append(list, "IKE SA "+spi)
	}
	for _, c := range v.children {
		list = append(list, fmt.Sprintf("%s %s/%s", c.Name, c.InSPI, c.OutSPI))
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

func spis(v view) map[string]api.Child {
	m := map[string]api.Child{}
	for _, c := range v.children {
		m[c.InSPI] = c
	}
	return m
}

// apart tells whether two sets have nothing in common.
func apart[V any](a, b map[string]V) bool {
	for k := range a {
		if _, both := b[k]; both {
			return false
		}
	}
	return true
}
