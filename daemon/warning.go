package daemon

import (
	"errors"

	"culvert/api"
	"culvert/dataplane"
	"culvert/dataplane/user/route"
	"culvert/explain"
)

// warnings are what deserves a look at this moment.
func (d *Daemon) warnings() []api.Warning {
	list := d.trialWarning()
	if folder := d.running.KeyLog; folder != "" {
		list = append(list, newWarning(explain.HostKeyLog, "session keys are written to "+folder))
	}
	for _, err := range d.world.hostFaults() {
		list = append(list, hostWarning(err))
	}
	list = append(list, d.world.restored.warning()...)
	faults := d.engine.leases.faults()
	if err := d.world.unstored; err != nil && d.engine.leases.configured() {
		faults = append(faults, err)
	}
	for _, err := range faults {
		list = append(list, newWarning(explain.HostLeaseStore, "address leases are not kept beyond the process: "+err.Error()))
	}
	return append(list, d.engine.radius.warnings()...)
}

// hostFaults are what the host lacks.
func (w *world) hostFaults() []error {
	if b, ok := w.backend.(dataplane.Warner); ok {
		return b.Warnings()
	}
	return nil
}

// hostWarning gives a fault of the host its code.
func hostWarning(err error) api.Warning {
	var w route.Warning
	if !errors.As(err, &w) {
		return newWarning(explain.HostRouting, err.Error())
	}
	code := explain.HostRouting
	switch w.Code {
	case route.WarnNoGuard:
		code = explain.HostNoGuard
	case route.WarnStrictFilter:
		code = explain.HostStrictFilter
	}
	return newWarning(code, w.Err.Error())
}

// newWarning has the action of the catalogue.
func newWarning(code explain.Code, text string) api.Warning {
	entry, _ := explain.Lookup(code)
	return api.Warning{Code: code, Text: text, Action: entry.Action}
}
