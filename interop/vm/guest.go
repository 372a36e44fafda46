package vm

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"

	"golang.org/x/sys/unix"
)

// insideVariable is set for the tests of the guest.
const insideVariable = "CULVERT_VM"

// guest is the life of the first process: it prepares the machine, runs the tests, reports and turns the machine off.
func guest() int {
	code, err := serve()
	if err != nil {
		fmt.Println("first process:", err)
	} else if err := os.WriteFile(resultPort, []byte(strconv.Itoa(code)), 0); err != nil {
		fmt.Println("first process:", err)
	}
	unix.Sync()
	// The kernel restarts at once, which ends the emulator; without ACPI's help it could not turn itself off.
	_ = unix.Reboot(unix.LINUX_REBOOT_CMD_RESTART)
	return 1
}

func serve() (int, error) {
	if err := mounts(); err != nil {
		return 0, err
	}
	text, err := os.ReadFile(orderPath)
	if err != nil {
		return 0, err
	}
	var o order
	if err := json.Unmarshal(text, &o); err != nil {
		return 0, err
	}
	for _, m := range o.Modules {
		if err := LoadModule(m); err != nil {
			return 0, err
		}
	}
	// What the kernel lacks is refused at once instead of asked for.
	if err := os.WriteFile("/proc/sys/kernel/modprobe", nil, 0); err != nil {
		return 0, err
	}
	return tests(o)
}

// LoadModule gives the kernel one of the modules of the image.
func LoadModule(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := unix.FinitModule(int(f.Fd()), "", 0); err != nil && !errors.Is(err, unix.EEXIST) {
		return fmt.Errorf("load %s: %w", path, err)
	}
	return nil
}

func mounts() error {
	for _, m := range []struct{ kind, at string }{{"devtmpfs", "/dev"}, {"proc", "/proc"}, {"sysfs", "/sys"}, {"tmpfs", "/run"}, {"tmpfs", "/tmp"}} {
		if err := unix.Mount(m.kind, m.at, m.kind, 0, ""); err != nil {
			return fmt.Errorf("mount %s: %w", m.at, err)
		}
	}
	return errors.Join(os.MkdirAll("/var", 0o755), os.Symlink("/run", "/var/run"), os.Symlink("/proc/self/fd", "/dev/fd"))
}

// tests runs this binary once more, as the tests, and returns its exit code.
func tests(o order) (int, error) {
	port, err := os.OpenFile(testPort, os.O_RDWR, 0)
	if err != nil {
		return 0, err
	}
	defer port.Close()
	if err := rawTerminal(port); err != nil {
		return 0, err
	}
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		return 0, err
	}
	cmd := exec.Command(selfPath, o.Args...)
	cmd.Dir = o.Dir
	cmd.Stdout, cmd.Stderr = port, port
	cmd.Env = append([]string{"PATH=/usr/sbin:/usr/bin", "HOME=/root", "TMPDIR=/tmp", insideVariable + "=1"}, o.Env...)
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	code, err := reap(cmd.Process.Pid)
	// Until the last octet is out (tcdrain).
	return code, errors.Join(err, unix.IoctlSetInt(int(port.Fd()), unix.TCSBRK, 1))
}

// reap buries the orphans of the machine until the given process has ended.
func reap(pid int) (int, error) {
	for {
		var status unix.WaitStatus
		ended, err := unix.Wait4(-1, &status, 0, nil)
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return 0, err
		case ended == pid && status.Exited():
			return status.ExitStatus(), nil
		case ended == pid:
			return 0, fmt.Errorf("the tests were ended by signal %v", status.Signal())
		}
	}
}

// rawTerminal has a serial port carry octets as they are.
func rawTerminal(port *os.File) error {
	t, err := unix.IoctlGetTermios(int(port.Fd()), unix.TCGETS)
	if err != nil {
		return err
	}
	t.Iflag, t.Oflag, t.Lflag = 0, 0, 0
	return unix.IoctlSetTermios(int(port.Fd()), unix.TCSETS, t)
}
