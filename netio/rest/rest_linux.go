// Package rest has a thread wait for files.
//
// A thread that waits in a system call which Go's scheduler knows of loses its processor of that scheduler after some twenty
// microseconds, and has to find one when it comes back; and the monitor of the runtime, which takes it away, looks every twenty
// microseconds from then on. With a packet every few of them that is a tenth of what a thread does. Where there is a processor to
// spare for the thread, it waits a while without the scheduler's knowledge.
package rest

import (
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// short is how long a thread keeps its processor. Signals end the wait, by which the runtime stops threads when it has to.
const short = time.Millisecond

// Wait waits until one of the files is ready, and says so in polls, or until a signal has come.
func Wait(polls []unix.PollFd) error {
	_, err := unix.Poll(polls, -1)
	return lasting(err)
}

// WaitBriskly is Wait for a thread for which there is a processor to spare.
func WaitBriskly(polls []unix.PollFd) error {
	limit := unix.Timespec{Nsec: int64(short)}
	n, _, errno := unix.RawSyscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(unsafe.SliceData(polls))), uintptr(len(polls)), uintptr(unsafe.Pointer(&limit)), 0, 0, 0)
	switch {
	case errno != 0:
		return lasting(errno)
	case n == 0:
		return Wait(polls)
	}
	return nil
}

// lasting makes nothing of errors after which one tries again.
func lasting(err error) error {
	if err == unix.EINTR || err == unix.EAGAIN {
		return nil
	}
	return err
}
