package daemon

import (
	"sync/atomic"
	"time"

	"culvert/swanctl/settings"
)

// A deferral is what clients of VICI have loaded and is not in use yet. They load connections and credentials one by one; to read
// everything again for each of thousands would take minutes. So each is looked at by itself, beside what it may refer to, and all
// come into use together: a moment after the last one, or as soon as somebody asks for anything.
type deferral struct {
	waits atomic.Bool // something is not in use yet; written under Daemon.reloading, as is what follows
	timer *time.Timer // nil before the first load
}

// loadQuiet is how long a client may take from one load to the next.
const loadQuiet = 100 * time.Millisecond

// accept makes sources those of the daemon to which a request has added, if what it adds can be used. The caller holds reloading.
func (d *Daemon) accept(next sources, request *settings.Section) error {
	alone := next
	alone.vici = next.vici.Beside(request)
	cfg, found := alone.load(time.Now())
	if cfg == nil {
		return found.Err()
	}
	if err := d.world.plane.fits(cfg); err != nil {
		return err
	}
	d.sources = next
	d.deferred.waits.Store(true)
	if d.deferred.timer != nil {
		d.deferred.timer.Reset(loadQuiet)
		return nil
	}
	d.deferred.timer = time.AfterFunc(loadQuiet, d.useLoaded)
	return nil
}

// useLoaded has what was loaded come into use. If the rest of the configuration cannot be read any more, the next reload does it.
func (d *Daemon) useLoaded() {
	if !d.deferred.waits.Load() {
		return
	}
	_ = d.exclusively(d.engine.ctx, func() error {
		if !d.deferred.waits.Load() || d.engine.ctx.Err() != nil {
			return nil
		}
		_, err := d.adopt(d.sources)
		if err != nil && !d.tokens.lacks() {
			d.log.Error("what clients of VICI have loaded is not in use yet; `culvert reload` tries again", "error", err)
			d.deferred.over()
		}
		return err
	})
}

// over notes that nothing waits any more. The caller holds Daemon.reloading.
func (f *deferral) over() {
	f.waits.Store(false)
	if f.timer != nil {
		f.timer.Stop()
	}
}
