package daemon

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"culvert/api"
	"culvert/config"
	"culvert/explain"
)

// A trial is a configuration that counts until it is confirmed or its time is over. The daemon has one at most.
type trial struct {
	api.Pending
	text   string
	base   string // digest of the main file when it was applied
	before *config.Config
	timer  *time.Timer // nil while it is being applied
}

// busy says that one thing is to be done before another.
func (t *trial) busy() *api.Problem {
	return api.NewProblem(http.StatusConflict, explain.ManageBusy, "run `culvert config confirm` or `culvert config rollback` first",
		"the configuration that %s has applied waits to be confirmed until %s", t.Caller, t.Until.Format(time.TimeOnly))
}

// Apply has a text count until it is confirmed or its time is over.
func (d *Daemon) Apply(ctx context.Context, p api.Proposed) (api.Pending, error) {
	now, within := time.Now(), time.Duration(p.ConfirmWithin*float64(time.Second))
	t := &trial{text: p.Text, Pending: api.Pending{ID: rand.Text(), Caller: api.CallerOf(ctx).Name, Applied: now, Until: now.Add(within)}}
	if err := d.exclusively(ctx, func() error { return d.begun(t, p.Base, within) }); err != nil {
		return api.Pending{}, err
	}
	d.log.Warn("configuration applied, to be confirmed", "caller", t.Caller, "until", t.Until.Format(time.RFC3339))
	return t.Pending, nil
}

// begun begins a trial. The caller holds reloading.
func (d *Daemon) begun(t *trial, base string, within time.Duration) error {
	if t := d.trial.Load(); t != nil {
		return t.busy()
	}
	next, err := d.sources.drafted(t.text)
	if err != nil {
		return err
	}
	if t.base = d.sources.digest(); base != "" && base != t.base {
		return changed(d.sources.main)
	}
	if err := writable(d.sources.main); err != nil {
		return err
	}
	d.mu.Lock()
	t.before = d.config
	d.mu.Unlock()
	if t.Changes, err = d.adopt(next); err != nil {
		return err
	}
	t.timer = time.AfterFunc(within, func() { d.expire(t.ID) })
	d.trial.Store(t)
	return nil
}

// changed says that somebody else was faster.
func changed(path string) *api.Problem {
	return api.NewProblem(http.StatusConflict, explain.ManageBusy, "look at `culvert config show`, and begin with what is there now", "%s is not what it was", path)
}

// decided returns the trial of an ID, or whichever it is. The caller holds reloading.
func (d *Daemon) decided(id string) (*trial, error) {
	t := d.trial.Load()
	if t == nil || id != "" && id != t.ID {
		return nil, api.NewProblem(http.StatusNotFound, explain.ManageNotFound, "`culvert config show` tells what is in use", "no such configuration waits to be confirmed")
	}
	return t, nil
}

// Confirm writes what was applied into the main file.
func (d *Daemon) Confirm(_ context.Context, id string) error {
	d.reloading.Lock()
	defer d.reloading.Unlock()
	t, err := d.decided(id)
	if err != nil {
		return err
	}
	if d.sources.digest() != t.base {
		return changed(d.sources.main)
	}
	if err := replaceFile(d.sources.main, []byte(t.text)); err != nil {
		return api.NewProblem(http.StatusConflict, explain.ManageInternal, "see that the daemon may write there", "%v", err)
	}
	t.timer.Stop()
	d.sources.candidate = nil
	d.trial.Store(nil)
	d.log.Info("configuration confirmed", "path", d.sources.main)
	return nil
}

// Rollback goes back to what was before Apply: to what is on the disk, or if that cannot be used any more, to what was in use.
func (d *Daemon) Rollback(ctx context.Context, id string) error {
	return d.exclusively(ctx, func() error { return d.rolledBack(id) })
}

// rolledBack ends a trial. The caller holds reloading.
func (d *Daemon) rolledBack(id string) error {
	t, err := d.decided(id)
	if err != nil {
		return err
	}
	next := d.sources
	next.candidate = nil
	_, err = d.adopt(next)
	if d.tokens.lacks() {
		return err
	}
	t.timer.Stop()
	d.trial.Store(nil)
	if err != nil {
		d.log.Error("the configuration on the disk cannot be used; the one before is back", "error", err.Error())
		d.sources = next
		return d.configure(t.before)
	}
	d.log.Warn("configuration rolled back")
	return nil
}

// expire rolls back what nobody has confirmed.
func (d *Daemon) expire(id string) {
	const text = "nobody has confirmed the configuration: the one before is back"
	var gone *api.Problem
	if err := d.Rollback(context.Background(), id); errors.As(err, &gone) && gone.Code == explain.ManageNotFound {
		return // it was decided in the last moment
	} else if err != nil {
		d.log.Error("configuration not rolled back", "error", err.Error())
		return
	}
	d.log.Warn(text)
	d.engine.hub.events.Publish(api.Event{Time: time.Now(), Kind: api.EventWarning, Text: text})
}

// dropTrial forgets what waits to be confirmed, as the daemon ends.
func (d *Daemon) dropTrial() {
	d.reloading.Lock()
	defer d.reloading.Unlock()
	if t := d.trial.Swap(nil); t != nil {
		t.timer.Stop()
	}
}

// trialWarning tells that a configuration waits to be confirmed.
func (d *Daemon) trialWarning() []api.Warning {
	t := d.trial.Load()
	if t == nil {
		return nil
	}
	p := t.busy()
	return []api.Warning{{Code: p.Code, Text: p.Detail, Action: p.Action}}
}

// writable tries whether a file could be replaced, so that nobody tests a configuration that cannot be kept.
func writable(path string) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".culvert-*")
	if err != nil {
		return api.NewProblem(http.StatusConflict, explain.ManageUnsupported,
			"let the daemon write there, by ReadWritePaths= of its unit, or change the file by hand and run `culvert reload`", "%v", err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// replaceFile gives a file another text, whole or not at all. It keeps its permissions.
func replaceFile(path string, text []byte) (err error) {
	if whole, err := filepath.EvalSymlinks(path); err == nil {
		path = whole
	}
	mode := os.FileMode(0o600)
	if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".culvert-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name()) // what is left is told by err
		}
	}()
	_, err = f.Write(text)
	err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// syncFolder has a renamed file survive a crash.
func syncFolder(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
