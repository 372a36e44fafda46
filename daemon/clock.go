package daemon

import (
	"time"

	"golang.org/x/sys/unix"
)

// A clock tells the engine's time: it begins with the wall clock and then runs by the boot clock, which counts suspended
// time and does not jump when somebody sets the wall clock. What people and files see is the wall clock's time.
// It is safe for concurrent use.
type clock struct {
	wall  func() time.Time
	boot  func() time.Duration
	begin time.Time // of the wall clock when boot was zero
}

func newClock(wall func() time.Time, boot func() time.Duration) *clock {
	return &clock{wall: wall, boot: boot, begin: wall().Round(0).Add(-boot())}
}

// systemClock is the clock of this machine.
func systemClock() *clock { return newClock(time.Now, sinceBoot) }

// now never goes backwards.
func (c *clock) now() time.Time { return c.begin.Add(c.boot()) }

// shown returns what the wall clock shows, or would show, at a moment of the engine's time. The zero time stays.
func (c *clock) shown(t time.Time) time.Time { return c.read().shown(t) }

// A reading of both clocks is by how much the wall clock is ahead of the engine's time.
type reading time.Duration

func (c *clock) read() reading { return reading(c.ahead()) }

// shown is that of the clock at the time of the reading.
func (r reading) shown(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.Add(time.Duration(r))
}

// heard returns the engine's time of something that was noted by the wall clock. What lies in the future was noted before
// the wall clock was set back and tells nothing: it is the zero time.
func (c *clock) heard(wall time.Time) time.Time {
	at := wall.Add(-c.ahead())
	if at.After(c.now()) {
		return time.Time{}
	}
	return at
}

// ahead is by how much the wall clock was set ahead since the start. Less than a second is the drift of two clocks that are
// read one after the other.
func (c *clock) ahead() time.Duration { return c.wall().Sub(c.now()).Round(time.Second) }

func sinceBoot() time.Duration {
	var ts unix.Timespec
	// CLOCK_BOOTTIME is there since Linux 2.6.39 and cannot fail with a valid pointer.
	_ = unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts)
	return time.Duration(ts.Nano())
}
