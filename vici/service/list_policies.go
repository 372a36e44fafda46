package service

import (
	"context"

	"culvert/api"
	"culvert/config"
	"culvert/spd"
	"culvert/swanctl/settings"
	"culvert/vici"
)

// listPolicies streams children that a packet would bring up, and policies that drop traffic or let it pass.
func (s *Service) listPolicies(ctx context.Context, call *vici.Call) *settings.Section {
	want := selected(call.Request)
	show := func(policies []policy) bool {
		for _, p := range policies {
			if (want.ike == "" || want.ike == p.ike) && (want.child == "" || want.child == p.child) && call.Stream(eventListPolicy, s.policy(p)) != nil {
				return false
			}
		}
		return true
	}
	if given(call.Request, "trap") {
		traps, err := s.traps(ctx)
		if err != nil {
			return vici.Refused(err.Error())
		}
		if !show(traps) {
			return nil
		}
	}
	show(s.shunts(given(call.Request, "drop"), given(call.Request, "pass")))
	return nil
}

// A policy is one that is there without an SA.
type policy struct {
	name          string // of a configured policy
	ike, child    string
	reqid         string // of a trap
	mode          string
	label         string
	local, remote []spd.Selector
}

// policy shows one policy.
func (s *Service) policy(p policy) *settings.Section {
	m := new(settings.Section)
	name := p.child
	if p.ike != "" {
		name = p.ike + "/" + p.child
	}
	in := m.Open(name).Add("child", p.child)
	optional(in, "reqid", p.reqid)
	optional(in, "ike", p.ike)
	in.Add("mode", p.mode)
	optional(in, "label", p.label)
	in.AddList("local-ts", s.services.configured(p.local)...).AddList("remote-ts", s.services.configured(p.remote)...)
	return m
}

// traps are the children whose first packet brings them up. One that is up shares its number with its SAs.
func (s *Service) traps(ctx context.Context) ([]policy, error) {
	status, err := s.daemon.Status(ctx)
	if err != nil {
		return nil, err
	}
	targets, err := s.daemon.Trapped(ctx)
	if err != nil {
		return nil, err
	}
	reqids := make(map[api.Target]uint32)
	for _, sa := range status.SAs {
		for _, c := range sa.Children {
			reqids[api.Target{Connection: sa.Connection, Child: c.Name}] = c.Reqid
		}
	}
	cfg := s.daemon.Configuration()
	var list []policy
	for _, t := range targets {
		if c := cfg.Connection(t.Connection); c != nil && c.Child(t.Child) != nil {
			list = append(list, trap(c.Name, c.Child(t.Child), reqids[t]))
		}
	}
	return list, nil
}

func trap(connection string, c *config.Child, reqid uint32) policy {
	return policy{ike: connection, child: c.Name, reqid: number(reqid), mode: configuredMode(c), label: c.Kernel.Label, local: c.Local, remote: c.Remote}
}

// shunts are the configured policies. One that swanctl has as a child is named after its connection and itself.
func (s *Service) shunts(drop, pass bool) []policy {
	var list []policy
	for _, p := range s.daemon.Configuration().Policies {
		mode := "DROP"
		if p.Action == spd.Bypass {
			mode = "PASS"
		}
		if mode == "DROP" && !drop || mode == "PASS" && !pass {
			continue
		}
		ike, child := s.daemon.Names(p.Name)
		list = append(list, policy{name: p.Name, ike: ike, child: child, mode: mode, local: p.Local, remote: p.Remote})
	}
	return list
}
