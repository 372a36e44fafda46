package vm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// What the guest writes to which serial port: the kernel's console, the output of the tests, their exit code.
const (
	testPort   = "/dev/ttyS1"
	resultPort = "/dev/ttyS2"
)

// host boots a guest, shows what its tests print and returns their exit code. An error tells why there is none.
func host(o options, image func() (Image, error)) (int, error) {
	dir, err := os.MkdirTemp("", "culvert-vm")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	k, err := findKernel()
	if err != nil {
		return 0, err
	}
	content, err := image()
	if err != nil {
		return 0, err
	}
	initrd := filepath.Join(dir, "initrd")
	// The tests of the guest end by themselves before the machine is ended, and say where they hang.
	args := append(o.guest, "-test.timeout="+(o.timeout*9/10).String())
	if err := writeInitrd(initrd, k, content, args); err != nil {
		return 0, err
	}
	return boot(o.timeout, k.image, initrd, filepath.Join(dir, "result"))
}

func boot(timeout time.Duration, kernel, initrd, result string) (int, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	// Emulation alone: it is there on every machine, and a KVM that cannot nest hangs instead of failing.
	cmd := exec.CommandContext(ctx, "qemu-system-x86_64",
		"-machine", "q35,accel=tcg,usb=off", "-cpu", "max", "-smp", "2", "-m", "1536",
		"-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
		"-serial", "stdio", "-serial", "file:/dev/fd/3", "-serial", "file:"+result,
		"-kernel", kernel, "-initrd", initrd,
		"-append", "console=ttyS0 quiet panic=-1 oops=panic random.trust_cpu=on mitigations=off")
	console := &tail{most: 8192}
	tests, out, err := os.Pipe()
	if err != nil {
		return 0, err
	}
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = console, console, []*os.File{out}
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("%w: interop/install-peers.sh installs it", err)
	}
	out.Close()
	_, _ = io.Copy(os.Stdout, tests)
	ended := cmd.Wait()
	if code, ok := readResult(result); ok {
		return code, nil
	}
	if ctx.Err() != nil {
		ended = fmt.Errorf("not done after %v", timeout)
	}
	return 0, fmt.Errorf("%w; its console said at last:\n%s", errors.Join(errors.New("the guest ended without a result"), ended), console.String())
}

func readResult(path string) (int, bool) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, false
	}
	code, err := strconv.Atoi(strings.TrimSpace(string(text)))
	return code, err == nil
}

// tail keeps the last octets that were written to it.
type tail struct {
	buf  bytes.Buffer
	most int
}

func (t *tail) Write(b []byte) (int, error) {
	t.buf.Write(b)
	if extra := t.buf.Len() - t.most; extra > 0 {
		t.buf.Next(extra)
	}
	return len(b), nil
}

func (t *tail) String() string { return t.buf.String() }
