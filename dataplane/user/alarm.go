package user

import (
	"time"

	"golang.org/x/sys/unix"
)

// An alarm waits for moments. Timers of the runtime may be late by a millisecond; the last part of the way is slept in the
// kernel, which is late by the slack of timers.
type alarm struct{ timer *time.Timer }

// lastPart is what is slept in the kernel. Nothing ends that sleep.
const lastPart = 2 * time.Millisecond

func newAlarm() *alarm { return &alarm{timer: time.NewTimer(time.Hour)} }

// wait returns true at the moment, or false at once when end is closed.
func (a *alarm) wait(until time.Time, end <-chan struct{}) bool {
	if d := time.Until(until) - lastPart; d > 0 {
		a.timer.Reset(d)
		select {
		case <-end:
			return false
		case <-a.timer.C:
		}
	}
	if d := time.Until(until); d > 0 {
		ts := unix.NsecToTimespec(int64(d))
		_ = unix.Nanosleep(&ts, nil) // a signal makes it early, which the pace sees
	}
	select {
	case <-end:
		return false
	default:
		return true
	}
}
