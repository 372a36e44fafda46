package doctor

import (
	"context"
	"errors"
	"io/fs"
	"strings"

	"culvert/api"
	"culvert/config"
	"culvert/legible"
)

func checkDaemon(_ context.Context, e *examination) {
	switch p, running := e.daemon(); {
	case e.Status != nil:
		e.ok("the daemon answers on %s: version %s, %s, %s; packets are carried in %s", e.Socket, e.Status.Version,
			legible.Count(len(e.Status.Connections), "connection"), legible.Count(len(e.Status.SAs), "IKE SA"), e.Status.Dataplane)
		e.troubles()
	case running:
		e.fail("see `journalctl -u culvert`; name its socket with --socket if it has another one", "the daemon runs (process %s), but does not answer: %v", p.pid, e.Unreachable)
	default:
		e.warn("start it with `systemctl start culvert`", "the daemon does not run: %v", e.Unreachable)
	}
}

// troubles are what the daemon says itself: connections that fail, and warnings.
func (e *examination) troubles() {
	for _, c := range e.Status.Connections {
		if c.State != api.Up && c.LastFailure != nil {
			e.warn("`culvert explain "+string(c.LastFailure.Code)+"` tells more", "connection %s is %s: %s", c.Name, c.State, c.LastFailure.Detail)
		}
	}
	for _, w := range e.Status.Warnings {
		e.warn(w.Action, "the daemon warns: %s", w.Text)
	}
}

func checkConfiguration(_ context.Context, e *examination) {
	e.configured()
	switch n := len(e.Loaded.Connections); {
	case e.Loaded.Err != nil:
		e.unknown("", "what was loaded into the daemon beside the file is not known: %v", e.Loaded.Err)
	case n > 0:
		e.ok("the daemon has %s beside the file: what it has is examined", legible.Count(n, "connection"))
	}
}

// configured looks at the file.
func (e *examination) configured() {
	const most = 5
	if _, err := fs.Stat(e.Host.Files(), strings.TrimPrefix(e.Path, "/")); errors.Is(err, fs.ErrNotExist) {
		e.unknown("name it with --config", "there is no %s: nothing is said about connections", e.Path)
		e.unlooked()
		return
	}
	var mistakes, warnings int
	for _, d := range e.Diagnostics {
		switch d.Severity {
		case config.Error:
			if mistakes++; mistakes <= most {
				e.fail("correct it; `culvert check` shows all mistakes", "%s: %s", d.Place, d.Message)
			}
		case config.Warning:
			if warnings++; warnings <= most {
				e.warn(d.Hint, "%s: %s", d.Place, d.Message)
			}
		}
	}
	if e.Config == nil {
		e.unlooked()
	} else {
		e.ok("%s can be used: %s", e.Path, legible.Count(len(e.Config.Connections), "connection"))
	}
}

// unlooked tells which checks are left out without connections.
func (e *examination) unlooked() {
	if len(e.Loaded.Connections) > 0 {
		return
	}
	var names []string
	for _, c := range Checks() {
		if c.of == connections {
			names = append(names, c.Name)
		}
	}
	e.unknown("", "without a configuration that can be used nothing is known of %s", strings.Join(names, ", "))
}
