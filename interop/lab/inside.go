package lab

import (
	"runtime"

	"github.com/vishvananda/netns"
)

// Inside runs a function on a thread in the host's namespace; sockets that it opens stay there. It must not end the test.
func (h *Host) Inside(f func() error) error {
	handle, err := netns.GetFromName(h.ns)
	if err != nil {
		return err
	}
	defer handle.Close()
	done := make(chan error, 1)
	go func() {
		// The thread is not unlocked: it ends with the goroutine.
		runtime.LockOSThread()
		if err := netns.Set(handle); err != nil {
			done <- err
			return
		}
		done <- f()
	}()
	return <-done
}
