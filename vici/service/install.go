package service

import (
	"context"
	"fmt"

	"culvert/api"
	"culvert/swanctl/settings"
	"culvert/vici"
)

// install has packets of a child bring it up, or puts a policy that drops traffic or lets it pass into force.
func (s *Service) install(ctx context.Context, call *vici.Call) *settings.Section {
	child := call.Request.Text("child")
	if child == "" {
		return vici.Refused("missing configuration name")
	}
	target, ok := s.trapTarget(call.Request.Text("ike"), child)
	if !ok {
		return vici.Refused("configuration name not found")
	}
	if err := s.daemon.Install(ctx, target); err != nil {
		return vici.Refused(fmt.Sprintf("installing policy '%s' failed", child)).Add("cause", cut(err.Error()))
	}
	return vici.Done()
}

// uninstall takes away what install has done, or the configuration.
func (s *Service) uninstall(ctx context.Context, call *vici.Call) *settings.Section {
	child := call.Request.Text("child")
	if child == "" {
		return vici.Refused("missing configuration name")
	}
	target, ok := s.trapTarget(call.Request.Text("ike"), child)
	if ok && target.Connection != "" {
		traps, err := s.daemon.Trapped(ctx)
		ok = err == nil && has(traps, target)
	}
	if !ok || s.daemon.Uninstall(ctx, target) != nil {
		return vici.Refused(fmt.Sprintf("policy '%s' not found", child))
	}
	return vici.Done()
}

func has(traps []api.Target, target api.Target) bool {
	for _, t := range traps {
		if t == target {
			return true
		}
	}
	return false
}

// trapTarget finds a child by its name, or else a policy.
func (s *Service) trapTarget(ike, child string) (api.Target, bool) {
	if connection, ok := s.find(ike, child); ok {
		return api.Target{Connection: connection, Child: child}, true
	}
	for _, p := range s.shunts(true, true) {
		if p.child == child && (ike == "" || ike == p.ike) {
			return api.Target{Child: p.name}, true
		}
	}
	return api.Target{}, false
}
