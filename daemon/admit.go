package daemon

import (
	"context"
	"time"

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
	return w
}

// leases tells whether the peer may get an address.
func (w admit) leases() bool { return !w.admission.Initiator && len(w.admission.Connection.Pools) > 0 }

// Run asks the supervisor about uniqueness and the pools for addresses. It answers with an ike.Verdict.
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
	switch {
	case refusal != nil:
		return ike.Verdict{Refusal: refusal}
	case w.leases():
		return e.leases.admit(e.clock.wall(), w.admission)
	}
	return ike.Verdict{}
}
