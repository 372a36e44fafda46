package daemon

import (
	"context"
	"slices"
	"time"

	"culvert/eap"
	"culvert/explain"
	"culvert/ike"
	"culvert/supervisor"
	"culvert/wire"
)

// admit is the work that decides whether an authenticated peer gets its IKE SA, and with which addresses.
type admit struct {
	engine    *engine
	admission ike.Admission
}

// admit begins an admission. The shard calls it, which also reports the end of the IKE SA.
func (e *engine) admit(a ike.Admission) ike.Work {
	w := admit{engine: e, admission: a}
	if w.leases() {
		e.leases.expect(a.SA)
	}
	if a.EAPIdentity != "" {
		e.sessions.expect(a.SA)
	}
	return w
}

// leases tells whether the peer may get an address, of a pool or its own.
func (w admit) leases() bool {
	a := w.admission
	own := slices.ContainsFunc(a.Grants, func(g *eap.Grant) bool { return g.IPv4.IsValid() || g.IPv6.IsValid() })
	return !a.Initiator && (len(a.Connection.Pools) > 0 || own)
}

// Run asks the supervisor about uniqueness, the book of sessions about the user's limits, and the pools for addresses. It answers with an ike.Verdict.
func (w admit) Run(ctx context.Context) any {
	e := w.engine
	var refusal *ike.Failure
	err := e.supervisor.ask(ctx, func(now time.Time) ([]supervisor.Action, error) {
		refusal = e.supervisor.machine.Admit(now, w.admission)
		return nil, nil
	})
	if err != nil {
		refusal = &ike.Failure{Code: explain.IKEInternal, Notify: wire.NotifyTemporaryFailure, Err: err}
	}
	if refusal == nil {
		refusal = e.sessions.admit(w.admission)
	}
	if refusal != nil {
		return ike.Verdict{Refusal: refusal}
	}
	var v ike.Verdict
	if w.leases() {
		v = e.leases.admit(e.clock.wall(), w.admission)
	}
	if refusal = e.sessions.granted(w.admission, v.Addresses); refusal != nil {
		return ike.Verdict{Refusal: refusal} // the end of the IKE SA gives the addresses back
	}
	return v
}
