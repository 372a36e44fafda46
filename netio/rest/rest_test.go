package rest_test

import (
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"culvert/netio/rest"
)

// event makes a file that is ready once something was written to it.
func event(t *testing.T) (fd int, raise func()) {
	t.Helper()
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	return fd, func() {
		if _, err := unix.Write(fd, []byte{1, 1, 1, 1, 1, 1, 1, 1}); err != nil {
			t.Error(err)
		}
	}
}

var ways = map[string]func([]unix.PollFd) error{"known to the scheduler": rest.Wait, "briskly": rest.WaitBriskly}

func TestWaitEndsWhenAFileIsReady(t *testing.T) {
	for name, wait := range ways {
		idle, _ := event(t)
		ready, raise := event(t)
		raise()
		polls := []unix.PollFd{{Fd: int32(idle), Events: unix.POLLIN}, {Fd: int32(ready), Events: unix.POLLIN}}
		if err := wait(polls); err != nil || polls[0].Revents != 0 || polls[1].Revents != unix.POLLIN {
			t.Errorf("%s: %+v, %v", name, polls, err)
		}
	}
}

// Meanwhile others run and memory is collected, on one processor.
func TestOthersRunDuringALongWait(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for name, wait := range ways {
		fd, raise := event(t)
		done := make(chan error)
		go func() {
			runtime.LockOSThread()
			polls := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
			for polls[0].Revents == 0 {
				if err := wait(polls); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
		for range 50 { // each stops all threads
			runtime.GC()
		}
		raise()
		if err := <-done; err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWaitTellsWhatIsWrong(t *testing.T) {
	for name, wait := range ways {
		if err := wait(make([]unix.PollFd, 1<<21)); err != unix.EINVAL && err != unix.ENOMEM {
			t.Errorf("more files than a process may have, %s: %v", name, err)
		}
	}
}
