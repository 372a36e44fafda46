package kernel_test

import (
	"errors"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"culvert/interop/vm"
)

// The kernel has ESP: it is chosen, and the daemon says why.
func TestAutoChoosesTheKernel(t *testing.T) {
	s := newHosts(t, "auto")
	s.ours = s.moon.Culvert(daemonConf(s.backend))
	status := s.ours.Status()
	if status.Dataplane != "kernel" || status.DataplaneReason == "" {
		t.Errorf("data plane %q because of %q", status.Dataplane, status.DataplaneReason)
	}
}

// A kernel that has lost esp4, as hosts have that keep it from loading, leaves user space.
func TestAutoLeavesAKernelWithoutESP(t *testing.T) {
	s := newHosts(t, "auto")
	s.Await("the kernel to let go of esp4", func() bool {
		err := unix.DeleteModule("esp4", unix.O_NONBLOCK)
		return err == nil || errors.Is(err, unix.ENOENT)
	})
	defer func() {
		if err := vm.LoadModule("/modules/esp4.ko"); err != nil {
			t.Error(err)
		}
	}()
	s.ours = s.moon.Culvert(daemonConf(s.backend))
	status := s.ours.Status()
	if !strings.HasPrefix(status.Dataplane, "user space") || !strings.Contains(status.DataplaneReason, "esp4") {
		t.Errorf("data plane %q because of %q", status.Dataplane, status.DataplaneReason)
	}
	if _, err := s.moon.Try("ip", "link", "show", "dev", "culvert0"); err != nil {
		t.Error(err)
	}
}
