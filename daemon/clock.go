package daemon

import (
	"time"

	"golang.org/x/sys/unix"
)

// A clock tells the engine's time: it begins with the wall clock and then runs by the boot clock, which counts suspended
// time and does not jump when somebody sets the clock.
type clock struct {
	wall time.Time
	boot time.Duration
}

func newClock() *clock { return &clock{wall: time.Now().Round(0), boot: sinceBoot()} }

// now never goes backwards. It is safe for concurrent use.
func (c *clock) now() time.Time { return c.wall.Add(sinceBoot() - c.boot) }

func sinceBoot() time.Duration {
	var ts unix.Timespec
	// CLOCK_BOOTTIME is there since Linux 2.6.39 and cannot fail with a valid pointer.
	_ = unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts)
	return time.Duration(ts.Nano())
}
