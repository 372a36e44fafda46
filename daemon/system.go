package daemon

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	systemd "github.com/coreos/go-systemd/v22/daemon"

	"culvert/supervisor"
)

// watchSystem tells systemd that the daemon is ready, feeds its watchdog as long as the supervisor answers, and reloads on
// SIGHUP, until ctx ends.
func (d *Daemon) watchSystem(ctx context.Context) {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	d.tell(systemd.SdNotifyReady)
	defer d.tell(systemd.SdNotifyStopping)
	var feed <-chan time.Time
	if interval, err := systemd.SdWatchdogEnabled(false); err == nil && interval > 0 {
		ticker := time.NewTicker(interval / 3)
		defer ticker.Stop()
		feed = ticker.C
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangup:
			d.reloadBySignal(ctx)
		case <-feed:
			d.feedWatchdog(ctx)
		}
	}
}

// tell sends a state to systemd; without systemd it does nothing.
func (d *Daemon) tell(state string) {
	if _, err := systemd.SdNotify(false, state); err != nil {
		d.engine.log.Warn("cannot notify systemd", "error", err)
	}
}

// feedWatchdog feeds it only if supervisor and shards answer: a daemon that hangs is to be started again.
func (d *Daemon) feedWatchdog(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	err := d.engine.supervisor.ask(ctx, func(time.Time) ([]supervisor.Action, error) { return nil, nil })
	for _, l := range d.engine.shards {
		if err == nil {
			err = l.ask(ctx, func() {})
		}
	}
	if err == nil {
		d.tell(systemd.SdNotifyWatchdog)
	}
}

func (d *Daemon) reloadBySignal(ctx context.Context) {
	d.tell(systemd.SdNotifyReloading)
	if _, err := d.Reload(ctx); err != nil {
		d.engine.log.Error("the configuration is refused, the running one stays", "error", err)
	}
	d.tell(systemd.SdNotifyReady)
}
